"""Records of where backbones come from and of what a search for them finds. No PyTorch is imported here."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.backbones.backbone import PYTORCH_EXPORT
from headstart_runtime.modalities.batch import InputSpec
from headstart_runtime.modalities.modality import find_noun


@dataclass(frozen=True, slots=True)
class Origin:
    """The place that the weights of a name come from."""

    name: str  #: as the user gave it, spelled the catalogue's way: "vgg16" for "VGG-16"
    provider: str  #: the scheme of the provider that loads it: "bundled", "timm", "checkpoint", or another's
    architecture: str  #: as the provider names it: timm's name, with its pretrained tag
    file: Path | None  #: the weights' file; None where the provider fetches them
    sha256: str  #: of that file; "" where it is known once fetched
    conversion: str = PYTORCH_EXPORT  #: what makes its graph; anything else: its provider is a ``GraphProvider``

    @property
    def key(self) -> str:
        """The name of the converted network's folder: the same weights, architecture and conversion, the same key."""
        facts = f"{self.provider} {self.architecture} {self.sha256}"
        if self.conversion != PYTORCH_EXPORT:
            facts += f" {self.conversion}"
        plain = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in self.architecture)
        return f"{plain}-{hashlib.blake2b(facts.encode(), digest_size=6).hexdigest()}"


@dataclass(frozen=True, slots=True)
class BackboneListing:
    """A backbone as a list or a search shows it."""

    name: str
    parameters: int  #: 0 where so many were listed that they were not counted
    size: int  #: length of its input's first axis, such as the edge of a square; 0 where that is free
    licence: str
    weights: str  #: where they are
    is_local: bool  #: on this machine
    aliases: tuple[str, ...] = ()  #: other names of the same network
    modality: str = ""  #: the name of that which it reads; "" where its provider does not say
    shape: tuple[int | None, ...] = ()  #: of its input, without channels; None: as long as it comes; () for ``size``

    @property
    def reads(self) -> str:
        """The inputs for a person: the word for items, and their size."""
        return describe_input(self.modality, self.shape or (self.size or None,))


def describe_input(modality: str, shape: Sequence[int | None]) -> str:
    """Return what a network of a modality reads, for a person; the shape alone where the modality is ""."""
    many = find_noun(modality).many if modality else "inputs"
    if None in shape:
        return f"{many} of any length"
    return f"{many} of length {shape[0]}" if len(shape) == 1 else f"{many} {' x '.join(map(str, shape))}"


def measure_shape(spec: InputSpec) -> tuple[int | None, ...]:
    """Return the shape of a network's first input, without channels, as ``BackboneListing.shape`` has it."""
    return spec.tensors[0].shape[:2]
