"""Exports as a container: the saved classifier behind headstart-serve, with a Dockerfile and a compose file.

The proof runs the command of the Dockerfile as a process and asks it over HTTP. What it answers is compared with what
the model in the folder answers here on the same engine, and that, step by step, with the saved classifier.
"""

import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from headstart import __version__
from headstart.deployment.answer_differences import find_difference
from headstart.deployment.formats import ExportJob, ExportPrecision
from headstart.deployment.host_code import list_runtime_extras
from headstart.deployment.proof import ProofError
from headstart.deployment.runtime_wheel import list_pins, write_runtime_wheel
from headstart.deployment.service_process import ServiceProcess, make_body
from headstart.deployment.tolerance import EXACT, HALF, Tolerance
from headstart_runtime.errors import ClassifierError, DataError, SettingError
from headstart_runtime.exported.host import ExportRunner, Steps
from headstart_runtime.exported.manifest import read_manifest
from headstart_runtime.extras import require_extra
from headstart_runtime.inference import model_format
from headstart_runtime.inference.classifier import Classifier, load
from headstart_runtime.inference.graph_inputs import load_graph_inputs
from headstart_runtime.inference.graph_predictor import GraphPredictor
from headstart_runtime.inference.item_predictor import ItemPredictor
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.inference.predictors import BatchPredictor, InferenceEngine, explain_no_openvino
from headstart_runtime.modalities.given import open_item
from headstart_runtime.modalities.item import BrokenItem, ItemLike
from headstart_runtime.modalities.spec_files import list_contents, name_files

MODEL, WHEELS, NAME = "model", "wheels", "classifier"
REQUIREMENTS, DOCKERFILE, ENGINE = "requirements.txt", "Dockerfile", "--engine"
#: Files of ``deployment.container`` -> their names in the export.
WRITTEN = {name: name for name in (DOCKERFILE, "compose.yaml", "compose.keys.yaml")} | {"dockerignore": ".dockerignore"}
MEMORY = 1024, 4, 256  #: megabytes for any model; times its size; in steps of
CLOSE = {"f32": 1e-3, "bf16": 0.1}  #: most that a number may be apart by HTTP, where batches are of other sizes
SERVICE = "service"  #: the step


class DockerFormat:
    """A folder from which a container is built."""

    name = "docker"
    title = "Docker"
    precisions: Sequence[ExportPrecision] = ("f32", "bf16")

    def get_tolerance(self, precision: ExportPrecision) -> Tolerance:
        """Return those of float32, or of bfloat16."""
        return HALF if precision == "bf16" else EXACT

    def write(self, job: ExportJob, folder: Path) -> None:
        """Write the model, the runtime as a wheel, the versions of what it needs, and the files of the container.

        Raises:
            MissingExtra: the packages of the service are not installed here, so that nothing can be proved.
            SettingError: the container cannot answer with this classifier, or not at this precision.
        """
        require_extra("serve", "an export for Docker")
        _refuse_plugins(job)
        engine = choose_container_engine(job)
        _write_model(job, folder / MODEL)
        (folder / WHEELS).mkdir()
        wheel = write_runtime_wheel(folder / WHEELS)
        extras = list_runtime_extras(job, ("serve", *(["openvino"] if engine == "openvino" else [])))
        lines = [f"./{WHEELS}/{wheel.name}[{','.join(extras)}]", *list_pins(extras)]
        (folder / REQUIREMENTS).write_text("\n".join(lines) + "\n", "utf-8")
        least, times, step = MEMORY
        size = sum(path.stat().st_size for path in (folder / MODEL).iterdir()) / 1e6
        words = {
            "PYTHON": f"{sys.version_info.major}.{sys.version_info.minor}",
            "VERSION": __version__,
            "NAME": NAME,
            "ENGINE": engine,
            "MEMORY": str(least + step * int(np.ceil(times * size / step))),
        }
        for source, name in WRITTEN.items():
            text = (files("headstart.deployment.container") / source).read_text("utf-8")
            (folder / name).write_text(re.sub(r"@([A-Z]+)@", lambda found: words[found[1]], text), "utf-8")
        for path in (folder, *folder.rglob("*")):  # whatever the umask: the container's user reads them
            path.chmod(0o755 if path.is_dir() else 0o644)

    def start(self, folder: Path) -> ExportRunner:
        """Return the service in the folder, running as its Dockerfile says, but on this machine's loopback."""
        return ContainerRunner(folder)

    def describe_use(self, job: ExportJob) -> str:
        """Return how the container is built, run and asked."""
        one = job.classifier.record.modality.noun.phrases.argument
        return f"""```bash
docker compose up --build --detach
curl --form file=@{one} http://127.0.0.1:8080/v1/predict
docker compose down
```

The port is bound to this machine alone; `http://127.0.0.1:8080/` is a page to try it. The container runs as a user
without rights on a file system that it cannot write to, and `docker ps` shows its health, by `/healthz`. For others to
ask, give keys, and put what speaks TLS before it:

```bash
HEADSTART_API_KEYS="$(openssl rand -hex 16)" docker compose up --build --detach
API_KEYS_FILE=./keys.txt docker compose -f compose.yaml -f compose.keys.yaml up --build --detach
```

The second way hands them over as a secret; keep `keys.txt` outside this folder. Without compose:

```bash
docker build --tag headstart-{NAME} .
docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \\
    --publish 127.0.0.1:8080:8080 headstart-{NAME}
```

Further flags of `headstart-serve` stand at the end of the last command. `{REQUIREMENTS}` names the version of every
package, and `{WHEELS}/` has the `headstart-runtime` that this export was proved with."""


