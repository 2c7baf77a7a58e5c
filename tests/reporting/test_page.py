"""The page of a run: every number a second time, what is shown of it, and that nothing of it can do harm."""

import json
import re
import shutil
from html import unescape
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from headstart.modalities.image.near_duplicates.detail import describe_low_detail
from headstart.reporting.embedded_previews import EmbeddedPreviews
from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from headstart.reporting.shown_numbers import FORMS, ShownNumbers
from headstart.reporting.write import write_report
from headstart.storage.previews import read_previews, save_previews
from headstart.training.curves import KEPT_EPOCH_RULE
from headstart_runtime.errors import SettingError, UserError
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.marked_text import MARKED_TEXT, MarkedPiece, encode_marked
from tests.reporting.example_run import write_example_run
from tests.reporting.page_reader import PageReader, parse_number
from tests.reporting.recomputed import Files, again

RUNS = {
    "plain": {},
    "given": {"given": True, "test": 90, "seed": 1},
    "bare": {"bare": True, "trained": False, "seed": 2},
    "two classes": {"classes": 2, "trained": False, "seed": 3},
    "many classes": {"classes": 45, "test": 200, "trained": False, "seed": 4},
}
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "\u202egnp.exe",
    "{{ 7 * 7 }}",
    "</style>",
    "&amp;",
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {name: write_example_run(folder / name, **options) for name, options in RUNS.items()}


@pytest.fixture(scope="module")
def pages(runs):
    return {name: render_report(read_records(folder)) for name, folder in runs.items()}


@pytest.fixture(scope="module")
def read(pages):
    """The pages, parsed."""
    return {name: PageReader(page.html) for name, page in pages.items()}


@pytest.mark.parametrize("name", RUNS)
def test_every_number_a_second_time(name, runs, pages) -> None:
    files = Files(runs[name])
    assert len(pages[name].numbers) > 100
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
    record = json.loads((runs[name] / "run.json").read_text("utf-8"))
    comparison = json.loads((runs[name] / "comparison.json").read_text("utf-8"))
    flaws = json.loads((runs[name] / "trust.json").read_text("utf-8"))["issues"]["items"]
    text = unescape(" ".join(re.sub(r"<[^>]*>", " ", html).split()))
    advised = [record["advice"]["reason"]] if record["advice"] else []
    for told in (comparison["choice"]["reason"], *advised, *(it["limit"] for it in flaws)):
        text = text.replace(told, "")
    shares = set(re.findall(r"[\d.]+\s?%", text))
    assert shares <= {"95 %", "0 %", "100 %"}


