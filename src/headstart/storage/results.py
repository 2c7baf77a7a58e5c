"""Results of arithmetic that takes seconds, in the store under all that they depend on, the program itself included.

::

    STORE/results/CODE/NAME-KEY.npz     arrays, and facts as JSON in UTF-8 under the name ``facts``

``CODE`` is a digest of every source file of the program, NumPy's version and the processor: a change of any line, and
nothing is known any more. ``KEY`` is a digest of what was asked: the numbers themselves, not the names of what they
were made from.
"""

import hashlib
import io
import json
import platform
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


class ResultFolder:
    """The results that a store keeps."""

    def __init__(self, store: Path):
        self._folder = store / RESULTS

    def recall(self, question: Question, make: Callable[[], Result]) -> Result:
        """Return what was made before of the same question by the same program on this machine, else what is made now.

        It is kept where making took ``WORTH`` seconds or more. That it cannot be written ends no run.
        """
        code = digest_program()
        if code is None:
            return make()
        file = self._folder / code / f"{question.name}-{question.make_key()}.npz"
        if (known := _read(file)) is not None:
            stamp(file.parent)  # pruning goes by it
            return known
        began = time.perf_counter()
        made = make()
        if time.perf_counter() - began >= WORTH:
            with suppress(OSError, StoreError):
                replace_bytes(file, _pack(made))
        return made


@cache
def digest_program() -> str | None:
    """Return a digest of this program's source files, NumPy and the processor; None where there are no source files."""
    digest = hashlib.sha256(f"{np.__version__} {platform.machine()} {_describe_processor()}".encode())
    for package in PACKAGES:
        spec = find_spec(package)
        for folder in sorted(spec.submodule_search_locations or ()) if spec else ():
            files = sorted(Path(folder).rglob("*.py"))
            if not files:
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


def _pack(result: Result) -> bytes:
    content = io.BytesIO()
    facts = np.frombuffer(json.dumps(result.facts).encode(), np.uint8)
    np.savez(content, allow_pickle=False, **{_FACTS: facts}, **dict(result.arrays))
    return content.getvalue()


def _read(file: Path) -> Result | None:
    """Return the result in a file; None where there is none, or it is damaged."""
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        facts = json.loads(arrays.pop(_FACTS).tobytes())
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
        return None
    return Result(arrays, facts)
