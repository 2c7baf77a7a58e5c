"""``headstart models NAME --layers``: what can be unfrozen, without weights and without a network."""

import re
from types import SimpleNamespace

import pytest
import timm
import torch

from headstart.backbones import layers
from headstart.backbones.backbone import middle_stage
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.layers import describe_layers
from headstart.backbones.zoo import load_network
from headstart.cli.main import run
from headstart.selection import finetune

NAMED = ("VGG16", "VGG19", "ResNet50", "InceptionV3", "Xception", "MobileNetV2")


@pytest.mark.parametrize("name", NAMED)
def test_each_named_network_shows_its_layers_offline(name) -> None:
    it = describe_layers(resolve_origin(name))
    with torch.device("meta"):
        body = timm.create_model(it.architecture, pretrained=False)
    classifier = sum(one.numel() for one in body.get_classifier().parameters())
    assert it.fetched
    assert it.layers[0].trained == sum(one.numel() for one in body.parameters()) - classifier
    assert it.layers[-1].name == "final"
    assert sum(layer.work for layer in it.layers) == pytest.approx(1)
    assert it.layers[0].trained_work == pytest.approx(1)
    for layer, above in zip(it.layers, it.layers[1:], strict=False):
        assert layer.trained == layer.parameters + above.trained
        assert layer.shape[-1] == layer.width


def test_vgg16_by_the_published_figures() -> None:
    """Simonyan & Zisserman, 2015: five blocks of convolutions, 14.7 M, then two layers of 4,096 units."""
    found = {layer.name: layer for layer in describe_layers(resolve_origin("VGG-16")).layers}
    assert found["stage1"].parameters == 64 * (27 + 1) + 64 * (64 * 9 + 1)
    assert found["stage1"].shape == (224, 224, 64)
    assert found["stage6"].parameters == 0  # the last pooling
    assert sum(found[f"stage{number}"].parameters for number in range(1, 7)) == 14_714_688
    assert found["final"].parameters == 4096 * (512 * 49 + 1) + 4096 * (4096 + 1)


def test_measured_without_weights_as_with_them() -> None:
    """The layers of lite0, against timm's own maps of the network with its weights."""
    origin = resolve_origin("efficientnet_lite0")
    it, loaded = describe_layers(origin), load_network(origin)
    shapes = [tuple(map_.shape[1:]) for map_ in _stages(loaded)]
    assert [(*layer.shape[-1:], *layer.shape[:-1]) for layer in it.layers[:-1]] == shapes
    assert [layer.width for layer in it.layers] == [layer.width for layer in loaded.layers]
    assert not it.fetched


def _stages(loaded):
    with torch.inference_mode():
        return loaded.network.body.forward_intermediates(
            torch.zeros(1, 3, loaded.spec.size, loaded.spec.size), intermediates_only=True
        )


@pytest.mark.parametrize("stages", [2, 3, 4, 5, 6])
def test_auto_is_what_partial_fine_tuning_takes(stages) -> None:
    names = [*(f"stage{number + 1}" for number in range(stages)), "final"]
    backbone = SimpleNamespace(layers=[SimpleNamespace(name=name) for name in names])
    material = SimpleNamespace(backbone=backbone, settings=SimpleNamespace(unfreeze="auto", search=0, is_open=False))
    (planned,) = finetune.partial_finetune(material)
    assert planned.name == f"partial-finetune {middle_stage(names)}"


def test_a_network_that_computes_while_it_is_built_is_built_with_memory(monkeypatch) -> None:
    untrained = layers.build_untrained

    def computing(origin, seed):
        torch.zeros(1).item()
        return untrained(origin, seed)

    monkeypatch.setattr(layers, "build_untrained", computing)
    assert describe_layers(resolve_origin("efficientnet_lite0")).layers[-1].name == "final"


def test_the_table(capsys) -> None:
    assert run(["models", "vgg16", "--layers"]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    assert out.startswith("vgg16 (vgg16.tv_in1k): reads photos 224 x 224, 134,260,544 parameters\n")
    assert re.search(r"^stage1 +64 +224 x 224 x 64 +38,720 +12.5% +134,260,544 +100.0%$", out, re.MULTILINE)
    assert "--unfreeze auto is stage4 here: 132,525,056 parameters, 39.6% of the work." in out
    assert "The weights, fetched at the first use, were not needed for this." in out
    assert max(map(len, out.splitlines())) <= 110


def test_a_layer_that_only_pools_has_nothing_to_train(capsys) -> None:
    assert run(["models", "Xception", "--layers"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^final +2,048 +2048 +0 +0.0% +0 +0.0%$", out, re.MULTILINE)
    assert "final only pools: there is nothing to train in it." in out


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--layers"], "--layers shows one backbone, seen ''; give its name, such as VGG16"),
        (["vgg*", "--layers"], "--layers shows one backbone, seen 'vgg*'; give its name"),
        (["VGG17", "--layers"], "unknown backbone 'VGG17'; did you mean"),
    ],
)
def test_one_network_is_to_be_named(arguments, wanted, capsys) -> None:
    assert run(["models", *arguments]) == 2
    assert wanted in capsys.readouterr().err
