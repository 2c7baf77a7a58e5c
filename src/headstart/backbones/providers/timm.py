"""The networks of timm, fetched once from the Hugging Face hub: ``timm:NAME`` and names that people know."""

import fnmatch
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from headstart.backbones.origin import BackboneListing, Origin
from headstart.backbones.providers.bundled import MODALITY
from headstart.backbones.providers.hub import skip_unreachable_hub
from headstart.backbones.providers.names import find_known, match_names, to_wildcard
from headstart_runtime.errors import BackboneError, refuse_machine_faults
from headstart_runtime.extras import PYTORCH, has_extra, require_extra

if TYPE_CHECKING:
    from timm.models import PretrainedCfg
    from torch import Tensor

    from headstart.backbones.loaded import LoadedNetwork

PREFIX = "timm:"
MOST_BUILT = 60  #: architectures that are built to count their parameters; more would take too long


class TimmProvider:
    """The pretrained networks of timm."""

    scheme = "timm"

    def resolve(self, name: str) -> Origin | None:
        """See ``Provider.resolve``; whether timm has the network is seen when it is loaded."""
        if name.startswith(PREFIX):
            return Origin(name, self.scheme, parse_architecture(name), None, "")
        known = find_known(name)
        return None if known is None else Origin(known.name, self.scheme, known.tag, None, "")

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        """See ``Provider.search``; a network with a name of its own is listed under that, timm's name is an alias.

        Where timm is not installed nothing is found.
        """
        if not has_extra("train", *PYTORCH):
            return
        import timm

        tags = {known.tag: known.name for known in match_names(pattern)}
        listed = fnmatch.filter(timm.list_pretrained(), to_wildcard(pattern))
        tags |= {tag: f"{PREFIX}{tag}" for tag in listed if tag not in tags}
        counts = _count_parameters({tag.partition(".")[0] for tag in tags})
        for tag, name in tags.items():
            yield _describe(name, tag, counts)

    def load(self, origin: Origin, seed: int | None = None) -> "LoadedNetwork":
        """See ``Provider.load``."""
        require_extra("train", f"the network {origin.name}", *PYTORCH)
        import torch

        from headstart.backbones.providers.timm_network import build_random

        if seed is not None:
            return build_random(origin, seed)
        with torch.random.fork_rng(devices=[]):  # weights are drawn before those that are fetched take their place
            return _fetch(origin)


def parse_architecture(name: str) -> str:
    """Return the architecture in ``timm:NAME``.

    Raises:
        BackboneError: it names none.
    """
    architecture = name.removeprefix(PREFIX)
    if not architecture:
        raise BackboneError(f"backbone {name!r} names no architecture; wanted timm:NAME, such as timm:resnet50.a1_in1k")
    return architecture


def _fetch(origin: Origin) -> "LoadedNetwork":
    """Fetch the pretrained weights, or take them from the hub client's cache."""
    import timm

    from headstart.backbones.providers.timm_network import check_architecture, create_body, describe_network

    check_architecture(origin)
    base, _, tag = origin.architecture.partition(".")
    if not timm.models.is_model_pretrained(origin.architecture):
        tags = [name for name in timm.list_pretrained(f"{base}*") if name.split(".")[0] == base]
        raise BackboneError(
            f"timm has no pretrained weights {'named ' + repr(tag) + ' ' if tag else ''}for {base}; "
            f"{'there are: ' + ', '.join(tags) if tags else 'give a checkpoint: timm:' + base + '@FILE'}"
        )
    try:
        with skip_unreachable_hub():
            body = create_body(origin, pretrained=True)
    except BackboneError:
        raise
    except Exception as error:  # the hub's client raises a dozen kinds when there is no network
        refuse_machine_faults(error, f"for the weights of {origin.name}, which its client keeps in its own cache")
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise BackboneError(
            f"the weights of {origin.name} could not be fetched from the hub ({reason}); connect once, or use "
            f"efficientnet_lite0, whose weights are on this machine, or a checkpoint: timm:{base}@FILE"
        ) from error
    config, state = body.pretrained_cfg, body.state_dict()
    where = f"Hugging Face hub: {config.get('hf_hub_id') or config.get('url')}"
    # A network made for other classes than its weights has a classifier that was drawn at random.
    learnt = state if getattr(body, "num_classes", None) == config.get("num_classes") else {}
    return describe_network(origin, body, where, _hash_weights(state), learnt)


def _hash_weights(state: Mapping[str, "Tensor"]) -> str:
    """SHA-256 over names and bytes of a state dict, for weights that arrive without a file of their own."""
    import torch

    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _describe(name: str, tag: str, counts: dict[str, int]) -> BackboneListing:
    from timm.models import get_pretrained_cfg

    config = get_pretrained_cfg(tag)
    assert config is not None  # the tag is one that timm lists, or one of ``names``, which a test holds against that
    return BackboneListing(
        name=name,
        parameters=counts.get(tag.partition(".")[0], 0),
        size=config.input_size[-1],
        licence=config.license or "unknown",
        weights=f"hub: {config.hf_hub_id}" if config.hf_hub_id else f"{urlsplit(config.url or '').netloc}: {tag}",
        is_local=_is_fetched(config),
        aliases=(f"timm:{tag}",),
        modality=MODALITY,
        shape=tuple(config.input_size[1:]),
    )


def _is_fetched(config: "PretrainedCfg") -> bool:
    """Whether the weights lie in the cache already, the hub client's or PyTorch's."""
    import torch
    from huggingface_hub import try_to_load_from_cache

    if not config.hf_hub_id:
        return (Path(torch.hub.get_dir()) / "checkpoints" / PurePosixPath(config.url or "none").name).is_file()
    files = ("model.safetensors", "pytorch_model.bin")
    return any(isinstance(try_to_load_from_cache(config.hf_hub_id, file), str) for file in files)


def _count_parameters(architectures: set[str]) -> dict[str, int]:
    """Parameters of each architecture, built without memory for its weights; none where there are too many to build."""
    if len(architectures) > MOST_BUILT:
        return {}
    import timm
    import torch

    with torch.device("meta"):
        built = {name: timm.create_model(name, pretrained=False) for name in architectures}
    return {name: sum(parameter.numel() for parameter in body.parameters()) for name, body in built.items()}
