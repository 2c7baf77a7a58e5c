"""Counts of terms: what a modality offers whose items are made of words, for heads that read these directly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from headstart_runtime.modalities.batch import InputSpec
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.sparse import SparseRows

#: The tensors of a spec of terms: int64 and float32, (T,) each, as long as they come; filled up with weights of 0.
TERM_IDS, TERM_WEIGHTS = "term_ids", "term_weights"


@dataclass(frozen=True, eq=False)
class CountedTerms:
    """The terms of some items, and the spec by which others are counted alike."""

    spec: InputSpec  #: gives ``TERM_IDS`` and ``TERM_WEIGHTS``
    rows: SparseRows  #: (N, V), as the spec weighs them


@runtime_checkable
class TermModality(Protocol):
    """A modality whose items are made of terms."""

    def count_terms(self, values: Sequence[Any]) -> CountedTerms:
        """Return the terms that several of some decoded items have, weighed, and the spec that counts them.

        Args:
            values: N decoded items.
        """


def get_term_modality(modality: Modality) -> TermModality | None:
    """Return a modality as one of terms; None where its items have none."""
    return modality if isinstance(modality, TermModality) else None
