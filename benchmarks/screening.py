"""Whether a wished recall, precision or cost holds on new data, where one class of two is rare.

    python benchmarks/screening.py [--seeds 20] [--rows 4000] [--test 20000] [--share 0.02]

Features are drawn: two classes of normal rows that overlap, the rarer one 2 % of all; once each row by itself, once in
groups of up to six rows that lie close together. As in a fit a logistic head is fitted on all rows, and calibration and
threshold on predictions by heads that were not fitted on the row, nor on its group. All is judged on as many as
``--test`` further rows, in groups as well, and pooled over the seeds:

* recall: the share of positives that is told where ``recall=0.95`` is wished, with the 95 % interval of its mean over
  the seeds; beside it what the plain quantile gives, of the same predictions (``plain``) and of the fitted head's own
  (``fitted``);
* precision: the share of alarms that is right where ``precision=0.8`` is wished, and in how many seeds it is refused;
* cost: what a row costs where ``cost=20:1`` is wished, over what it costs by the best threshold in hindsight, and, for
  comparison, where the likeliest class is predicted.

``refused`` says what is said of twelve positives. The last line is one JSON object.
"""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

import measuring
from headstart.evaluation.grouping import Targets
from headstart.heads.catalog import HEADS, fit_head
from headstart.heads.crossfit import cross_val_predict
from headstart.heads.head import TrainingSet
from headstart.heads.threads import limit_threads
from headstart.settings import HeadSettings
from headstart.tasks.classification.calibration_choice import choose_calibration
from headstart.tasks.classification.postprocessing import ClassPostprocessing
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.errors import DataError
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.linalg import softmax

SPACE = make_class_space(["defect", "ok"])
WIDTH, APART = 16, 2.4  #: features, and how far the classes lie apart, in standard deviations
WISHES = {"recall": "recall=0.95", "precision": "precision=0.8", "cost": "cost=20:1"}
RECALL, RATIO = 0.95, 20
MOST_IN_GROUP, ALIKE = 6, 0.7  #: rows of a group, and the share of the variance that they have in common
GROUPED = 3  #: times as many rows where they come in groups, for about as many groups


def draw(random: np.random.Generator, rows: int, share: float, *, grouped: bool) -> tuple[np.ndarray, Targets]:
    """Features (N, D) and labels; 0 is the rare class."""
    sizes = random.integers(1, MOST_IN_GROUP + 1, rows) if grouped else np.ones(rows, np.int64)
    groups = np.repeat(np.arange(rows), sizes)[:rows]
    count = int(groups[-1]) + 1
    rare = np.zeros(count, bool)
    rare[random.choice(count, max(2, round(share * count)), replace=False)] = True
    labels = np.where(rare[groups], 0, 1)
    common = random.standard_normal((count, WIDTH))[groups]
    own = random.standard_normal((rows, WIDTH))
    features = np.sqrt(ALIKE) * common + np.sqrt(1 - ALIKE) * own if grouped else own
    features[:, 0] += APART * (labels == 0)
    return features.astype(np.float32), Targets(labels, groups)


