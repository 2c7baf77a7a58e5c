"""The spec of terms: text -> the places of its terms in a vocabulary, and their weights. It is saved like any other."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np

from headstart_runtime.modalities.batch import Batch, Part, TensorSpec
from headstart_runtime.modalities.terms import TERM_IDS, TERM_WEIGHTS
from headstart_runtime.modalities.text.terms import load_vocabulary, split_terms

VOCABULARY = "terms.json"  #: the name of the file that a spec brings along
READS = "terms"  #: what the record of a spec says that it reads


@dataclass(frozen=True, slots=True)
class TermSpec:
    """The way from a text to its weighed terms."""

    kind: ClassVar[str] = "text"

    vocabulary_sha256: str  #: of the bytes of ``terms.json``
    encoding: str = ""  #: of files that are not UTF-8; "" finds it
    content: bytes = field(default=b"", repr=False, compare=False)  #: of ``terms.json``; b"" where it is elsewhere

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        """Places of terms and their weights; both as long as they come."""
        return TensorSpec(TERM_IDS, "int64", (None,)), TensorSpec(TERM_WEIGHTS, "float32", (None,))

    @property
    def rank(self) -> float:
        """Zero: every text decodes alike."""
        return 0.0

    @property
    def files(self) -> Mapping[str, str]:
        """The one file that is saved along, with its SHA-256."""
        return {VOCABULARY: self.vocabulary_sha256}

    @property
    def contents(self) -> Mapping[str, bytes]:
        """The content of that file."""
        return {VOCABULARY: self.content}

    def with_files(self, contents: Mapping[str, bytes]) -> Self:
        """Return the same spec with the content of its file."""
        return replace(self, content=contents[VOCABULARY])

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values, for ``model.json`` and fingerprints."""
        facts = {"vocabulary_sha256": self.vocabulary_sha256, "encoding": self.encoding}
        return {"kind": self.kind, "reads": READS, **facts}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the spec that ``to_json`` describes, without the content of its file."""
        return cls(record["vocabulary_sha256"], record["encoding"])


def make_term_spec(content: bytes) -> TermSpec:
    """Return the spec of a vocabulary, given as the content of its file."""
    return TermSpec(hashlib.sha256(content).hexdigest(), content=content)


def make_term_parts(text: str, spec: TermSpec) -> list[Part]:
    """Return the weighed terms of a text as its one part; one of weight 0 where it has none that is known."""
    places, weights = load_vocabulary(spec.content).weigh(Counter(split_terms(text)))
    if not len(places):
        places, weights = np.zeros(1, np.int64), np.zeros(1, np.float32)
    return [{TERM_IDS: places, TERM_WEIGHTS: weights}]


def collate_terms(parts: Sequence[Part]) -> Batch:
    """Return parts as one batch, filled up with weights of 0 to the longest of them."""
    shape = len(parts), max((len(part[TERM_IDS]) for part in parts), default=1)
    places, weights = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
    for row, part in enumerate(parts):
        length = len(part[TERM_IDS])
        places[row, :length], weights[row, :length] = part[TERM_IDS], part[TERM_WEIGHTS]
    return {TERM_IDS: places, TERM_WEIGHTS: weights}
