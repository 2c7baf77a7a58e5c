"""The network of a modality that has no default: the only one that reads it is taken, several are listed or tried."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import headstart
from headstart import events
from headstart.cli.main import run as run_command
from headstart_runtime.errors import BackboneError, SettingError
from tests.modalities.texts import draw_texts, install_texts, write_table


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_texts(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"store": tmp_path_factory.mktemp("store"), "progress": False}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("texts") / "texts.csv", draw_texts(60))


def test_several_are_listed(table: Path, options: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=r"networks read texts: tinytext:net, tinytext:windows, .*backbone auto"):
        headstart.features(table, **options)


def test_the_only_one_is_taken_and_said(table: Path, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    provider: Any = __import__("tinytext.provider", fromlist=["NETWORKS"])
    monkeypatch.setattr(provider, "NETWORKS", {"net": 48})
    heard: list[events.Event] = []
    found = headstart.features(table, listener=heard.append, **options)
    assert found.backbone == "tinytext:net"
    notes = [event.text for event in heard if isinstance(event, events.Note)]
    assert "tinytext:net is the network, the only one here that is known to read texts" in notes
    assert headstart.advise(table, **options).obstacle.startswith("tinytext:net reads texts")
    monkeypatch.setattr(provider, "NETWORKS", {})
    options = {**options, "store": options["store"] / "empty"}
    with pytest.raises(SettingError, match="no network here is known to read texts; name one with backbone"):
        headstart.features(table, **options)
    with pytest.raises(SettingError, match="no network here is known to read texts"):
        headstart.features(table, backbone="auto", **options)


def test_auto_tries_only_networks_that_read_it(table: Path, options: dict[str, Any]) -> None:
    heard: list[events.Event] = []
    found = headstart.features(table, backbone="auto", listener=heard.append, **options)
    tried = [one.summary for one in heard if isinstance(one, events.Finished) and one.stage == "candidate"]
    assert found.backbone.startswith("tinytext:")
    assert tried
    assert all(one.startswith("tinytext:") for one in tried)


def test_models_say_what_they_read(options: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    store = options["store"]
    texts = headstart.models(modality="verse", store=store)
    assert {one.name.partition(":")[0] for one in texts} == {"tinytext"}
    reads = {one.name: one.reads for one in texts}
    assert reads["tinytext:net"] == "texts of any length"
    assert set(reads.values()) <= {"texts of any length", "texts of length 24"}
    photos = headstart.models(modality="image", store=store)
    assert {one.reads for one in photos} == {"photos 224 x 224", "photos 240 x 240", "photos 260 x 260"}
    assert headstart.models("tinytext:net", modality="verse", store=store)
    with pytest.raises(BackboneError, match="no backbone matches"):
        headstart.models("tinytext:net", modality="image", store=store)
    with pytest.raises(SettingError, match="no modality 'verses'"):
        headstart.models(modality="verses", store=store)
    assert run_command(["models", "--modality", "verse", "--store", str(store)]) == 0
    told = capsys.readouterr().out
    assert "texts of any length" in told
    assert "lite0" not in told
    assert run_command(["models", "--store", str(store)]) == 0
    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line}
    assert lines["tinytext:net"][1:3] == ["9", "k"], "9,368 parameters"
    assert lines["tinytext:attend"][-1] == "yes", "its package says that it is here"
    assert lines["efficientnet_lite0"][1:3] == ["4.7", "M"]
    assert run_command(["models", "tinytext:net", "--layers", "--store", str(store)]) == 0
    told = capsys.readouterr().out
    assert "reads texts of any length" in told
    assert "cannot be trained" in told
