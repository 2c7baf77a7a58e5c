"""``headstart models [PATTERN]``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from headstart.cli.tables import table
from headstart.settings import store_folder


def models(
    pattern: str = "",
    /,
    *,
    all_: Annotated[bool, Parameter(name="--all", negative="")] = False,
    store: Path | None = None,
) -> int:
    """List backbones: name, parameters, input size, licence, where their weights are, whether they are on this machine.

    Without a pattern, those that are on this machine. A pattern searches all of timm, such as resnet or 'vit_*'.

    Examples:
        headstart models
        headstart models 'mobilenetv2*'

    Args:
        pattern: Part of a name, or a pattern with * and ?.
        all_: Every pretrained network of timm.
        store: The store's folder; HEADSTART_STORE or the platform's cache folder when not given.
    """
    from headstart.backbones.listing import here, in_timm

    networks = store_folder(store) / "networks"
    listed = in_timm(pattern, networks) if pattern or all_ else here(networks)
    rows = [
        (
            entry.name,
            f"{entry.parameters / 1e6:.1f} M" if entry.parameters else "",
            entry.size,
            entry.licence,
            entry.weights,
            "yes" if entry.here else "no",
        )
        for entry in listed
    ]
    if not rows:
        from headstart.errors import BackboneError

        raise BackboneError(f"no backbone matches {pattern!r}; try part of a name, such as resnet or 'vit_*'")
    print(table(("name", "parameters", "input", "licence", "weights", "here"), rows))
    if not pattern and not all_:
        print("\nmore: headstart models PATTERN searches all of timm; a checkpoint of yours is named timm:NAME@FILE")
    return 0
