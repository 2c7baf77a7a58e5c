"""The text spec: the way from a text to the tokens that a network reads, as data. It is saved with every classifier.

Bytes -> text (``decoding``), the network's prefix before it -> ids of tokens (``tokenizer``) -> its beginning, or
windows of it, of at most ``max_tokens`` -> padded to the longest of the batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, Self

from headstart_runtime.modalities.batch import TensorSpec
from headstart_runtime.modalities.text.tokenizer import Tokenizer, find_pad_id, hash_content, load_tokenizer

LongTexts = Literal["cut", "windows"]
MAX_TOKENS = 256
TOKENIZER = "tokenizer.json"  #: the name of the file that a spec brings along


@dataclass(frozen=True, slots=True)
class TextSpec:
    """The way from a text to the input of a network."""

    kind: ClassVar[str] = "text"

    tokenizer_sha256: str  #: of the bytes of ``tokenizer.json``
    max_tokens: int = MAX_TOKENS  #: of a part, those around every text counted
    most_tokens: int = 512  #: that the network takes at most
    long_texts: LongTexts = "cut"  #: what becomes of a text with more: its beginning, or windows over all of it
    pad_id: int = 0  #: of the token that fills a batch
    prefix: str = ""  #: stands before every text, as the network was trained with
    encoding: str = ""  #: of files that are not UTF-8; "" finds it
    content: bytes = field(default=b"", repr=False, compare=False)  #: of ``tokenizer.json``; b"" where it is elsewhere

    @property
    def longest(self) -> int:
        """The most that an axis without a length has."""
        return self.max_tokens

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        """Ids of tokens, and a mask of what is no padding; both as long as they come."""
        return TensorSpec("input_ids", "int64", (None,)), TensorSpec(self.mask, "int64", (None,))

    @property
    def mask(self) -> str:
        """The tensor that says what is no padding."""
        return "attention_mask"

    @property
    def rank(self) -> float:
        """The number of tokens seen; every text decodes alike, whatever is seen of it."""
        return float(self.max_tokens)

    @property
    def files(self) -> Mapping[str, str]:
        """The one file that is saved along, with its SHA-256."""
        return {TOKENIZER: self.tokenizer_sha256}

    @property
    def contents(self) -> Mapping[str, bytes]:
        """The content of that file."""
        return {TOKENIZER: self.content}

    def with_files(self, contents: Mapping[str, bytes]) -> Self:
        """Return the same spec with the content of its file."""
        return replace(self, content=contents[TOKENIZER])

    def load_tokenizer(self) -> Tokenizer:
        """Return the tokenizer, made once a process.

        Raises:
            DataError: its file is none that is read.
            MissingExtra: ``tokenizers`` is not installed.
        """
        return load_tokenizer(self.content)

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values, for ``model.json`` and fingerprints."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "content"}
        return {"kind": self.kind, **values}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the spec that ``to_json`` describes, without the content of its file."""
        return cls(**{name: value for name, value in record.items() if name != "kind"})


def make_text_spec(content: bytes, max_tokens: int = MAX_TOKENS, prefix: str = "", most_tokens: int = 512) -> TextSpec:
    """Return the spec of a network that reads the tokens of a ``tokenizer.json``.

    Args:
        content: its bytes.
        max_tokens: that the network is given at most, those around every text counted, where no setting says another.
        prefix: what stands before every text, as the network was trained with.
        most_tokens: that it takes at most.
    """
    pad_id, most = find_pad_id(content), min(max_tokens, most_tokens)
    return TextSpec(hash_content(content), most, most_tokens, pad_id=pad_id, prefix=prefix, content=content)
