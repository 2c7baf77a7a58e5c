from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from timm.models.vgg import VGG, ConvMlp
from torch import Tensor, nn

from headstart.backbones.backbone import INPUT, Layer
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.graph import (
    FINAL,
    TracedNetwork,
    extract_top,
    extract_trunk,
    parameter_names,
    to_channels_last,
    trace,
)
from headstart.backbones.loaded import LoadedNetwork
from headstart.backbones.providers.timm_network import Network
from headstart.backbones.zoo import load_network
from headstart_runtime.errors import BackboneError, EngineError
from headstart_runtime.modalities.image.spec import ImageSpec
from tests.backbones.conftest import Weights

#: One small member of each family; VGG, whose smallest has 130 million parameters, is built with fewer channels.
QUICK = (
    "resnet10t",
    "mobilenetv2_035",
    "efficientnet_lite0",
    "convnext_atto",
    "vit_tiny_patch16_224",
    "vgg",
    "test_efficientnet",
    "test_nfnet",
)
LARGE = tuple(pytest.param(name, marks=pytest.mark.large) for name in ("inception_v3", "legacy_xception"))

Make = Callable[[str], LoadedNetwork]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def network(weights: Weights) -> Make:
    def make(name: str) -> LoadedNetwork:
        if name == "vgg":
            return narrow_vgg()
        return load_network(
            resolve_origin(name if name.startswith("efficientnet_lite") else f"timm:{name}@{weights(name)}")
        )

    return make


