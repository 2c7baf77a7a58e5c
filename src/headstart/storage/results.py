"""Results of arithmetic that takes seconds, in the store under all that they depend on, the program itself included.

::

    STORE/results/CODE/NAME-KEY.result     a digest (32 bytes of SHA-256) of what follows: NumPy's ``.npz`` of the
                                           arrays, and ``facts``, JSON in UTF-8

``CODE`` is a digest of every source file of the program, the versions of Python and NumPy, and the processor: a change
of any line, and nothing is known any more. ``KEY`` is a digest of what was asked: the numbers themselves, not the names
of what they were made from.
"""

import hashlib
import io
import json
import platform
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.storage.atomic import replace_bytes, stamp
from headstart_runtime.errors import StoreError

RESULTS = "results"
WORTH = 0.1  #: seconds that a result must have taken to be kept
PACKAGES = ("headstart", "headstart_runtime")
_FACTS = "facts"
_DIGEST_BYTES = 32
_BEGAN = time.time()  #: of this process, about: a source file changed since is not the one that it runs

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """Arrays by name, and facts beside them that JSON can hold."""

    arrays: Arrays
    facts: Any = None


@dataclass(frozen=True, slots=True)
class Question:
    """All that a result depends on, but the program."""

    name: str  #: of the arithmetic; part of a file's name
    arrays: Arrays = field(default_factory=dict)
    facts: Any = None  #: that JSON can hold; other values count by their text

    def make_key(self) -> str:
        """Return a digest of arrays, with their types and shapes, and of facts."""
        digest = hashlib.sha256(json.dumps([self.name, self.facts], default=str, sort_keys=True).encode())
        for name, array in sorted(self.arrays.items()):
            digest.update(f"{name} {digest_array(array)}\n".encode())
        return digest.hexdigest()[:32]


def digest_array(array: NDArray[Any]) -> str:
    """Return a digest of an array's values, type and shape."""
    digest = hashlib.sha256(f"{array.dtype} {array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class KnownResults:
    """The number of results that were known from before, and the seconds that making them took then."""

    count: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> "KnownResults":
        """Return the same with one more."""
        return KnownResults(self.count + 1, self.seconds + seconds)


class ResultFolder:
    """The results that a store keeps. May be used from any thread."""

    def __init__(self, store: Path):
        self._folder = store / RESULTS
        self._known: dict[str, KnownResults] = {}
        self._lock = threading.Lock()

    @property
    def known(self) -> Mapping[str, KnownResults]:
        """By the name of the question, those that this object found and need not make."""
        with self._lock:
            return dict(self._known)

    @property
    def seconds_spared(self) -> float:
        """Seconds that making all that was known took when it was made."""
        return sum(known.seconds for known in self.known.values())

    def recall(self, question: Question, make: Callable[[], Result]) -> Result:
        """Return what was made before of the same question by the same program on this machine, else what is made now.

        It is kept where making took ``WORTH`` seconds or more. That it cannot be written ends no run.
        """
        code = digest_program()
        if code is None:
            return make()
        file = self._folder / code / f"{question.name}-{question.make_key()}.result"
        if (known := _read(file)) is not None:
            stamp(file.parent)  # pruning goes by it
            result, seconds = known
            with self._lock:
                self._known[question.name] = self._known.get(question.name, KnownResults()).add(seconds)
            return result
        began = time.perf_counter()
        made = make()
        took = time.perf_counter() - began
        if took >= WORTH:
            with suppress(OSError, StoreError):
                replace_bytes(file, _pack(made, took))
        return made


@cache
def digest_program() -> str | None:
    """Return a digest of this program's source files, Python, NumPy and the processor.

    None where there are no source files, or one was changed since this process began: what it runs is not known then.
    """
    versions = f"{platform.python_version()} {np.__version__}"
    digest = hashlib.sha256(f"{versions} {platform.machine()} {_describe_processor()}".encode())
    for package in PACKAGES:
        spec = find_spec(package)
        for folder in sorted(spec.submodule_search_locations or ()) if spec else ():
            files = sorted(Path(folder).rglob("*.py"))
            if not files or any(file.stat().st_mtime > _BEGAN for file in files):
                return None
            for file in files:
                digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _describe_processor() -> str:
    """Return the processor's name and what it can do, as Linux tells it; elsewhere as Python does."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
        told = {line for line in lines if line.startswith(("model name", "flags", "Features"))}
        if told:
            return "\n".join(sorted(told))
    return platform.processor()


def _pack(result: Result, seconds: float) -> bytes:
    content = io.BytesIO()
    facts = np.frombuffer(json.dumps({"seconds": seconds, "facts": result.facts}).encode(), np.uint8)
    np.savez(content, allow_pickle=False, **{_FACTS: facts}, **dict(result.arrays))
    packed = content.getvalue()
    return hashlib.sha256(packed).digest() + packed


def _read(file: Path) -> tuple[Result, float] | None:
    """Return the result in a file, and the seconds that it took; None where there is none, or it is damaged.

    A zip file's own checksums hold for what is in it, not for its directory: a changed byte there gave other arrays.
    """
    try:
        content = file.read_bytes()
        if hashlib.sha256(content[_DIGEST_BYTES:]).digest() != content[:_DIGEST_BYTES]:
            return None
        with np.load(io.BytesIO(content[_DIGEST_BYTES:]), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        record = json.loads(arrays.pop(_FACTS).tobytes())
        return Result(arrays, record["facts"]), float(record["seconds"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError):
        return None
