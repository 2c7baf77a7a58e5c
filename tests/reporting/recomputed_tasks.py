"""Every number of the pages of several labels and of numbers a second time: by scikit-learn, SciPy or brute force.

Where a file holds the only trace of a number, it is read from there.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest, norm, spearmanr
from sklearn import metrics

Rule = Callable[..., float]
RULES: list[tuple[re.Pattern[str], Rule]] = []
END = {"low": 0, "high": 1}


def rule(pattern: str) -> Callable[[Rule], Rule]:
    """Say which numbers a function computes; # stands for a position, * for a word; both are its arguments."""
    regex = re.escape(pattern).replace(r"\#", r"(\d+)").replace(r"\*", r"([a-z][a-z0-9_-]*)")

    def add(function: Rule) -> Rule:
        RULES.append((re.compile(regex), function))
        return function

    return add


def again(files: "TaskFiles", name: str) -> float:
    """Return a number once more.

    Raises:
        LookupError: no second way is known.
    """
    for pattern, function in RULES:
        if found := pattern.fullmatch(name):
            return float(function(files, *(int(it) if it.isdigit() else it for it in found.groups())))
    raise LookupError(name)


class TaskFiles:
    """A run's files."""

    def __init__(self, folder: Path) -> None:
        def load(name: str) -> Any:
            return json.loads((folder / name).read_text("utf-8"))

        self.run, self.comparison, self.trust = load("run.json"), load("comparison.json"), load("trust.json")
        self.test = load("evaluation.json")["parts"]["test"]
        self.model = load("model/model.json") if (folder / "model").is_dir() else {}
        self.parts = load("split.json")["subsets"]
        with (folder / "ledger.jsonl").open(encoding="utf-8") as lines:
            self.ledger = [json.loads(line) for line in lines][1:]
        with np.load(folder / "predictions.npz") as arrays:
            self.held_out = dict(arrays)
        rows = self.held_out["part"] == "test"
        self.arrays = {name: array[rows] for name, array in self.held_out.items()}
        self.label, self.novelty, self.group = (self.arrays[name] for name in ("label", "novelty", "group"))

    @property
    def n(self) -> int:
        return len(self.label)

    def known(self, label: int) -> tuple[Any, Any, Any]:
        """Of one label, where it is known: whether it is there, its probability, whether it is taken."""
        rows = self.label[:, label] >= 0
        return (
            self.label[rows, label] == 1,
            self.arrays["probabilities"][rows, label].astype(np.float64),
            self.arrays["labels"][rows, label],
        )

    def number(self, column: int) -> tuple[Any, Any]:
        """Of one number, where it is known: the true ones and those that are said."""
        rows = np.isfinite(self.label[:, column])
        return self.label[rows, column], self.arrays["value"][rows, column].astype(np.float64)

    def bounds(self, column: int) -> Any:
        return self.arrays["interval"][np.isfinite(self.label[:, column]), column].astype(np.float64)


def wilson(right: Any, n: Any) -> tuple[float, float]:
    interval = binomtest(int(right), int(n)).proportion_ci(0.95, "wilson")
    return interval.low, interval.high


def errors(it: TaskFiles) -> Any:
    """Of each test photo the absolute error, of several numbers the mean relative one; and always the relative."""
    scales, own = [], []
    for column in range(it.label.shape[1]):
        true, said = it.label[:, column], it.arrays["value"][:, column].astype(np.float64)
        scales.append(np.nanmean(np.abs(true - np.nanmedian(true))))
        own.append(np.abs(said - true))
    relative = np.nanmean(np.stack(own, axis=1) / np.array(scales), axis=1)
    return (np.abs(own[0]) if len(own) == 1 else relative), relative


# Scores


@rule("groups.*")
def _(it: "TaskFiles", what: str) -> float:
    return it.trust["groups"]["groups" if what == "n" else what]


@rule("test.n")
def _(it: TaskFiles) -> float:
    return it.n


@rule("test.groups")
def _(it: TaskFiles) -> float:
    return len(set(it.group.tolist()))


