"""Pages of other tasks: every number a second time, what is shown of it, cards, two runs, figures."""

import io
import json
import re
import shutil
from html import unescape
from itertools import pairwise

import numpy as np
import pytest

from headstart.reporting.charts.spec import Lines
from headstart.reporting.contents import GivenText, ShownNumber, ShownRange, TermLink
from headstart.reporting.glossary import Glossary
from headstart.reporting.shown_numbers import ShownNumbers
from headstart.reporting.shown_text import TextLayout, write_plain
from headstart.reporting.task_page import render_task_report
from headstart.reporting.task_pages import TaskPages
from headstart.reporting.task_records import read_any_records
from headstart.reporting.write import write_comparison, write_report
from headstart.tasks.multilabel.report import LabelSetReport, describe_label_sets
from headstart.tasks.regression.report import NumberReport, describe_numbers
from headstart_runtime.errors import UserError
from headstart_runtime.modalities.image.wording import PHOTO
from tests.reporting.example_task_run import write_label_run, write_number_run
from tests.reporting.page_reader import PageReader, parse_number
from tests.reporting.recomputed_tasks import TaskFiles, again

RUNS = {
    "labels": (write_label_run, describe_label_sets, {}),
    "labels bare": (write_label_run, describe_label_sets, {"bare": True, "seed": 1}),
    "many labels": (
        write_label_run,
        describe_label_sets,
        {"names": tuple(f"label {n:02d}" for n in range(45)), "seed": 2},
    ),
    "number": (write_number_run, describe_numbers, {}),
    "number bare": (write_number_run, describe_numbers, {"bare": True, "seed": 1}),
    "numbers": (write_number_run, describe_numbers, {"names": ("weight (g)", "length (<b>mm</b>)"), "seed": 2}),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tasks")
    return {name: write(folder / name, **options) for name, (write, _, options) in RUNS.items()}


@pytest.fixture(scope="module")
def pages(runs):
    records = {name: read_any_records(folder) for name, folder in runs.items()}
    return {name: render_task_report(one, RUNS[name][1](one)) for name, one in records.items()}


@pytest.fixture(scope="module")
def read(pages):
    return {name: PageReader(page.html) for name, page in pages.items()}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "many labels" else name for name in RUNS]
)
def test_every_number_a_second_time(name, runs, pages) -> None:
    files = TaskFiles(runs[name])
    assert len(pages[name].numbers) > 80
    for key, value in pages[name].numbers.items():
        assert value == pytest.approx(again(files, key), rel=2e-6, abs=1e-7), key


@pytest.mark.parametrize("name", RUNS)
def test_what_is_read_is_what_the_numbers_say(name, pages, read) -> None:
    numbers, shown = read[name].numbers, read[name].read
    assert numbers == pages[name].numbers
    assert {key for key, _, _ in shown} == numbers.keys()
    for key, form, text in shown:
        number, rounding = parse_number(form, text)
        assert abs(number - numbers[key]) <= 1.000001 * rounding, (key, text)


@pytest.mark.parametrize("name", RUNS)
def test_no_share_is_shown_that_is_not_kept(name, pages, runs) -> None:
    html = re.sub(r"<(style|script|svg|pre|code|dl class=.words).*?</(\1|dl)>", "", pages[name].html, flags=re.DOTALL)
    html = re.sub(r'<span data-number="[^"]*" data-as="[^"]*">[^<]*</span>', "", html)
    comparison, trust = (
        json.loads((runs[name] / f"{file}.json").read_text("utf-8")) for file in ("comparison", "trust")
    )
    text = unescape(" ".join(re.sub(r"<[^>]*>", " ", html).split()))
    for told in (comparison["choice"]["reason"], *(it["limit"] for it in trust["issues"]["items"])):
        text = text.replace(told, "")
    assert set(re.findall(r"[\d.]+\s?%", text)) <= {"95 %", "0 %", "100 %", "50 %"}


