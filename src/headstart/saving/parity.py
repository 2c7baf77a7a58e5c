"""A comparison of the saved graph with the path that the heads were fitted on, on real items."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from headstart.saving.build import describe_branch
from headstart.saving.model import FittedModel, ParityExample
from headstart.tasks.facets import ComparedOutput
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import SaveError
from headstart_runtime.inference import model_format
from headstart_runtime.inference.graph_inputs import make_graph_inputs
from headstart_runtime.libraries import start_onnxruntime

#: Mean difference of novelty, where 1.0 is the threshold, that rounding can explain. A photo that the score was fitted
#: on has about 0, and the distance that rounding makes: by bf16 0.015 on brain scans with the last layers, 0.05 with
#: early ones, elsewhere up to 0.013.
MOST_NOVELTY = 0.1
ALIKE = 0.99  #: cosine of features that differ by rounding only


class UnsteadyNoveltyError(SaveError):
    """The graph is right, but items are so alike that rounding of their features decides which are unfamiliar."""


def check_export(graph: Path, model: FittedModel, examples: Sequence[ParityExample]) -> model_format.ExportParity:
    """Compare the saved graph in ONNX Runtime with the path the heads were fitted on.

    Raises:
        UnsteadyNoveltyError: their novelty differs by more than it may, and it is for rounding of the features.
        SaveError: their probabilities, before or after calibration, or their novelty differ by more than rounding
            explains.
    """
    shipped = _run_graph(graph, model, examples)
    features = [np.stack(rows) for rows in zip(*(example.features for example in examples), strict=True)]
    fitted = model.predict(features)
    compared = list(model.task.graph.list_compared(fitted.outputs))
    wanted = dict(fitted.outputs)
    if fitted.novelty is not None:
        compared.append(ComparedOutput(model_format.NOVELTY, "novelty scores", MOST_NOVELTY, "novelty"))
        wanted[model_format.NOVELTY] = fitted.novelty
    differences = {one.name: np.abs(shipped[one.name] - wanted[one.name]) / one.scale for one in compared}
    for output in compared:
        mean = differences[output.name].mean()
        if not mean <= output.most:  # written so that NaN fails too
            novelty = output.name == model_format.NOVELTY
            unsteady = novelty and _is_rounding(graph, model, examples, shipped[output.name])
            items = model.modality.noun.count(len(examples))
            raise (UnsteadyNoveltyError if unsteady else SaveError)(
                f"the saved graph answers otherwise than what was fitted on {items}: {output.words} "
                f"differ by {mean:.3f} on average, wanted at most {output.most:.3g}; "
                f"{_find_differing_step(graph, model, examples, output.step)}"
            )
    answer = model.task.answer
    final, unlike = differences[answer], differences.get(model_format.NOVELTY)
    return model_format.ExportParity(
        items=len(examples),
        mean_difference=float(final.mean()),
        largest_difference=float(final.max()),
        same_answers=model.task.scoring.share_same(shipped, wanted),
        novelty_difference=None if unlike is None else float(unlike.mean()),
    )


def _run_graph(graph: Path, model: FittedModel, examples: Sequence[ParityExample]) -> dict[str, Floats]:
    """Return the outputs of the saved graph by name, (N, ...)."""
    session = start_onnxruntime(graph)
    names = [output.name for output in session.get_outputs()]
    rows = [session.run(names, inputs) for inputs in _load_inputs(model, examples)]
    return {name: np.stack(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def _load_inputs(model: FittedModel, examples: Sequence[ParityExample]) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield what the graph reads for each item."""
    for example in examples:
        yield dict(make_graph_inputs(example.load(), model.modality, model.specs))


def _is_rounding(graph: Path, model: FittedModel, examples: Sequence[ParityExample], shipped: Floats) -> bool:
    """Return whether the graph's novelty (N,) is the host's for the graph's own features, which are much the same."""
    assert model.novelty is not None
    names = [model_format.features_name(branch) for branch in model.novelty.branches]
    found = list(_run_inside(graph, model, examples, names))
    rows = [np.stack([tensors[name].mean(axis=0) for tensors in found]) for name in names]
    again = model.novelty.score(rows, np.zeros((len(examples), 0), np.float32))  # this kind does not read outputs
    own = [np.stack([example.features[branch] for example in examples]) for branch in model.novelty.branches]
    pairs = [pair for one, other in zip(rows, own, strict=True) for pair in zip(one, other, strict=True)]
    alike = all(_cosine(a, b) > ALIKE for a, b in pairs)
    own_scores = shipped.reshape(-1)
    apart = np.abs(again - own_scores) / np.maximum(1.0, np.abs(own_scores))  # of near copies scores are huge
    return alike and bool(apart.mean() <= MOST_NOVELTY / 10)


def _run_inside(
    graph: Path, model: FittedModel, examples: Sequence[ParityExample], names: Sequence[str]
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield for each item some tensors inside the graph, by name."""
    proto = onnx.load(graph)
    known = {one.name for one in (*proto.graph.input, *proto.graph.output)}
    proto.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names if name not in known)
    session = start_onnxruntime(proto.SerializeToString())
    for inputs in _load_inputs(model, examples):
        yield dict(zip(names, session.run(names, inputs), strict=True))


def _find_differing_step(graph: Path, model: FittedModel, examples: Sequence[ParityExample], step: str) -> str:
    """Return the first step that differs from the host's: a branch's input, its features, or what follows them.

    Args:
        graph: the saved graph.
        model: the fitted model.
        examples: real items.
        step: that makes the first output that differs of features that agree.
    """
    branches = range(len(model.branches))
    differences = _compare_inputs(graph, model, examples)
    features = [model_format.features_name(index) for index in branches]
    found = list(_run_inside(graph, model, examples, features))
    for index in branches:
        where = f"in branch {index} ({describe_branch(model, index)}) " if len(branches) > 1 else ""
        if difference := differences.get(model.find_network(index)):
            return f"{where}{difference}"
        pairs = zip(found, examples, strict=True)
        cosine = np.mean([_cosine(row[features[index]].mean(axis=0), one.features[index]) for row, one in pairs])
        if not cosine > ALIKE:
            return f"{where}the features differ, mean cosine {cosine:.4f} (step: the backbone's forward pass)"
    names = ", ".join(dict.fromkeys(one.name for spec in model.specs for one in spec.tensors))
    return f"{names} and features agree (step: {step})"


def _compare_inputs(graph: Path, model: FittedModel, examples: Sequence[ParityExample]) -> dict[int, str]:
    """Return how the input of each network, by its first branch, differs from the host's; "" where it does not.

    Nothing is compared where the graph reads what the host makes.
    """
    if model.modality.graph is None:
        return {}
    differences = {}
    for index in sorted({model.find_network(index) for index in range(len(model.branches))}):
        spec = model.specs[index]
        names = {one.name: model_format.tensor_name(one.name, index) for one in spec.tensors}
        inside = [
            {name: found[inner] for name, inner in names.items()}
            for found in _run_inside(graph, model, examples, list(names.values()))
        ]
        parts = (model.modality.make_parts(example.load(), spec) for example in examples)
        host = [model.modality.collate(each, spec) for each in parts]
        differences[index] = model.modality.graph.describe_difference(inside, host)
    return differences


def _cosine(a: Floats, b: Floats) -> float:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b / max(lengths, 1e-12))
