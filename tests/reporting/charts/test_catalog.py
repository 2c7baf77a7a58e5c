"""Every number of every chart, computed a second time from the run's files: by scikit-learn, scipy or brute force."""

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics

from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.spec import MOST_ROWS, format_bytes, format_percent, format_value
from headstart.reporting.records import read_records
from headstart_runtime.errors import UserError
from tests.reporting.charts.every_chart import CHARTS, make_charts
from tests.reporting.example_run import write_example_run


class Files:
    """A drawn run, read without the code under test."""

    def __init__(self, folder, **options):
        self.folder = write_example_run(folder, **options)
        self.records = read_records(self.folder)
        self.run, self.trust, self.comparison, self.evaluation = (
            json.loads((self.folder / f"{name}.json").read_text("utf-8"))
            for name in ("run", "trust", "comparison", "evaluation")
        )
        with np.load(self.folder / "predictions.npz") as arrays:
            every = dict(arrays)
        self.test, self.validation = (
            {name: values[every["part"] == part] for name, values in every.items()} for part in ("test", "validation")
        )
        self.classes = self.run["classes"]


def with_trust(records, **changes):
    return replace(records, trust=replace(records.trust, **changes))


def with_arms(records, change):
    arms = tuple(change(arm) for arm in records.run.arms)
    return replace(records, run=replace(records.run, arms=arms))


def with_rows(records, change):
    rows = tuple(change(row) for row in records.comparison.arms)
    return replace(records, comparison=replace(records.comparison, arms=rows))


@pytest.fixture(scope="module")
def six(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("six") / "run", classes=6, test=120)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("many") / "run", classes=30, test=240)


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("bare") / "run", classes=3, test=24, trained=False, bare=True)


@pytest.fixture(params=["six", "many"])
def run(request):
    return request.getfixturevalue(request.param)


def by_name(chart):
    return {series.name: series for series in chart.series}


def area(series):
    """Under a curve, by trapezoids."""
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(zip(series.x, series.y, strict=True)))


def wilson(right, n):
    found = binomtest(right, n).proportion_ci(method="wilson")
    return found.low, found.high


def test_confusion_counts_the_test_photos(run):
    chart = charts.confusion_chart(run.records)
    said = run.test["probabilities"].argmax(axis=1)
    wanted = metrics.confusion_matrix(run.test["label"], said, labels=range(len(run.classes)))
    np.testing.assert_array_equal(chart.counts, wanted)
    rows = metrics.confusion_matrix(run.test["label"], said, labels=range(len(run.classes)), normalize="true")
    np.testing.assert_allclose(chart.shares, rows)
    assert chart.names == tuple(run.classes)
    assert format_percent(metrics.accuracy_score(run.test["label"], said)) in chart.alt


def test_confusion_says_what_is_most_often_mistaken(six):
    said = six.test["probabilities"].argmax(axis=1)
    wrong = Counter((a, b) for a, b in zip(six.test["label"].tolist(), said.tolist(), strict=True) if a != b)
    most = max(wrong.values())
    named = [f"{six.classes[a]} for {six.classes[b]} ({count})" for (a, b), count in wrong.items() if count == most]
    alt = charts.confusion_chart(six.records).alt
    assert any(f"taken: {name}" in alt for name in named)
    right = tuple(tuple(int(a == b) for b in range(6)) for a in range(6))
    perfect = replace(six.records, test=replace(six.records.test, confusion=right))
    assert "none was taken for another class" in charts.confusion_chart(perfect).alt


def test_roc_of_few_classes_is_scikit_learns(six):
    shown = by_name(charts.roc_chart(six.records))
    assert len(shown) == 7
    for k, name in enumerate(six.classes):
        own, scores = six.test["label"] == k, six.test["probabilities"][:, k]
        auc = metrics.roc_auc_score(own, scores)
        series = shown[f"{name} ({auc:.3f})"]
        false, true, _ = metrics.roc_curve(own, scores, drop_intermediate=False)
        np.testing.assert_allclose((series.x, series.y), (false, true))
        assert area(series) == pytest.approx(auc)


def test_precision_recall_of_few_classes_is_scikit_learns(six):
    shown = by_name(charts.precision_recall_chart(six.records))
    assert len(shown) == 6
    for k, name in enumerate(six.classes):
        own, scores = six.test["label"] == k, six.test["probabilities"][:, k]
        mean = metrics.average_precision_score(own, scores)
        series = shown[f"{name} ({mean:.3f})"]
        assert area(series) == pytest.approx(mean)
        precision, recall, _ = metrics.precision_recall_curve(own, scores)
        assert set(series.y) <= set(precision.tolist())
        assert set(series.x) <= set(recall.tolist())
        assert series.x[-1] == 1


