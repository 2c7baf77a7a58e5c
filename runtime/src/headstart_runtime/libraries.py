"""ONNX Runtime and OpenVINO, imported here and nowhere else, so that neither reports to its maker.

ONNX Runtime sends usage events to Microsoft, on Windows and since version 1.29 on Linux and macOS too, and keeps an
identifier of the device under the user's folder. ``ORT_DISABLE_TELEMETRY=1`` prevents all of that, if it is set before
the library is first imported. A value that the user has set is left alone.

Importing OpenVINO sends an event to Google Analytics through the package ``openvino-telemetry`` that comes with it, and
keeps an identifier in ``~/intel``. Without that package OpenVINO imports a stub that does nothing; so it is told that
there is none.

A process that has imported either before headstart needs it has decided for itself.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from headstart_runtime.errors import EngineError

ORT_SWITCH = "ORT_DISABLE_TELEMETRY"
_OPENVINO_REPORTER = "openvino_telemetry"


def import_onnxruntime() -> Any:
    """Return ``onnxruntime``, its telemetry off unless the user set the switch or has imported it already."""
    if "onnxruntime" not in sys.modules:
        ours = os.environ.setdefault(ORT_SWITCH, "1") == "1"  # inherited by processes that this one starts
        module = import_module("onnxruntime")
        if ours and hasattr(module, "disable_telemetry_events"):
            module.disable_telemetry_events()  # builds for Windows apps do not read the switch
        return module
    return import_module("onnxruntime")


def start_onnxruntime(graph: Path | bytes, options: Any = None, *, threads: int = 0) -> Any:
    """Return an ``InferenceSession`` on the processor, whose threads sleep while they wait for each other.

    They spin by default. Beside other work on two cores an answer of EfficientNet-Lite0 then took 70 ms instead of 34,
    and 25 ms of the processors' time instead of 11.

    Args:
        graph: an ONNX file, or its bytes.
        options: ``SessionOptions`` that are set already.
        threads: that work on one operator; 0 stands for all cores.
    """
    onnxruntime = import_onnxruntime()
    options = options or onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def import_openvino() -> Any:
    """Return the module ``openvino``, which finds no package to report with unless that was imported already.

    Raises:
        EngineError: it is not installed, or does not load.
    """
    with _hidden(_OPENVINO_REPORTER):
        try:
            return import_module("openvino")
        except ModuleNotFoundError as error:
            if error.name != "openvino":
                raise
            raise EngineError("OpenVINO is not installed (pip install openvino)") from None


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    """Importing a package fails inside, as where it is not installed; one that was imported stays."""
    if package in sys.modules or "openvino" in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules.pop(package, None)  # another thread may have been here at the same time
