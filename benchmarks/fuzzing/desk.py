"""The place where a process lays out its cases, and what it asks of a classifier."""

import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import headstart
from fuzzing.layouts import SOURCES


class BrokenPromiseError(Exception):
    """An input was read without an error, and what was read is not what is there."""


@dataclass(frozen=True)
class Desk:
    """The place where a process lays out its cases, one after the other."""

    originals: Path
    folder: Path  #: this process's own
    store: Path  #: where archives are unpacked

    @cached_property
    def classifier(self) -> headstart.Classifier:
        """The classifier that is asked about altered photos."""
        return headstart.load(self.originals / "model", engine="onnxruntime")

    @cached_property
    def good(self) -> bytes:
        """A photo that nothing is wrong with."""
        return (self.originals / "good" / "ants" / "a0.png").read_bytes()

    @cached_property
    def sources(self) -> dict[str, str]:
        """What is read of each layout."""
        return dict(json.loads((self.originals / "layouts" / SOURCES).read_text("utf-8")))

    def predict(self, source: Path) -> None:
        """Ask for an answer for each item of a source."""
        for answer in headstart.predict(self.originals / "model", source, engine="onnxruntime"):
            expect_answer(answer)

    def evaluate(self, source: Path) -> None:
        """Ask for the score on a source."""
        scores = headstart.evaluate(self.classifier, source, engine="onnxruntime", progress=False)
        if not 0 <= scores.score <= 1:
            raise BrokenPromiseError(f"a score of {scores.score}")

    def clear(self) -> Path:
        """Return an empty folder for the next case."""
        for folder in (self.folder, self.store / "archives"):
            shutil.rmtree(folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self.folder


def expect_answer(answer: Any) -> None:
    """Raise an error where a prediction has neither an error nor probabilities."""
    given = answer.probabilities
    if answer.error is None and not (np.isfinite(given).all() and 0 <= given.min() <= given.max() <= 1.0001):
        raise BrokenPromiseError("probabilities that are none")