@pytest.mark.parametrize(
    ("make", "score"),
    [(charts.roc_chart, metrics.roc_auc_score), (charts.precision_recall_chart, metrics.average_precision_score)],
)
def test_of_many_classes_the_mean_and_the_lowest_are_drawn(many, make, score):
    chart = make(many.records)
    each = {
        name: score(many.test["label"] == k, many.test["probabilities"][:, k])
        for k, name in enumerate(many.classes)
        if (many.test["label"] == k).any()
    }
    mean, *lowest = [series for series in chart.series if series.style != "reference"]
    assert area(mean) == pytest.approx(np.mean(list(each.values())))
    assert mean.name == f"mean of all classes ({np.mean(list(each.values())):.3f})"
    assert [series.name for series in lowest] == [
        f"{name} ({value:.3f})" for name, value in sorted(each.items(), key=lambda pair: pair[1])[:4]
    ]
    name, value = min(each.items(), key=lambda pair: pair[1])
    assert f"lowest for {name} with {value:.3f}" in chart.alt


def test_the_mean_of_curves_is_their_mean_at_every_place(many):
    mean = charts.roc_chart(many.records).series[0]
    classes = [k for k in range(30) if (many.test["label"] == k).any()]
    curves = [metrics.roc_curve(many.test["label"] == k, many.test["probabilities"][:, k]) for k in classes]
    for place in (0.0123, 0.0777, 0.4321):  # where no curve jumps
        wanted = np.mean([np.interp(place, false, true) for false, true, _ in curves])
        assert np.interp(place, mean.x, mean.y) == pytest.approx(wanted)


def test_one_class_alone_has_no_curve(six):
    it = six.records.predictions
    rows = (it.label == 2) & (it.part == "test")
    alone = replace(six.records, predictions=replace(it, part=np.where(rows, "test", "validation")))
    with pytest.raises(UserError, match="all test photos are of one class"):
        charts.roc_chart(alone)


