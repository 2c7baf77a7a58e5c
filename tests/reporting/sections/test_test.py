"""The section on the test photos: which engine answered them."""

import json

import pytest

from headstart.reporting.card import render_card
from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from headstart_runtime.errors import UserError
from tests.reporting.example_run import write_example_run
from tests.reporting.page_reader import PageReader


def test_the_engine_and_the_agreement_of_both_are_said(tmp_path) -> None:
    records = read_records(write_example_run(tmp_path / "run"))
    said = (
        "ONNX Runtime, which can run the classifier too, gave the same answer to 98.0 % of the 60 that both were asked."
    )
    words = PageReader(render_report(records).html).all("main")[0].words.replace("\u202f", " ").replace("\xa0", " ")
    assert f"The engine that answered is OpenVINO; {said}" in words
    assert f"The test photos were answered by OpenVINO. {said}" in render_card(records)


@pytest.mark.parametrize("gone", ["other", "record", "model"])
def test_what_is_not_known_of_engines_is_not_said(gone, tmp_path) -> None:
    folder = write_example_run(tmp_path / "run")
    file = folder / "model/model.json"
    record = json.loads(file.read_text("utf-8"))
    if gone == "model":
        file.unlink()
    elif gone == "record":
        file.write_text(json.dumps(record | {"engines": None}), "utf-8")
    else:
        scores = {"onnxruntime": record["engines"]["scores"]["onnxruntime"]}
        alone = {"scored_by": "onnxruntime", "items": 60, "scores": scores}
        engines = alone | {"same_answers": None, "mean_difference": None}
        file.write_text(json.dumps(record | {"engines": engines}), "utf-8")
    words = PageReader(render_report(read_records(folder)).html).all("main")[0].words
    assert ("The engine that answered is ONNX Runtime." in words) == (gone == "other")
    assert "same answer" not in words


def test_a_damaged_record_of_the_model_is_said(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run")
    (folder / "model/model.json").write_text('{"engines": {"scored_by": "openvino"}}', "utf-8")
    with pytest.raises(UserError, match=r"model\.json' cannot be read"):
        read_records(folder)


@pytest.mark.parametrize("classes", [6, 12])
def test_long_names_in_the_confusion_matrix_can_be_told_apart(classes, tmp_path) -> None:
    names = [f"Encyclopaedia_of_beetles_subfamily_number_{number}_of_all" for number in range(classes)]
    shown = PageReader(render_report(read_records(write_example_run(tmp_path / "run", classes, names=names))).html)
    cut = [it for it in shown.all("bdi") if it.attributes.get("class") == "name"]
    assert len(cut) == 2 * classes
    for part in (cut[:classes], cut[classes:]):
        assert [it.attributes["title"] for it in part] == names
        assert len({it.words for it in part}) == classes
        assert max(len(it.words) for it in part) <= 18