@rule("test.score")
def _(it: TaskFiles) -> float:
    if it.run["task"] == "multilabel":
        found = [it.known(label) for label in range(it.label.shape[1])]
        return np.mean([metrics.average_precision_score(there, said) for there, said, _ in found if there.any()])
    return errors(it)[0].mean()


@rule("test.loss")
def _(it: TaskFiles) -> float:
    if it.run["task"] == "multilabel":
        said = it.arrays["probabilities"].astype(np.float64)
        own = -np.where(it.label == 1, np.log(said), np.log(1 - said))
        return np.mean([row[label >= 0].mean() for row, label in zip(own, it.label, strict=True)])
    return errors(it)[1].mean()


@rule("test.loss_share")
def _(it: TaskFiles) -> float:
    return errors(it)[1].mean()


@rule("test.*.*")
def _(it: TaskFiles, score: str, end: str) -> float:
    """Intervals are resampled: their only trace is the evaluation."""
    named = {"score": "mean_average_precision" if it.run["task"] == "multilabel" else "mean_absolute_error"}
    if score in ("rmse", "r2", "spearman"):
        return it.test["numbers"][0][f"{score}_interval"][end]
    if score == "exact_match":
        return wilson(exact(it).sum(), it.n)[END[end]]
    return it.test[f"{named.get(score, score)}_interval"][end]


def exact(it: TaskFiles) -> Any:
    taken = it.arrays["labels"].astype(int)
    return np.array([(row[label >= 0] == label[label >= 0]).all() for row, label in zip(taken, it.label, strict=True)])


@rule("test.coverage.#")
def _(it: TaskFiles, column: int) -> float:
    true, bounds = it.number(column)[0], it.bounds(column)
    return np.mean([low <= value <= high for value, (low, high) in zip(true, bounds, strict=True)])


@rule("test.coverage.#.*")
def _(it: TaskFiles, column: int, end: str) -> float:
    inside = held(it, column)[0]
    return wilson(inside.sum(), len(inside))[END[end]]


@rule("test.*")
def _(it: TaskFiles, score: str) -> float:
    if score == "from_bytes":
        return it.run["test_from_bytes"]
    if score == "smallest":
        return it.comparison["test"]["smallest_difference"]
    if it.run["task"] == "regression":
        true, said = it.number(0)
        return {
            "rmse": metrics.root_mean_squared_error(true, said),
            "r2": metrics.r2_score(true, said),
            "spearman": spearmanr(true, said).statistic,
            "median": np.abs(true - np.median(true)).mean(),
        }[score]
    found = [it.known(label) for label in range(it.label.shape[1])]
    if score == "guess":
        return np.mean([there.mean() for there, _, _ in found if there.any()])
    if score == "exact_match":
        return exact(it).mean()
    if score == "macro_f1":
        return np.mean([metrics.f1_score(there, taken) for there, _, taken in found if there.any()])
    if score == "micro_f1":
        there, taken = (np.concatenate([one[place] for one in found]) for place in (0, 2))
        return metrics.f1_score(there, taken)
    return missed(it)


def missed(it: TaskFiles) -> float:
    rows = [(label == 1, kept) for label, kept in zip(it.label, it.arrays["prediction_set"], strict=True) if 1 in label]
    return np.mean([1 - kept[there].mean() for there, kept in rows])


# Labels


@rule("labels")
def _(it: TaskFiles) -> float:
    return it.label.shape[1]


@rule("label.#.*")
def _(it: TaskFiles, label: int, score: str) -> float:
    there, said, taken = it.known(label)
    if score == "threshold":
        return it.trust["thresholds"][label]["threshold"]
    return {
        "support": there.sum(),
        "known": len(there),
        "taken": taken.sum(),
        "recall": metrics.recall_score(there, taken, zero_division=0),
        "precision": metrics.precision_score(there, taken, zero_division=0),
        "f1": metrics.f1_score(there, taken, zero_division=0),
        "average_precision": metrics.average_precision_score(there, said) if there.any() else np.nan,
    }[score]


