"""The sentences of reports and cards: as each kind of data wants them, and true of what was recorded."""

import json

import pytest

from headstart.reporting.card import render_card
from headstart.reporting.glossary import TERMS
from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from headstart_runtime.modalities.image.wording import PHOTO
from headstart_runtime.modalities.item import Noun
from tests.reporting.example_run import write_example_run
from tests.reporting.page_reader import PageReader

#: Words that speak of photos and of nothing else.
OF_PHOTOS = ("photo", "camera", "burst", "mirrored", "edges and colours", "people are shown", "in yellow")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on data of a kind that is not installed."""
    folder = write_example_run(tmp_path_factory.mktemp("wording") / "run", trained=False)
    record = json.loads((folder / "run.json").read_text("utf-8")) | {"modality": "mail"}
    (folder / "run.json").write_text(json.dumps(record), "utf-8")
    return folder


def read_words(folder) -> str:
    return PageReader(render_report(read_records(folder)).html).all("body")[0].words.replace("\u00a0", " ")


def change_trust(folder, **changes) -> None:
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    for name, change in changes.items():
        trust[name] |= change
    (folder / "trust.json").write_text(json.dumps(trust), "utf-8")


@pytest.mark.parametrize(
    ("noun", "said"),
    [
        (PHOTO, "a photo"),
        (Noun("e-mail", "e-mails"), "an e-mail"),
        (Noun("hour", "hours", article="an"), "an hour"),
        (Noun("ECG", "ECGs"), "an ECG"),
    ],
)
def test_a_noun_has_its_article(noun, said) -> None:
    assert noun.a_one == said
    assert noun.fill("{A_one}, {a_one}") == f"A{said[1:]}, {said}"


def test_a_heading_keeps_capitals() -> None:
    assert Noun("ECG", "ECGs").heading == "ECGs"
    assert PHOTO.fill("{Many}") == "Photos"


@pytest.mark.parametrize("term", TERMS)
def test_terms_speak_of_photos_only_where_the_kind_of_data_does(term) -> None:
    said = Noun("e-mail", "e-mails").fill(TERMS[term])
    assert not any(word in said for word in OF_PHOTOS)
    assert " a e" not in said


def test_a_layer_of_a_network_for_photos_sees_edges_and_colours() -> None:
    assert PHOTO.fill(TERMS["layer"]).endswith("Early ones see edges and colours, late ones whole things.")


def test_a_card_of_other_data_does_not_speak_of_photos(run) -> None:
    card = render_card(read_records(run))
    assert "samples from another source without testing it there first" in card
    assert "camera" not in card
    assert "people are shown" not in card


def test_near_duplicates_that_were_not_looked_for_are_not_denied(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", trained=False)
    note = "near-duplicates are not looked for among photos; only equal bytes count as the same"
    change_trust(folder, duplicates={"note": note, "pairs": [], "sets": []}, leaks={"leaks": [], "scores": None})
    words = read_words(folder)
    assert f"None were found, as far as could be told: {note}." in words
    assert f"are kept in one part, as far as could be told: {note}." in words


def test_no_table_of_kinds_is_begun_where_there_is_none(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", trained=False)
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    of_class = [one for one in trust["slices"]["slices"] if one["by"] == "class"]
    change_trust(folder, slices={"slices": of_class, "worst": None})
    assert "| kind of photo |" not in render_card(read_records(folder))
    change_trust(folder, slices={"slices": []})
    assert "No kind of photo has the" in render_card(read_records(folder))


def test_a_classifier_that_is_no_better_than_the_commonest_class_is_warned_of(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", trained=False)
    said = "It is not surely better than always saying"
    assert said not in read_words(folder)
    record = json.loads((folder / "evaluation.json").read_text("utf-8"))
    record["parts"]["test"]["accuracy_interval"]["low"] = 0.01
    (folder / "evaluation.json").write_text(json.dumps(record), "utf-8")
    assert said in read_words(folder)


@pytest.mark.parametrize(("pairs", "said"), [(7, "1 more pair"), (8, "2 more pairs")])
def test_what_is_folded_away_is_counted_in_the_right_number(pairs, said, tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", trained=False)
    (one, *_) = json.loads((folder / "trust.json").read_text("utf-8"))["duplicates"]["pairs"]
    change_trust(folder, duplicates={"pairs": [one] * pairs})
    page = PageReader(render_report(read_records(folder)).html)
    assert said in [it.words for it in page.all("summary")]
