"""``headstart models [PATTERN]``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from headstart.cli.tables import table
from headstart.errors import BackboneError, SettingError
from headstart.settings import locate_store

if TYPE_CHECKING:
    from headstart.backbones.layers import BackboneLayers, TrainableLayer


def models(
    pattern: str = "",
    /,
    *,
    all_: Annotated[bool, Parameter(name="--all", negative="")] = False,
    layers: Annotated[bool, Parameter(negative="")] = False,
    store: Path | None = None,
) -> int:
    """List backbones: name, parameters, input size, licence, where their weights are, whether they are on this machine.

    Without a pattern, those that are on this machine. A pattern searches all of timm, such as resnet or 'vit_*'.
    With --layers, what can be unfrozen in the one that is named: each layer from the input to the last features, and
    what partial fine-tuning from there up would train. Its weights need not be here for that.

    Examples:
        headstart models
        headstart models 'mobilenetv2*'
        headstart models VGG16 --layers

    Args:
        pattern: Part of a name, or a pattern with * and ?; with --layers, a name.
        all_: Every pretrained network of timm.
        layers: The layers of the one that is named.
        store: The store's folder; HEADSTART_STORE or the platform's cache folder when not given.
    """
    if layers:
        return _layers(pattern)
    from headstart.backbones.listing import list_local, search_timm

    networks = locate_store(store) / "networks"
    listed = search_timm(pattern, networks) if pattern or all_ else list_local(networks)
    rows = [
        (
            entry.name,
            f"{entry.parameters / 1e6:.1f} M" if entry.parameters else "",
            entry.size,
            entry.licence,
            entry.weights,
            "yes" if entry.is_local else "no",
        )
        for entry in listed
    ]
    if not rows:
        raise BackboneError(f"no backbone matches {pattern!r}; try part of a name, such as resnet or 'vit_*'")
    print(table(("name", "parameters", "input", "licence", "weights", "here"), rows))
    if not pattern and not all_:
        print("\nmore: headstart models PATTERN searches all of timm; a checkpoint of yours is named timm:NAME@FILE")
    return 0


def _layers(name: str) -> int:
    if not name or any(sign in name for sign in "*?["):
        raise SettingError(f"--layers shows one backbone, seen {name!r}; give its name, such as VGG16")
    from headstart.backbones.catalog import resolve_origin

    origin = resolve_origin(name)  # a name that is none is said before PyTorch is imported, which takes seconds
    from headstart.backbones.layers import describe_layers

    print(_in_words(describe_layers(origin)))
    return 0


def _in_words(it: "BackboneLayers") -> str:
    lowest, auto = it.layers[0], next(layer for layer in it.layers if layer.name == it.auto)
    head = ("layer", "features", "at its end", "parameters", "work", "--unfreeze trains", "of the work")
    empty = [layer.name for layer in it.layers if not layer.trained]
    weights = "The weights, fetched at the first use, were" if it.fetched else "The weights were"
    lines = [
        f"{it.name} ({it.architecture}): {it.size} x {it.size} pixels, {lowest.trained:,} parameters",
        "",
        table(head, map(_row, it.layers)),
        "",
        "--unfreeze LAYER trains that layer and all above it, and the head; what is below stays frozen.",
        f"--unfreeze auto is {auto.name} here: {auto.trained:,} parameters, {auto.trained_work:.1%} of the work.",
        *(f"{name} only pools: there is nothing to train in it." for name in empty),
        "Work is the share of the multiplications of a forward pass.",
        f"{weights} not needed for this.",
    ]
    return "\n".join(lines)


def _row(it: "TrainableLayer") -> tuple[object, ...]:
    shape = " x ".join(map(str, it.shape))
    return it.name, it.width, shape, it.parameters, f"{it.work:.1%}", it.trained, f"{it.trained_work:.1%}"
