import re
from pathlib import Path

import pytest
import timm
import torch
from timm.models import get_pretrained_cfg

from headstart.backbones.providers.names import KNOWN, find_known, match_names, suggest_names

PERMISSIVE = {"apache-2.0", "bsd-3-clause", "mit"}
#: what the six networks have, by their papers and Keras' documentation: input, parameters in millions
NAMED = {
    "VGG16": (224, 138.36),
    "VGG19": (224, 143.67),
    "ResNet50": (224, 25.56),
    "InceptionV3": (299, 23.83),
    "Xception": (299, 22.86),
    "MobileNetV2": (224, 3.50),
}
FAMILIES = ("densenet121", "convnext_tiny", "vit_ti_16", "deit_tiny", "swin_t", "dinov2_small", "clip_vit_b_32")


@pytest.mark.parametrize(
    ("spellings", "tag"),
    [
        ("VGG16 vgg16 VGG-16 vgg_16 Vgg16 vgg16.tv_in1k", "vgg16.tv_in1k"),
        ("ResNet50 resnet50 Resnet-50 RESNET_50", "resnet50.tv_in1k"),
        ("ResNet50V2 resnet50_v2 resnetv2_50", "resnetv2_50.a1h_in1k"),
        ("InceptionV3 inception_v3 Inception-v3", "inception_v3.tf_in1k"),
        ("InceptionResNetV2 inception_resnet_v2", "inception_resnet_v2.tf_in1k"),
        ("Xception xception legacy_xception", "legacy_xception.tf_in1k"),
        ("MobileNet mobilenet_v1 MobileNetV1", "mobilenetv1_100.ra4_e3600_r224_in1k"),
        ("MobileNetV2 mobilenet_v2 mobilenetv2_100", "mobilenetv2_100.ra_in1k"),
        ("MobileNetV3Small mobilenet_v3_small", "tf_mobilenetv3_small_100.in1k"),
        ("MobileNetV3Large", "tf_mobilenetv3_large_100.in1k"),
        ("DenseNet121 densenet-121", "densenet121.tv_in1k"),
        ("EfficientNetB0 efficientnet_b0 EfficientNet-B0", "tf_efficientnet_b0.aa_in1k"),
        ("EfficientNetB7", "tf_efficientnet_b7.aa_in1k"),
        ("EfficientNetV2S efficientnet_v2_s tf_efficientnetv2_s", "tf_efficientnetv2_s.in1k"),
        ("EfficientNetV2B3", "tf_efficientnetv2_b3.in1k"),
        ("NASNetLarge", "nasnetalarge.tf_in1k"),
        ("ConvNeXtTiny convnext_tiny ConvNeXt-Tiny", "convnext_tiny.fb_in1k"),
        ("ViT-B/16 ViTB16 vit_b_16 vit_base_patch16_224", "vit_base_patch16_224.augreg_in21k_ft_in1k"),
        ("DeiT-S deit_small", "deit_small_patch16_224.fb_in1k"),
        ("Swin-T swin_t SwinTiny", "swin_tiny_patch4_window7_224.ms_in1k"),
        ("DINOv2-small dinov2_vits14 dinov2_s", "vit_small_patch14_dinov2.lvd142m"),
        ("clip-vit-base-patch32 CLIP-ViT-B/32", "vit_base_patch32_clip_quickgelu_224.openai"),
    ],
)
def test_any_case_and_spelling(spellings: str, tag: str) -> None:
    for spelling in (*spellings.split(), spellings.split()[0].replace("-", " ")):
        known = find_known(spelling)
        assert known is not None, spelling
        assert known.tag == tag, spelling


def test_no_spelling_means_two_networks() -> None:
    keys = [key for known in KNOWN for key in known.keys]
    assert len(keys) == len(set(keys))
    assert all(keys)
    assert len({known.tag for known in KNOWN}) == len(KNOWN)


def test_timm_has_every_tag_with_a_free_licence_and_square_colour_input() -> None:
    published = set(timm.list_pretrained())
    for known in KNOWN:
        assert known.tag in published, known.name
        config = get_pretrained_cfg(known.tag)
        assert config.license in PERMISSIVE, known.name
        assert config.input_size[0] == 3, known.name
        assert config.input_size[1] == config.input_size[2], known.name


def test_the_page_lists_them_all() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "backbones.md").read_text("utf-8")
    listed = re.findall(r"^\| `(\S+)` \| `(\S+)` \| (\d+) \| (\S+) \|$", page, re.MULTILINE)
    configs = [get_pretrained_cfg(known.tag) for known in KNOWN]
    assert listed == [
        (known.name, known.tag, str(config.input_size[-1]), config.license)
        for known, config in zip(KNOWN, configs, strict=True)
    ]


@pytest.mark.parametrize("name", [*NAMED, *FAMILIES])
def test_they_can_be_built_and_show_their_inner_layers(name: str) -> None:
    known = find_known(name)
    assert known is not None
    with torch.device("meta"), torch.inference_mode():
        body = timm.create_model(known.tag, pretrained=False).eval()
        size = body.pretrained_cfg["input_size"][-1]
        last, stages = body.forward_intermediates(torch.zeros(1, 3, size, size))
        final = body.forward_head(last, pre_logits=True)
    assert len(stages) >= 4
    assert all(stage.ndim == 4 and stage.shape[0] == 1 for stage in stages)
    assert final.flatten(1).shape[1] >= body.num_features / 2
    if name in NAMED:
        millions = sum(parameter.numel() for parameter in body.parameters()) / 1e6
        assert (size, round(millions, 1)) == (NAMED[name][0], round(NAMED[name][1], 1))


@pytest.mark.parametrize(("name", "size"), [("Xception", 128), ("InceptionV3", 128), ("MobileNetV2", 64)])
def test_the_last_layer_is_what_the_pretrained_classifier_sees(name: str, size: int) -> None:
    """Second opinion: the network's own answer."""
    torch.manual_seed(0)
    known = find_known(name)
    assert known is not None
    body = timm.create_model(known.tag, pretrained=False).eval()
    pixels = torch.randn(1, 3, size, size)
    with torch.inference_mode():
        last, _ = body.forward_intermediates(pixels)
        answer = body(pixels)
        assert answer.abs().max() > 0
        assert torch.allclose(body.forward_head(last), answer)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("VGG16", ["vgg16", "vgg16_bn"]),
        ("ViT-B/32", ["vit_b_32", "clip_vit_b_32"]),
        ("mobilenetv2*", ["mobilenet_v2"]),
        ("MobileNet_V?_*", ["mobilenet", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"]),
        ("resnet[15]*", ["resnet18", "resnet50", "resnet101", "resnet152", "resnet50v2", "resnet101v2"]),
        ("no such network", []),
    ],
)
def test_patterns(pattern: str, names: list[str]) -> None:
    assert [known.name for known in match_names(pattern)] == names


def test_no_pattern_means_all() -> None:
    assert match_names("") == list(KNOWN)


def test_the_nearest_names() -> None:
    assert suggest_names("ResNet-51")[0] == "resnet50"
    assert suggest_names("efficientnet_lite", ("efficientnet_lite0",))[0] == "efficientnet_lite0"
    assert suggest_names("NASNetMobile") == ["nasnet_large"]
    assert suggest_names("foo") == []
    assert len(suggest_names("vgg61")) == len(set(suggest_names("vgg61"))) == 3
