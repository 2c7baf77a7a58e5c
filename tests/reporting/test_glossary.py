"""The glossary: plain, in order, and complete for what pages name in headings, tables and folds."""

import re
from pathlib import Path

import pytest

from headstart.reporting.compare_runs import render_comparison
from headstart.reporting.glossary import TERMS, WAYS, Glossary, make_anchor
from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from headstart.selection import STRATEGIES
from headstart.selection.ensembles import ENSEMBLES
from headstart_runtime.modalities.image.wording import PHOTO
from tests.reporting.example_run import write_example_run
from tests.reporting.page_reader import PageReader

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMING = {"th", "dt", "caption", "summary", "h2", "h3", "h4"}  #: elements whose words a reader has to know
#: Terms that are everyday words too, stand in a longer term or are the name of a setting.
EVERYDAY = {"class", "group", "points", "head", "arm", "layer", "calibration", "recall", "precision", "accuracy"}
EVERYDAY |= {"training {many}", "test {many}", "validation {many}", "seed", "threshold"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("glossary")
    runs = [
        write_example_run(folder / "trained", given=True, test=80),
        write_example_run(folder / "bare", bare=True, trained=False, seed=2),
    ]
    records = [read_records(run) for run in runs]
    return [PageReader(page.html) for page in (*map(render_report, records), render_comparison(*records))]


def test_terms_stand_in_alphabetical_order() -> None:
    assert list(TERMS) == sorted(TERMS, key=str.lower)
    assert len({make_anchor(term) for term in TERMS}) == len(TERMS)


@pytest.mark.parametrize("term", [*TERMS, *WAYS])
def test_an_explanation_is_one_to_three_short_sentences(term) -> None:
    meaning = PHOTO.fill({**TERMS, **WAYS}[term])
    assert meaning.endswith(".")
    assert 20 < len(meaning) < 220
    assert len(re.findall(r"[.!?](?: |$)", meaning)) <= 3


def test_every_way_is_explained() -> None:
    assert set(WAYS) == {*STRATEGIES, *ENSEMBLES}


def test_a_term_is_a_link_to_its_explanation() -> None:
    glossary = Glossary(PHOTO)
    assert str(glossary("recall", "<found>")).endswith(">&lt;found&gt;</a>")
    assert 'href="#word-recall"' in glossary("recall")
    assert [term for _, term, _ in glossary.used] == ["recall"]
    with pytest.raises(KeyError):
        glossary("no such word")


def test_terms_in_headings_tables_and_folds_are_explained_on_the_page(pages) -> None:
    for page in pages:
        explained = {it.words.lower() for it in page.all("dt") if it.attributes.get("id", "").startswith("word-")}
        words = " ".join(
            it.words.lower()
            for it in page.elements
            if it.attributes.get("class") != "words"
            and not any(above.attributes.get("class") == "words" for above in it.above)
            and (it.tag in NAMING or (it.tag == "p" and any(above.tag == "details" for above in it.above)))
        )
        named = {term for term in TERMS if re.search(rf"\b{re.escape(PHOTO.fill(term).lower())}\b", words)} - EVERYDAY
        assert {PHOTO.fill(term).lower() for term in named} <= explained


def test_a_page_explains_what_it_links_to_and_no_more(pages) -> None:
    for page in pages:
        linked = {it.attributes["href"] for it in page.all("a") if it.attributes["href"].startswith("#word-")}
        explained = {f"#{id_}" for id_ in page.ids if id_.startswith("word-")}
        assert linked == explained != set()


def test_the_document_has_every_term() -> None:
    text = (DOCS / "glossary.md").read_text("utf-8")
    for name, meaning in {**TERMS, **WAYS}.items():
        assert PHOTO.fill(f"- **{name}**: {meaning}\n") in text
