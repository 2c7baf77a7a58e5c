"""``headstart.models``."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.listing import list_by_modality, list_present, search_backbones
from headstart.backbones.origin import BackboneListing
from headstart.display.html import html_table
from headstart.settings import locate_store
from headstart_runtime.errors import BackboneError, SettingError
from headstart_runtime.extras import PYTORCH, require_extra
from headstart_runtime.modalities.modality import get_modality

if TYPE_CHECKING:
    from headstart.backbones.layers import BackboneLayers


class Models(list[BackboneListing]):
    """Backbones: name, parameters, what they read, licence, where their weights are, whether they are here."""

    def _repr_html_(self) -> str:
        rows = [
            (one.name, one.parameters or None, one.reads, one.licence, one.weights, "yes" if one.is_local else "no")
            for one in self
        ]
        return html_table(("name", "parameters", "reads", "licence", "weights", "here"), rows)


@overload
def models(
    pattern: str = "",
    *,
    all: bool = False,
    layers: Literal[False] = False,
    modality: str | None = None,
    store: str | Path | None = None,
) -> Models: ...
@overload
def models(
    pattern: str,
    *,
    all: bool = False,
    layers: Literal[True],
    modality: str | None = None,
    store: str | Path | None = None,
) -> "BackboneLayers": ...
def models(
    pattern: str = "",
    *,
    all: bool = False,  # noqa: A002  the flag's name
    layers: bool = False,
    modality: str | None = None,
    store: str | Path | None = None,
) -> "Models | BackboneLayers":
    """Return backbones: without a pattern those on this machine, with one those of timm that match.

    Args:
        pattern: part of a name, or a pattern with * and ?; with ``layers``, a name.
        all: every pretrained network of timm.
        modality: only networks that read this kind of data, by its name.
        layers: return the layers of the one that is named instead, and what partial fine-tuning from there would train.
        store: the store's folder; HEADSTART_STORE or the platform's cache folder when not given.

    Raises:
        BackboneError: nothing matches.
        MissingExtra: nothing matches and timm, which would know more, is not installed; or ``layers`` without PyTorch.
        SettingError: ``layers`` without one name, or a modality that is none.
    """
    if layers:
        if not pattern or any(sign in pattern for sign in "*?["):
            raise SettingError(f"--layers shows one backbone, seen {pattern!r}; give its name, such as VGG16")
        origin = resolve_origin(pattern)  # a name that is none is said before PyTorch is imported, which takes seconds
        require_extra("train", "the table of a network's layers", *PYTORCH)
        from headstart.backbones.layers import describe_layers

        return describe_layers(origin)
    networks = locate_store(None if store is None else Path(store)) / "networks"
    if modality is not None:
        get_modality(modality)  # one that is none is said before PyTorch is imported
    if pattern or all:
        listed = [one for one in search_backbones(pattern, networks) if modality in (None, one.modality)]
    else:
        listed = list_present(networks) if modality is None else list_by_modality(modality, networks)
    found = Models(listed)
    if not found and not pattern and modality is not None:
        raise BackboneError(f"no backbone on this machine is known to read {get_modality(modality).noun.many}")
    if not found:
        require_extra("train", f"a search of timm's networks for {pattern!r}", *PYTORCH)
        raise BackboneError(f"no backbone matches {pattern!r}; try part of a name, such as resnet or 'vit_*'")
    return found
