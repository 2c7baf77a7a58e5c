"""Files that a spec needs beside its record, such as a vocabulary: saved along with it, known by their SHA-256.

A spec that has some is a ``SpecWithFiles``. They lie in the folder of a network and in that of a saved classifier,
under their names; where several branches of a classifier bring files of one name and unlike content, those of the
later ones have the number of the branch in their names: ``tokenizer.1.json``.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Protocol, Self, runtime_checkable

from headstart_runtime.modalities.batch import AnySpec


@runtime_checkable
class SpecWithFiles(Protocol):
    """An ``InputSpec`` that needs files beside its record."""

    @property
    def files(self) -> Mapping[str, str]:
        """The names of its files, and the SHA-256 of each."""

    @property
    def contents(self) -> Mapping[str, bytes]:
        """The content of each file, by name; b"" where the spec was read from its record alone."""

    def with_files(self, contents: Mapping[str, bytes]) -> Self:
        """Return the same spec with the content of its files."""


def attach_files(spec: AnySpec, read: Callable[[str, str], bytes]) -> AnySpec:
    """Return a spec with the content of its files; as it is where it has none.

    Args:
        spec: as it was read from its record.
        read: gives the content of a file, from its name and its SHA-256.
    """
    if not isinstance(spec, SpecWithFiles):
        return spec
    return spec.with_files({name: read(name, sha256) for name, sha256 in spec.files.items()})


def list_contents(spec: AnySpec) -> Mapping[str, bytes]:
    """Return the content of each file of a spec, by name; nothing where it has none."""
    return spec.contents if isinstance(spec, SpecWithFiles) else {}


def name_files(specs: Sequence[Any]) -> list[dict[str, str]]:
    """Return for the spec of each branch its files' names -> the names under which they are saved with a classifier."""
    taken: dict[str, str] = {}  #: name -> SHA-256
    named = []
    for branch, spec in enumerate(specs):
        own = {}
        for name, sha256 in (spec.files if isinstance(spec, SpecWithFiles) else {}).items():
            path = PurePath(name)
            same = next((other for other, digest in taken.items() if digest == sha256), None)
            own[name] = same or (f"{path.stem}.{branch}{path.suffix}" if name in taken else name)
            taken[own[name]] = sha256
        named.append(own)
    return named


def check_content(name: str, content: bytes, sha256: str) -> str:
    """Return what is wrong with the content of a file; "" where it is the one that was saved."""
    digest = hashlib.sha256(content).hexdigest()
    return "" if digest == sha256 else f"{name} has the SHA-256 {digest[:12]}…, wanted {sha256[:12]}…"