@pytest.mark.parametrize("name", RUNS)
def test_a_page_is_one_file_that_hangs_together(name, pages, read) -> None:
    html, shown = pages[name].html, read[name]
    ids = shown.ids
    assert max(ids.values()) == 1
    assert not re.search(r'\b(src|href|action)="(?!data:|#)', html)
    assert not re.search(r"url\((?!data:)", html)
    assert not [key for it in shown.elements for key in it.attributes if key.startswith("on")]
    for link in shown.all("a"):
        assert link.attributes["href"].removeprefix("#") in ids
    for it in shown.elements:
        for name_ in ("aria-controls", "aria-labelledby", "aria-describedby"):
            for id_ in it.attributes.get(name_, "").split():
                assert id_ in ids
    for image in shown.all("img"):
        assert image.attributes["alt"]
    for picture in (it for it in shown.elements if it.attributes.get("role") == "img"):
        assert picture.attributes.keys() & {"aria-label", "aria-labelledby"}
    levels = [int(it.tag[1]) for it in shown.elements if re.fullmatch("h[1-6]", it.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    assert {"header", "nav", "main", "footer"} <= {it.tag for it in shown.elements}


@pytest.mark.parametrize("name", RUNS)
def test_a_picture_is_at_most_once_in_a_page(name, pages) -> None:
    uris = re.findall(r"data:image/[^\")]+", pages[name].html)
    assert len(uris) == len(set(uris))
    assert bool(uris) == (name != "bare")


def test_what_may_be_missing_is_missing(read) -> None:
    words = read["bare"].all("main")[0].words
    assert "None were found: no two photos show the same." in words
    assert "does not judge whether a photo is unlike the training photos" in words
    assert "It cannot be told: a learning curve takes at least 8 training photos of each class" in words
    assert "no preview" not in words
    assert "Training" not in read["bare"].all("nav")[0].words
    assert "Training" in read["plain"].all("nav")[0].words


def test_a_flag_of_a_command_is_never_broken_into_two_lines(pages) -> None:
    commands = re.findall("<pre><code>(.*?)</code></pre>", pages["plain"].html, re.DOTALL)
    flags = [re.findall(r'<span class="flag">(.*?)</span>', command) for command in commands]
    assert any(flags)
    assert flags == [re.findall(r"(?<!\S)-\S+", re.sub("<.*?>", "", command)) for command in commands]
    assert ".flag { white-space: nowrap; }" in pages["plain"].html


def test_the_worst_class_is_named_unless_all_are_found(runs, tmp_path) -> None:
    folder = shutil.copytree(runs["given"], tmp_path / "run")
    file = folder / "evaluation.json"
    record = json.loads(file.read_text("utf-8"))
    scores = record["parts"]["test"]["per_class"]
    for score in scores:
        score["name"], score["recall"] = "0", 0.5
    for recall, told in ((0.5, "“0”: 50.0 % of "), (1.0, "None: of every class all photos were found")):
        for score in scores:
            score["recall"] = max(score["recall"], recall)
        file.write_text(json.dumps(record), "utf-8")
        header = PageReader(render_report(read_records(folder)).html).all("header")[0].words.replace("\u00a0", " ")
        assert told in header


def test_warnings_lead_to_what_they_warn_of(read) -> None:
    (warnings,) = [it for it in read["given"].all("ul") if it.attributes.get("class") == "warnings"]
    for words in (
        "3 test photos are also in training",
        "about 4 of 270 labels are wrong by estimate (95 % interval 3 to 6); 8 are worth a second look",
        "the border of the photo alone",
        "dark",
    ):
        assert words in warnings.words
    assert "also in training" not in read["plain"].all("header")[0].words


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("novelty", "accepted", "high"), 0.94, "of the test photos are marked as unlike the training photos"),
        (("prediction_sets", "test", "high"), 0.89, "The right class is among the candidates in only"),
        (("calibration", "after", "ece"), 0.3, "Stated probabilities are off by 30.0 points"),
        (("slices", "worst"), None, "Worse than elsewhere"),
        (("labels", "noise", "low"), 0, "Some labels look wrong"),
        (("labels", "noise", "estimate"), None, "Some labels look wrong"),
        (("shortcuts",), [], "border of the photo alone"),
        (("issues", "counts", "fir"), 12, "Few training photos"),
    ],
)
def test_a_warning_comes_and_goes_with_its_reason(path, value, words, runs, tmp_path) -> None:
    folder = shutil.copytree(runs["given"], tmp_path / "run")
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    inside = trust
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    before = words in PageReader(render_report(read_records(folder)).html).all("header")[0].words.replace("\u00a0", " ")
    (folder / "trust.json").write_text(json.dumps(trust), "utf-8")
    after = words in PageReader(render_report(read_records(folder)).html).all("header")[0].words.replace("\u00a0", " ")
    assert after == bool(value)
    assert before != after


@pytest.mark.parametrize("shown", [True, None])
def test_a_border_that_is_only_what_is_shown_is_no_warning(shown, runs, tmp_path) -> None:
    """Records of before do not say whether it is."""
    folder = shutil.copytree(runs["given"], tmp_path / "run")
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    trust["shortcuts"][0] |= {"cue": "border", "reached_by_subject": True}
    if shown is None:
        del trust["shortcuts"][0]["reached_by_subject"]
    (folder / "trust.json").write_text(json.dumps(trust), "utf-8")
    page = PageReader(render_report(read_records(folder)).html)
    assert ("border of the photo alone" in page.all("header")[0].words) == (shown is None)
    assert any("the subject reaches into it" in it.words for it in page.all("td")) == bool(shown)