def _refuse_plugins(job: ExportJob) -> None:
    """Raise a SettingError where the classifier needs a package that the container does not have."""
    record = job.classifier.record
    for kind in (record.modality, record.task):
        package = type(kind).__module__.partition(".")[0]
        if package not in ("headstart_runtime", "headstart"):
            raise SettingError(
                f"the container has headstart-runtime alone, and {kind.name} is of the package {package}; export to "
                "another format, or build a container of your own that has it"
            )


def choose_container_engine(job: ExportJob) -> str:
    """Return the engine of the container: ONNX Runtime in float32, which runs the saved graph itself; OpenVINO in bf16.

    Raises:
        SettingError: bf16, and the classifier was not fitted in it, or OpenVINO is not here.
    """
    if job.precision == "f32":
        return "onnxruntime"
    trouble = explain_no_openvino(job.classifier.files)
    half = any(branch.precision == "bf16" for branch in job.classifier.record.branches)
    if trouble or not half:
        raise SettingError(f"{trouble or 'the classifier was fitted in float32'}; export it at precision f32")
    return "openvino"


def _write_model(job: ExportJob, folder: Path) -> None:
    """Write the saved classifier as it was loaded."""
    record, contents = job.classifier.record, job.classifier.files
    folder.mkdir()
    text = json.dumps(record.to_json(), indent=2, ensure_ascii=False)
    (folder / model_format.RECORD).write_text(text, "utf-8")
    (folder / model_format.GRAPH).write_bytes(contents.graph)
    (folder / model_format.HEAD).write_bytes(contents.head)
    if contents.novelty is not None:
        (folder / model_format.NOVELTY_ARRAYS).write_bytes(contents.novelty)
    specs = [branch.spec for branch in record.branches]
    for spec, names in zip(specs, name_files(specs), strict=True):
        for name, content in list_contents(spec).items():
            (folder / names[name]).write_bytes(content)


def read_entrypoint(folder: Path) -> list[str]:
    """Return the words of the command that the Dockerfile of a folder starts.

    Raises:
        ClassifierError: there is none.
    """
    found = re.search(r"^ENTRYPOINT (\[.*\])$", (folder / DOCKERFILE).read_text("utf-8"), re.MULTILINE)
    words = json.loads(found[1]) if found else []
    if ENGINE not in words:
        raise ClassifierError(f"the {DOCKERFILE} of the export names no command with {ENGINE}; export it again")
    return [str(word) for word in words]


class ContainerRunner:
    """The service of a folder as a process, and the model of the folder in this one."""

    def __init__(self, folder: Path):
        """Start both.

        Raises:
            ClassifierError: the folder is not as it was exported.
            SaveError: the service does not start.
        """
        precision: str = read_manifest(folder).facts["precision"]
        arguments = read_entrypoint(folder)[1:]
        self._close = CLOSE[precision]
        openvino = arguments[arguments.index(ENGINE) + 1] == "openvino"
        self._engine: InferenceEngine = "openvino" if openvino else "onnxruntime"
        self._classifier: Classifier = load(folder / MODEL, self._engine)
        contents, record = self._classifier.files, self._classifier.record
        graph, batch = (None, BatchPredictor(contents, parts=1)) if openvino else (GraphPredictor(contents), None)
        self._predictor = ItemPredictor(record, graph, batch)
        self._service = ServiceProcess(arguments, folder)
        self.names: Sequence[str] = self._service.get("/v1/models")["models"][0]["classes"]

    def answer(self, item: ItemLike) -> Steps:
        """Return the outputs for an item, where the service answers as they say.

        Raises:
            BrokenItem: neither can read it.
            ProofError: the service answers otherwise.
        """
        record = self._classifier.record
        opened = open_item(record.modality, item)  # after it was decoded it has notes for the answer
        (found,) = self._predictor.predict([opened], [[self._engine]])
        if isinstance(found, BrokenItem):
            self._compare(item, found)
            raise found
        batch = found[self._engine]
        (answer,) = record.task.make_predictions([opened], batch, record.space)
        seconds = self._compare(item, answer.to_json())
        return Steps(_take_outputs(batch), load_graph_inputs(opened, record), seconds)

    def describe_start(self) -> str:
        """Return nothing: the README says how it is started."""
        return ""

    def close(self) -> None:
        """End the service."""
        self._service.close()

    def _compare(self, item: ItemLike, wanted: Mapping[str, Any] | BrokenItem) -> float | None:
        """Ask the service for an item; return the seconds that it took, None for one that cannot be sent.

        Raises:
            ProofError: it answers otherwise.
        """
        body = make_body(self._classifier.record.modality, item)
        if body is None:
            return None
        began = time.perf_counter()
        try:
            found: Mapping[str, Any] | DataError = self._service.answer(*body)
        except DataError as error:
            found = error
        seconds = time.perf_counter() - began
        if isinstance(wanted, BrokenItem) or isinstance(found, DataError):
            if not (isinstance(wanted, BrokenItem) and isinstance(found, DataError)):
                refusal = found if isinstance(found, DataError) else wanted
                raise ProofError(SERVICE, f"of the service and the model in its folder only one refuses: {refusal}")
        elif difference := find_difference(wanted, found, self._close):
            raise ProofError(SERVICE, f"over HTTP {difference}")
        return seconds


def _take_outputs(batch: BatchPredictions) -> dict[str, Any]:
    """Return the outputs of a batch of one item, without an axis for items."""
    outputs = {name: np.asarray(values)[0] for name, values in batch.outputs.items()}
    if batch.novelty is not None:
        outputs[model_format.NOVELTY] = np.asarray(batch.novelty)[0]
        outputs[model_format.OUT_OF_DISTRIBUTION] = np.asarray(batch.out_of_distribution)[0]
    return outputs
