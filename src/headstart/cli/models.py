"""``headstart models [PATTERN]``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from headstart.cli.tables import format_table

if TYPE_CHECKING:
    from headstart.backbones.layers import BackboneLayers, TrainableLayer


def models(
    pattern: str = "",
    /,
    *,
    all_: Annotated[bool, Parameter(name="--all", negative="")] = False,
    layers: Annotated[bool, Parameter(negative="")] = False,
    modality: str | None = None,
    store: Path | None = None,
) -> int:
    """List backbones: name, parameters, what they read, licence, where their weights are, whether they are here.

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
        modality: Only networks that read this kind of data.
        store: The store's folder; HEADSTART_STORE or the platform's cache folder when not given.
    """
    from headstart.verbs.models import models as list_models
    from headstart_runtime.extras import PYTORCH, describe_missing_extra

    if layers:
        print(_describe_layers(list_models(pattern, layers=True, store=store)))
        return 0
    rows = [
        (
            entry.name,
            _format_count(entry.parameters),
            entry.reads,
            entry.licence,
            entry.weights,
            "yes" if entry.is_local else "no",
        )
        for entry in list_models(pattern, all=all_, modality=modality, store=store)
    ]
    print(format_table(("name", "parameters", "reads", "licence", "weights", "here"), rows))
    if (pattern or all_) and (missing := describe_missing_extra("train", "a list of timm's networks too", *PYTORCH)):
        print(f"\n{missing}")
    if not pattern and not all_ and modality is None:
        print("\nmore: headstart models PATTERN searches all of timm; a checkpoint of yours is named timm:NAME@FILE")
    return 0


def _format_count(parameters: int) -> str:
    """Return a number of parameters in millions or thousands; "" for 0, which is not known."""
    if round(parameters / 1e3) >= 1000:
        return f"{parameters / 1e6:.1f} M"
    return f"{parameters / 1e3:.0f} k" if parameters >= 1000 else f"{parameters or ''}"


def _describe_layers(found: "BackboneLayers") -> str:
    lowest, auto = found.layers[0], next(layer for layer in found.layers if layer.name == found.auto)
    head = ("layer", "features", "at its end", "parameters", "work", "--unfreeze trains", "of the work")
    empty = [layer.name for layer in found.layers if not layer.trained]
    weights = "The weights, fetched at the first use, were" if found.fetched else "The weights were"
    lines = [
        f"{found.name} ({found.architecture}): reads {found.reads}, {lowest.trained:,} parameters",
        "",
        format_table(head, map(_row, found.layers)),
        "",
        *(_describe_unfreezing(auto, empty) if found.is_trainable else _describe_untrainable()),
        "Work is the share of the multiplications of a forward pass.",
        f"{weights} not needed for this.",
    ]
    return "\n".join(lines)


def _describe_untrainable() -> list[str]:
    what = "only networks whose inputs have one length, or a mask of what is padding, can"
    return [f"It cannot be trained: {what}. Heads can be fitted on each layer."]


def _describe_unfreezing(auto: "TrainableLayer", empty: list[str]) -> list[str]:
    return [
        "--unfreeze LAYER trains that layer and all above it, and the head; what is below stays frozen.",
        f"--unfreeze auto is {auto.name} here: {auto.trained:,} parameters, {auto.trained_work:.1%} of the work.",
        *(f"{name} only pools: there is nothing to train in it." for name in empty),
    ]


def _row(layer: "TrainableLayer") -> tuple[object, ...]:
    shape = " x ".join(map(str, layer.shape))
    return (
        layer.name,
        layer.width,
        shape,
        layer.parameters,
        f"{layer.work:.1%}",
        layer.trained,
        f"{layer.trained_work:.1%}",
    )
