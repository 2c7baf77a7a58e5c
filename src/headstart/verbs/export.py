"""``headstart.export``."""

import os
from pathlib import Path
from typing import Any

from headstart.deployment.formats import REGISTRY, ExportJob, ExportPrecision
from headstart.deployment.write import Export, write_export
from headstart.pipeline.own_items import list_given_items, list_run_items
from headstart_runtime.errors import SettingError
from headstart_runtime.inference.classifier import load


def export(
    model: str | os.PathLike[str],
    *,
    to: str,
    out: str | Path | None = None,
    items: Any = None,
    precision: ExportPrecision | None = None,
    with_items: bool = False,
    ort_web: str | Path | None = None,
    options: dict[str, Any] | None = None,
) -> Export:
    """Write a saved classifier as a folder for another way of running, proved to give its answers.

    Items go both ways, from the bytes of files to answers: the test items of the run where their files are still there,
    or those given, and drawn ones. Where the ways differ by more than rounding explains, nothing is written.

    Args:
        model: a saved classifier, its folder, or the run.
        to: the format: "onnx", "openvino", "litert", "web" and the others of ``deployment.formats``.
        out: the folder to make; NAME-FORMAT here where not given. What is there is not overwritten.
        items: your own items to prove it on, in place of the run's: a folder, a table, files.
        precision: "f32", or what else the format has: "f16", "bf16", "int8"; its usual one where not given.
        with_items: write copies of a few of your own items into the export, as golden items.
        ort_web: of "web": the package that ``npm pack onnxruntime-web`` writes, or the folder with its files; looked
            for in this folder where not given.
        options: what only formats of other packages have, by name.

    Raises:
        UserError: a classifier, a format or a folder that cannot be used.
        SaveError: the export answers otherwise than the classifier; the message names the step.
    """
    kind = REGISTRY.get(to)
    classifier = load(model)
    chosen = precision or kind.precisions[0]
    if chosen not in kind.precisions:
        known = ", ".join(kind.precisions)
        raise SettingError(f"{kind.title} is not written at precision {str(chosen)[:20]!r}; choose one of {known}")
    own = list_run_items(classifier) if items is None else list_given_items(classifier, items)
    special = {**(options or {}), **({} if ort_web is None else {"ort_web": ort_web})}
    job = ExportJob(classifier, chosen, own.training if chosen == "int8" else (), special)
    folder = Path(out).expanduser() if out is not None else Path(f"{job.name}-{to}")
    return write_export(job, kind, folder, own, with_items=with_items)