@pytest.mark.parametrize("name", RUNS)
def test_a_page_is_one_file_that_hangs_together(name, pages, read) -> None:
    html, shown = pages[name].html, read[name]
    ids = shown.ids
    assert max(ids.values()) == 1
    assert not re.search(r'\b(src|href|action)="(?!data:|#)', html)
    assert not [key for it in shown.elements for key in it.attributes if key.startswith("on")]
    for link in shown.all("a"):
        assert link.attributes["href"].removeprefix("#") in ids
    for it in shown.elements:
        for name_ in ("aria-controls", "aria-labelledby", "aria-describedby"):
            for id_ in it.attributes.get(name_, "").split():
                assert id_ in ids
    levels = [int(it.tag[1]) for it in shown.elements if re.fullmatch("h[1-6]", it.tag)]
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def words_of(page, tag="main") -> str:
    return page.all(tag)[0].words.replace("\u00a0", " ")


def test_labels_are_told_one_by_one(read) -> None:
    words = words_of(read["labels"])
    for said in (
        "Label by label",
        "Precision and recall (a ring: where it is taken from)",
        "Labels that are taken together too often",
        "cat and dog",
        "The promised miss rate",
        "Worst mistakes",
        "missing: cat 97.0 %",
        "too many: <b>indoor</b>",
    ):
        assert said in words
    assert "Tells which of cat, dog, " in words_of(read["labels"], "header")
    assert "Tells which of 45 labels a photo has" in words_of(read["many labels"], "header")
    assert "This model promises no miss rate" in words_of(read["labels bare"])
    assert "Labels were not held against the answers" in words_of(read["labels bare"])
    assert "The other labels" in words_of(read["many labels"])


def test_numbers_have_their_units(read) -> None:
    header, words = words_of(read["number"], "header"), words_of(read["number"])
    assert "Predicts weight (g)" in header
    assert re.search(r"Always saying the median would be off by [\d.]+ g", header)
    for said in (
        "Predicted over true: weight (g)",
        "Residuals over predictions",
        "Largest errors",
        "decimal point, expected 46.2",
    ):
        assert said in words
    assert "gives no interval beside its answers" in words_of(read["number bare"])
    assert "<b>mm</b>" in words_of(read["numbers"])
    assert "%" not in "".join(it.words for it in read["number"].all("caption") if "Scores are" in it.words)