def test_risk_is_counted_among_the_surest(run):
    chart = charts.risk_coverage_chart(run.records)
    (series,) = chart.series
    sure = run.test["probabilities"].max(axis=1)
    wrong = run.test["probabilities"].argmax(axis=1) != run.test["label"]
    for coverage, risk in list(zip(series.x, series.y, strict=True))[:: max(1, len(series.x) // 20)]:
        kept = sorted(zip(sure, wrong, strict=True), key=lambda pair: -pair[0])[: round(coverage * len(sure))]
        assert risk == pytest.approx(sum(bad for _, bad in kept) / len(kept))
    assert (series.x[-1], series.y[-1]) == (1, pytest.approx(wrong.mean()))
    assert chart.marks[0].value == pytest.approx(wrong.mean())
    assert chart.alt.startswith(format_percent(wrong.mean()))


@pytest.mark.parametrize(("name", "key"), [("calibrated", "probabilities"), ("uncalibrated", "uncalibrated")])
def test_reliability_bins_hold_the_photos_of_their_confidence(run, name, key):
    chart = charts.reliability_chart(run.records)
    series = by_name(chart)[name]
    said = run.test[key].astype(np.float64)
    order = np.argsort(said.max(axis=1), kind="stable")
    sure, right = said.max(axis=1)[order], (said.argmax(axis=1) == run.test["label"])[order]
    counts = [int(note.split()[0]) for note in series.notes]
    assert sum(counts) == len(sure)
    error, start = 0.0, 0
    for at, n in enumerate(counts):
        own = slice(start, start + n)
        assert series.x[at] == pytest.approx(sure[own].mean())
        assert series.y[at] == pytest.approx(right[own].mean())
        assert (series.low[at], series.high[at]) == pytest.approx(wilson(int(right[own].sum()), n))
        error += n / len(sure) * abs(sure[own].mean() - right[own].mean())
        start += n
    assert f"{100 * error:.1f}" in chart.alt


def test_reliability_shows_how_many_photos_are_so_sure(six):
    columns = by_name(charts.reliability_chart(six.records))["share of photos, calibrated"]
    sure = six.test["probabilities"].max(axis=1)
    assert sum(columns.y) == pytest.approx(1)
    for low, high, share in zip(columns.x, columns.x[1:], columns.y, strict=False):
        inside = [low <= value < high or (high == 1 and value >= low) for value in sure]
        assert share == pytest.approx(np.mean(inside))


def test_sizes_of_sets_are_counted(six):
    chart = charts.set_sizes_chart(six.records)
    sizes = Counter(six.test["prediction_set"].sum(axis=1).tolist())
    shares = dict(zip(chart.categories, chart.groups[0].values, strict=True))
    named = {f"{n} candidate{'s' * (n > 1)}": sizes[n] / 120 for n in range(1, max(sizes) + 1)}
    assert shares == pytest.approx(named)
    assert f"the mean is {six.test['prediction_set'].sum() / 120:.2f}" in chart.alt


def test_the_largest_sets_share_a_row(many):
    counts = [0] * 30
    for number in (1, 2, 12, 13, 25):
        counts[number - 1] = number
    sets = many.records.trust.prediction_sets
    found = replace(sets.test, sizes=tuple(counts), n=sum(counts))
    chart = charts.set_sizes_chart(with_trust(many.records, prediction_sets=replace(sets, test=found)))
    assert chart.categories[-1] == "12 to 25 candidates"
    assert len(chart.categories) == 12
    assert chart.groups[0].values[-1] == pytest.approx((12 + 13 + 25) / sum(counts))
    assert sum(chart.groups[0].values) == pytest.approx(1)


def test_coverage_by_class_is_counted(run):
    chart = charts.class_coverage_chart(run.records)
    held = {}
    for sets, label in zip(run.test["prediction_set"], run.test["label"].tolist(), strict=True):
        held.setdefault(run.classes[label], []).append(bool(sets[label]))
    assert len(chart.categories) == min(len(held), MOST_ROWS)
    (group,) = chart.groups
    for at, name in enumerate(chart.categories):
        assert group.values[at] == pytest.approx(np.mean(held[name]))
        assert (group.low[at], group.high[at]) == pytest.approx(wilson(sum(held[name]), len(held[name])))
        stored = run.trust["prediction_sets"]["test"]["per_class"][run.classes.index(name)]
        assert group.values[at] == pytest.approx(stored)
    left_out = [np.mean(own) for name, own in held.items() if name not in chart.categories]
    assert not left_out or min(left_out) >= max(group.values)


def test_novelty_columns_hold_the_photos(six):
    chart = charts.novelty_chart(six.records)
    for series, part in zip(chart.series, (six.validation, six.test), strict=True):
        assert sum(series.y) == pytest.approx(1)
        for low, high, share in zip(series.x, series.x[1:], series.y, strict=False):
            inside = [low <= it < high or (high == series.x[-1] and it == high) for it in part["novelty"].astype(float)]
            assert share == pytest.approx(np.mean(inside), abs=1e-9)
    accepted = np.mean(six.test["novelty"] <= 1)
    assert format_percent(accepted) in chart.alt
    assert chart.marks[0].value == 1


def test_class_counts_are_those_of_split_and_ledger(run):
    chart = charts.class_counts_chart(run.records)
    label = {}
    for line in (run.folder / "ledger.jsonl").read_text("utf-8").splitlines()[1:]:
        entry = json.loads(line)
        if "digest" in entry:
            label[entry["digest"]] = entry["label"]
    parts = json.loads((run.folder / "split.json").read_text("utf-8"))["subsets"]
    for group in chart.groups:
        count = Counter(label[id_] for id_ in parts[group.name])
        assert [count[name] for name in chart.categories] == list(group.values)
    total = Counter(label.values())
    assert len(chart.categories) == min(len(run.classes), MOST_ROWS)
    if len(run.classes) > MOST_ROWS:
        ranked = sorted(total[name] for name in run.classes)
        shown = sorted(total[name] for name in chart.categories)
        assert shown == ranked[: MOST_ROWS // 2] + ranked[-MOST_ROWS // 2 :]
    assert f"{sum(total.values()):,} photos" in chart.alt


def test_slices_are_those_found(six):
    chart = charts.slices_chart(six.records)
    for at, it in enumerate(six.trust["slices"]["slices"]):
        assert chart.categories[at] == f"{it['by']}: {it['value']}"
        assert chart.groups[0].values[at] == it["right"] / it["n"]
        assert (chart.groups[0].low[at], chart.groups[0].high[at]) == pytest.approx(wilson(it["right"], it["n"]))
        assert (at in chart.marked) == it["worse"]
    said = six.test["probabilities"].argmax(axis=1)
    assert chart.marks[0].value == pytest.approx(metrics.accuracy_score(six.test["label"], said))
    assert "worse by more than chance: brightness dark" in chart.alt


def test_of_many_slices_the_least_accurate_are_shown(many):
    every = many.trust["slices"]["slices"]
    chart = charts.slices_chart(many.records)
    assert len(every) > len(chart.categories) == MOST_ROWS
    assert sorted(chart.groups[0].values) == sorted(it["accuracy"] for it in every)[:MOST_ROWS]


def test_learning_curve_and_its_doubled_point(six):
    curve = six.trust["learning_curve"]
    chart = charts.learning_curve_chart(six.records)
    measured, expected = chart.series
    assert list(measured.x) == [it["samples"] for it in curve["sizes"]]
    assert list(measured.y) == [it["score"] for it in curve["sizes"]]
    assert [*zip(measured.low, measured.high, strict=True)] == [(it["low"], it["high"]) for it in curve["sizes"]]
    last = curve["sizes"][-1]
    assert expected.x == (last["samples"], 2 * last["samples"])
    assert expected.y[1] == pytest.approx(min(1, last["score"] + curve["doubling"]))
    assert f"{100 * curve['doubling']:+.1f} points" in chart.alt
    unknown = replace(six.records.trust.learning_curve, doubling=None)
    chart = charts.learning_curve_chart(with_trust(six.records, learning_curve=unknown))
    assert len(chart.series) == 1
    assert "cannot be told" in chart.alt


def test_gains_stand_most_first(six):
    gains = {it["name"]: it for it in six.trust["learning_curve"]["gains"]}
    chart = charts.gains_chart(six.records)
    assert set(chart.categories) == set(gains)
    assert list(chart.groups[0].values) == sorted((it["gain"] for it in gains.values()), reverse=True)
    for at, name in enumerate(chart.categories):
        found = chart.groups[0]
        assert (found.values[at], found.low[at], found.high[at]) == tuple(
            gains[name][it] for it in ("gain", "low", "high")
        )


def test_curves_of_each_trained_arm(six):
    trained = [arm for arm in six.run["arms"] if arm["curves"]]
    made = charts.training_curves_chart(six.records)
    assert len(made) == 2 * len(trained) == 4
    fields = [("train_loss", "validation_loss", "calibrated_loss"), ("train_score", "validation_score")]
    for at, chart in enumerate(made):
        arm = trained[at // 2]
        for series, field in zip(chart.series, fields[at % 2], strict=True):
            assert list(series.x) == [epoch["number"] for epoch in arm["curves"]]
            assert list(series.y) == [epoch[field] for epoch in arm["curves"]]
        assert chart.marks[0].value == arm["best_epoch"]
        (marked,) = chart.series[1].marked
        assert arm["curves"][marked]["number"] == arm["best_epoch"]
        assert arm["name"] in chart.title


def test_words_of_the_arms(six):
    """Where the usual sentence would not be true, another is said."""
    records = with_arms(six.records, lambda arm: replace(arm, best_epoch=0, depth=arm.depth[:-1]))
    records = with_rows(records, lambda row: replace(row, memory=0, seconds=500.0 if row.winner else row.seconds))
    loss, accuracy = charts.training_curves_chart(records)[:2]
    start = next(arm["curves"][0] for arm in six.run["arms"] if arm["curves"])
    kept = "before the first step; training did not help, and the untrained network was kept"
    assert f"is {start['validation_loss']:.3f} {kept}" in loss.alt
    assert f"is {format_percent(start['validation_score'])} {kept}" in accuracy.alt
    assert "the slowest of 4 ways." in charts.score_over_cost_chart(records).alt
    assert "are told from final, the last layer." in charts.depth_chart(records)[0].alt
    assert charts.cost_chart(records)[1].alt == "No arm took any memory; predicted were 900\u00a0MB at most."
    winner = tuple(row for row in records.comparison.arms if row.winner)
    alone = replace(records, comparison=replace(records.comparison, arms=winner))
    assert "nothing else was tried." in charts.score_over_cost_chart(alone).alt


def test_range_test_of_the_rate(six):
    (chart,) = charts.rate_finder_chart(six.records)
    (curve,) = [arm["rate_curve"] for arm in six.run["arms"] if arm["rate_curve"]]
    assert list(chart.series[0].x) == curve["rates"]
    assert list(chart.series[0].y) == curve["losses"]
    assert chart.marks[0].value == curve["suggestion"]
    assert "until the loss blew up" in chart.alt


def test_score_over_cost_has_each_arm_and_its_winner(six):
    chart = charts.score_over_cost_chart(six.records)
    arms = {arm["name"]: arm for arm in six.run["arms"]}
    for series in chart.series:
        arm = arms[series.name.removesuffix(" (kept)")]
        confusion = np.array(arm["validation"]["confusion"])
        right, n = int(np.trace(confusion)), int(confusion.sum())
        assert series.x == (arm["seconds"],)
        assert series.y == (pytest.approx(right / n),)
        assert (series.low[0], series.high[0]) == pytest.approx(wilson(right, n))
    assert [series.name for series in chart.series if series.marked] == [f"{six.run['winner']} (kept)"]
    assert len(chart.series) == len(arms)
    assert chart.alt.startswith(f"{six.run['winner']} was kept")


def test_an_arm_that_took_no_time_has_a_place(six):
    free = charts.score_over_cost_chart(with_rows(six.records, lambda row: replace(row, seconds=0.0)))
    assert {series.x for series in free.series} == {(0.01,)}


def test_depth_has_each_layer(six):
    (chart,) = charts.depth_chart(six.records)
    points = next(arm["depth"] for arm in six.run["arms"] if arm["depth"])
    held_out, inside = chart.series
    assert chart.x.names == ("stage1", "stage2", "stage3", "stage4", "stage5", "final", "joined")
    assert list(held_out.y) == [it["validation_score"] for it in points]
    known = [(at, it["score"]) for at, it in enumerate(points) if it["score"] is not None]
    assert [*zip(inside.x, inside.y, strict=True)] == known
    assert "all layers joined" in chart.alt


def test_cost_predicted_and_real(six):
    for chart, field in zip(charts.cost_chart(six.records), ("seconds", "memory", "disk"), strict=True):
        rows = six.comparison["arms"]
        assert chart.categories == tuple(row["arm"] for row in rows)
        predicted, real = chart.groups
        assert list(predicted.values) == [row[f"predicted_{field}"] for row in rows]
        assert list(real.values) == [row[field] for row in rows]
    idle = with_rows(six.records, lambda row: replace(row, disk=0, predicted_disk=0))
    assert [chart.title for chart in charts.cost_chart(idle)] == ["Time", "Memory"]
    unpriced = with_rows(six.records, lambda row: replace(row, predicted_seconds=None))
    with pytest.raises(UserError, match="nothing was predicted"):
        charts.cost_chart(unpriced)


MISSING = {
    "training_curves": "trained no network.*linear-probe.*arms='linear-probe,partial-finetune'",
    "rate_finder": "no range test.*find_rate=True",
    "learning_curve": "no learning curve",
    "gains": "no learning curve",
    "novelty": "no novelty score",
}


@pytest.mark.parametrize("name", MISSING)
def test_a_chart_whose_data_the_run_lacks_says_so(bare, name):
    with pytest.raises(UserError, match=MISSING[name]):
        CHARTS[name](bare.records)


def test_other_things_that_may_be_missing(bare):
    none = replace(bare.records.trust.slices, slices=())
    records = with_trust(with_arms(bare.records, lambda arm: replace(arm, depth=())), prediction_sets=None, slices=none)
    for name, words in {
        "set_sizes": "no prediction sets",
        "class_coverage": "no prediction sets",
        "slices": "no slice of the test part has the 5 photos",
        "depth": "no intermediate-probe.*arms='linear-probe,intermediate-probe'",
    }.items():
        with pytest.raises(UserError, match=words):
            CHARTS[name](records)


def test_make_charts_has_what_can_be_drawn(six, bare):
    of_a_positive_class = {"positive_roc", "positive_precision", "threshold_rates", "decision_curve"}
    assert set(CHARTS) - set(make_charts(six.records)) == of_a_positive_class
    assert set(CHARTS) - set(make_charts(bare.records)) == set(MISSING) | of_a_positive_class


def test_every_chart_speaks(run):
    for made in make_charts(run.records).values():
        for chart in made:
            assert chart.title
            assert chart.alt.endswith(".")
            assert not {"nan", "None", "inf"} & set(chart.alt.replace("(", " ").split())


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.12345, "share", "12.3\u00a0%"),
        (-0.00001, "share", "0.0\u00a0%"),
        (-0.028, "share", "−2.8\u00a0%"),
        (0, "bytes", "0\u00a0B"),
        (999_600, "bytes", "1\u00a0MB"),
        (258_039_552, "bytes", "258\u00a0MB"),
        (2.5e12, "bytes", "2.5e+03\u00a0GB"),
        (0.2709, "seconds", "0.271\u00a0s"),
        (12_345, "seconds", "12,345\u00a0s"),
        (12_345.0, "count", "12,345"),
        (6.3e-4, "rate", "6.3e-04"),
        (0.5, "number", "0.5"),
    ],
)
def test_values_are_written_for_people(value, form, text):
    assert format_value(value, form) == text


def test_bytes_have_the_unit_that_fits():
    assert [format_bytes(10**power) for power in (2, 3, 6, 9)] == [
        f"{text}" for text in ("100\u00a0B", "1\u00a0kB", "1\u00a0MB", "1\u00a0GB")
    ]
