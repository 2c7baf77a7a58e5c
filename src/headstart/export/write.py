"""Writing ``model/``, and scores into it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
from safetensors.numpy import save_file

from headstart import __version__
from headstart.export.build import build_onnx
from headstart.export.model import FittedModel, ParityExample
from headstart.export.parity import check_export
from headstart.heads.saving import write_heads
from headstart.inference import model_format
from headstart.inference.classifier import Classifier, load
from headstart.storage.atomic import new_folder, replace_text


def export_model(parts: FittedModel, folder: Path, witnesses: Sequence[ParityExample]) -> Classifier:
    """Writes ``model/`` whole or not at all, and reads it back.

    Args:
        parts: what to save.
        folder: the ``model`` folder to make.
        witnesses: real photos that the saved graph must answer like the fitted heads do.

    Raises:
        SaveError: it answers otherwise, and the message names the branch and the step that differ; or the weights are
            more than a file can hold. Nothing is left behind.
    """
    with new_folder(folder) as draft:
        onnx.save(build_onnx(parts), draft / model_format.GRAPH)
        write_heads([answer.head for answer in parts.members], draft / model_format.HEAD)
        if parts.novelty is not None:
            save_file(parts.novelty.tensors(), draft / model_format.NOVELTY_ARRAYS)
        parity = check_export(draft / model_format.GRAPH, parts, witnesses)
        _write_record(draft, _record(parts, draft, parity))
        for file in draft.iterdir():
            file.chmod(0o666 & draft.stat().st_mode)  # some writers keep a file to its owner; a server may be another
    return load(folder)


def add_scores(
    classifier: Classifier, scores: dict[str, Any], engines: model_format.EngineAgreement | None = None
) -> Classifier:
    """Writes evaluations of the saved classifier into its ``model.json``; an older one becomes one of this version.

    Args:
        classifier: as saved.
        scores: part -> evaluation; other parts' stay.
        engines: how each engine answers test photos; None leaves what is there.
    """
    known = classifier.record
    added = replace(known, scores={**known.scores, **scores}, engines=engines or known.engines)
    _write_record(classifier.folder, added)
    return load(classifier.folder)


def _write_record(folder: Path, record: model_format.ModelRecord) -> None:
    """``model.json``, whole or not at all."""
    replace_text(folder / model_format.RECORD, json.dumps(record.to_json(), indent=2, ensure_ascii=False))


def _record(parts: FittedModel, folder: Path, parity: model_format.ExportParity) -> model_format.ModelRecord:
    return model_format.ModelRecord(
        classes=parts.classes,
        branches=tuple(_branch(parts, index) for index in range(len(parts.branches))),
        members=tuple(model_format.MemberFacts(it.branches, it.head.kind, it.weight) for it in parts.members),
        combine=parts.combine,
        graph_sha256=model_format.hash_file(folder / model_format.GRAPH),
        head_sha256=model_format.hash_file(folder / model_format.HEAD),
        parity=parity,
        headstart=__version__,
        calibration=parts.calibration,
        conformal=parts.conformal,
        novelty=None if parts.novelty is None else parts.novelty.to_json(),
        novelty_sha256=None if parts.novelty is None else model_format.hash_file(folder / model_format.NOVELTY_ARRAYS),
    )


def _branch(parts: FittedModel, index: int) -> model_format.BranchFacts:
    branch = parts.branches[index]
    backbone = branch.backbone
    return model_format.BranchFacts(
        backbone=model_format.BackboneFacts(
            backbone.name, backbone.architecture, backbone.weights, backbone.weights_sha256, backbone.licence
        ),
        spec=backbone.spec,
        layers=branch.layers,
        flipped=branch.flipped,
        engine=branch.engine,
        precision=branch.precision,
        network=parts.network(index),
    )
