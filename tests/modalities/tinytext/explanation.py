"""Words that speak for an answer."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from tinytext.words import Words

from headstart_runtime.modalities.batch import Batch
from headstart_runtime.modalities.explanation_facet import ExplanationFacet
from headstart_runtime.modalities.facets import Thumbnail

STRONG = 0.5  #: weight from which a word is marked


class WordExplanation:
    """A row of weights, one for each word."""

    dimensions: Literal[1, 2] = 1
    legend = "the words that spoke for the answer, between stars"

    def make_probe(self, spec: Any) -> Batch:
        ids = np.random.default_rng(0).integers(1, 500, (1, 12))
        return {"ids": ids, "mask": np.ones((1, 12), np.float32)}

    def align(self, places: Any, spec: Any, widest: Any, shape: tuple[int, int]) -> Any:
        at = np.linspace(0, places.shape[1] - 1, shape[1])
        return np.interp(at, np.arange(places.shape[1]), places[0])[None].astype(np.float32)

    def find_widest(self, specs: Sequence[Any]) -> Any:
        return max(specs, key=lambda spec: spec.window)

    def locate(self, item: Any, spec: Any, part: int) -> int:
        """Return how many words there are."""
        return len(item.load(spec).words)

    def overlay(self, value: Words, weights: Any, extent: int) -> Thumbnail:
        """Return the text with the words that speak for the answer between stars."""
        marked = (
            f"*{word}*" if weight >= STRONG else word for word, weight in zip(value.words, weights[0], strict=False)
        )
        return Thumbnail(" ".join(marked).encode(), "text/plain")

    def illustrate(self, value: Words, weights: Any, extent: int) -> Thumbnail:
        """Return a line for each word with its weight."""
        lines = (f"{weight:.2f} {word}\n" for word, weight in zip(value.words, weights[0], strict=False))
        return Thumbnail("".join(lines).encode(), "text/plain")


_CHECKED: ExplanationFacet = WordExplanation()
