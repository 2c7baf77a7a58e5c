"""Ways of running a saved classifier: every export format, headstart-predict, the service; each gives its outputs."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.deployment import contents
from headstart.deployment.formats import REGISTRY, ExportJob, hold_runner
from headstart.deployment.item_proof import ProofItem
from headstart.deployment.service_process import ServiceProcess, make_body
from headstart_runtime.errors import DataError
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.exported.manifest import write_manifest
from headstart_runtime.inference.classifier import Classifier

Outputs = Mapping[str, NDArray[Any]]  #: of one item, by name
Answer = Callable[[int], Outputs | None]  #: of the item of a number; None: it cannot be read, or not be given
PREDICT = ("-m", "headstart_runtime.command.main")
ANSWERED = ("predicted", "labels")  #: outputs that an answer is taken from, beside the task's own


@dataclass(frozen=True)
class Way:
    """A way of running a classifier."""

    name: str  #: "onnx", "service"
    precision: str  #: of its arithmetic
    engine: str = ""  #: of the runtime and the service; "" for an export format


def list_ways(
    classifier: Classifier, formats: Sequence[str], precisions: Sequence[str], served: Sequence[str]
) -> list[Way]:
    """Return the ways that there are for a classifier, at the precisions that are asked for.

    Args:
        classifier: as saved.
        formats: of exports.
        precisions: of the arithmetic.
        served: of "runtime" and "service" those that are asked for.
    """
    found = [
        Way(name, precision)
        for name in formats
        for precision in REGISTRY.get(name).precisions
        if precision in precisions
    ]
    branches = classifier.record.branches
    engines = {"onnxruntime": "f32"}
    if all(branch.engine == "openvino" for branch in branches):
        engines["openvino"] = "bf16" if any(branch.precision == "bf16" for branch in branches) else "f32"
    for name in served:
        found += [Way(name, precision, engine) for engine, precision in engines.items() if precision in precisions]
    return found


@contextmanager
def start(way: Way, classifier: Classifier, items: Sequence[ProofItem], options: Mapping[str, Any]) -> Iterator[Answer]:
    """Run a classifier some way while the context lasts; give what answers an item.

    Args:
        way: of running it.
        classifier: as saved.
        items: all that will be asked for.
        options: of the export formats.
    """
    with tempfile.TemporaryDirectory() as folder:
        if way.name == "runtime":
            yield _predict_all(way, classifier, items, Path(folder)).__getitem__
        elif way.name == "service":
            service = ServiceProcess((str(classifier.folder), "--engine", way.engine), Path(folder))
            try:
                yield lambda number: _ask(service, classifier, items[number])
            finally:
                service.close()
        else:
            with hold_runner(_start_export(way, classifier, Path(folder, "export"), options)) as runner:
                yield lambda number: _run(runner, classifier, items[number])


def _start_export(way: Way, classifier: Classifier, folder: Path, options: Mapping[str, Any]) -> ExportRunner:
    """Write an export, without a proof, and start what runs it."""
    kind = REGISTRY.get(way.name)
    job = ExportJob(classifier, way.precision, (), options)  # type: ignore[arg-type]
    folder.mkdir()
    kind.write(job, folder)
    contents.write_spec_files(classifier.record, folder)
    write_manifest(folder, contents.describe_facts(job, kind))
    return kind.start(folder)


def _run(runner: ExportRunner, classifier: Classifier, item: ProofItem) -> Outputs | None:
    with suppress(DataError):
        found = runner.answer(item.value).outputs
        return {name: np.asarray(found[name]) for name in (classifier.task.answer, *ANSWERED) if name in found}
    return None


def _ask(service: ServiceProcess, classifier: Classifier, item: ProofItem) -> Outputs | None:
    body = make_body(classifier.record.modality, item.value)
    if body is None:
        return None
    with suppress(DataError):
        return read_answer(service.answer(*body), classifier)
    return None


def _predict_all(way: Way, classifier: Classifier, items: Sequence[ProofItem], folder: Path) -> list[Outputs | None]:
    """Return the outputs of headstart-predict, in a process of its own, for files with the items' bytes."""
    suffix = ".txt" if ".txt" in (known := classifier.record.modality.suffixes) else sorted(known)[0]
    for number, item in enumerate(items):
        body = make_body(classifier.record.modality, item.value)
        if body is not None:
            content = json.loads(body[0])["texts"][0].encode() if body[1] == "application/json" else body[0]
            (folder / f"{number:05d}{suffix}").write_bytes(content)
    command = [sys.executable, *PREDICT, str(classifier.folder), str(folder), "--json", "--engine", way.engine]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: list[Outputs | None] = [None] * len(items)
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        if answer["error"] is None:
            found[int(Path(answer["source"]).stem)] = read_answer(answer, classifier)
    return found


def read_answer(answer: Mapping[str, Any], classifier: Classifier) -> Outputs:
    """Return the outputs that a JSON answer tells of, told by its keys."""
    names, record = classifier.classes, classifier.record
    if "value" in answer:
        value = answer["value"]
        numbers = [value[name] for name in names] if isinstance(value, dict) else [value]
        return {classifier.task.answer: np.array(numbers, np.float32)}
    found = {classifier.task.answer: np.array([answer["probabilities"][name] for name in names], np.float32)}
    made = {name for name, *_ in record.task.graph.list_outputs(record.postprocessor, record.space)}
    if "labels" in made and "labels" in answer:
        found["labels"] = np.array([name in answer["labels"] for name in names])
    if "predicted" in made:
        found["predicted"] = np.array(names.index(answer["label"]))
    return found
