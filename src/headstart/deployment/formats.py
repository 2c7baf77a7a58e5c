"""The protocol of an export format, and the registry of them.

A format writes the files of a folder and starts what runs them. All else is done for every format alike by
``deployment.write``: class names, thresholds, licences, golden items, hashes, and the proof.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from headstart.deployment.tolerance import Tolerance
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.inference.classifier import Classifier
from headstart_runtime.modalities.item import ItemLike
from headstart_runtime.plugins import Registry
from headstart_runtime.protocol_checks import expect_members

ExportPrecision = Literal["f32", "f16", "bf16", "int8"]

GROUP = "headstart.formats"  #: of the entry points by which other packages add formats
#: Where each built-in format is; it is imported when it is first asked for.
FORMATS: dict[str, "str | ExportFormat"] = {
    "onnx": "headstart.deployment.onnx_format:OnnxFormat",
    "openvino": "headstart.deployment.openvino_format:OpenVinoFormat",
    "litert": "headstart.deployment.litert_format:LiteRtFormat",
    "docker": "headstart.deployment.docker_format:DockerFormat",
    "web": "headstart.deployment.web_format:WebFormat",
}


@dataclass(frozen=True, slots=True, eq=False)
class ExportJob:
    """The classifier that is exported, and how."""

    classifier: Classifier
    precision: ExportPrecision = "f32"
    calibration: Sequence[ItemLike] = ()  #: training items by which int8 is calibrated; none else
    options: Mapping[str, Any] = field(default_factory=dict)  #: that only some formats have, such as a folder of files

    @property
    def name(self) -> str:
        """The name of the classifier: of its run, where it is the ``model`` folder of one."""
        folder = self.classifier.folder
        return (folder.parent.name if folder.name == "model" else folder.name) or "model"


@runtime_checkable
class HeldRunner(ExportRunner, Protocol):
    """A runner that holds something of the machine until it is closed, such as a browser or a service."""

    def describe_start(self) -> str:
        """Return what it takes until the first answer, in a sentence for the README; "" where nothing is to say."""

    def close(self) -> None:
        """Give back what it holds."""


@contextmanager
def hold_runner(runner: ExportRunner) -> Iterator[ExportRunner]:
    """Yield a runner, and close it at the end where it holds something."""
    try:
        yield runner
    finally:
        if isinstance(runner, HeldRunner):
            runner.close()


class ExportFormat(Protocol):
    """A way of running a classifier elsewhere."""

    name: str  #: as ``--to`` has it
    title: str  #: for people: "ONNX Runtime"
    precisions: Sequence[ExportPrecision]  #: that it can be written at, the usual one first

    def get_tolerance(self, precision: ExportPrecision) -> Tolerance:
        """Return how far answers may be from the saved classifier's."""

    def write(self, job: ExportJob, folder: Path) -> None:
        """Write all that runs the network into a folder, the code among it; the rest of an export is added.

        Raises:
            UserError: the format cannot hold this classifier, or a package is missing; the message says which part.
        """

    def start(self, folder: Path) -> ExportRunner:
        """Return what answers items by running the code and the files in an export's folder, and nothing else."""

    def describe_use(self, job: ExportJob) -> str:
        """Return how an export is run, as Markdown: commands, a block of Python that a test runs in the folder."""


REGISTRY: Registry[ExportFormat] = Registry(GROUP, "format", FORMATS, expect_members(ExportFormat), name_in="name")