@pytest.mark.parametrize(
    ("write", "pages_of"), [(write_label_run, LabelSetReport()), (write_number_run, NumberReport())]
)
def test_a_card_has_the_scores_and_no_markup(write, pages_of, tmp_path) -> None:
    card = pages_of.render(write(tmp_path / "run")).card
    assert card is not None
    assert "## Quantitative analyses" in card
    assert "(95 % interval " in card
    assert not re.search(r"<(b|script)\b", card)
    rows = [line for line in card.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


@pytest.mark.parametrize(
    ("write", "pages_of", "worse"),
    [(write_label_run, LabelSetReport(), {"good": 0.8}), (write_number_run, NumberReport(), {"noise": 14.0})],
)
def test_two_runs_side_by_side(write, pages_of, worse, tmp_path) -> None:
    first, second = write(tmp_path / "first", **worse), write(tmp_path / "second")
    shown = PageReader(pages_of.compare(first, second))
    numbers = shown.numbers
    assert numbers["shared.n"] == 80
    assert numbers["shared.difference"] > 0
    lead = words_of(shown, "header")
    assert "second is better, by more than chance" in lead
    task = read_any_records(first)
    assert numbers["a.score"] == task.test.score
    for key, form, text in shown.read:
        number, rounding = parse_number(form, text)
        assert abs(number - numbers[key]) <= 1.000001 * rounding, (key, text)
    assert f"Better in {second.name}" in words_of(shown)


@pytest.mark.parametrize(
    ("write", "pages_of"), [(write_label_run, LabelSetReport()), (write_number_run, NumberReport())]
)
def test_figures_by_name(write, pages_of, tmp_path) -> None:
    plots = pages_of.plot(write(tmp_path / "run"))
    names = [name for name in dir(plots) if not name.startswith("_")]
    assert {"curves", "depth", "cost", "score_over_cost", "learning_curve", "novelty", "slices"} <= set(names)
    assert len(names) > 9
    for name in names:
        file = io.BytesIO()
        getattr(plots, name)().savefig(file, dpi=20)
        assert file.getvalue().startswith(b"\x89PNG")
    with pytest.raises(AttributeError, match=r"no figure 'slicez'.*slices"):
        plots.slicez  # noqa: B018


def test_a_cloud_is_drawn_with_all_points(runs) -> None:
    from headstart.tasks.regression.report_charts import predicted_over_true_chart

    (chart,) = predicted_over_true_chart(read_any_records(runs["number"]))
    assert isinstance(chart, Lines)
    assert len(chart.series[0].x) == 80
    assert chart.series[0].style == "cloud"
    files = TaskFiles(runs["number"])
    np.testing.assert_allclose(sorted(chart.series[0].x), np.sort(files.label[:, 0]))


def test_a_run_that_lacks_a_file_says_what_to_do(tmp_path) -> None:
    folder = write_number_run(tmp_path / "run")
    (folder / "predictions.npz").unlink()
    with pytest.raises(UserError, match=r"has no predictions.npz.* fit again with report on"):
        TaskPages(describe_numbers).render(folder)


def test_a_damaged_record_is_named(tmp_path) -> None:
    folder = write_number_run(tmp_path / "run")
    with np.load(folder / "predictions.npz") as found:
        arrays = dict(found)
    np.savez(folder / "predictions.npz", **{**arrays, "value": arrays["value"][:5]})
    with pytest.raises(UserError, match=r"predictions.npz.*cannot be read: its arrays are not of one length"):
        read_any_records(folder)
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    (folder / "trust.json").write_text(json.dumps({**trust, "slices": {"n": 3}}), "utf-8")
    with pytest.raises(UserError, match=r"trust.json.*slices.score"):
        read_any_records(folder)


def test_a_task_without_contents_has_the_page_of_any(tmp_path) -> None:
    page = PageReader(TaskPages().render(write_number_run(tmp_path / "run")).report)
    words = words_of(page)
    for said in ("Ways tried", "Training", "Would more photos help?", "Time and memory", "Words used here"):
        assert said in words
    assert "Largest errors" not in words


def test_the_verb_finds_the_task(tmp_path) -> None:
    first, second = write_label_run(tmp_path / "first"), write_label_run(tmp_path / "second", seed=3)
    assert "Label by label" in write_report(first).read_text("utf-8")
    assert (first / "model-card.md").is_file()
    page = write_comparison(first, second, tmp_path / "page.html")
    assert "have no test photo in common" in page.read_text("utf-8")
    shutil.rmtree(first)
    with pytest.raises(UserError, match="is not a run"):
        write_report(first)


def test_texts_are_escaped_and_their_numbers_kept() -> None:
    numbers = ShownNumbers()
    text = (
        "a < b ",
        GivenText("<i>"),
        " ",
        ShownNumber("n", 3.25, "number", "<g>"),
        " ",
        ShownRange("r", 1.0, 2.0, "one"),
    )
    html = str(TextLayout(numbers, Glossary(PHOTO))((*text, TermLink("recall"))))
    assert "<i>" not in html
    assert "&lt;g&gt;" in html
    assert numbers.values == {"n": 3.25, "r.low": 1.0, "r.high": 2.0}
    assert write_plain(text, PHOTO.fill) == "a < b <i> 3.25\u00a0<g> 1.0 to 2.0"
    assert write_plain((ShownNumber("n", float("nan"), "number"), ShownRange("r", None, None)), PHOTO.fill) == "--"
