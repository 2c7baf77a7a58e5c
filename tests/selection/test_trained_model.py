"""The precision of a trained network: bf16, unless its head is so steep that answers move by what that loses."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from headstart.backbones.backbone import Layer
from headstart.engines.parity import EngineChoice
from headstart.heads.head import Dense, Head
from headstart.selection.context import FitContext
from headstart.selection.trained_model import build_trained_model
from headstart_runtime.tasks.task import TargetSpace

EXACT = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
ROWS = {"f32": EXACT, "bf16": EXACT + 0.2}


def choose(network: Any, samples: Any, *, precision: str, **others: Any) -> EngineChoice:
    """Take bf16 where nothing else is asked for, as on a processor that has it."""
    taken = "bf16" if precision == "auto" else precision
    engine = SimpleNamespace(name="openvino", precision=taken, batch=32, streams=1)
    engine.forward = lambda batch: {"final": ROWS[taken]}
    return EngineChoice(cast("Any", engine), ())


@pytest.mark.parametrize(
    ("asked", "steepness", "taken"),
    [("auto", 0.02, "bf16"), ("auto", 2, "f32"), ("bf16", 2, "bf16"), ("f32", 2, "f32")],
)
def test_a_steep_head_takes_float32(asked: str, steepness: float, taken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.selection.trained_model.choose_engine", choose)
    notes: list[Any] = []
    engines: list[Any] = []
    context = SimpleNamespace(
        precision=asked,
        parity_samples=SimpleNamespace(load=lambda: {"input": EXACT}),
        log=notes.append,
        backbone=SimpleNamespace(name="net"),
        samples=SimpleNamespace(space=TargetSpace("classification", ("a", "b"))),
        features=SimpleNamespace(add_engine=lambda network, engine: engines.append(engine.precision)),
    )
    weight = np.array([[1, -1]] * 3, np.float32) * steepness
    head = Head("linear", (Dense(weight, np.zeros(2, np.float32)),))
    network: Any = SimpleNamespace(layer=lambda name: Layer(name, 3))
    model = build_trained_model(cast("FitContext", context), network, head)
    assert (model.branches[0].precision, engines) == (taken, [taken])
    said = [note.text for note in notes]
    assert said == (["the trained net answers otherwise in bf16; float32 is used instead"] if len(said) else [])
    assert bool(said) == (asked == "auto" and taken == "f32")
