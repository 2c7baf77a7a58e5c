"""The backbones that ``--backbone auto`` may try: what is on this machine, then a short list from the hub."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from headstart.backbones.listing import list_by_modality, list_local
from headstart.backbones.providers.bundled import BUNDLED, MODALITY
from headstart.backbones.providers.embedded import list_embedded_networks
from headstart.backbones.providers.hub import is_hub_reachable
from headstart.backbones.providers.names import KNOWN
from headstart_runtime.errors import SettingError
from headstart_runtime.extras import PYTORCH, has_extra
from headstart_runtime.modalities.modality import get_modality

AUTO = "auto"  #: the name that asks for it
MOST_NAMED = 8  #: networks in an error
#: From the hub, permissive licences only. Chosen for pretraining on more than ImageNet-1k (the first one apart), at up
#: to two and a half times the cost of lite2; in the order of timm's own CPU benchmark (its repository, results/,
#: benchmark-infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo.csv): 84, 35, 27, 27, 26 samples a second; lite0 97, lite2 60.
HUB = (
    "timm:mobilenetv4_conv_medium.e500_r224_in1k",
    "timm:convnext_nano.in12k_ft_in1k",
    "vit_s_16",
    "timm:convnext_tiny.in12k_ft_in1k",
    "clip_vit_b_32",
)


def list_tiers(networks: Path, online: Callable[[], bool] | None = None) -> Iterator[tuple[str, ...]]:
    """Yield names to try, cheap to dear within each tier: bundled, others on this machine, the hub's if it is reached.

    A user's own checkpoints are none of them: one may have been trained on the very samples that are kept for testing.
    Without the packages that convert networks the bundled ones are all there are.

    Args:
        networks: where converted networks lie.
        online: whether the hub can be reached; asked only when the search has come that far.
    """
    yield tuple(BUNDLED)
    if not has_extra("train", *PYTORCH):
        return
    local = list_offline(networks)
    yield local
    if (online or is_hub_reachable)():
        yield tuple(name for name in HUB if name not in local)


def list_embedded(modality: str) -> tuple[str, ...]:
    """Return the networks of a modality whose weights come with the installation, cheap to dear."""
    return tuple(entry.name for entry in list_embedded_networks() if entry.modality == modality and entry.is_local)


def list_tiers_for(modality: str, networks: Path) -> Iterable[tuple[str, ...]]:
    """Return the tiers of networks that read a modality; where only other packages have some, one tier by parameters.

    Args:
        modality: the name of one.
        networks: where converted networks lie.

    Raises:
        SettingError: none is known.
    """
    if modality == MODALITY:
        return list_tiers(networks)
    known = [entry for entry in list_by_modality(modality, networks) if "@" not in entry.name]
    if not known:
        raise SettingError(describe_missing(modality))
    return [tuple(entry.name for entry in sorted(known, key=lambda entry: (entry.parameters, entry.name)))]


def choose_default(modality: str, networks: Path) -> str:
    """Return the network where none is named: the modality's default, or the only one that is known to read it.

    Raises:
        SettingError: there are several, or none is known.
    """
    found = get_modality(modality)
    if found.default_backbone:
        return found.default_backbone
    names = [entry.name for entry in list_by_modality(modality, networks) if "@" not in entry.name]
    if not names:
        raise SettingError(describe_missing(modality))
    if len(names) > 1:
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        some = f"{', '.join(names[:MOST_NAMED])}{more}"
        raise SettingError(
            f"several networks read {found.noun.many}: {some}; choose one with --backbone, or try them with "
            "--backbone auto"
        )
    return names[0]


def describe_missing(modality: str) -> str:
    """Return that no network is known to read a modality."""
    return f"no network here is known to read {get_modality(modality).noun.many}; name one with --backbone"


def list_offline(networks: Path, cache: Path | None = None) -> tuple[str, ...]:
    """Return networks that were converted before or are in the hub client's cache.

    They are ordered by parameters times the size of the input, which is roughly their cost.
    """
    names = {known.tag: known.name for known in KNOWN}
    converted = {
        names.get(listing.name.removeprefix("timm:"), listing.name): listing.parameters * listing.size**2
        for listing in list_local(networks)
        if listing.name not in BUNDLED and "@" not in listing.name and listing.modality == MODALITY
    }
    fetched = {names.get(tag, f"timm:{tag}"): size for tag, size in _list_fetched(cache).items()}
    costs = {**fetched, **converted}
    return tuple(sorted(costs, key=lambda name: (costs[name], name)))


def _list_fetched(cache: Path | None) -> dict[str, int]:
    """Return timm's tags in the hub client's cache, with the cost of each as if with an input of 224."""
    from huggingface_hub import CacheNotFound, scan_cache_dir

    try:
        repositories = scan_cache_dir(cache).repos
    except CacheNotFound:
        return {}
    weights = ("model.safetensors", "pytorch_model.bin")
    return {
        repository.repo_id.removeprefix("timm/"): repository.size_on_disk // 4 * 224**2
        for repository in repositories
        if repository.repo_id.startswith("timm/")
        and any(file.file_name in weights for revision in repository.revisions for file in revision.files)
    }
