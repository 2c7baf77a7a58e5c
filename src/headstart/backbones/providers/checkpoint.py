"""Weights in a file of the user's own: ``NAME@FILE``, where NAME is an architecture that timm can build."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.backbones.origin import BackboneListing, Origin
from headstart.backbones.providers.bundled import BUNDLED, find_bundled
from headstart.backbones.providers.names import find_known
from headstart.backbones.providers.timm import PREFIX, parse_architecture
from headstart_runtime.errors import BackboneError
from headstart_runtime.extras import PYTORCH, require_extra
from headstart_runtime.whole_files import hash_file

if TYPE_CHECKING:
    from headstart.backbones.loaded import LoadedNetwork

SUFFIXES = (".safetensors", ".pth", ".pt")


class CheckpointProvider:
    """A ``.safetensors`` or ``.pth`` file with the weights of an architecture."""

    scheme = "checkpoint"

    def resolve(self, name: str) -> Origin | None:
        """See ``Provider.resolve``; the file is hashed."""
        plain, at, file = name.partition("@")
        if not at:
            return None
        spelled, architecture = _architecture_of(plain)
        if architecture is None:
            return None
        return _resolve(f"{spelled}@{file}", architecture, Path(file).expanduser())

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        """See ``Provider.search``; files are not looked for."""
        yield from ()

    def load(self, origin: Origin, seed: int | None = None) -> "LoadedNetwork":
        """See ``Provider.load``."""
        require_extra("train", f"the network {origin.name}", *PYTORCH)
        import torch

        from headstart.backbones.providers.timm_network import build_random, create_body, describe_network
        from headstart.backbones.providers.weights import fit_into, read_weights

        if seed is not None:
            return build_random(origin, seed)
        assert origin.file is not None
        with torch.random.fork_rng(devices=[]):  # weights are drawn before those of the file take their place
            body, state = create_body(origin, pretrained=False), read_weights(origin)
            fit_into(body, state, origin)
            where = f"file, {origin.file.name}"
            return describe_network(origin, body, where, origin.sha256, state, licence="your own file's")


def _architecture_of(name: str) -> tuple[str, str | None]:
    """The catalogue's spelling of a name, and timm's architecture; None where neither is known."""
    if name.startswith(PREFIX):
        return name, parse_architecture(name)
    if (bundled := find_bundled(name)) is not None:
        return bundled, BUNDLED[bundled].architecture
    known = find_known(name)
    return (name, None) if known is None else (known.name, known.tag)


def _resolve(name: str, architecture: str, file: Path) -> Origin:
    if file.suffix.lower() not in SUFFIXES:
        raise BackboneError(f"checkpoint {str(file)!r} ends in {file.suffix!r}; wanted one of {', '.join(SUFFIXES)}")
    if not file.is_file():
        raise BackboneError(f"checkpoint {str(file)!r} is not there; check the path after '@'")
    return Origin(name, "checkpoint", architecture, file, hash_file(file))
