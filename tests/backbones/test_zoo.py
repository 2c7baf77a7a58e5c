import pickle
from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.zoo import load_network
from headstart_runtime.errors import BackboneError
from tests.backbones.conftest import Weights


def test_lite0_is_the_pretrained_network() -> None:
    """Second opinion: timm's own network with the same weights, its own normalisation, its own pooling."""
    origin = resolve_origin("efficientnet_lite0")
    assert origin.file is not None
    reference = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    state = torch.load(origin.file, weights_only=True)
    reference.load_state_dict(dict(zip(reference.state_dict(), state.values(), strict=True)))
    pixels = torch.randint(0, 256, (3, 224, 224, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    normalised = (pixels.permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
    with torch.inference_mode():
        *stages, final = load_network(origin).network(pixels)
        features = reference.forward_features(normalised)
        expected = reference.forward_head(features, pre_logits=True)
        inner = reference.forward_intermediates(normalised, intermediates_only=True)
    torch.testing.assert_close(final, expected, rtol=1e-4, atol=1e-4)
    for stage, maps in zip(stages, inner, strict=True):
        torch.testing.assert_close(stage, maps.mean((2, 3)), rtol=1e-4, atol=1e-4)


def test_layers_are_named_from_the_input_upwards(weights: Weights) -> None:
    loaded = load_network(resolve_origin(f"timm:resnet10t@{weights('resnet10t')}"))
    assert [(layer.name, layer.width) for layer in loaded.layers] == [
        ("stage1", 64),
        ("stage2", 64),
        ("stage3", 128),
        ("stage4", 256),
        ("stage5", 512),
        ("final", 512),
    ]
    assert loaded.spec.size == 176
    assert not loaded.network.training
    assert not any(parameter.requires_grad for parameter in loaded.network.parameters())


def test_a_transformer_has_four_even_stages(weights: Weights) -> None:
    loaded = load_network(resolve_origin(f"timm:vit_tiny_patch16_224@{weights('vit_tiny_patch16_224')}"))
    assert [layer.name for layer in loaded.layers] == ["stage1", "stage2", "stage3", "stage4", "final"]


def test_a_checkpoint_of_other_classes_is_still_a_backbone(weights: Weights) -> None:
    pixels = torch.zeros(1, 176, 176, 3, dtype=torch.uint8)
    loaded = load_network(resolve_origin(f"timm:resnet10t@{weights('resnet10t', classes=7)}"))
    assert loaded.network(pixels)[-1].shape == (1, 512)


def test_a_checkpoint_in_a_wrapping_is_unwrapped(tmp_path: Path) -> None:
    torch.manual_seed(1)
    body = timm.create_model("resnet10t", pretrained=False)
    file = tmp_path / "training.pth"
    state = {f"module.{name}": value for name, value in body.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state}, file)
    loaded = load_network(resolve_origin(f"timm:resnet10t@{file}")).network.body
    np.testing.assert_array_equal(loaded.conv1[0].weight.numpy(), body.conv1[0].weight.detach().numpy())


def test_another_architectures_weights_are_refused(weights: Weights) -> None:
    with pytest.raises(BackboneError, match=r"do not fit resnet14t: .* tensors missing"):
        load_network(resolve_origin(f"timm:resnet14t@{weights('resnet10t')}"))


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    state = timm.create_model("resnet10t", pretrained=False).state_dict()
    state["layer1.0.conv1.weight"][0] = float("nan")
    torch.save(state, tmp_path / "nan.pth")
    with pytest.raises(BackboneError, match=r"not finite in layer1.0.conv1.weight"):
        load_network(resolve_origin(f"timm:resnet10t@{tmp_path / 'nan.pth'}"))


class _Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("this must never run",))


def test_code_in_a_checkpoint_never_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trap.pth"
    file.write_bytes(pickle.dumps({"weight": _Trap()}))
    with pytest.raises(BackboneError, match="cannot be read safely"):
        load_network(resolve_origin(f"timm:resnet10t@{file}"))
    assert capsys.readouterr().out == ""


def test_an_unknown_architecture_gets_the_nearest() -> None:
    with pytest.raises(BackboneError, match="did you mean resnet18"):
        load_network(resolve_origin("timm:resnet_18"))


def test_pretrained_weights_that_do_not_exist_are_named() -> None:
    with pytest.raises(
        BackboneError, match=r"no pretrained weights named 'best' for resnet18; there are: resnet18\.a1"
    ):
        load_network(resolve_origin("timm:resnet18.best"))


def test_without_a_network_the_error_says_what_to_do() -> None:
    with pytest.raises(BackboneError, match=r"could not be fetched from the hub .* or use efficientnet_lite0"):
        load_network(resolve_origin("timm:resnet18.a1_in1k"))