def narrow_vgg() -> LoadedNetwork:
    torch.manual_seed(0)
    body = VGG([4, "M", 8, "M", 8, "M", 12, "M", 12, "M"]).eval()
    body.pre_logits = ConvMlp(12, 16, 7).eval()
    spec = ImageSpec(224, 875, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    layers = (
        *(Layer(f"stage{index + 1}", width) for index, width in enumerate((4, 8, 8, 12, 12, 12))),
        Layer(FINAL, 16),
    )
    network = Network(body, spec).eval().requires_grad_(requires_grad=False)
    return LoadedNetwork(
        network=network,
        spec=spec,
        layers=layers,
        weights="random",
        weights_sha256="",
        licence="",
        parameters=0,
    )


def photos(loaded: LoadedNetwork, count: int = 2) -> Tensor:
    size = (count, loaded.spec.size, loaded.spec.size, 3)
    return torch.randint(0, 256, size, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def used(loaded: LoadedNetwork) -> dict[str, Tensor]:
    """The parameters that the final features depend on, as autograd sees it: a second opinion."""
    loaded.network.requires_grad_(requires_grad=True)
    loaded.network(photos(loaded, 1))[-1].sum().backward()
    found = {name: value for name, value in loaded.network.named_parameters() if value.grad is not None}
    loaded.network.zero_grad(set_to_none=True)
    loaded.network.requires_grad_(requires_grad=False)
    return found


@pytest.mark.parametrize("name", [*QUICK, *LARGE])
def test_trunk_and_top_are_the_whole_network_at_every_boundary(name: str, network: Make) -> None:
    loaded = network(name)
    traced = trace(loaded)
    assert [part.name for part in traced.sections] == [layer.name for layer in loaded.layers]
    assert len(traced.sections) >= 3
    pixels = photos(loaded)
    with torch.inference_mode():
        whole = loaded.network(pixels)[-1]
        assert torch.equal(extract_top(traced, INPUT)(pixels), whole)
        for part in traced.sections[:-1]:
            activations = extract_trunk(traced, part.name)(pixels)
            assert activations.shape == (2, *part.shape) == (2, *traced.shape_at(part.name))
            assert activations.dtype == torch.float32
            assert activations.is_contiguous()
            before = activations.clone()
            assert torch.equal(extract_top(traced, part.name)(activations), whole), part.name
            assert torch.equal(activations, before)  # no in-place ReLU reaches into what is kept
        assert torch.equal(extract_trunk(traced, FINAL)(pixels), whole)


@pytest.mark.parametrize("name", [*QUICK, *LARGE])
def test_every_parameter_is_in_exactly_one_part(name: str, network: Make) -> None:
    loaded = network(name)
    traced = trace(loaded)
    expected = used(loaded)
    listed = [tensor for part in traced.sections for tensor in part.tensors]
    assert len(listed) == len(set(listed))
    assert set(listed) == expected.keys()
    assert sum(part.parameters for part in traced.sections) == sum(value.numel() for value in expected.values())
    assert sum(part.work for part in traced.sections) == pytest.approx(1)
    assert all(part.work >= 0 for part in traced.sections)
    for boundary in [INPUT, *(part.name for part in traced.sections[:-1])]:
        top = extract_top(traced, boundary)
        above = [tensor for part in traced.sections_above(boundary) for tensor in part.tensors]
        assert sorted(dict(top.named_parameters())) == sorted(above)


def test_the_graph_gives_all_layers_and_shares_the_parameters(network: Make) -> None:
    loaded = network("resnet10t")
    traced = trace(loaded)
    pixels = photos(loaded)
    with torch.inference_mode():
        for seen, wanted in zip(traced.module(pixels), loaded.network(pixels), strict=True):
            assert torch.equal(seen, wanted)
    own = dict(loaded.network.named_parameters())
    for part in (traced.module, extract_trunk(traced, "stage3"), extract_top(traced, "stage3")):
        assert all(value is own[name] for name, value in part.named_parameters())
        assert not part.training


def test_work_is_the_share_of_the_arithmetic(network: Make) -> None:
    """A closed form: the multiplications of the narrow VGG's convolutions."""
    traced = trace(network("vgg"))
    convs = {"stage1": (224, 3 * 4), "stage2": (112, 4 * 8), "stage3": (56, 8 * 8), "stage4": (28, 8 * 12)}
    counts = {layer: edge**2 * 9 * channels for layer, (edge, channels) in convs.items()}
    counts |= {"stage5": 14**2 * 9 * 12 * 12, "stage6": 0, FINAL: 49 * 12 * 16 + 16 * 16}
    total = sum(counts.values())
    assert {part.name: part.work for part in traced.sections} == pytest.approx(
        {layer: count / total for layer, count in counts.items()}
    )
    assert {part.name: part.shape for part in traced.sections}["stage2"] == (112, 112, 8)


def test_a_transformer_is_cut_between_blocks_with_its_class_token(network: Make) -> None:
    traced = trace(network("vit_tiny_patch16_224"))
    assert [part.shape for part in traced.sections] == [(197, 192)] * 4 + [(192,)]
    blocks = [{name.split(".")[2] for name in part.tensors if ".blocks." in name} for part in traced.sections]
    assert blocks == [{"0", "1", "2"}, {"3", "4", "5"}, {"6", "7", "8"}, {"9", "10", "11"}, set()]
    assert {"body.cls_token", "body.pos_embed"} <= set(traced.sections[0].tensors)


def test_below_and_above(network: Make) -> None:
    traced = trace(network("resnet10t"))
    assert traced.boundary_below("stage1") == INPUT
    assert traced.boundary_below("stage4") == "stage3"
    assert [part.name for part in traced.sections_above("stage3")] == ["stage4", "stage5", "final"]
    assert traced.sections_above(INPUT) == traced.sections
    with pytest.raises(
        BackboneError, match=r"no layer 'stag4' can be unfrozen; did you mean 'stage\d'\? Known: stage1,"
    ):
        traced.boundary_below("stag4")
    with pytest.raises(BackboneError, match="'final' has nothing to train: it only pools; unfreeze stage5"):
        traced.boundary_below(FINAL)


def test_the_last_layer_can_be_unfrozen_where_it_has_parameters(network: Make) -> None:
    traced = trace(network("mobilenetv2_035"))
    assert traced.boundary_below(FINAL) == "stage5"


def test_a_network_that_cannot_be_traced_says_so(network: Make) -> None:
    with pytest.raises(EngineError, match="cannot be cut into a frozen and a trained part"):
        trace(network("test_vit"))


class _Skipping(nn.Module):
    """Adds the input to the last layer, past everything between."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 3, 1)
        self.gain = nn.Parameter(torch.ones(3))
        self.register_buffer("centre", torch.ones(1))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        values = pixels.permute(0, 3, 1, 2).float() - self.centre
        inner = self.first(values)
        return inner.mean((2, 3)), (self.second(inner) + values).mean((2, 3)) * self.gain


def traced_skipping() -> TracedNetwork:
    layers = (Layer("stage1", 4), Layer("final", 3))
    return trace(
        SimpleNamespace(network=_Skipping().eval(), layers=layers, spec=ImageSpec(8, 1000, (0.5,) * 3, (0.5,) * 3))
    )


def test_a_connection_past_a_layer_moves_the_cut_below_it() -> None:
    traced = traced_skipping()
    assert traced.sections[0].parameters == 0  # the cut lies under the first convolution
    assert traced.sections[1].tensors == ("first.weight", "first.bias", "second.weight", "second.bias", "gain")
    pixels = torch.randint(0, 256, (2, 8, 8, 3), dtype=torch.uint8)
    assert torch.equal(
        extract_top(traced, "stage1")(extract_trunk(traced, "stage1")(pixels)), traced.module(pixels)[-1]
    )


def test_a_top_that_looks_at_the_input_is_refused() -> None:
    traced = traced_skipping()
    (inner,) = (node for node in traced.module.graph.nodes if node.target == "first")
    wrong = TracedNetwork(traced.module, {**traced.cuts, "stage1": inner}, traced.sections, traced.tensors)
    with pytest.raises(BackboneError, match="also looks at the input"):
        extract_top(wrong, "stage1")


def test_parameters_of_leaves_out_buffers() -> None:
    traced = traced_skipping()
    found = {str(node.target): parameter_names(traced.module, node) for node in traced.module.graph.nodes}
    assert found["centre"] == []
    assert found["gain"] == ["gain"]
    assert found["second"] == ["second.weight", "second.bias"]


def test_channels_last() -> None:
    assert to_channels_last((2, 3, 4, 5)) == (2, 4, 5, 3)
    assert to_channels_last((2, 7, 3)) == (2, 7, 3)