@rule("label.#.recall.*")
def _(it: TaskFiles, label: int, end: str) -> float:
    there, _, taken = it.known(label)
    return wilson(taken[there].sum(), there.sum())[END[end]]


@rule("label.#.#.expected")
def _(it: TaskFiles, index: int, place: int) -> float:
    return it.trust["labels"]["issues"][index]["doubts"][place]["expected"]


@rule("thresholds.shared")
def _(it: TaskFiles) -> float:
    return sum(one["shared"] for one in it.trust["thresholds"])


def bins_of(there: Any, said: Any) -> list[Any]:
    """Bins of about as many rows, ten or more each, that no two of equal probability lie apart in."""
    sure = sorted(zip(said.tolist(), there.tolist(), strict=True))
    count, n, ends = max(1, min(15, len(sure) // 10)), len(sure), set()
    for number in range(1, count + 1):
        end = number * n // count
        while end < n and sure[end][0] == sure[end - 1][0]:
            end += 1
        ends.add(end)
    return [sure[start:end] for start, end in zip([0, *sorted(ends)], sorted(ends), strict=False)]


@rule("calibration.#.*")
def _(it: TaskFiles, label: int, score: str) -> float:
    there, said, _ = it.known(label)
    if score in ("stated", "there"):
        return {"stated": said, "there": there}[score].mean()
    cuts = bins_of(there, said)
    if score == "ece":
        return sum(abs(sum(p - right for p, right in cut)) for cut in cuts) / len(there)
    means = [(len(cut), np.mean([p for p, _ in cut])) for cut in cuts]
    scatter = [norm(mean, np.sqrt(mean * (1 - mean) / n)) for n, mean in means]
    away = [its.expect(lambda x, its=its: abs(x - its.mean())) if its.std() else 0 for its in scatter]
    return np.average(away, weights=[n for n, _ in means])


@rule("pair.#.*")
def _(it: TaskFiles, place: int, field: str) -> float:
    """The pairs that are listed, by brute force over all pairs."""
    found = []
    taken = it.arrays["labels"]
    for first in range(it.label.shape[1]):
        for second in range(first + 1, it.label.shape[1]):
            known = (it.label[:, first] >= 0) & (it.label[:, second] >= 0)
            have = (it.label[:, first] == 1) & (it.label[:, second] == 1)
            take = taken[:, first] & taken[:, second] & known
            if not take.any() and not have.any():
                continue
            wrong, lost = int((take & ~have).sum()), int((have & ~take).sum())
            p = binomtest(wrong, wrong + lost).pvalue if wrong + lost else 1.0
            found.append({"there": have.sum(), "taken": take.sum(), "wrong": wrong, "missed": lost, "p": p})
    order = np.argsort([one["p"] for one in found], kind="stable")
    worst = 0.0
    for rank, at in enumerate(order):
        worst = max(worst, min(1.0, (len(found) - rank) * found[at]["p"]))
        found[at]["p"] = worst
    shown = sorted(
        (one for one in found if one["p"] < 0.05 and one["wrong"] > one["missed"]),
        key=lambda one: one["missed"] - one["wrong"],
    )
    return shown[place][field]


@rule("promise.*")
def _(it: TaskFiles, what: str) -> float:
    risk = it.trust["risk"]
    if what == "seen":
        return missed(it)
    if what == "size":
        return it.arrays["prediction_set"].sum(axis=1).mean()
    return risk["promised" if what == "wanted" else what]


@rule("promise.seen.*")
def _(it: TaskFiles, end: str) -> float:
    return it.test["miss_rate_interval"][end]


@rule("item.#.#")
def _(it: TaskFiles, row: int, label: int) -> float:
    return it.held_out["probabilities"][row, label]


# Numbers


@rule("number.#.*")
def _(it: TaskFiles, column: int, score: str) -> float:
    true, said = it.number(column)
    return {
        "n": len(true),
        "mae": metrics.mean_absolute_error(true, said),
        "median_error": np.abs(true - np.median(true)).mean(),
        "rmse": metrics.root_mean_squared_error(true, said),
        "r2": metrics.r2_score(true, said),
        "spearman": spearmanr(true, said).statistic,
        "bias": (said - true).mean(),
    }[score]


@rule("number.#.mae.*")
def _(it: TaskFiles, column: int, end: str) -> float:
    return it.test["numbers"][column]["mae_interval"][end]


def quarter(it: TaskFiles, column: int, place: int) -> tuple[Any, Any]:
    true, said = it.number(column)
    # Of equal numbers those that are said to be smaller come first.
    order = sorted(range(len(true)), key=lambda row: (true[row], said[row]))
    own = np.array_split(np.array(order), max(1, min(4, len(order) // 10)))[place]
    return true[own], said[own]


@rule("quarter.#.#.*")
def _(it: TaskFiles, column: int, place: int, score: str) -> float:
    true, said = quarter(it, column, place)
    values = {"low": true.min(), "high": true.max(), "n": len(true), "bias": (said - true).mean()}
    return values[score] if score in values else np.abs(said - true).mean()


@rule("errors.*")
def _(it: TaskFiles, which: str) -> float:
    true, said = it.number(0)
    off = np.sort(np.abs(said - true))
    share = {"half": 0.5, "most": 0.9}[which]
    return off[int(np.ceil(share * (len(off) - 1)))]


@rule("intervals.wanted")
def _(it: TaskFiles) -> float:
    return it.trust["intervals"]["coverage"]


@rule("intervals.n")
def _(it: TaskFiles) -> float:
    return it.trust["intervals"]["n"]


def held(it: TaskFiles, column: int, third: int | None = None) -> tuple[Any, Any, Any]:
    """Whether each interval holds the true number, its width, what is said."""
    true, said = it.number(column)
    bounds = it.bounds(column)
    inside = (bounds[:, 0] <= true) & (true <= bounds[:, 1])
    rows = np.argsort(said, kind="stable")
    own = rows if third is None else np.array_split(rows, 3)[third]
    return inside[own], (bounds[:, 1] - bounds[:, 0])[own], said[own]


@rule("intervals.#.coverage")
def _(it: TaskFiles, column: int) -> float:
    return held(it, column)[0].mean()


@rule("intervals.#.coverage.*")
def _(it: TaskFiles, column: int, end: str) -> float:
    inside = held(it, column)[0]
    return wilson(inside.sum(), len(inside))[END[end]]


@rule("intervals.#.width")
def _(it: TaskFiles, column: int) -> float:
    return held(it, column)[1].mean()


@rule("intervals.#.#")
def _(it: TaskFiles, column: int, third: int) -> float:
    return held(it, column, third)[0].mean()


@rule("intervals.#.#.*")
def _(it: TaskFiles, column: int, third: int, what: str) -> float:
    inside, widths, _ = held(it, column, third)
    if what in END:
        return wilson(inside.sum(), len(inside))[END[what]]
    return {"n": len(inside), "width": widths.mean()}[what]


@rule("intervals.#.#.predicted.*")
def _(it: TaskFiles, column: int, third: int, end: str) -> float:
    said = held(it, column, third)[2]
    return said.min() if end == "low" else said.max()


@rule("item.#.#.*")
def _(it: TaskFiles, row: int, column: int, what: str) -> float:
    said, true = float(it.held_out["value"][row, column]), float(it.held_out["label"][row, column])
    return {"predicted": said, "true": true, "residual": said - true}[what]


@rule("item.#.#.interval.*")
def _(it: TaskFiles, row: int, column: int, end: str) -> float:
    return it.held_out["interval"][row, column, END[end]]


# What every run has


@rule("item.#.novelty")
def _(it: TaskFiles, row: int) -> float:
    return it.held_out["novelty"][row]


@rule("novelty.*")
def _(it: TaskFiles, what: str) -> float:
    acceptance = it.run["settings"]["acceptance"]
    familiar = np.mean(it.novelty <= 1)
    return {"acceptance": acceptance, "most": 1 - acceptance, "familiar": familiar, "unfamiliar": 1 - familiar}[what]


@rule("novelty.familiar.*")
def _(it: TaskFiles, end: str) -> float:
    return wilson((it.novelty <= 1).sum(), it.n)[END[end]]


@rule("files.*")
def _(it: TaskFiles, which: str) -> float:
    outcomes = [line["status"] for line in it.ledger]
    counts = {name: outcomes.count(name) for name in ("accepted", "repaired", "skipped")}
    return {**counts, "seen": len(outcomes), "usable": counts["accepted"] + counts["repaired"]}[which]


@rule("subset.*")
def _(it: TaskFiles, part: str) -> float:
    return len(it.parts[part])


@rule("count.*.#")
def _(it: TaskFiles, part: str, place: int) -> float:
    strata = it.trust["strata"]
    return sum(strata[name][place] for name in ("train", "validation", "test") if part in (name, "all"))


@rule("duplicates.*")
def _(it: TaskFiles, what: str) -> float:
    found = it.trust["duplicates"]
    return {"alike": sum(map(len, found["sets"])), "sets": len(found["sets"]), "seconds": found["seconds"]}[what]


@rule("duplicate.#.similarity")
def _(it: TaskFiles, index: int) -> float:
    return it.trust["duplicates"]["pairs"][index]["similarity"]


@rule("issue.*")
def _(it: TaskFiles, kind: str) -> float:
    return sum(len(one["ids"]) for one in it.trust["issues"]["items"] if one["kind"].replace(" ", "-") == kind)


@rule("engines.*")
def _(it: TaskFiles, what: str) -> float:
    return it.model["engines"][{"same": "same_answers"}.get(what, what)]


@rule("arm.#.*")
def _(it: TaskFiles, index: int, field: str) -> float:
    return it.comparison["arms"][index][field]


@rule("arm.#.validation.*")
def _(it: TaskFiles, index: int, end: str) -> float:
    return it.comparison["arms"][index][f"validation_{end}"]


@rule("pair.validation.#.*")
def _(it: TaskFiles, index: int, field: str) -> float:
    pair = it.comparison["choice"]["pairs"][index]
    return pair["interval"][field] if field in END else pair[field]


@rule("depth.#.#.*")
def _(it: TaskFiles, arm: int, place: int, field: str) -> float:
    point = it.run["arms"][arm]["depth"][place]
    names = {"validation": "validation_score", "log_loss": "loss", "relative_error": "loss"}
    return point[names.get(field, field)] if field in (*names, "width") else point["score"]


@rule("training.#.*")
def _(it: TaskFiles, index: int, field: str) -> float:
    arm = [one for one in it.run["arms"] if one["curves"]][index]
    if field in ("best_epoch", "epochs"):
        return {"best_epoch": arm["best_epoch"], "epochs": len(arm["curves"]) - 1}[field]
    when, _, score = field.partition("_")
    (epoch,) = [one for one in arm["curves"] if one["number"] == (0 if when == "start" else arm["best_epoch"])]
    return epoch["validation_loss" if score == "loss" else "validation_score"]


@rule("slices.*")
def _(it: TaskFiles, what: str) -> float:
    return it.trust["slices"][what]


@rule("slices.worst.adjusted")
def _(it: TaskFiles) -> float:
    return min(one["adjusted"] for one in it.trust["slices"]["slices"] if one["worse"])


@rule("slice.#.*")
def _(it: TaskFiles, index: int, field: str) -> float:
    return it.trust["slices"]["slices"][index][field]


@rule("curve.#.*")
def _(it: TaskFiles, index: int, field: str) -> float:
    return it.trust["learning_curve"]["sizes"][index][field]


@rule("curve.doubling")
def _(it: TaskFiles) -> float:
    return it.trust["learning_curve"]["doubling"]


@rule("seconds.#")
def _(it: TaskFiles, index: int) -> float:
    return [*it.run["seconds"].values()][index]


@rule("seconds.total")
def _(it: TaskFiles) -> float:
    return float(it.run["took"])


@rule("memory.peak")
def _(it: TaskFiles) -> float:
    return it.trust["memory"]


@rule("disk.*")
def _(it: TaskFiles, which: str) -> float:
    return it.trust["disk"][which]
