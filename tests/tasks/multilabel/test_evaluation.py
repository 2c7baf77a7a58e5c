import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, log_loss, precision_recall_fscore_support

from headstart.evaluation.grouping import Targets
from headstart.tasks.multilabel.evaluation import LabelSetEvaluation, score_label_sets
from headstart.tasks.multilabel.label_losses import compute_row_losses
from headstart_runtime.errors import DataError

from .drawn import draw_probabilities

NAMES = ("cat", "dog", "glass")


def test_scores_are_those_of_scikit_learn():
    truth, chance = draw_probabilities(150, 3, seed=1)
    found = score_label_sets("test", Targets.independent(truth), chance, NAMES)
    taken = chance >= 0.5
    assert found.score == found.mean_average_precision == pytest.approx(average_precision_score(truth, chance))
    assert found.macro_f1 == pytest.approx(f1_score(truth, taken, average="macro"))
    assert found.micro_f1 == pytest.approx(f1_score(truth, taken, average="micro"))
    assert found.exact_match == pytest.approx((taken == truth).all(axis=1).mean())
    each = [log_loss(truth[:, k], chance[:, k].astype(float)) for k in range(3)]
    assert found.loss == pytest.approx(np.mean(each), rel=1e-5)
    precision, recall, f1, support = precision_recall_fscore_support(truth, taken)
    for k, label in enumerate(found.per_label):
        assert (label.name, label.support, label.known) == (NAMES[k], support[k], 150)
        assert (label.precision, label.recall, label.f1) == pytest.approx((precision[k], recall[k], f1[k]))
        assert label.average_precision == pytest.approx(average_precision_score(truth[:, k], chance[:, k]))
        for name in ("average_precision", "precision", "recall", "f1"):
            interval = getattr(label, f"{name}_interval")
            assert interval.low <= getattr(label, name) <= interval.high
    for interval, score in ((found.score_interval, found.score), (found.macro_f1_interval, found.macro_f1)):
        assert interval.low < score < interval.high


def test_what_is_unknown_does_not_count():
    truth, chance = draw_probabilities(90, 3)
    hidden = truth.copy()
    hidden[::3, 1] = -1
    found = score_label_sets("test", Targets.independent(hidden), chance, NAMES)
    known = hidden[:, 1] >= 0
    assert found.per_label[1].known == 60
    assert found.per_label[1].average_precision == pytest.approx(
        average_precision_score(truth[known, 1], chance[known, 1])
    )
    assert found.per_label[1].f1 == pytest.approx(f1_score(truth[known, 1], chance[known, 1] >= 0.5))
    assert compute_row_losses(hidden, chance)[0] == pytest.approx(compute_row_losses(truth[:, ::2], chance[:, ::2])[0])


def test_rows_of_a_group_make_intervals_wider():
    truth, chance = draw_probabilities(40, 3, seed=3)
    truth, chance = np.repeat(truth, 5, axis=0), np.repeat(chance, 5, axis=0)
    alone = score_label_sets("test", Targets.independent(truth), chance, NAMES)
    together = score_label_sets("test", Targets(truth, np.repeat(np.arange(40), 5)), chance, NAMES)
    assert (together.groups, together.n) == (40, 200)
    for name in ("mean_average_precision", "macro_f1", "micro_f1", "exact_match"):
        narrow, wide = (getattr(one, f"{name}_interval") for one in (alone, together))
        assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_labels_and_sets_that_are_given_are_scored():
    truth, chance = draw_probabilities(60, 3)
    sets = chance >= 0.05
    found = score_label_sets("test", Targets.independent(truth), chance, NAMES, labels=truth == 1, sets=sets)
    assert (found.exact_match, found.micro_f1, found.tuned) == (1, 1, True)
    some = truth.any(axis=1)
    missed = ((truth == 1) & ~sets).sum(axis=1)[some] / truth.sum(axis=1)[some]
    assert found.miss_rate == pytest.approx(missed.mean())
    assert found.set_size == pytest.approx(sets.sum(axis=1).mean())


def test_a_label_that_no_row_has_is_told_and_in_no_mean():
    truth, chance = draw_probabilities(50, 3)
    truth[:, 2] = 0
    found = score_label_sets("test", Targets.independent(truth), chance, NAMES)
    assert found.per_label[2].average_precision is None
    assert found.score == pytest.approx(average_precision_score(truth[:, :2], chance[:, :2]))
    assert "no sample here has 1 of the labels" in found.tabulate(_noun(), 10).note


def _noun():
    from headstart_runtime.modalities.item import SAMPLE

    return SAMPLE


def test_it_can_be_written_and_read():
    truth, chance = draw_probabilities(50, 3)
    truth[:, 2] = 0
    found = replace(
        score_label_sets("test", Targets.independent(truth), chance, NAMES, sets=chance > 0.1), chosen_on=("winner",)
    )
    record = json.loads(json.dumps(found.to_json()))
    assert LabelSetEvaluation.from_json(record) == found
    assert "mean average precision" in found.describe()
    with pytest.raises(DataError, match="cannot be read"):
        LabelSetEvaluation.from_json({**record, "labels": 3})
    with pytest.raises(DataError, match="schema"):
        LabelSetEvaluation.from_json({**record, "schema_version": 0})


def test_shapes_that_do_not_belong_together_are_refused():
    truth, chance = draw_probabilities(5, 3)
    with pytest.raises(DataError, match="wanted \\(5, 3\\) of both"):
        score_label_sets("test", Targets.independent(truth), chance[:, :2], NAMES)
    with pytest.raises(DataError, match="hold NaN"):
        score_label_sets("test", Targets.independent(truth), chance * np.nan, NAMES)
    with pytest.raises(DataError, match="no rows"):
        score_label_sets("test", Targets.independent(truth[:0]), chance[:0], NAMES)
