"""The memory that the machine has left, and by how much a piece of work made this process grow.

The process's own high-water mark (``ru_maxrss``) does not answer that: it never falls, so work that needs less than an
earlier piece would measure nothing. Here the mark is set back before the work where the system can (Linux), and else
what is resident is sampled meanwhile. What earlier work freed is first given back to the system where the C library
can, for it would be used again unseen.
"""

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

STATUS, CLEAR, SAMPLED = Path("/proc/self/status"), Path("/proc/self/clear_refs"), 0.01  #: seconds between samples


def available_memory() -> float:
    """Return the bytes that could be used without swapping; infinity where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2
    with suppress(AttributeError, OSError):
        return _windows_free()
    return float("inf")


def available_device_memory() -> float:
    """Return the free bytes of the GPU that trains; infinity where none does, or it shares the machine's memory."""
    torch = _torch_on_gpu()
    return float("inf") if torch is None else float(torch.cuda.mem_get_info()[0])


def resident_memory() -> int:
    """Return the bytes of this process that are in memory now; 0 where the system does not say."""
    with suppress(OSError):
        return _from_status("VmRSS")
    with suppress(AttributeError, OSError):
        return _windows_memory() if sys.platform == "win32" else _macos_resident()
    return 0


def peak_memory() -> int:
    """Return the most memory that this process ever had, bytes; 0 where the system does not say."""
    with suppress(OSError):
        return max(MemoryMeter.ever, _from_status("VmHWM"))
    with suppress(ImportError):
        import resource  # not on Windows

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    with suppress(AttributeError, OSError):
        return _windows_memory(peak=True)
    return 0


class MemoryMeter:
    """Measures by how much this process grows while a block runs, at its highest; a context manager.

    Several may be open at once, one inside the other or in threads of their own.
    """

    ever = 0  #: bytes: the highest mark before it was set back
    _open: ClassVar[set["MemoryMeter"]] = set()  # all that set the one mark of this process back
    _lock = threading.Lock()

    def __enter__(self) -> Self:
        _trim()
        self._highest = self._before = resident_memory()
        self._done = threading.Event()
        self._sampler: threading.Thread | None = None
        with self._lock:
            self._read_all()
            torch = _torch_on_gpu()
            if torch is not None:
                torch.cuda.reset_peak_memory_stats()
            self._device_highest = self._device_before = 0 if torch is None else torch.cuda.memory_allocated()
            self._open.add(self)
            exact = _set_back()
        if not exact:
            self._sampler = threading.Thread(target=self._sample, name="memory", daemon=True)
            self._sampler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._read_all()
            self._open.discard(self)
        self._done.set()
        if self._sampler is not None:
            self._sampler.join()

    @property
    def grown(self) -> int:
        """Bytes, of what is measured so far."""
        if self in self._open:
            with self._lock:
                self._read_all()
        return max(0, self._highest - self._before)

    @property
    def device_grown(self) -> int:
        """Bytes of a CUDA device's memory by which PyTorch's share grew, once the block has ended; 0 without one."""
        return max(0, self._device_highest - self._device_before)

    @classmethod
    def _read_all(cls) -> None:
        """Count the marks of now for every open meter: the next one to begin sets them back."""
        highest, torch = _high_water(), _torch_on_gpu()
        on_device = 0 if torch is None else torch.cuda.max_memory_allocated()
        cls.ever = max(cls.ever, highest)
        for meter in cls._open:
            meter.see(highest, on_device)

    def see(self, resident: int, on_device: int = 0) -> None:
        """Take note of so many bytes that were resident, and of a device's, while this was open."""
        self._highest = max(self._highest, resident)
        self._device_highest = max(self._device_highest, on_device)

    def _sample(self) -> None:
        while not self._done.wait(SAMPLED):
            self.see(resident_memory())


def _high_water() -> int:
    """Bytes: the most that was resident since the mark was last set back; what is resident now where there is none."""
    with suppress(OSError):
        return _from_status("VmHWM")
    return resident_memory()


def _set_back() -> bool:
    """Sets the high-water mark back to what is resident now; whether the system can (proc(5), clear_refs)."""
    try:
        CLEAR.write_text("5", "ascii")
    except OSError:
        return False
    return True


def _from_status(name: str) -> int:
    """A line of /proc/self/status in bytes.

    Raises:
        OSError: there is none.
    """
    for line in STATUS.read_text("ascii", "replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {name}")


def _trim() -> None:
    """Has glibc give back what was freed; nothing elsewhere."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)


def _torch_on_gpu() -> Any:
    """PyTorch where it is imported and has a CUDA device, else None: nobody imports it to measure."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and torch.cuda.is_available() else None


def _windows_free() -> float:
    """Of GlobalMemoryStatusEx: MEMORYSTATUSEX is two 32-bit and seven 64-bit numbers, the fourth is what is free."""
    status = (ctypes.c_uint32 * 16)(64)
    _windows("kernel32").GlobalMemoryStatusEx(ctypes.byref(status))
    return float(status[4] | status[5] << 32)


def _windows_memory(*, peak: bool = False) -> int:
    """Of GetProcessMemoryInfo: two 32-bit numbers, then sizes: the peak of what was resident, and what is."""
    counters = (ctypes.c_size_t * 9)(72)
    kernel = _windows("kernel32")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel.GetCurrentProcess())
    kernel.K32GetProcessMemoryInfo(process, ctypes.byref(counters), ctypes.sizeof(counters))
    return int(counters[1 if peak else 2])


def _windows(library: str) -> Any:
    load: Callable[[str], Any] = ctypes.WinDLL  # type: ignore[attr-defined]
    return load(library)


def _macos_resident() -> int:
    """Of proc_pidinfo(PROC_PIDTASKINFO): proc_taskinfo is 96 bytes, the second 64-bit number is what is resident."""
    info = (ctypes.c_uint64 * 12)()
    ctypes.CDLL(None).proc_pidinfo(os.getpid(), 4, ctypes.c_uint64(0), ctypes.byref(info), 96)
    return int(info[1])
