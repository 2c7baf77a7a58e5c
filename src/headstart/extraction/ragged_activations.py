"""Activations of samples as long as they come: a row for each token of a text, none for what would be padding."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.extraction.activations import Activations, ViewKey, encode_key
from headstart_runtime.arrays import Ints


class RaggedActivations(Activations):
    """``Activations`` of which a view has any number of rows, one at least."""

    ragged = True

    def add_spans(self, rows: Sequence[ViewKey], values: NDArray[Any], counts: Ints) -> None:
        """Take the rows of views; those of a view that is known are left as they are. See ``Activations.add``.

        Args:
            rows: (B,) of digest and view.
            values: (R, *shape), of one view after the other.
            counts: (B,) rows of each view, one at least.

        Raises:
            StoreError: as of ``add``.
        """
        self._add(rows, values, counts)

    def count_rows(self, rows: Sequence[ViewKey]) -> NDArray[np.int64]:
        """Return how many rows views have, (N,), whose places were found."""
        return np.array([self._files.counts.get(encode_key(row), 1) for row in rows], np.int64)

    def gather_spans(self, places: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[Any]:
        """Copy so many rows from each place on, (B, T, *shape); T is the largest count, what is behind a count is zero.

        Args:
            places: (B,) from ``find_places``.
            counts: (B,) from ``count_rows``.

        Raises:
            StoreError: as of ``gather``.
        """
        out = np.zeros((len(places), int(counts.max(initial=1)), *self.shape), self.dtype)
        if len(places):
            self._files.read_spans(np.asarray(places), np.asarray(counts), out)
        return out
