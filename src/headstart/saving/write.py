"""The ``model/`` folder: it is written, read back and compared, and scores are added to it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
from safetensors.numpy import save_file

from headstart import __version__
from headstart.heads.saving import write_heads
from headstart.saving.build import build_onnx
from headstart.saving.model import FittedModel, ParityExample
from headstart.saving.parity import check_export
from headstart.storage.atomic import new_folder, replace_text
from headstart_runtime.inference import model_format
from headstart_runtime.inference.classifier import Classifier, load
from headstart_runtime.modalities.spec_files import list_contents, name_files
from headstart_runtime.whole_files import hash_file


def write_model(
    model: FittedModel, folder: Path, examples: Sequence[ParityExample], *, item_columns: tuple[str, ...] = ()
) -> Classifier:
    """Write ``model/`` whole or not at all, and read it back.

    Args:
        model: the fitted model.
        folder: the ``model`` folder to make.
        examples: real items for which the saved graph must predict what the fitted heads do.
        item_columns: columns of a table whose cells the items were.

    Raises:
        SaveError: its predictions differ, and the message names the branch and the step that differ; or the weights are
            more than a file can hold. Nothing is left behind.
    """
    with new_folder(folder) as draft:
        onnx.save(build_onnx(model), draft / model_format.GRAPH)
        write_heads([member.head for member in model.members], draft / model_format.HEAD)
        if model.novelty is not None:
            save_file(model.novelty.tensors(), draft / model_format.NOVELTY_ARRAYS)
        _write_spec_files(model, draft)
        parity = check_export(draft / model_format.GRAPH, model, examples)
        _write_record(draft, replace(_describe_model(model, draft, parity), item_columns=item_columns))
        for file in draft.iterdir():
            file.chmod(0o666 & draft.stat().st_mode)  # some writers keep a file to its owner; a server may be another
    return load(folder)


def add_scores(
    classifier: Classifier, scores: dict[str, Any], engines: model_format.EngineAgreement | None = None
) -> Classifier:
    """Write evaluations of the saved classifier into its ``model.json``.

    Args:
        classifier: as saved.
        scores: subset -> evaluation; those of other subsets stay.
        engines: how each engine answers test items; None leaves what is there.
    """
    known = classifier.record
    added = replace(known, scores={**known.scores, **scores}, engines=engines or known.engines)
    _write_record(classifier.folder, added)
    return load(classifier.folder)


def _write_spec_files(model: FittedModel, folder: Path) -> None:
    """Write what the spec of each branch needs beside its record."""
    for spec, names in zip(model.specs, name_files(model.specs), strict=True):
        for name, content in list_contents(spec).items():
            (folder / names[name]).write_bytes(content)


def _write_record(folder: Path, record: model_format.ModelRecord) -> None:
    """Write ``model.json``, whole or not at all."""
    replace_text(folder / model_format.RECORD, json.dumps(record.to_json(), indent=2, ensure_ascii=False))


def _describe_model(model: FittedModel, folder: Path, parity: model_format.ExportParity) -> model_format.ModelRecord:
    return model_format.ModelRecord(
        space=model.space,
        branches=tuple(_describe_branch(model, index) for index in range(len(model.branches))),
        members=tuple(model_format.MemberFacts(one.branches, one.head.kind, one.weight) for one in model.members),
        combine=model.combine,
        graph_sha256=hash_file(folder / model_format.GRAPH),
        head_sha256=hash_file(folder / model_format.HEAD),
        parity=parity,
        headstart=__version__,
        postprocessor=model.postprocessor,
        novelty=None if model.novelty is None else model.novelty.to_json(),
        novelty_sha256=None if model.novelty is None else hash_file(folder / model_format.NOVELTY_ARRAYS),
    )


def _describe_branch(model: FittedModel, index: int) -> model_format.BranchFacts:
    branch = model.branches[index]
    backbone = branch.backbone
    return model_format.BranchFacts(
        backbone=model_format.BackboneFacts(
            backbone.name, backbone.architecture, backbone.weights, backbone.weights_sha256, backbone.licence
        ),
        spec=backbone.spec,
        layers=branch.layers,
        engine=branch.engine,
        precision=branch.precision,
        network=model.find_network(index),
        taps=tuple(model_format.network_prefix(model.find_network(index)) + name for name in branch.find_taps()),
    )
