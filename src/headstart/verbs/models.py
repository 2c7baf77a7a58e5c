"""``headstart.models``."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.listing import list_local, search_backbones
from headstart.backbones.origin import BackboneListing
from headstart.display.html import html_table
from headstart.errors import BackboneError, SettingError
from headstart.settings import locate_store

if TYPE_CHECKING:
    from headstart.backbones.layers import BackboneLayers


class Models(list[BackboneListing]):
    """Backbones: name, parameters, input size, licence, where their weights are, whether they are here."""

    def _repr_html_(self) -> str:
        rows = [
            (one.name, one.parameters or None, one.size, one.licence, one.weights, "yes" if one.is_local else "no")
            for one in self
        ]
        return html_table(("name", "parameters", "input", "licence", "weights", "here"), rows)


@overload
def models(
    pattern: str = "", *, all: bool = False, layers: Literal[False] = False, store: str | Path | None = None
) -> Models: ...
@overload
def models(
    pattern: str, *, all: bool = False, layers: Literal[True], store: str | Path | None = None
) -> "BackboneLayers": ...
def models(
    pattern: str = "",
    *,
    all: bool = False,  # noqa: A002  the flag's name
    layers: bool = False,
    store: str | Path | None = None,
) -> "Models | BackboneLayers":
    """Return backbones: without a pattern those on this machine, with one those of timm that match.

    Args:
        pattern: part of a name, or a pattern with * and ?; with ``layers``, a name.
        all: every pretrained network of timm.
        layers: return the layers of the one that is named instead, and what partial fine-tuning from there would train.
        store: the store's folder; HEADSTART_STORE or the platform's cache folder when not given.

    Raises:
        BackboneError: nothing matches.
        SettingError: ``layers`` without one name.
    """
    if layers:
        if not pattern or any(sign in pattern for sign in "*?["):
            raise SettingError(f"--layers shows one backbone, seen {pattern!r}; give its name, such as VGG16")
        origin = resolve_origin(pattern)  # a name that is none is said before PyTorch is imported, which takes seconds
        from headstart.backbones.layers import describe_layers

        return describe_layers(origin)
    networks = locate_store(None if store is None else Path(store)) / "networks"
    found = Models(search_backbones(pattern, networks) if pattern or all else list_local(networks))
    if not found:
        raise BackboneError(f"no backbone matches {pattern!r}; try part of a name, such as resnet or 'vit_*'")
    return found
