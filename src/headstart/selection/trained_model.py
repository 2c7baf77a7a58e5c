"""A network that was trained here as a fitted model, in the precision that its head bears."""

from collections.abc import Mapping

import numpy as np

from headstart.backbones.backbone import Backbone
from headstart.engines.choose import choose_engine
from headstart.engines.engine import Engine, forward_all
from headstart.events import Note
from headstart.heads.head import Head
from headstart.saving import FeatureBranch, FittedModel
from headstart.selection.context import FitContext
from headstart.selection.probes import LAYER, build_model
from headstart_runtime.arrays import Floats

SHARE = 0.5  #: of the mean difference that a saved graph may have at most: what bf16 may make of it


def build_trained_model(context: FitContext, backbone: Backbone, head: Head) -> FittedModel:
    """Return a model of a network that was trained here; it exists as ONNX alone, so OpenVINO runs it everywhere.

    A head may be so steep that answers move by what bf16 loses, however alike the features are. Unless bf16 was asked
    for, float32 is used then, and a note says so.
    """
    samples, log = context.parity_samples, context.log
    chosen = choose_engine(backbone, samples, engine="openvino", precision=context.precision, listener=log)
    model = _make_model(context, backbone, head, chosen.engine)
    if chosen.engine.precision == "bf16" and context.precision == "auto":
        exact = choose_engine(backbone, samples, engine="openvino", precision="f32", listener=log)
        share = _compare_answers(model, *(_run(one.engine, context) for one in (chosen, exact)))
        if not share <= SHARE:
            log(Note(f"the trained {context.backbone.name} answers otherwise in bf16; float32 is used instead"))
            chosen, model = exact, _make_model(context, backbone, head, exact.engine)
    context.features.add_engine(backbone, chosen.engine)
    return model


def _make_model(context: FitContext, backbone: Backbone, head: Head, engine: Engine) -> FittedModel:
    return build_model(context, FeatureBranch(backbone, engine.name, engine.precision, (LAYER,)), head)


def _run(engine: Engine, context: FitContext) -> Floats:
    """Return the last layer's features (N, D) of parts of real items."""
    return forward_all(engine, context.parity_samples.load(), threads=engine.streams)[LAYER]


def _compare_answers(model: FittedModel, rounded: Floats, exact: Floats) -> float:
    """Return how far answers of two features (N, D) are apart, as a share of what a saved graph may differ by."""
    seen, wanted = (_answer(model, rows) for rows in (rounded, exact))
    compared = [one for one in model.task.graph.list_compared(wanted) if one.name in seen]
    return max(float((np.abs(seen[it.name] - wanted[it.name]) / it.scale).mean()) / it.most for it in compared)


def _answer(model: FittedModel, rows: Floats) -> Mapping[str, Floats]:
    return model.predict([rows]).outputs