def judge(seed: int, rows: int, test: int, share: float, *, grouped: bool) -> dict[str, tuple[float, float]]:
    """One drawing: for each figure how much of how much."""
    random = np.random.default_rng([seed, grouped])
    features, targets = draw(random, rows, share, grouped=grouped)
    new, truth = draw(random, test, share, grouped=grouped)
    known, settings = (
        TrainingSet(features, targets.values, 2, targets.groups, balanced=False, seed=seed),
        HeadSettings(),
    )
    fitted = fit_head("logistic", known, settings)
    held_out = cross_val_predict(known, HEADS["logistic"], settings, fitted.chosen, folds=settings.folds)
    raw, wanted, found = softmax(fitted.head.logits(new)), truth.values == 0, {}

    def tell(name: str) -> BatchPredictions | None:
        given = SimpleNamespace(
            calibration="auto", seed=seed, coverage=0.9, positive=None, operating_point=WISHES[name]
        )
        made = ClassPostprocessing().fit(targets, held_out, SPACE, given)
        return None if made.refusal else BatchPredictions(made.postprocessor.apply(raw))

    recall, precision, cost = map(tell, WISHES)
    assert recall is not None
    assert cost is not None
    told = recall.predicted == 0
    found["recall"] = (float(told[wanted].sum()), float(wanted.sum()))
    found["flagged"] = (float(told.sum()), float(len(told)))
    calibrated = choose_calibration(targets.values, held_out, targets.groups, seed=seed)
    positives, scores = targets.values == 0, recall.probabilities[wanted, 0]
    own = calibrated.calibration.apply(softmax(fitted.head.logits(features)))
    for name, known_scores in (("plain", calibrated.cross_fitted), ("fitted", own)):
        threshold = np.quantile(known_scores[positives, 0], 1 - RECALL)
        found[name] = (float((scores >= threshold).sum()), float(wanted.sum()))
    found["refused"] = (float(precision is None), 1.0)
    if precision is not None:
        alarms = precision.predicted == 0
        found["precision"] = (float((alarms & wanted).sum()), float(alarms.sum()))
    best = best_cost(cost.probabilities[:, 0], wanted)
    found["cost"] = (count_cost(cost.predicted == 0, wanted), best)
    found["likeliest"] = (count_cost(cost.probabilities.argmax(axis=1) == 0, wanted), best)
    return found


def count_cost(told: np.ndarray, wanted: np.ndarray) -> float:
    """Of all rows, in false alarms."""
    return float(RATIO * (wanted & ~told).sum() + (told & ~wanted).sum())


def best_cost(scores: np.ndarray, wanted: np.ndarray) -> float:
    """By the best of all thresholds, in hindsight."""
    order = np.argsort(-scores, kind="stable")
    missed = wanted.sum() - np.r_[0, wanted[order].cumsum()]
    return float((RATIO * missed + np.r_[0, (~wanted[order]).cumsum()]).min())


def pool(drawn: Sequence[dict[str, tuple[float, float]]], name: str) -> dict[str, float]:
    """One figure over the seeds: pooled, the lowest and highest, and the 95 % interval of the mean."""
    pairs = np.array([one[name] for one in drawn if name in one], float).reshape(-1, 2)
    if not len(pairs):
        return {"seeds": 0}
    each = pairs[:, 0] / np.maximum(pairs[:, 1], 1e-9)
    half = 1.96 * float(each.std(ddof=1)) / np.sqrt(len(each)) if len(each) > 1 else 0.0
    spread = {"lowest": each.min(), "highest": each.max(), "low": each.mean() - half, "high": each.mean() + half}
    pooled = {"pooled": pairs[:, 0].sum() / max(pairs[:, 1].sum(), 1e-9), "seeds": len(each), **spread}
    return {key: round(float(value), 4) for key, value in pooled.items()}


def say_refusal() -> str:
    """What is said of twelve positives."""
    given = SimpleNamespace(positive=None, operating_point=WISHES["recall"])
    try:
        ClassPostprocessing().check(Targets.independent(np.repeat([0, 1], [12, 588])), SPACE, given)
    except DataError as error:
        return str(error)
    return ""


def main() -> None:
    given = measuring.arguments(
        __doc__ or "",
        ("--seeds", {"type": int, "default": 20}),
        ("--rows", {"type": int, "default": 4000}),
        ("--test", {"type": int, "default": 20_000}),
        ("--share", {"type": float, "default": 0.02}),
    )
    result = {}
    for grouped in (False, True):
        with limit_threads(WIDTH):
            drawn = [
                judge(seed, given.rows * (GROUPED if grouped else 1), given.test, given.share, grouped=grouped)
                for seed in range(given.seeds)
            ]
        names = ("recall", "plain", "fitted", "flagged", "precision", "refused", "cost", "likeliest")
        result["groups" if grouped else "single"] = {name: pool(drawn, name) for name in names}
        for name, figures in result["groups" if grouped else "single"].items():
            print(f"{'groups' if grouped else 'single':8}{name:11}{figures}")
    measuring.finish(__file__, {**result, "refusal": say_refusal()}, keep=given.keep)


if __name__ == "__main__":
    main()
