"""The files of onnxruntime-web that a page needs: out of the package that ``npm pack`` writes, or of a folder."""

import re
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from headstart_runtime.errors import SettingError

PACKAGE = "onnxruntime-web"
HOW = f"get it with `npm pack {PACKAGE}` and name the file: --ort-web {PACKAGE}-VERSION.tgz"
#: Name in the package -> name in an export; some web hosts do not serve .mjs as script.
_FILES = {
    "ort.wasm.min.mjs": "ort/ort.wasm.min.js",
    "ort-wasm-simd-threaded.mjs": "ort/ort-wasm-simd-threaded.js",
    "ort-wasm-simd-threaded.wasm": "ort/ort-wasm-simd-threaded.wasm",
}
_VERSION = re.compile(rb"ONNX Runtime Web v([0-9][0-9A-Za-z.-]*)")
_LEAST = (1, 20)  #: with the operators and the settings that are used
_MOST = 200_000_000  #: bytes of a file in a package
_LICENCE = """MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


@dataclass(frozen=True, slots=True)
class OrtWeb:
    """onnxruntime-web as an export has it."""

    files: Mapping[str, bytes]  #: by their names in the export
    facts: Mapping[str, str]  #: of classifier.json: what it is, and which file is which


def read_ort_web(given: Path | None) -> OrtWeb:
    """Read the files.

    Args:
        given: the package or a folder; None looks in this folder for a package, and here and above for npm's folder.

    Raises:
        SettingError: they are not there; the message says how to get them.
    """
    place = given if given is not None else _find_installed()
    if place is None:
        raise SettingError(f"an export for the web needs {PACKAGE}, and it is not in this folder; {HOW}")
    if place.is_dir():
        folder = next((one for one in (place, place / "dist") if (one / "ort.wasm.min.mjs").is_file()), place)
        found = _read_all(lambda name: (folder / name).read_bytes(), place)
    else:
        found = _read_package(place)
    version = _VERSION.search(found["ort.wasm.min.mjs"][:2000])
    if version is None:
        raise SettingError(f"{str(place)!r} has no {PACKAGE} of a known version; {HOW}")
    said = version[1].decode()
    if tuple(int(part) for part in re.findall(r"\d+", said)[:2]) < _LEAST:
        raise SettingError(f"{str(place)!r} has {PACKAGE} {said}, too old; {HOW}")
    module, loader, wasm = _FILES.values()
    facts = {"name": PACKAGE, "version": said, "licence": "MIT", "module": module, "loader": loader, "wasm": wasm}
    named = {own: found[name] for name, own in _FILES.items()}
    return OrtWeb({**named, "ort/LICENCE.txt": _LICENCE.encode()}, facts)


def _find_installed() -> Path | None:
    here = Path.cwd()
    installed = [parent / "node_modules" / PACKAGE for parent in (here, *here.parents)]
    packed = [path for path in here.glob(f"{PACKAGE}-*.tgz") if path.is_file()]
    packed.sort(key=lambda path: [int(part) for part in re.findall(r"\d+", path.name)])
    return next((path for path in [*packed[-1:], *installed] if path.exists()), None)


def _read_package(place: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(place) as package:

            def read(name: str) -> bytes:
                member = package.getmember(f"package/dist/{name}")
                stream = package.extractfile(member) if member.size <= _MOST else None
                if stream is None:
                    raise KeyError(name)
                return stream.read()

            return _read_all(read, place)
    except (OSError, tarfile.TarError, EOFError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else "not a package of npm"
        raise SettingError(f"{str(place)!r} cannot be read: {said}; {HOW}") from None


def _read_all(read: Callable[[str], bytes], place: Path) -> dict[str, bytes]:
    try:
        return {name: read(name) for name in _FILES}
    except (FileNotFoundError, KeyError):
        raise SettingError(f"{str(place)!r} does not have all of {', '.join(_FILES)}; {HOW}") from None
