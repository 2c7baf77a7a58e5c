"""A comparison of the saved graph with the path that the heads were fitted on, on real photos."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from headstart.arrays import Floats
from headstart.errors import SaveError
from headstart.export.build import describe_branch
from headstart.export.model import FittedModel, ParityExample
from headstart.inference import model_format
from headstart.libraries import import_onnxruntime
from headstart.modalities.image.decode import crop_resize
from headstart.tasks.facets import ComparedOutput

#: Mean difference of novelty, where 1.0 is the threshold, that rounding can explain. A photo that the score was fitted
#: on has about 0, and the distance that rounding makes: by bf16 0.015 on brain scans with the last layers, 0.05 with
#: early ones, elsewhere up to 0.013.
MOST_NOVELTY = 0.1
ALIKE = 0.99  #: cosine of features that differ by rounding only


class UnsteadyNoveltyError(SaveError):
    """The graph is right, but photos are so alike that rounding of their features decides which are unfamiliar."""


def check_export(graph: Path, model: FittedModel, examples: Sequence[ParityExample]) -> model_format.ExportParity:
    """Compare the saved graph in ONNX Runtime with the path the heads were fitted on.

    Raises:
        UnsteadyNoveltyError: their novelty differs by more than it may, and it is for rounding of the features.
        SaveError: their probabilities, before or after calibration, or their novelty differ by more than rounding
            explains.
    """
    shipped = _run_graph(graph, examples)
    features = [np.stack(rows) for rows in zip(*(example.features for example in examples), strict=True)]
    fitted = model.predict(features)
    compared = list(model.task.graph.list_compared(fitted.outputs))
    wanted = dict(fitted.outputs)
    if fitted.novelty is not None:
        compared.append(ComparedOutput(model_format.NOVELTY, "novelty scores", MOST_NOVELTY, "novelty"))
        wanted[model_format.NOVELTY] = fitted.novelty
    differences = {output.name: np.abs(shipped[output.name] - wanted[output.name]) for output in compared}
    for output in compared:
        mean = differences[output.name].mean()
        if not mean <= output.most:  # written so that NaN fails too
            novelty = output.name == model_format.NOVELTY
            unsteady = novelty and _is_rounding(graph, model, examples, shipped[output.name])
            raise (UnsteadyNoveltyError if unsteady else SaveError)(
                f"the saved graph answers otherwise than what was fitted on {len(examples)} photos: {output.words} "
                f"differ by {mean:.3f} on average, wanted at most {output.most:.3g}; "
                f"{_find_differing_step(graph, model, examples, output.step)}"
            )
    answer = model.task.answer
    final, unlike = differences[answer], differences.get(model_format.NOVELTY)
    return model_format.ExportParity(
        photos=len(examples),
        mean_difference=float(final.mean()),
        largest_difference=float(final.max()),
        same_answers=model.task.scoring.share_same(shipped[answer], wanted[answer]),
        novelty_difference=None if unlike is None else float(unlike.mean()),
    )


def _run_graph(graph: Path, examples: Sequence[ParityExample]) -> dict[str, Floats]:
    """Return the outputs of the saved graph by name, (N, ...)."""
    session = import_onnxruntime().InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    rows = [session.run(names, {model_format.IMAGE: example.load()}) for example in examples]
    return {name: np.stack(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def _is_rounding(graph: Path, model: FittedModel, examples: Sequence[ParityExample], shipped: Floats) -> bool:
    """Return whether the graph's novelty (N,) is the host's for the graph's own features, which are much the same."""
    assert model.novelty is not None
    names = [model_format.features_name(branch) for branch in model.novelty.branches]
    found = _run_inside(graph, examples, names)
    features = [np.stack([tensors[name] for tensors in found]) for name in names]
    rows = [values.reshape(len(examples), -1) for values in features]
    again = model.novelty.score(rows, np.zeros((len(examples), 0), np.float32))  # this kind does not read outputs
    own = [np.stack([example.features[branch] for example in examples]) for branch in model.novelty.branches]
    pairs = [pair for one, other in zip(rows, own, strict=True) for pair in zip(one, other, strict=True)]
    alike = all(_cosine(a, b) > ALIKE for a, b in pairs)
    return alike and bool(np.abs(again - shipped.reshape(-1)).mean() <= MOST_NOVELTY / 10)


def _run_inside(graph: Path, examples: Sequence[ParityExample], names: Sequence[str]) -> list[dict[str, Floats]]:
    """Return for each photo some tensors inside the graph, by name."""
    proto = onnx.load(graph)
    known = {output.name for output in proto.graph.output}
    proto.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names if name not in known)
    session = import_onnxruntime().InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    photos = (example.load() for example in examples)
    return [dict(zip(names, session.run(names, {model_format.IMAGE: photo}), strict=True)) for photo in photos]


def _find_differing_step(graph: Path, model: FittedModel, examples: Sequence[ParityExample], step: str) -> str:
    """Return the first step that differs from the host's: a branch's pixels, its features, or what follows them.

    Args:
        graph: the saved graph.
        model: the fitted model.
        examples: real photos.
        step: that makes the first output that differs of features that agree.
    """
    proto = onnx.load(graph)
    entries = sorted({model.find_network(index) for index in range(len(model.branches))})
    pixels, features = (
        map(model_format.pixels_name, entries),
        map(model_format.features_name, range(len(model.branches))),
    )
    inside = [*pixels, *features]
    proto.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in inside)
    session = import_onnxruntime().InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    levels: list[list[float]] = [[] for _ in model.branches]
    cosines: list[list[float]] = [[] for _ in model.branches]
    for example in examples:
        photo = example.load()
        tensors = dict(zip(inside, session.run(inside, {model_format.IMAGE: photo}), strict=True))
        for index, branch in enumerate(model.branches):
            square = tensors[model_format.pixels_name(model.find_network(index))][0]
            on_host = crop_resize(photo, branch.backbone.spec)
            levels[index].append(float(np.abs(square.astype(int) - on_host).mean()))
            cosines[index].append(_cosine(tensors[model_format.features_name(index)][0], example.features[index]))
    for index in range(len(model.branches)):
        where = f"in branch {index} ({describe_branch(model, index)}) " if len(model.branches) > 1 else ""
        if np.mean(levels[index]) > 1:
            far = f"{np.mean(levels[index]):.1f} grey levels on average"
            return f"{where}the pixels differ, by {far} (step: crop and resize)"
        if not np.mean(cosines[index]) > ALIKE:
            return (
                f"{where}the features differ, mean cosine {np.mean(cosines[index]):.4f} "
                "(step: the backbone's forward pass)"
            )
    return f"pixels and features agree (step: {step})"


def _cosine(a: Floats, b: Floats) -> float:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b / max(lengths, 1e-12))
