"""Texts in parts of one length: a network that reads tokens and their mask is trained where each text is one part."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import headstart
from headstart import events
from tests.modalities.texts import draw_texts, install_texts, write_table

WHY = "a text has 2 parts for this network, and only a network that sees each text in one part can be trained"


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_texts(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"store": tmp_path_factory.mktemp("store"), "backbone": "tinytext:blocks", "progress": False, "epochs": 1}


@pytest.mark.slow
def test_where_each_is_one_part_it_is_trained(options: dict[str, Any], tmp_path: Path) -> None:
    table = write_table(tmp_path / "texts.csv", draw_texts(60, longest=20))
    knobs = {"mixup": 0.2, "training_precision": "f32", "report": False}
    run = headstart.fit(table, out=tmp_path / "run", strategy="full-finetune", **knobs, **options)
    assert [note for note in run.notes if "mixup is left out of full-finetune" in note]
    assert run.classifier.predict("the ship and a wave").label in run.classes


@pytest.mark.slow
def test_of_several_parts_none_is_left_out_in_silence(options: dict[str, Any], tmp_path: Path) -> None:
    table = write_table(tmp_path / "texts.csv", draw_texts(60, longest=40))
    arms = "linear-probe,full-finetune"
    compared = headstart.compare(table, out=tmp_path / "run", arms=arms, report=False, **options)
    assert [row.arm for row in compared.board] == ["linear-probe"]
    (left_out,) = compared.left_out
    assert WHY in left_out["reason"]
    heard: list[events.Event] = []
    asked = {name: value for name, value in options.items() if name != "epochs"}
    advice = headstart.advise(table, cost=True, listener=heard.append, **asked)
    assert advice.seconds["full-finetune"] is None
    assert [one for one in heard if isinstance(one, events.Note) and f"full-finetune is not timed: {WHY}" in one.text]
