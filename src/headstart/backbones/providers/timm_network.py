"""Networks built by timm, from uint8 pixels to the pooled features of their layers."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import timm
import torch
from torch import Tensor, nn

from headstart.backbones.backbone import Layer
from headstart.backbones.classifier import PretrainedClassifier
from headstart.backbones.loaded import LoadedNetwork
from headstart.backbones.origin import Origin
from headstart_runtime.errors import BackboneError
from headstart_runtime.modalities.image.spec import WHOLE_EDGE, ImageSpec

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
        self.places = _choose_stages(body)
        self.layers: tuple[Layer, ...] = ()

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return one float32 (N, width) per layer, from the input upwards, of uint8 (N, S, S, 3) RGB."""
        last, stages = self.body.forward_intermediates(self.normalise(pixels), indices=self.places)
        final = self.body.forward_head(last, pre_logits=True)
        return (*(stage.mean((2, 3)) for stage in stages), final.flatten(1))

    def normalise(self, pixels: Tensor) -> Tensor:
        """Return what the body takes, (N, 3, S, S), of uint8 (N, S, S, 3) RGB."""
        # Centred before it is scaled: the other way round, bf16 loses half a grey level and cosines fall to 0.997.
        return (pixels.permute(0, 3, 1, 2).to(self.scale.dtype) - self.centre) * self.scale


def build_random(origin: Origin, seed: int) -> LoadedNetwork:
    """Return an architecture of timm with random weights, drawn with a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would set every GPU's too
        return describe_network(origin, create_body(origin, pretrained=False), f"random, seed {seed}", "")


def describe_network(
    origin: Origin,
    body: Any,
    weights: str,
    digest: str,
    state: Mapping[str, Tensor] | None = None,
    licence: str | None = None,
) -> LoadedNetwork:
    """Return a network and its record.

    Args:
        origin: where it comes from.
        body: timm's module, with its weights.
        weights: where they come from, for a person.
        digest: their SHA-256.
        state: what they came as, the pretrained classifier's among them.
        licence: of the weights; what timm says where not given.
    """
    body.eval().requires_grad_(requires_grad=False)
    spec = _read_spec(origin, body.pretrained_cfg)
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
        licence=licence or str(body.pretrained_cfg.get("license") or "unknown"),
        parameters=sum(parameter.numel() for parameter in body.parameters()),
        classifier=_find_classifier(network, spec.size, state or {}),
    )


def _find_classifier(network: Network, size: int, state: Mapping[str, Tensor]) -> PretrainedClassifier | None:
    """The linear layer that gives a network's pretrained answer, if it has one and its weights came along.

    It is looked for in ``state``, not in the network: ``fit_into`` leaves the network's own as it was drawn.
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
        last = body.forward_features(network.normalise(pixels))
        final, answer = body.forward_head(last, pre_logits=True).flatten(1), body.forward_head(last)
        return (
            final.shape[1] == linear.in_features
            and answer.shape == (1, linear.out_features)
            and torch.allclose(linear(final), answer, rtol=1e-3, atol=1e-4)
        )


def _choose_stages(body: nn.Module) -> list[int] | None:
    """Indices of the intermediates that become stages; None takes them all."""
    info = body.feature_info
    count = len(info if isinstance(info, list) else info.info)
    if count <= MOST_STAGES:
        return None
    return [(stage + 1) * count // EVEN_STAGES - 1 for stage in range(EVEN_STAGES)]


def _read_spec(origin: Origin, config: Mapping[str, Any]) -> ImageSpec:
    """The preprocessing that timm names, as an image spec.

    Bilinear always, and the whole shorter edge: what stands at a photo's edge belongs to it too. docs/decisions.md has
    the figures of both decisions.
    """
    channels, height, width = config["input_size"]
    if channels != 3 or height != width:
        raise BackboneError(f"{origin.name} wants {channels} x {height} x {width} input; only RGB squares can be used")
    mean, std = tuple(config["mean"]), tuple(config["std"])
    return ImageSpec(height, WHOLE_EDGE, mean, std)


def check_architecture(origin: Origin) -> None:
    """Refuse an architecture that timm does not have."""
    if not timm.is_model(origin.architecture.split(".")[0]):
        known = timm.list_models()
        close = get_close_matches(origin.architecture.split(".")[0], known, n=3, cutoff=0.5)
        raise BackboneError(
            f"timm has no architecture {origin.architecture!r}; "
            f"{'did you mean ' + ', '.join(close) + '? ' if close else ''}headstart models lists {len(known)}"
        )


def create_body(origin: Origin, *, pretrained: bool) -> nn.Module:
    """Return timm's module of an architecture, which must show its inner layers."""
    check_architecture(origin)
    body: nn.Module = timm.create_model(origin.architecture, pretrained=pretrained)
    if not hasattr(body, "forward_intermediates"):
        raise BackboneError(f"{origin.architecture} does not show its inner layers in timm; choose another backbone")
    return body
