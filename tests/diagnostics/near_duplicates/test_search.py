"""The search for near-duplicates, for a made-up kind of data: points, of which near ones show the same."""

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from headstart import events
from headstart.data.samples import Sample
from headstart.data.sources import ArraySource
from headstart.diagnostics.near_duplicates.search import (
    DuplicatePair,
    NearDuplicates,
    find_near_duplicates,
    group_duplicates,
)
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.modalities.facets import DuplicatesFacet
from headstart_runtime.modalities.image.modality import ImageModality
from headstart_runtime.modalities.item import Noun
from tests.groups import by_content


@dataclass
class PointScorer:
    points: Floats
    plain: int

    def describe(self) -> Floats:
        return np.asarray(self.points / np.linalg.norm(self.points, axis=1, keepdims=True), np.float32)

    def score(self, pairs: Ints, pool: Executor) -> Floats:
        away = np.linalg.norm(self.points[pairs[:, 0]] - self.points[pairs[:, 1]], axis=1)
        return np.asarray(0.1 - away, np.float32)

    def note(self) -> str:
        return f"{self.plain} are too plain" if self.plain else ""


class PointDuplicates:
    def make_scorer(self, features: Floats, stats: Any, rows: Ints) -> PointScorer:
        return PointScorer(features[rows], int((features[rows, 0] < 0).sum()))


class Points(ImageModality):
    noun = Noun("point", "points")
    evidence: DuplicatesFacet | None = PointDuplicates()

    @property
    def duplicates(self) -> DuplicatesFacet | None:  # type: ignore[override]
        return self.evidence


class PointsAlone(Points):
    evidence = None


def samples_of(digests: str) -> list[Sample]:
    source = ArraySource(np.zeros((1, 1, 1), np.uint8), 0)
    return [
        Sample(f"#{place}", digest, 0, by_content(digest), None, source, copy=digests[:place].count(digest))
        for place, digest in enumerate(digests)
    ]


def test_near_items_and_equal_bytes_are_found() -> None:
    rows = np.array([[1, 0], [0, 1], [0.98, 0.01], [1, 0], [1, 1]], np.float32)
    found = find_near_duplicates(samples_of("bcdba"), rows, None, Points())
    near = next(pair for pair in found.pairs if pair.kind == "near")
    assert found.pairs[0] == DuplicatePair("b", "b.1", "same bytes", 1.0)
    assert (near.first, near.second) == ("b", "d")
    assert near.similarity == pytest.approx(1 / (1 + np.exp(-(0.1 - np.hypot(0.02, 0.01)))), abs=1e-4)
    assert len(found.pairs) == 2
    assert found.note == ""
    assert group_duplicates(found.pairs) == (("b", "b.1", "d"),)


def test_a_modality_without_evidence_has_equal_bytes_only_and_that_is_said() -> None:
    heard: list[events.Event] = []
    rows = np.array([[1, 0], [1, 0], [1, 0]], np.float32)
    found = find_near_duplicates(samples_of("aab"), rows, None, PointsAlone(), listener=heard.append)
    assert found.pairs == (DuplicatePair("a", "a.1", "same bytes", 1.0),)
    assert found.note == "near-duplicates are not looked for among points; only equal bytes count as the same"
    assert heard == [events.Note(found.note)]


def test_the_note_of_the_evidence_is_said_and_kept() -> None:
    heard: list[events.Event] = []
    rows = np.array([[-1, 0], [1, 0]], np.float32)
    found = find_near_duplicates(samples_of("ab"), rows, None, Points(), listener=heard.append)
    assert found == NearDuplicates((), "1 are too plain")
    assert events.Note("1 are too plain") in heard
    assert events.Progress("near-duplicates", 2, 2, "points") in heard
