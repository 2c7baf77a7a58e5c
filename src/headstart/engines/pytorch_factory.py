"""Starting PyTorch on the fastest device, without importing it before."""

import platform
from pathlib import Path

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.engines.parity import (
    CONVERSION_SAMPLES,
    EngineChoice,
    ParityCheck,
    ParitySamples,
    check_parity,
    describe_cosine,
    keep_check,
)
from headstart.process import passive_waiting
from headstart.settings import Precision
from headstart_runtime.extras import has_extra, require_extra
from headstart_runtime.hardware import ComputePrecision, Hardware
from headstart_runtime.modalities.batch import take


class PyTorchFactory:
    """Starts PyTorch; anything but float32 on a CPU, which is the reference, is checked against that."""

    name, title = "pytorch", "PyTorch"

    def rank(self, backbone: Backbone, hardware: Hardware) -> float | None:
        """See ``EngineFactory.rank``."""
        if not has_extra("train", "torch"):
            return None
        return 0.0 if hardware.accelerator is None else 2.0

    def start(
        self, backbone: Backbone, samples: ParitySamples, precision: Precision, listener: events.Listener
    ) -> EngineChoice:
        """See ``EngineFactory.start``."""
        require_extra("train", "the engine PyTorch", "torch")
        with passive_waiting():
            from headstart.engines.pytorch import PyTorchEngine, select_device

        def check_device() -> ParityCheck:
            reference = PyTorchEngine(backbone, "f32", device="cpu")
            return check_parity(engine, reference, take(samples.load(), slice(CONVERSION_SAMPLES)))

        device = select_device()
        wanted: ComputePrecision = ("bf16" if device == "cuda" else "f32") if precision == "auto" else precision
        engine = PyTorchEngine(backbone, wanted, device=device)
        if device == "cpu" and wanted == "f32":
            return EngineChoice(engine, ())
        name = f"pytorch-{device}-{wanted}-{samples.key}"
        check = keep_check(backbone, name, check_device)
        if check.passed or precision != "auto":
            return EngineChoice(engine, (check,))
        seen = describe_cosine(check.least_cosine)
        listener(events.Note(f"PyTorch {wanted} on {device} loses too much (cosine {seen}); float32 is used"))
        return EngineChoice(PyTorchEngine(backbone, "f32", device=device), (check,))


def has_gpu() -> bool:
    """Return whether the system shows a GPU of a kind that PyTorch knows; whether it can be used is not asked."""
    apple = platform.system() == "Darwin" and platform.machine() == "arm64"
    nodes = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg", "C:/Windows/System32/nvcuda.dll")
    return apple or any(Path(node).exists() for node in nodes)


def find_accelerator() -> str | None:
    """Return the kind of GPU that PyTorch can use; it is not imported where there is clearly none."""
    if not has_gpu() or not has_extra("train", "torch"):
        return None
    with passive_waiting():
        from headstart.engines.pytorch import select_device

    device = select_device()
    return None if device == "cpu" else device
