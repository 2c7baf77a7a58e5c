"""Every number of a report a second time: from the run's files, by scikit-learn, SciPy or brute force.

Of ``headstart`` only the effective size of groups is used. Where a file holds the only trace of a number, it is read
from there.
"""

import json
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest, norm
from sklearn import metrics

from headstart.evaluation.grouping import effective_sample_size

Rule = Callable[..., float]
RULES: list[tuple[re.Pattern[str], Rule]] = []


def rule(pattern: str) -> Callable[[Rule], Rule]:
    """Say which numbers a function computes; # stands for a position, * for a word; both are its arguments."""
    regex = re.escape(pattern).replace(r"\#", r"(\d+)").replace(r"\*", r"([a-z][a-z0-9_-]*)")

    def add(function: Rule) -> Rule:
        RULES.append((re.compile(regex), function))
        return function

    return add


def again(files: "Files", name: str) -> float:
    """Return a number once more.

    Raises:
        LookupError: no second way is known.
    """
    for pattern, function in RULES:
        if found := pattern.fullmatch(name):
            return float(function(files, *(int(it) if it.isdigit() else it for it in found.groups())))
    raise LookupError(name)


class Files:
    """A run's files."""

    def __init__(self, folder: Path) -> None:
        def load(name: str) -> Any:
            return json.loads((folder / name).read_text("utf-8"))

        self.run, self.comparison, self.trust = load("run.json"), load("comparison.json"), load("trust.json")
        self.screening = load("evaluation.json")["parts"]["test"].get("screening")
        self.model = load("model/model.json") if (folder / "model").is_dir() else {}
        split = load("split.json")
        self.parts, self.copies = split["subsets"], split["copies"]
        with (folder / "ledger.jsonl").open(encoding="utf-8") as lines:
            self.ledger = [json.loads(line) for line in lines][1:]
        with np.load(folder / "predictions.npz") as arrays:
            self.held_out = dict(arrays)
        rows = self.held_out["part"] == "test"
        test = {name: array[rows] for name, array in self.held_out.items()}
        self.id, self.label, self.sets = test["id"], test["label"], test["prediction_set"]
        self.group = test["group"]
        self.said, self.before = (self._sure(test[name]) for name in ("probabilities", "uncalibrated"))
        self.novelty, self.unfamiliar = test["novelty"], test["out_of_distribution"]

    @staticmethod
    def _sure(probabilities: Any) -> Any:
        """Float32 rows sum to 1 but for their last bit."""
        wide = probabilities.astype(np.float64)
        return wide / wide.sum(axis=1, keepdims=True)

    @property
    def n(self) -> int:
        return len(self.label)

    @property
    def classes(self) -> int:
        return len(self.run["classes"])

    @property
    def names(self) -> range:
        return range(self.classes)

    @cached_property
    def right(self) -> Any:
        return np.array([row.argmax() == label for row, label in zip(self.said, self.label, strict=True)])

    @cached_property
    def covered(self) -> Any:
        return np.array([row[label] for row, label in zip(self.sets, self.label, strict=True)])

    @cached_property
    def confusion(self) -> Any:
        return metrics.confusion_matrix(self.label, self.said.argmax(axis=1), labels=self.names)

    @cached_property
    def per_class(self) -> Any:
        """Precision, recall, F1 and support."""
        return metrics.precision_recall_fscore_support(
            self.label, self.said.argmax(axis=1), labels=list(self.names), zero_division=0
        )

    @cached_property
    def label_of(self) -> dict[str, int]:
        """By digest, from the ledger."""
        index = {name: label for label, name in enumerate(self.run["classes"])}
        return {it["digest"]: index[it["label"]] for it in self.ledger if it["status"] != "skipped"}


def wilson(right: Any, n: Any) -> tuple[float, float]:
    interval = binomtest(int(right), int(n)).proportion_ci(0.95, "wilson")
    return interval.low, interval.high


END = {"low": 0, "high": 1}


# Test


@rule("test.n")
def _(it: Files) -> float:
    return len(it.parts["test"])


@rule("test.groups")
def _(it: Files) -> float:
    return len(set(it.group.tolist()))


@rule("test.right")
def _(it: Files) -> float:
    return it.right.sum()


@rule("test.accuracy")
def _(it: Files) -> float:
    return metrics.accuracy_score(it.label, it.said.argmax(axis=1))