def test_corrected_test_labels_are_warned_of_with_the_score_of_the_others(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run")
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    trust["labels"] |= {
        "corrected_in_test": 3,
        "untouched": {"share": 0.8, "right": 8, "n": 10, "low": 0.5, "high": 0.9},
    }
    (folder / "trust.json").write_text(json.dumps(trust), "utf-8")
    words = PageReader(render_report(read_records(folder)).html).all("header")[0].words.replace("\u00a0", " ")
    assert "3 test labels were corrected because a classifier disputed them, which flatters the score" in words
    assert "of the 10 others 80.0 % are right (50.0 % to 90.0 %)" in words


def test_a_run_without_fault_is_said_so(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", test=140)
    change = {
        "labels": {
            "noise": {"n": 9, "doubted": 0, "estimate": 0, "low": 0, "high": 0, "reason": ""},
            "issues": [],
            "corrected_in_test": 0,
            "untouched": None,
        },
        "shortcuts": [],
    }
    trust = json.loads((folder / "trust.json").read_text("utf-8")) | change
    trust["slices"]["worst"] = None
    trust["calibration"]["after"]["ece"] = 0.01
    trust["prediction_sets"]["test"]["high"] = trust["novelty"]["accepted"]["high"] = 1.0
    (folder / "trust.json").write_text(json.dumps(trust), "utf-8")
    lines = (folder / "ledger.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder / "ledger.jsonl").write_text("".join(it for it in lines if "skipped" not in it), "utf-8")
    assert "Nothing was found that calls for care. Checked: " in render_report(read_records(folder)).html


def test_cells_open_the_photos_that_they_count(read, runs) -> None:
    shown, files = read["given"], Files(runs["given"])
    galleries = {it.attributes["id"]: it for it in shown.all("section") if it.attributes["id"].startswith("cell-")}
    pairs = {(int(t), int(p)) for t, p in zip(files.label, files.said.argmax(axis=1), strict=True)}
    assert galleries.keys() == {f"cell-{true}-{said}" for true, said in pairs}
    for id_, gallery in galleries.items():
        true, said = map(int, id_.split("-")[1:])
        own = (files.label == true) & (files.said.argmax(axis=1) == said)
        inside = [it for it in shown.all("li") if gallery in it.above]
        assert len(inside) == own.sum()
        names = {files.trust["names"][str(key)].rpartition("/")[2] for key in files.id[own]}
        assert {it.words for it in shown.all("bdi") if gallery in it.above and it.attributes.get("class")} == names
    open_ = [id_ for id_, it in galleries.items() if "shown" in it.attributes["class"].split()]
    assert len(open_) == 1


def test_nothing_of_the_users_becomes_markup(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", classes=6, names=HOSTILE, given=True)
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    trust["names"] = {id_: f"{HOSTILE[n % 6]}/{n}.jpg" for n, id_ in enumerate(trust["names"])}
    trust["command"] = "headstart fit '</code><script>alert(2)</script>'"
    (folder / "trust.json").write_text(json.dumps(trust), "utf-8")
    html = write_report(folder).read_text("utf-8")
    shown = PageReader(html)
    assert "alert(1)" in html
    assert len(shown.all("script")) == 2
    assert [it for it in shown.all("img") if it.attributes.get("src") == "x"] == []
    assert not [key for it in shown.elements for key in it.attributes if key.startswith("on")]
    assert "49" not in shown.all("h1")[0].words
    card = (folder / "model-card.md").read_text("utf-8")
    assert not re.search(r"<(script|img|/style)", card)


def test_names_that_are_no_text_are_written(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", test=12)
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    trust["names"] = dict.fromkeys(trust["names"], "ant/\udcff.jpg")
    (folder / "trust.json").write_text(json.dumps(trust), "utf-8")
    assert "\\udcff" in write_report(folder).read_text("utf-8")


def test_only_our_script_may_run(pages) -> None:
    html = pages["plain"].html
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[\w+/]{43}='$", policy)


def test_a_report_is_written_into_its_run_and_nothing_else_is_overwritten(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", test=12)
    assert write_report(folder) == folder / "report.html"
    (folder / "model-card.md").write_text("mine", "utf-8")
    (folder / "report.html").write_text("old", "utf-8")
    assert "headstart report" in write_report(str(folder)).read_text("utf-8")
    assert (folder / "model-card.md").read_text("utf-8") == "mine"
    other = tmp_path / "new" / "page.html"
    assert write_report(folder, other) == other
    before = other.read_bytes()
    with pytest.raises(SettingError, match="is there already and is not overwritten"):
        write_report(folder, other)
    assert other.read_bytes() == before
    with pytest.raises(SettingError, match="is a file; name another"):
        write_report(folder, other / "page.html")


def test_a_folder_that_is_no_run_or_an_old_one(tmp_path) -> None:
    with pytest.raises(UserError, match="is not a run"):
        write_report(tmp_path / "none")
    folder = write_example_run(tmp_path / "run", test=12)
    (folder / "trust.json").unlink()
    with pytest.raises(UserError, match=r"no trust\.json"):
        write_report(folder)


def test_pictures_keep_to_their_budget() -> None:
    jpeg = [Thumbnail(bytes([number]) * 300, "image/jpeg") for number in range(3)]
    stored = {"a": jpeg[0], "b": jpeg[1], "c": Thumbnail(b"run", "text/html"), "d": jpeg[2], "like a": jpeg[0]}
    pictures = EmbeddedPreviews(stored, ["b", "a", "b", "c", "missing", "d", "like a"], budget=900)
    assert ["b" in pictures, "a" in pictures, "c" in pictures, "d" in pictures] == [True, True, False, False]
    assert pictures.left_out == 1
    assert pictures.style().count("data:image/jpeg;base64,") == 2
    assert pictures.css_class("d") == ""
    assert pictures.css_class("like a") == pictures.css_class("a")


def test_a_text_is_shown_as_text_and_cannot_act() -> None:
    text = 'a"}</style><script>b</script>é'
    previews = EmbeddedPreviews({"a": Thumbnail(text.encode(), "text/plain")}, ["a"])
    assert str(previews.style()) == ""
    assert str(previews.text("a")) == "a&#34;}&lt;/style&gt;&lt;script&gt;b&lt;/script&gt;é"
    assert previews.text("b") == ""
    assert previews.of_texts
    assert "a" in previews
    assert previews.sheet == ""


def test_words_that_spoke_for_an_answer_are_marked() -> None:
    marked = encode_marked([MarkedPiece("<b>sea</b>", 1.0), MarkedPiece(" & "), MarkedPiece("the", 0.01)])
    previews = EmbeddedPreviews({"heat/a": marked, "b": marked}, ["heat/a", "b"], budget=70)
    assert str(previews.text("heat/a")) == '<mark style="--w:1.00">&lt;b&gt;sea&lt;/b&gt;</mark> &amp; the'
    assert previews.left_out == 1
    broken = Thumbnail(b'[["a", "b"]]', MARKED_TEXT)
    assert str(EmbeddedPreviews({"a": broken}, ["a"]).text("a")) == ""


def test_a_thousand_photos_stay_below_ten_megabytes(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", test=1000, trained=False)
    chance = np.random.default_rng(0)
    stored = {
        key: Thumbnail(chance.bytes(5000), preview.media_type)
        for key, preview in read_previews(folder / "previews.npz").items()
    }
    save_previews(stored, folder / "previews.npz")
    page = write_report(folder)
    assert 5e6 < page.stat().st_size < 10e6


def test_a_number_has_one_value() -> None:
    numbers = ShownNumbers()
    assert str(numbers("a.b", 0.12345, "percent")) == '<span data-number="a.b" data-as="percent">12.3\u00a0%</span>'
    assert str(numbers("a.b", 0.12345, "three")) == '<span data-number="a.b" data-as="three">0.123</span>'
    assert "–" in numbers("missing", None)
    assert "–" in numbers("missing", float("nan"))
    assert numbers.values == {"a.b": 0.12345}
    with pytest.raises(ValueError, match="two values"):
        numbers("a.b", 0.2, "percent")


@pytest.mark.parametrize("form", FORMS)
def test_forms_can_be_read_back(form) -> None:
    chance = np.random.default_rng(0)
    values = np.r_[0, 1, 10.0 ** chance.uniform(-4, 5, 200)]
    if form == "count":
        values = values.round()
    for value in [*values, *(-values if form in ("points", "one", "two", "three", "number", "signed") else ())]:
        number, rounding = parse_number(form, FORMS[form](value))
        assert abs(number - value) <= 1.000001 * rounding + 1e-12, (value, FORMS[form](value))


def test_the_templates_are_in_the_package() -> None:
    import headstart.reporting

    folder = Path(headstart.reporting.__file__).parent / "templates"
    assert {"page.css", "page.js", "report.html", "compare_runs.html", "card.md"} <= {
        it.name for it in folder.iterdir()
    }


def test_where_photos_have_too_little_detail_it_is_not_said_that_no_two_show_the_same(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", trained=False)
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    trust["duplicates"] |= {"pairs": [], "sets": []}
    (folder / "trust.json").write_text(json.dumps(trust), "utf-8")
    said = "None were found: no two photos show the same."
    assert said in render_report(read_records(folder)).html
    trust["duplicates"]["note"] = describe_low_detail(240, 240)
    (folder / "trust.json").write_text(json.dumps(trust), "utf-8")
    html = render_report(read_records(folder)).html
    assert said not in html
    assert "None were found, as far as could be told: <bdi>all photos have too little detail (drawings" in html


def test_the_rule_of_the_kept_epoch_is_that_of_training(read) -> None:
    told = [it.words for it in read["plain"].all("p")]
    assert any(
        f"The epoch that is kept is {KEPT_EPOCH_RULE}, if it is better than before the first step" in it for it in told
    )
