from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.classifier import CLASSIFIER, PretrainedClassifier, write_classifier
from headstart.backbones.convert import load_backbone
from headstart.backbones.pretrained import read_pretrained_classifier
from headstart.backbones.zoo import build_untrained, load_network


@pytest.mark.parametrize("classes", [1000, 7])
def test_the_classifier_is_that_of_the_checkpoint(weights, classes):
    """Also where its classes are not those that the architecture is made for, and the network ignores it."""
    file = weights("resnet10t", classes=classes)
    body = timm.create_model("resnet10t", pretrained=False, num_classes=classes).eval()
    body.load_state_dict(load_file(file))
    loaded = load_network(resolve_origin(f"timm:resnet10t@{file}"))
    pixels = torch.randint(0, 256, (3, 176, 176, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        final = loaded.network(pixels)[-1].numpy()
        expected = body(loaded.network.normalise(pixels)).numpy()
    assert loaded.classifier.classes == classes
    np.testing.assert_allclose(loaded.classifier.logits(final), expected, rtol=1e-4, atol=1e-4)


def test_it_is_kept_at_conversion(weights, tmp_path, monkeypatch):
    name = f"timm:resnet10t@{weights('resnet10t')}"
    backbone = load_backbone(name, tmp_path / "networks")
    expected = load_network(resolve_origin(name)).classifier
    monkeypatch.setattr("headstart.backbones.zoo.load_network", lambda *_: pytest.fail("loaded again"))
    kept = read_pretrained_classifier(backbone)
    np.testing.assert_array_equal(kept.weight, expected.weight)
    np.testing.assert_array_equal(kept.bias, expected.bias)


@pytest.mark.parametrize("spoil", ["gone", "not finite", "two answers", "another end"])
def test_what_is_no_plain_linear_layer_is_none(weights, monkeypatch, spoil):
    architecture = "levit_128s" if spoil == "two answers" else "resnet10t"
    file = weights(architecture)
    state = load_file(file)
    if spoil == "gone":
        del state["fc.bias"]
    elif spoil == "not finite":
        state["fc.weight"][3, 5] = float("inf")
    elif spoil == "another end":  # the body does more after its linear layer
        kind = type(timm.create_model("resnet10t"))
        plain = kind.forward_head
        monkeypatch.setattr(
            kind, "forward_head", lambda self, x, pre_logits=False: plain(self, x, pre_logits) * (1 + (not pre_logits))
        )
    save_file(state, file)
    assert load_network(resolve_origin(f"timm:{architecture}@{file}")).classifier is None


def test_random_weights_have_learnt_no_classes(weights):
    assert build_untrained(resolve_origin(f"timm:resnet10t@{weights('resnet10t')}"), 0).classifier is None


def test_none_is_kept_too_and_a_file_of_another_width_is_made_anew(weights, tmp_path):
    backbone = load_backbone(f"timm:resnet10t@{weights('resnet10t')}", tmp_path / "networks")
    right = read_pretrained_classifier(backbone)
    write_classifier(backbone.folder, PretrainedClassifier(right.weight[:5], right.bias))
    np.testing.assert_array_equal(read_pretrained_classifier(backbone).weight, right.weight)
    write_classifier(backbone.folder, None)
    assert (backbone.folder / CLASSIFIER).is_file()
    assert read_pretrained_classifier(replace(backbone, weights_sha256="changed")) is None
