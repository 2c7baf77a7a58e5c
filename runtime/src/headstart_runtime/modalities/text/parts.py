"""A text -> the parts of it that a network sees: its beginning, or windows over all of it; and parts -> a batch."""

from collections.abc import Sequence

import numpy as np

from headstart_runtime.modalities.batch import Batch, Part
from headstart_runtime.modalities.text.decoding import MOST_CHARACTERS
from headstart_runtime.modalities.text.spec import TextSpec
from headstart_runtime.modalities.text.term_spec import TermSpec, collate_terms, make_term_parts
from headstart_runtime.modalities.text.tokenizer import Ids


def encode_text(text: str, spec: TextSpec) -> Ids:
    """Return the ids of all tokens of a text, int64 (T,), the network's prefix before it."""
    whole = text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS]
    return spec.load_tokenizer().encode(spec.prefix + whole if spec.prefix else whole)


def make_text_parts(text: str, spec: TextSpec | TermSpec) -> list[Part]:
    """Return the parts of a text, each int64 (T,) of at most ``max_tokens`` ids: one, or windows of like length.

    Windows follow each other without a gap and without overlap, so their mean sees each token once.
    """
    if isinstance(spec, TermSpec):
        return make_term_parts(text, spec)
    tokenizer, ids = spec.load_tokenizer(), encode_text(text, spec)
    room = max(1, spec.max_tokens - tokenizer.special)
    if len(ids) <= room:
        return [tokenizer.surround(ids)]
    if spec.long_texts == "cut":
        return [tokenizer.surround(ids[:room])]
    return [tokenizer.surround(piece) for piece in np.array_split(ids, -(-len(ids) // room))]


def describe_cut(text: str, spec: TextSpec | TermSpec) -> str:
    """Return how much of a text is not seen, in a clause; "" where all of it is."""
    if isinstance(spec, TermSpec):
        return ""
    if len(text) > MOST_CHARACTERS and spec.long_texts == "windows":
        return f"only its first {MOST_CHARACTERS} characters are read"
    if spec.long_texts != "cut":
        return ""
    room = max(1, spec.max_tokens - spec.load_tokenizer().special)
    if text.isascii() and 2 * (len(spec.prefix) + len(text)) <= room:  # a token has a character at least
        return ""
    count = len(encode_text(text, spec))
    more = "more than " if len(text) > MOST_CHARACTERS else ""
    return f"cut after {room} of {more}{count} tokens" if count > room else ""


def describe_unseen_ends(spec: TextSpec, unseen: int, items: int) -> str:
    """Return how many of some texts are cut, and what would have all of them seen."""
    are = "is" if unseen == 1 else "are"
    if spec.long_texts == "windows":
        return f"{unseen} of {items} texts {are} read up to {MOST_CHARACTERS} characters"
    room = spec.max_tokens - spec.load_tokenizer().special
    more = f"--max-tokens {spec.most_tokens} or " if spec.most_tokens > spec.max_tokens else ""
    return f"{unseen} of {items} texts {are} cut after {room} tokens; to see more of them: {more}--long-texts windows"


def collate_texts(parts: Sequence[Part], spec: TextSpec | TermSpec) -> Batch:
    """Return parts as one batch, padded to the longest of them: ``input_ids`` and ``attention_mask``, int64 (B, T)."""
    if isinstance(spec, TermSpec):
        return collate_terms(parts)
    shape = len(parts), max(map(len, parts), default=1)
    ids, mask = np.full(shape, spec.pad_id, np.int64), np.zeros(shape, np.int64)
    for row, part in enumerate(parts):
        ids[row, : len(part)], mask[row, : len(part)] = part, 1
    return {"input_ids": ids, "attention_mask": mask}
