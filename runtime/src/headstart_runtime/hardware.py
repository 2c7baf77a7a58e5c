"""The processor: how many cores there are to use, and whether it computes in bf16. Nothing heavy is imported here."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from headstart_runtime.errors import EngineError
from headstart_runtime.libraries import import_openvino

#: The arithmetic that a network is computed in; the setting ``Precision`` also allows "auto".
ComputePrecision = Literal["bf16", "f32"]

#: Environment variable: "off" takes this processor for one that does not compute in bf16, whatever it reports.
BF16 = "HEADSTART_BF16"


@dataclass(frozen=True, slots=True)
class Hardware:
    """The parts of a machine that engines are ranked by."""

    cores: int  #: that this process may use
    accelerator: str | None = None  #: "cuda" or "mps", where PyTorch can use one


def count_cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_bf16_off() -> bool:
    """Return whether the environment says that nothing is to be computed in bf16."""
    return os.environ.get(BF16, "").strip().lower() in ("off", "no", "false", "0")


def has_bf16() -> bool:
    """Return whether this processor computes in bf16 natively, as OpenVINO reports it.

    It is False where ``HEADSTART_BF16`` is "off", and where there is no OpenVINO to ask.
    """
    if is_bf16_off():
        return False
    try:
        openvino = import_openvino()
    except EngineError:
        return False
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def has_vnni() -> bool:
    """Return whether this processor sums products of 8 bits in 32 (VNNI), as Linux lists it; else they may saturate."""
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8").partition("flags")[2].partition("\n")[0].split()
    except OSError:
        return False
    return bool({"avx512_vnni", "avx_vnni"} & set(flags))