@rule("test.accuracy.*")
def _(it: Files, end: str) -> float:
    return wilson(it.right.sum(), it.n)[END[end]]


@rule("test.balanced_accuracy")
def _(it: Files) -> float:
    return metrics.balanced_accuracy_score(it.label, it.said.argmax(axis=1))


@rule("test.macro_f1")
def _(it: Files) -> float:
    return metrics.f1_score(it.label, it.said.argmax(axis=1), average="macro")


@rule("test.log_loss")
def _(it: Files) -> float:
    return metrics.log_loss(it.label, it.said, labels=it.names)


@rule("test.majority")
def _(it: Files) -> float:
    return max(np.mean(it.label == label) for label in it.names)


@rule("test.smallest")
def _(it: Files) -> float:
    return it.comparison["test"]["smallest_difference"]


@rule("test.classes")
def _(it: Files) -> float:
    return it.classes


@rule("matrix.shown")
def _(it: Files) -> float:
    return min(40, it.classes)


@rule("confusion.#.#")
def _(it: Files, true: int, said: int) -> float:
    return it.confusion[true, said]


@rule("class.#.*")
def _(it: Files, label: int, score: str) -> float:
    own = it.label == label
    if score == "auc":
        return metrics.roc_auc_score(own, it.said[:, label])
    if score == "average_precision":
        return metrics.average_precision_score(own, it.said[:, label])
    if score == "covered":
        return it.covered[own].mean()
    return it.per_class[("precision", "recall", "f1", "support").index(score)][label]


@rule("class.#.recall.*")
def _(it: Files, label: int, end: str) -> float:
    own = it.label == label
    return wilson(it.right[own].sum(), own.sum())[END[end]]


@rule("item.#.*")
def _(it: Files, row: int, score: str) -> float:
    said = it.held_out["probabilities"][row]
    if score == "novelty":
        return it.held_out["novelty"][row]
    return said[it.held_out["label"][row]] if score == "own" else sorted(said)[-1]


# Certainty


@rule("calibration.*.*")
def _(it: Files, when: str, score: str) -> float:
    if when == "tried":
        return it.trust["calibration"]["tried"][score]
    said = it.said if when == "after" else it.before
    if score == "log_loss":
        return metrics.log_loss(it.label, said, labels=it.names)
    if score == "brier":
        return (
            sum((p - (label == k)) ** 2 for row, label in zip(said, it.label, strict=True) for k, p in enumerate(row))
            / it.n
        )
    return _ece(it, "probabilities" if when == "after" else "uncalibrated")


