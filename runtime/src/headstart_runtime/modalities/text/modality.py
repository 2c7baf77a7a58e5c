"""Texts as a modality. What is behind a facet is imported when it is first asked for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.errors import SettingError
from headstart_runtime.fitting_parts import import_fitting_part
from headstart_runtime.modalities import facets
from headstart_runtime.modalities.batch import Batch, Part
from headstart_runtime.modalities.demonstration import Demonstration
from headstart_runtime.modalities.explanation_facet import RemovalFacet
from headstart_runtime.modalities.item import BrokenItem, Decoded, ItemFacts, Raw
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.modalities.preprocessing_facet import PreprocessingFacet
from headstart_runtime.modalities.terms import CountedTerms
from headstart_runtime.modalities.text.decoding import ReadText, count_words, decode_bytes, read_string
from headstart_runtime.modalities.text.load import OpenedText, is_one_text
from headstart_runtime.modalities.text.parts import collate_texts, describe_cut, describe_unseen_ends, make_text_parts
from headstart_runtime.modalities.text.recognition import HINTS, SUFFIXES, recognise_text
from headstart_runtime.modalities.text.spec import TextSpec
from headstart_runtime.modalities.text.term_spec import READS, TermSpec, make_term_spec
from headstart_runtime.modalities.text.terms import weigh_texts
from headstart_runtime.modalities.text.wording import TEXT
from headstart_runtime.text_encodings import check_encoding

if TYPE_CHECKING:
    from headstart.settings.chapter import Chapter


class TextModality:
    """Texts: strings, cells of tables, files of text."""

    name = "text"
    noun = TEXT
    suffixes = SUFFIXES
    hints = HINTS
    default_backbone = "minilm"

    def accepts(self, value: object) -> bool:
        """Return whether a caller gave one text, or an attempt at one, and not a collection of texts."""
        return is_one_text(value)

    def accepts_array(self, array: NDArray[Any]) -> bool:
        """Return whether an array looks like texts: str (N,), or objects (N,) that are str."""
        if array.ndim != 1 or array.dtype.kind not in "UTO":
            return False
        return array.dtype.kind != "O" or all(isinstance(one, str) for one in array[:100])

    def open(self, value: object) -> OpenedText:
        """Return a text as a caller gave it; nothing is read yet."""
        return OpenedText(value)

    def suggest_remedy(self, value: object, message: str) -> str:
        """Return advice about a text that cannot be read, to stand behind a message."""
        return "" if "wanted" in message else "; give a str, or the pathlib.Path of a file of text"

    def recognise(self, head: bytes) -> bool | None:
        """Return whether a file that begins so is a text; None where only all of it says."""
        return recognise_text(head)

    def identify(self, raw: Raw) -> ItemFacts:
        """Return the encoding, and how many characters and words there are.

        Raises:
            BrokenItem: no text, or an empty one.
        """
        found = _read(raw)
        properties = {"characters": len(found.text), "words": count_words(found.text)}
        return ItemFacts(found.encoding, properties, "" if found.repaired is None else found.repaired)

    def decode(self, raw: Raw, spec: TextSpec | TermSpec | None) -> Decoded:
        """Return a text as a str.

        Raises:
            BrokenItem: no text, or an empty one.
        """
        found = _read(raw, spec.encoding if spec else "")
        cut = describe_cut(found.text, spec) if spec and spec.content else ""
        return Decoded(found.text, found.repaired, unseen=cut)

    def make_parts(self, value: str, spec: TextSpec | TermSpec) -> list[Part]:
        """Return the ids of a text's tokens, int64 (T,): one part, or windows of a long text; or its weighed terms."""
        return make_text_parts(value, spec)

    def collate(self, parts: Sequence[Part], spec: TextSpec | TermSpec) -> Batch:
        """Return parts as ``input_ids`` and ``attention_mask``, int64 (B, T), or as terms, padded to the longest."""
        return collate_texts(parts, spec)

    def sort_key(self, properties: Mapping[str, Any]) -> float:
        """Return how long a text is, in characters."""
        return float(properties["characters"])

    @property
    def default_spec(self) -> TextSpec:
        """A spec that reads texts and has no tokenizer."""
        return TextSpec("")

    def read_spec(self, record: Mapping[str, Any]) -> TextSpec | TermSpec:
        """Return the spec that ``to_json`` of one describes, without the content of its file."""
        if record.get("reads") == READS:
            return TermSpec.from_json(record)
        return TextSpec.from_json(record)

    def configure_spec(self, spec: TextSpec, settings: Any) -> TextSpec:
        """Return a spec with as many tokens as the settings say.

        Raises:
            SettingError: more than the network takes, or an encoding that is none.
        """
        most = settings.max_tokens or spec.max_tokens
        if most > spec.most_tokens:
            raise SettingError(
                f"max_tokens is {most}, and the network takes {spec.most_tokens} at most; lower it, or let "
                "--long-texts windows take longer texts in pieces"
            )
        encoding = check_encoding(settings.encoding) if settings.encoding else ""
        return replace(spec, max_tokens=most, long_texts=settings.long_texts, encoding=encoding)

    def describe_tensors(self) -> str:
        """Return what the saved graph takes, for tokens are made by the host, everywhere alike."""
        return (
            "`input_ids` and `attention_mask`, int64 (P, T), the tokens of a text in P parts (mostly one), as "
            "`model/tokenizer.json` makes them with the settings in `model/model.json`,"
        )

    def describe_unseen(self, spec: TextSpec, unseen: int, items: int) -> str:
        """Return how many texts are cut, and what would have all of them seen."""
        return describe_unseen_ends(spec, unseen, items)

    def fit_spec(self, spec: TextSpec, properties: Sequence[Mapping[str, Any]]) -> TextSpec:
        """Return the spec as it is: nothing of it is taken from training texts."""
        return spec

    def describe_fit(self, spec: TextSpec, properties: Sequence[Mapping[str, Any]]) -> str:
        """Return nothing."""
        return ""

    def note_items(self, spec: TextSpec, facts: Sequence[ItemFacts]) -> list[str]:
        """Return the notes as they are."""
        return [item.note for item in facts]

    def summarise(self, facts: Sequence[ItemFacts]) -> tuple[str, ...]:
        """Return a note that counts texts of other encodings than Unicode's, where there are any."""
        counts = Counter(item.format for item in facts if not item.format.startswith("UTF-"))
        return tuple(
            f"{TEXT.count(number)} {'is' if number == 1 else 'are'} not in UTF-8 but, by the bytes, in {name}; "
            "--encoding says otherwise"
            for name, number in sorted(counts.items())
        )

    def count_terms(self, values: Sequence[str]) -> CountedTerms:
        """Return the words, pairs of words and pieces of words of texts, weighed, and the spec that counts them."""
        content, rows = weigh_texts(values)
        return CountedTerms(make_term_spec(content), rows)

    augmentation: facets.AugmentationFacet | None = None
    graph: PreprocessingFacet | None = None  #: tokens are made by the host, everywhere alike

    def draw_items(self) -> Mapping[str, bytes]:
        """Return drawn texts: empty, long, of other scripts."""
        drawn: Mapping[str, bytes] = import_fitting_part("headstart.modalities.text.drawn_texts:draw_texts")()
        return drawn

    @property
    def stats(self) -> facets.StatisticsFacet:
        """Length, script, punctuation and the like."""
        return import_fitting_part("headstart.modalities.text.statistics:TextStatistics")()

    @property
    def duplicates(self) -> facets.DuplicatesFacet:
        """Evidence by which near-duplicates are found."""
        return import_fitting_part("headstart.modalities.text.near_duplicates.score:TextDuplicates")()

    @property
    def preview(self) -> facets.PreviewFacet:
        """Beginnings of texts."""
        from headstart_runtime.modalities.text.preview import TextPreview

        return TextPreview(self.default_spec)

    @property
    def explanation(self) -> RemovalFacet:
        """Words that spoke for an answer."""
        from headstart_runtime.modalities.text.explanation import TextExplanation

        return TextExplanation()

    @property
    def demonstration(self) -> Demonstration:
        """Messages to a shop."""
        demo = import_fitting_part("headstart.modalities.text.demo")
        what = f"{demo.EACH * len(demo.TEMPLATES)} messages to a shop"
        return Demonstration("messages.csv", what, demo.write_messages, demo.show_example)

    @property
    def settings(self) -> "type[Chapter]":
        """The chapter "texts"."""
        return import_fitting_part("headstart.modalities.text.settings:TextSettings")


def _read(raw: Raw, encoding: str = "") -> ReadText:
    if isinstance(raw, np.ndarray):
        return read_string(str(raw[()]))
    if not isinstance(raw, bytes):
        raise BrokenItem("a stretch of a file; wanted all of it")
    return decode_bytes(raw, encoding)


_CHECKED: Modality = TextModality()  # mypy holds the class to the protocol
