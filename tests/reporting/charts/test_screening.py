"""Charts of the positive class, against scikit-learn and brute force."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.spec import NotRecorded
from headstart.reporting.records import Records, read_records
from headstart.reporting.sections.screening import build_screening_section
from tests.reporting.example_run import write_example_run

MAKERS = (
    charts.positive_roc_chart,
    charts.positive_precision_chart,
    charts.threshold_rates_chart,
    charts.decision_curve_chart,
)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return read_records(
        write_example_run(tmp_path_factory.mktemp("screening") / "run", classes=2, test=120, trained=False)
    )


@pytest.fixture
def rows(records: Records) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the positive class, and which samples are of it."""
    test = records.predictions.subset("test")
    return test.probabilities[:, 1], test.label == 1


def test_the_roc_curve_is_that_of_scikit_learn(records: Records, rows: tuple[np.ndarray, np.ndarray]) -> None:
    said, wanted = rows
    chart = charts.positive_roc_chart(records)
    curve, intervals, told, _ = chart.series
    false, true, _ = metrics.roc_curve(wanted, said, drop_intermediate=False)
    np.testing.assert_allclose(curve.x, false)
    np.testing.assert_allclose(curve.y, true)
    assert curve.name == f"area {metrics.roc_auc_score(wanted, said):.3f}"
    found = said > 0.5
    assert (told.x[0], told.y[0]) == pytest.approx((found[~wanted].mean(), found[wanted].mean()))
    for x, y, low, high in zip(intervals.x, intervals.y, intervals.low, intervals.high, strict=True):
        assert y == pytest.approx(np.interp(x, false, true))
        assert 0 <= low <= y <= high <= 1
    assert f"{metrics.roc_auc_score(wanted, said):.3f}" in chart.alt


def test_precision_over_recall_has_the_average_precision_of_scikit_learn(
    records: Records, rows: tuple[np.ndarray, np.ndarray]
) -> None:
    said, wanted = rows
    curve, intervals, told, each = charts.positive_precision_chart(records).series
    area = float((np.diff(curve.x) * np.array(curve.y)[1:]).sum())
    assert area == pytest.approx(metrics.average_precision_score(wanted, said))
    found = said > 0.5
    assert (told.x[0], told.y[0]) == pytest.approx((found[wanted].mean(), wanted[found].mean()))
    assert each.y[0] == pytest.approx(wanted.mean())
    assert all(low <= y <= high for y, low, high in zip(intervals.y, intervals.low, intervals.high, strict=True))


def test_rates_over_the_threshold_are_counted(records: Records, rows: tuple[np.ndarray, np.ndarray]) -> None:
    said, wanted = rows
    found, right, alarms = charts.threshold_rates_chart(records).series
    for at in (0, 20, 60):
        told = said >= np.float32(found.x[at])
        assert found.y[at] == pytest.approx(told[wanted].mean())
        assert alarms.y[at] == pytest.approx(told.mean())
        assert right.y[at] == pytest.approx(wanted[told].mean())


def test_the_decision_curve_has_the_net_benefit(records: Records, rows: tuple[np.ndarray, np.ndarray]) -> None:
    said, wanted = rows
    model, everything, nothing = charts.decision_curve_chart(records).series
    for at in (0, 30, 50):
        odds = model.x[at] / (1 - model.x[at])
        told = said >= model.x[at]
        benefit = ((told & wanted).sum() - odds * (told & ~wanted).sum()) / len(said)
        assert model.y[at] == pytest.approx(max(benefit, -0.5 * wanted.mean()))
    assert everything.y[0] == pytest.approx(wanted.mean() - (1 - wanted.mean()) * 0.01 / 0.99)
    assert set(nothing.y) == {0.0}


def test_a_threshold_is_marked_where_there_is_one_and_a_rare_class_has_a_logarithmic_axis(records: Records) -> None:
    assert charts.threshold_rates_chart(records).marks == ()
    found = replace(records.test.screening, threshold=0.2)
    told = replace(records, test=replace(records.test, screening=found))
    assert [mark.value for mark in charts.threshold_rates_chart(told).marks] == [0.2]
    assert [mark.value for mark in charts.decision_curve_chart(told).marks] == [0.2]
    label = np.where(np.arange(len(records.predictions)) % 20, 0, 1)
    rare = replace(records, predictions=replace(records.predictions, label=label))
    assert charts.threshold_rates_chart(rare).x.log
    assert not charts.threshold_rates_chart(records).x.log


def test_a_run_that_looks_for_no_class_has_none(tmp_path: Path) -> None:
    six = read_records(write_example_run(tmp_path / "run", classes=6, test=24, trained=False))
    for maker in MAKERS:
        with pytest.raises(NotRecorded, match="no positive class is known in this run"):
            maker(six)
    assert build_screening_section(six) is None