def _ece(it: Files, which: str) -> float:
    """Bins of about as many photos, ten or more each, that no two of equal confidence lie apart in."""
    said = it.held_out[which][it.held_out["part"] == "test"]
    sure = sorted((float(row.max()), int(row.argmax()) == label) for row, label in zip(said, it.label, strict=True))
    bins = max(1, min(15, it.n // 10))
    ends = set()
    for number in range(1, bins + 1):
        end = number * it.n // bins
        while end < it.n and sure[end][0] == sure[end - 1][0]:
            end += 1
        ends.add(end)
    cuts = [sure[start:end] for start, end in zip([0, *sorted(ends)], sorted(ends), strict=False)]
    return sum(abs(sum(confidence - right for confidence, right in cut)) for cut in cuts) / it.n


def calibrated_on(it: Files) -> int:
    """Photos: validation, or what was learnt from, cross-validated."""
    parts = ("validation",) if it.trust["calibration"]["held_out"] == "validation" else ("train", "validation")
    return sum(len(it.parts[part]) for part in parts)


@rule("calibration.n")
def _(it: Files) -> float:
    return calibrated_on(it)


@rule("calibration.chance")
def _(it: Files) -> float:
    bins = it.trust["calibration"]["after"]["bins"]
    assert sum(cut["n"] for cut in bins) == it.n
    scatter = [norm(cut["confidence"], np.sqrt(cut["confidence"] * (1 - cut["confidence"]) / cut["n"])) for cut in bins]
    away = [its.expect(lambda x, its=its: abs(x - its.mean())) if its.std() else 0 for its in scatter]
    worth = effective_sample_size(it.said.argmax(axis=1) == it.label, it.group) / it.n
    return np.average(away, weights=[cut["n"] for cut in bins]) / np.sqrt(worth)


@rule("sets.coverage")
def _(it: Files) -> float:
    return it.run["settings"]["coverage"]


@rule("sets.reached")
def _(it: Files) -> float:
    return it.covered.mean()


@rule("sets.reached.*")
def _(it: Files, end: str) -> float:
    return wilson(it.covered.sum(), it.n)[END[end]]


@rule("sets.mean_size")
def _(it: Files) -> float:
    return sum(int(row.sum()) for row in it.sets) / it.n


@rule("sets.fewest")
def _(it: Files) -> float:
    sizes = sorted(int(row.sum()) for row in it.sets)
    return sizes[it.n // 20]


@rule("sets.most")
def _(it: Files) -> float:
    sizes = sorted(int(row.sum()) for row in it.sets)
    return sizes[-1 - it.n // 20]


@rule("sets.size.#")
def _(it: Files, size: int) -> float:
    return sum(int(row.sum()) == size for row in it.sets)


@rule("sets.held_out_n")
def _(it: Files) -> float:
    return calibrated_on(it)


@rule("risk.kept#.accuracy")
def _(it: Files, percent: int) -> float:
    surest = sorted(range(it.n), key=lambda row: -it.said[row].max())[: int(np.ceil(it.n * percent / 100))]
    return np.mean([it.right[row] for row in surest])


@rule("risk.aurc")
def _(it: Files) -> float:
    surest = sorted(range(it.n), key=lambda row: -it.said[row].max())
    return np.mean([1 - np.mean([it.right[row] for row in surest[:kept]]) for kept in range(1, it.n + 1)])


@rule("novelty.*")
def _(it: Files, what: str) -> float:
    acceptance = it.run["settings"]["acceptance"]
    familiar, unfamiliar = np.mean(it.novelty <= 1), np.mean(it.unfamiliar)
    return {"acceptance": acceptance, "most": 1 - acceptance, "familiar": familiar, "unfamiliar": unfamiliar}[what]


@rule("novelty.unfamiliar.n")
def _(it: Files) -> float:
    return it.unfamiliar.sum()


@rule("novelty.*.accuracy")
def _(it: Files, which: str) -> float:
    return it.right[it.unfamiliar == (which == "unfamiliar")].mean()


@rule("novelty.familiar.*")
def _(it: Files, end: str) -> float:
    return wilson((it.novelty <= 1).sum(), it.n)[END[end]]


# Data


@rule("files.*")
def _(it: Files, which: str) -> float:
    outcomes = [line["status"] for line in it.ledger]
    counts = {name: outcomes.count(name) for name in ("accepted", "repaired", "skipped")}
    usable = counts["accepted"] + counts["repaired"]
    return {**counts, "seen": len(outcomes), "usable": usable}[which]


@rule("subset.*")
def _(it: Files, part: str) -> float:
    return len(it.parts[part])


@rule("count.*.#")
def _(it: Files, part: str, label: int) -> float:
    ids = [id_ for name, its in it.parts.items() if part in (name, "all") for id_ in its]
    return sum(it.label_of[it.copies.get(id_, id_)] == label for id_ in ids)


@rule("quality.imbalance")
def _(it: Files) -> float:
    counts = np.bincount(list(it.label_of.values()))
    return counts.max() / counts.min()


@rule("duplicates.alike")
def _(it: Files) -> float:
    return len({pair[end] for pair in it.trust["duplicates"]["pairs"] for end in ("first", "second")})


@rule("duplicates.sets")
def _(it: Files) -> float:
    sets: list[set[str]] = []
    for twins in it.trust["duplicates"]["pairs"]:
        joined = {twins["first"], twins["second"]}
        for other in [one for one in sets if one & joined]:
            joined |= other
            sets.remove(other)
        sets.append(joined)
    return len(sets)


@rule("duplicates.torn")
def _(it: Files) -> float:
    return sum(
        sum(bool({*alike} & {*its}) for its in it.parts.values()) > 1 for alike in it.trust["duplicates"]["sets"]
    )


@rule("duplicates.seconds")
def _(it: Files) -> float:
    return it.trust["duplicates"]["seconds"]


@rule("duplicate.#.similarity")
def _(it: Files, index: int) -> float:
    return it.trust["duplicates"]["pairs"][index]["similarity"]


def leaked(it: Files) -> Any:
    """(T,) whether a test photo is in a part that was learnt from too."""
    ids = {leak["held_out"] for leak in it.trust["leaks"]["leaks"]}
    return np.array([id_ in ids for id_ in it.id])


@rule("leaks.n")
def _(it: Files) -> float:
    return len(it.trust["leaks"]["leaks"])


@rule("leaks.test")
def _(it: Files) -> float:
    return leaked(it).sum()


@rule("leaks.*")
def _(it: Files, which: str) -> float:
    return it.right[~leaked(it) | (which == "with")].mean()


@rule("leaks.*.*")
def _(it: Files, which: str, what: str) -> float:
    right = it.right[~leaked(it) | (which == "with")]
    values = {"n": len(right), "right": right.sum()}
    return values[what] if what in values else wilson(right.sum(), len(right))[END[what]]


@rule("groups.*")
def _(it: Files, what: str) -> float:
    return it.trust["groups"]["groups" if what == "n" else what]


@rule("leak.#.similarity")
def _(it: Files, index: int) -> float:
    return it.trust["leaks"]["leaks"][index]["similarity"]


@rule("labels.in_test")
def _(it: Files) -> float:
    return sum(issue["id"] in it.parts["test"] for issue in it.trust["labels"]["issues"])


@rule("test.from_bytes")
def _(it: Files) -> float:
    return it.run["test_from_bytes"]


@rule("engines.items")
def _(it: Files) -> float:
    return it.model["engines"]["items"]


@rule("engines.same")
def _(it: Files) -> float:
    return it.model["engines"]["same_answers"]


@rule("labels.*")
def _(it: Files, what: str) -> float:
    return it.trust["labels"]["noise"].get(what, it.trust["labels"].get(what))


@rule("label.#.*")
def _(it: Files, index: int, which: str) -> float:
    return it.trust["labels"]["issues"][index][f"{which}_probability"]


@rule("issue.*")
def _(it: Files, kind: str) -> float:
    return sum(len(flaw["ids"]) for flaw in it.trust["issues"]["items"] if flaw["kind"].replace(" ", "-") == kind)


@rule("confusable.#.*")
def _(it: Files, index: int, field: str) -> float:
    return it.trust["issues"]["confusable"][index][field]


@rule("shortcut.*.*")
def _(it: Files, clue: str, field: str) -> float:
    (found,) = [one for one in it.trust["shortcuts"] if one["cue"].replace(" ", "-") == clue]
    if field == "chance":
        return 1 / it.classes
    if field == "share":
        balanced = np.mean([it.right[it.label == name].mean() for name in set(it.label)])
        return (found["accuracy"] - 1 / it.classes) / (balanced - 1 / it.classes)
    return found[field]


# Arms


def scored(it: Files, index: int, part: str) -> tuple[int, int]:
    """Photos right, photos."""
    confusion = np.array(it.run["arms"][index][part]["confusion"])
    return confusion.trace(), confusion.sum()


@rule("arm.#.*")
def _(it: Files, index: int, field: str) -> float:
    arm = it.run["arms"][index]
    if field in ("train_score", "validation_score"):
        right, n = scored(it, index, field.removesuffix("_score"))
        return right / n
    if field == "test_score":
        assert arm["name"] == it.run["winner"]
        return it.right.mean()
    values = {"validation_loss": arm["validation"]["log_loss"], **{key: arm[key] for key in ("parameters", "seconds")}}
    return values[field] if field in values else it.comparison["arms"][index][field]


@rule("arm.#.validation.*")
def _(it: Files, index: int, end: str) -> float:
    return wilson(*scored(it, index, "validation"))[END[end]]


@rule("pair.validation.#.*")
def _(it: Files, index: int, field: str) -> float:
    pairs = it.run["choice"]["pairs"]
    pair = pairs[index]
    if field == "difference":
        names = [arm["name"] for arm in it.run["arms"]]
        shares = [np.divide(*scored(it, names.index(pair[side]), "validation")) for side in "ab"]
        return shares[0] - shares[1]
    if field in ("low", "high"):
        return pair["interval"][field]
    p = [_mcnemar(one) for one in pairs]
    if field == "p":
        return p[index]
    if field == "p_holm":
        order = np.argsort(p, kind="stable")
        place = list(order).index(index)
        return min(1.0, max((len(p) - k) * p[order[k]] for k in range(place + 1)))
    return pair[field]


def _mcnemar(pair: dict[str, Any]) -> float:
    unlike = pair["only_a"] + pair["only_b"]
    return binomtest(pair["only_a"], unlike).pvalue if unlike else 1.0


@rule("depth.#.#.*")
def _(it: Files, arm: int, place: int, field: str) -> float:
    point = it.run["arms"][arm]["depth"][place]
    return point[{"validation": "validation_score", "accuracy": "score", "log_loss": "loss"}.get(field, field)]


@rule("training.#.*")
def _(it: Files, index: int, field: str) -> float:
    arm = [one for one in it.run["arms"] if one["curves"]][index]
    if field in ("best_epoch", "epochs"):
        return {"best_epoch": arm["best_epoch"], "epochs": len(arm["curves"]) - 1}[field]
    when, score = field.split("_")
    (epoch,) = [one for one in arm["curves"] if one["number"] == (0 if when == "start" else arm["best_epoch"])]
    return epoch[f"validation_{score.replace('accuracy', 'score')}"]


# Slices, more data, cost


@rule("slices.*")
def _(it: Files, what: str) -> float:
    return {"n": it.n, "accuracy": it.right.mean(), "least": it.trust["slices"]["least"]}[what]


@rule("slice.#.*")
def _(it: Files, index: int, field: str) -> float:
    found = it.trust["slices"]["slices"][index]
    right, n = found["right"], found["n"]
    if found["by"] == "class":
        own = it.label == it.run["classes"].index(found["value"])
        right, n = it.right[own].sum(), own.sum()
    if field in END:
        return wilson(right, n)[END[field]]
    values = {"n": n, "right": right, "accuracy": right / n}
    return values[field] if field in values else found[field]


@rule("curve.#.*")
def _(it: Files, index: int, field: str) -> float:
    return it.trust["learning_curve"]["sizes"][index][field]


@rule("curve.least")
def _(it: Files) -> float:
    return 8


@rule("curve.doubling")
def _(it: Files) -> float:
    return it.trust["learning_curve"]["doubling"]


@rule("gain.#.*")
def _(it: Files, index: int, field: str) -> float:
    found = it.trust["learning_curve"]["gains"][index]
    if field == "gain":
        return found["recall_all"] - found["recall_half"]
    return found[f"recall_{field}" if field in ("half", "all") else field]


@rule("seconds.#")
def _(it: Files, index: int) -> float:
    return [*it.run["seconds"].values()][index]


@rule("seconds.total")
def _(it: Files) -> float:
    return float(it.run["took"])


@rule("memory.peak")
def _(it: Files) -> float:
    return it.trust["memory"]


@rule("disk.*")
def _(it: Files, which: str) -> float:
    return it.trust["disk"][which]


# The positive class


def judge_alarms(it: Files) -> dict[str, tuple[int, int]]:
    """Of each share how many of how many."""
    index = it.run["classes"].index(it.screening["positive"])
    told, own = it.said.argmax(axis=1) == index, it.label == index
    (cleared, alarms), (missed, found) = metrics.confusion_matrix(own, told, labels=[False, True])
    return {
        "found": (found, 1),
        "missed": (missed, 1),
        "wanted": (found + missed, 1),
        "alarms": (found + alarms, 1),
        "false_alarms": (alarms, 1),
        "cleared": (cleared, 1),
        "sensitivity": (found, found + missed),
        "specificity": (cleared, cleared + alarms),
        "precision": (found, found + alarms),
        "negative_predictive_value": (cleared, cleared + missed),
    }


@rule("screening.*")
def _(it: Files, what: str) -> float:
    own = it.label == it.run["classes"].index(it.screening["positive"])
    said = it.said[:, it.run["classes"].index(it.screening["positive"])]
    if what == "roc_area":
        return metrics.roc_auc_score(own, said)
    if what == "average_precision":
        return metrics.average_precision_score(own, said)
    part, whole = judge_alarms(it)[what]
    return part / whole


@rule("screening.*.*")
def _(it: Files, what: str, end: str) -> float:
    if what in ("roc_area", "average_precision"):  # resampled: the record holds the only trace of it
        return it.screening[what]["interval"][end]
    return wilson(*judge_alarms(it)[what])[END[end]]
