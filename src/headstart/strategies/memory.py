"""How much memory the machine has left."""

import os
from contextlib import suppress
from pathlib import Path


def free_memory() -> float:
    """Bytes that could be used without swapping; infinity where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2
    return float("inf")
