"""The runtime that is installed here, as a wheel, and the versions of all that it needs.

An export is proved by this runtime, so it carries this one, wherever that came from; an index need not have it. A wheel
is a zip of a package's files and their hashes: https://packaging.python.org/specifications/binary-distribution-format.
"""

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import headstart_runtime
from headstart_runtime.errors import SettingError

DISTRIBUTION = "headstart-runtime"
WHEEL = "Wheel-Version: 1.0\nGenerator: headstart\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
FACTS = ("METADATA", "entry_points.txt")
DATE = (1980, 1, 1, 0, 0, 0)  #: of all files, so that equal contents make equal wheels


def write_runtime_wheel(folder: Path) -> Path:
    """Write the installed ``headstart-runtime`` as a wheel into a folder; return its path.

    Raises:
        SettingError: it is not installed as a distribution.
    """
    installed = _find(DISTRIBUTION)
    if installed is None or installed.read_text("METADATA") is None:
        raise SettingError(f"{DISTRIBUTION} is not installed as a package, so no wheel can be made of it; install it")
    name, version = DISTRIBUTION.replace("-", "_"), installed.version
    facts = f"{name}-{version}.dist-info"
    files = dict(_list_files())
    files |= {f"{facts}/{one}": text.encode() for one in FACTS if (text := installed.read_text(one))}
    files[f"{facts}/WHEEL"] = WHEEL.encode()
    rows = [f"{path},sha256={_hash(content)},{len(content)}" for path, content in files.items()]
    files[f"{facts}/RECORD"] = "\n".join([*rows, f"{facts}/RECORD,,", ""]).encode()
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, DATE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return wheel


def _list_files() -> Iterator[tuple[str, bytes]]:
    """Yield the package's files: path in the wheel, content."""
    root = Path(headstart_runtime.__file__).parent
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield path.relative_to(root.parent).as_posix(), path.read_bytes()


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def list_pins(extras: Sequence[str]) -> list[str]:
    """Return all that the runtime needs with some of its extras, as requirements of the versions installed here.

    What it asks for itself and is not installed here stands as it asks for it; what others need only elsewhere, such as
    on another system, is left to pip.
    """
    pins: dict[str, str] = {}
    waiting = [(DISTRIBUTION, tuple(extras))]
    seen = set(waiting)
    while waiting:
        name, asked = waiting.pop()
        for requirement in _list_requirements(name, asked):
            found, inner, words = requirement
            installed = _find(found)
            if installed is not None:
                pins[found] = f"{found}=={installed.version.partition('+')[0]}"
                if (found, inner) not in seen:
                    seen.add((found, inner))
                    waiting.append((found, inner))
            elif name == DISTRIBUTION:
                pins[found] = words
    return [pins[name] for name in sorted(pins)]


def _list_requirements(name: str, extras: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield of each requirement of a distribution its name, the extras it asks for, and its words without a marker."""
    installed = _find(name)
    for line in (installed.requires if installed is not None else None) or ():
        words, _, marker = (part.strip() for part in line.partition(";"))
        only = re.search(r"""extra\s*==\s*["']([^"']+)["']""", marker)
        if only is None or _normalise(only[1]) in map(_normalise, extras):
            parsed = re.match(r"([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?", words)
            assert parsed is not None
            inner = tuple(one.strip() for one in (parsed[2] or "").split(",") if one.strip())
            yield _normalise(parsed[1]), inner, words


def _normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _find(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None
