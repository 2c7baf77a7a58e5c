"""A task of another package: one number for each photo, with heads, scores and answers; all that may be absent is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.evaluation import Evaluation
from headstart.evaluation.grouping import number_groups
from headstart.evaluation.intervals import Interval
from headstart.evaluation.paired import percentile_interval, resampled_means
from headstart.heads.head import Dense, FitResult, Head, TrainingSet, Trial
from headstart.tasks.classification.settings import ClassificationSettings
from headstart.tasks.facets import AnswerTable, Claim, ComparedOutput, ItemScores, LabelSource, Strata
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import Measure, TargetSpace


@dataclass(frozen=True)
class Amount:
    """The answer for one photo."""

    source: str
    value: float | None
    error: str | None = None
    novelty: float | None = None
    out_of_distribution: bool = False
    repaired: str | None = None
    note: str = ""

    def to_json(self, top: int = 1) -> dict[str, Any]:
        return {"source": self.source, "value": self.value, "novelty": self.novelty, "error": self.error}

    def describe(self, top: int = 1) -> str:
        return f"{self.value:.2f}"

    def to_cells(self, top: int = 1) -> list[str]:
        return [f"{self.value:.4f}"]

    def to_values(self, top: int = 1) -> list[float | None]:
        return [self.value]


@dataclass(frozen=True)
class AsIs:
    """A postprocessor that changes nothing."""

    def apply(self, raw: Floats) -> dict[str, Any]:
        return {"value": raw}

    def to_json(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountEvaluation(Evaluation):
    """Errors of numbers."""

    mean_error: float
    mean_error_interval: Interval
    squared_error: float

    @property
    def score(self) -> float:
        return self.mean_error

    @property
    def score_interval(self) -> Interval:
        return self.mean_error_interval

    @property
    def loss(self) -> float:
        return self.squared_error


def read_lumens(label: str) -> float:
    """The number of a label, after a word or alone: no other task takes "grey level 12.5" for a number."""
    return float(label.removeprefix("grey level "))


class AmountTargets:
    reads = frozenset({"one"})
    ordered = False
    single = False

    def claim(self, labels: Sequence[str], source: LabelSource) -> Claim | None:
        try:
            numbers = [read_lumens(label) for label in labels]
        except ValueError:
            return None
        whole = all(number.is_integer() for number in numbers)
        return Claim(f"they are numbers, such as {labels[0]}", certain=not whole)

    def read_space(self, labels: Mapping[str, str], source: LabelSource) -> TargetSpace:
        return TargetSpace("amount", ("amount",))

    def keep_names(self, space: TargetSpace, places: Sequence[int]) -> TargetSpace:
        return space

    def list_columns(self, space: TargetSpace) -> Sequence[str]:
        return ()

    def parse(self, space: TargetSpace, label: str) -> float:
        try:
            return read_lumens(label)
        except ValueError:
            raise DataError(f"label {label!r} is not a number") from None

    def describe(self, space: TargetSpace, target: float) -> str:
        return f"{target:g}"

    def stack(self, targets: Sequence[float]) -> Any:
        return np.array(targets, np.float64)

    def conflict(self, first: float, second: float) -> bool:
        return first != second

    def merge(self, first: float, second: float) -> None:
        return None

    def count_unknown(self, space: TargetSpace, targets: Any) -> dict[str, int]:
        return {}

    def measure_distances(self, targets: Any, first: Any, second: Any) -> Any:
        low, high = np.quantile(targets, [0.05, 0.95])
        return np.minimum(np.abs(targets[first] - targets[second]) / max(high - low, 1e-9), 1.0)

    def stratify(self, space: TargetSpace, targets: Any) -> Strata:
        quarters = np.searchsorted(np.quantile(targets, [0.25, 0.5, 0.75]), targets) if len(targets) else targets
        return Strata(np.asarray(quarters, np.int64), ("lowest", "low", "high", "highest"), "quarter", required=False)

    def find_problems(self, samples: Any) -> list[str]:
        return [] if len(samples) > 9 else [f"{samples.root!r} has {len(samples)} numbers; wanted 10"]

    def match(self, samples: Any, space: TargetSpace) -> Any:
        return replace(samples, space=space)

    def note(self, space: TargetSpace) -> list[str]:
        return []

    def describe_space(self, space: TargetSpace) -> str:
        return "one number"


def fit_ridge(training_set: TrainingSet, options: Any, fixed: Mapping[str, float] | None = None) -> FitResult:
    features, targets = training_set.features.astype(np.float64), training_set.targets
    centre, mean = features.mean(axis=0), targets.mean()
    penalty = np.eye(features.shape[1]) * len(features) * 1e-3
    weight = np.linalg.solve(
        (features - centre).T @ (features - centre) + penalty, (features - centre).T @ (targets - mean)
    )
    layer = Dense(weight[:, None].astype(np.float32), np.array([mean - centre @ weight], np.float32))
    trial = Trial(1e-3, float(np.square(features @ weight - targets).mean()), 0.0)
    return FitResult(Head("plain-ridge", (layer,)), {"penalty": 1e-3}, (trial,), 0.0)


class AmountHeads:
    default = "plain-ridge"
    automatic = ("plain-ridge",)
    solved = frozenset({"plain-ridge"})

    @property
    def heads(self) -> dict[str, Any]:
        return {"plain-ridge": fit_ridge}

    def is_balanced(self, settings: Any) -> bool:
        return False

    def check(self, training_set: TrainingSet) -> None:
        training_set.check()

    def predict_held_out(self, training_set: TrainingSet, head: str, settings: Any, chosen: Any) -> Floats:
        raise AssertionError("nothing is calibrated")


class AmountScoring:
    def score(self, part: str, targets: Any, outputs: Floats, space: TargetSpace) -> AmountEvaluation:
        errors = np.abs(outputs[:, 0] - targets.values)
        means = resampled_means(errors[:, None], targets.groups, 0, 500)[:, 0]
        return AmountEvaluation(
            task="amount",
            part=part,
            n=len(errors),
            groups=int(number_groups(targets.groups).max()) + 1,
            effective_n=float(len(errors)),
            mean_error=float(errors.mean()),
            mean_error_interval=percentile_interval(means, 0.95),
            squared_error=float(np.square(errors).mean()),
        )

    def score_answers(self, part: str, targets: Any, outputs: Any, space: TargetSpace, made: Any) -> AmountEvaluation:
        return self.score(part, targets, outputs["value"], space)

    def read_evaluation(self, record: Mapping[str, Any]) -> AmountEvaluation:
        fields = {name: value for name, value in record.items() if name != "schema_version"}
        interval = Interval(**fields["mean_error_interval"])
        return AmountEvaluation(**{**fields, "mean_error_interval": interval, "chosen_on": tuple(fields["chosen_on"])})

    def score_arms(self, targets: Any, outputs: Mapping[str, Floats]) -> dict[str, ItemScores]:
        errors = {name: np.abs(rows[:, 0] - targets.values) for name, rows in outputs.items()}
        return {name: ItemScores(-error, np.square(error)) for name, error in errors.items()}

    def run_paired_tests(self, targets: Any, scores: Any, pairs: Any, seed: int) -> tuple[PairedTest, ...]:
        found = []
        for a, b in pairs:
            apart = scores[a].scores - scores[b].scores
            lost = scores[a].losses - scores[b].losses
            error = float(apart.std() / np.sqrt(len(apart)))
            means = resampled_means(np.stack([apart, lost], axis=1), targets.groups, seed, 500)
            intervals = [percentile_interval(column, 0.95) for column in means.T]
            mean, better = float(apart.mean()), int((apart > 0).sum())
            counts = (better, int((apart < 0).sum()))
            p = 1.0
            found.append(
                PairedTest(
                    a,
                    b,
                    len(apart),
                    mean,
                    intervals[0],
                    *counts,
                    p,
                    p,
                    error,
                    float(lost.mean()),
                    intervals[1],
                    exceeds_one_se=abs(mean) > error,
                )
            )
        return tuple(found)

    def describe_score(self, items: ItemScores, noun: Noun) -> str:
        return f"a mean error of {-items.scores.mean():.3g}"

    def describe_pair(self, pair: PairedTest, noun: Noun) -> str:
        return f"{pair.a} errs {-pair.difference:.3g} more than {pair.b}."

    def describe_too_few(self, targets: Any, judged_by: str, items: ItemScores, rivals: int, noun: Noun) -> str:
        return ""

    def smallest_difference(self, evaluation: Any) -> float | None:
        return None

    def tabulate(self, space: TargetSpace, targets: Any, outputs: Mapping[str, Any]) -> AnswerTable:
        rows = [(f"{label:g}", f"{row[0]:.4f}") for label, row in zip(targets, outputs["value"], strict=True)]
        return AnswerTable(("label", "value"), rows)

    def rank_rows(self, targets: Any, outputs: Mapping[str, Any]) -> Any:
        return np.argsort(-np.abs(outputs["value"][:, 0] - targets.values), kind="stable")

    def pick_rows(self, targets: Any, outputs: Mapping[str, Any], most: int, postprocessor: Any = None) -> Any:
        return self.rank_rows(targets, outputs)[:most]

    def share_same(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        return float((np.abs(one["value"] - other["value"]) < 1e-2).mean())


class AmountGraph:
    def add_activation(self, builder: Any, logits: str, output: str) -> str:
        return builder.node("Identity", [logits], output)

    def add_combination(self, builder: Any, stacked: str, weights: Sequence[float], how: str, space: Any) -> str:
        shares = builder.constant("members/weights", [list(weights)], np.float32)
        return builder.node("MatMul", [shares, stacked], "members/mean")

    def add_postprocessor(self, builder: Any, postprocessor: Any, raw: str, space: Any) -> dict[str, str]:
        return {"value": raw}

    def list_outputs(self, postprocessor: Any, space: Any) -> list[tuple[str, str, tuple[int]]]:
        return [("value", "float32", (1,))]

    def list_compared(self, fitted: Mapping[str, Any]) -> list[ComparedOutput]:
        return [ComparedOutput("value", "numbers", 0.5, "the head")]


class SquaredError:
    """The objective of a training, in PyTorch; targets of an array are float64."""

    def encode(self, targets: Any) -> Any:
        return targets.float()

    def compute_loss(self, logits: Any, encoded: Any) -> Any:
        return (logits[:, 0] - encoded).square().mean()

    def sum_losses(self, logits: Any, targets: Any) -> Any:
        return (logits[:, 0] - targets.float()).square().sum()

    def score(self, logits: Any, targets: Any) -> tuple[float, float]:
        errors = logits[:, 0] - targets.float()
        return errors.square().mean().item(), errors.abs().mean().item()

    def score_step(self, logits: Any, targets: Any) -> tuple[float, float]:
        errors = logits.detach()[:, 0] - targets.float()
        return errors.square().mean().item(), errors.abs().sum().item()

    def score_epoch(self, logits: Any, targets: Any) -> Any:
        return np.square(logits[:, 0].double().numpy() - targets)


class AmountTraining:
    setting_names: tuple[str, ...] = ()

    @property
    def choices(self) -> dict[str, tuple[Any, ...]]:
        return {}

    def scale_outputs(self, targets: Any) -> None:
        return None

    def make_objective(self, targets: Any, outputs: int, settings: Any, device: Any) -> SquaredError:
        return SquaredError()


MEASURE = Measure("mean error", "squared error", share=False, greater=False)


@dataclass(frozen=True)
class AmountTask:
    name: str = "amount"
    title: str = "one number for each photo"
    measure: Measure = MEASURE
    feature_rank: str = "pooled"
    feature_precision: str = "auto"
    invariances: frozenset[str] = frozenset({"colour"})
    supports: frozenset[str] = frozenset()
    answer: str = "value"
    strategies: frozenset[str] | None = frozenset({"linear-probe", "intermediate-probe"})
    ensembles: frozenset[str] | None = frozenset({"average", "concat"})
    targets: Any = field(default_factory=AmountTargets)
    heads: Any = field(default_factory=AmountHeads)
    scoring: Any = field(default_factory=AmountScoring)
    graph: Any = field(default_factory=AmountGraph)
    training: None = None
    postprocessing: None = None
    diagnostics: None = None
    explanation: None = None
    report: None = None
    settings: Any = None

    def count_outputs(self, space: TargetSpace) -> int:
        return 1

    def activate(self, logits: Floats) -> Floats:
        return logits

    def combine(self, members: Sequence[Floats], weights: Sequence[float], how: str) -> Floats:
        return np.einsum("k,knc->nc", np.asarray(weights, np.float32), np.stack(members))

    def make_postprocessor(self) -> AsIs:
        return AsIs()

    def read_postprocessor(self, record: Mapping[str, Any], space: TargetSpace) -> AsIs:
        return AsIs()

    def check_postprocessor(self, postprocessor: Any, space: TargetSpace) -> None:
        assert isinstance(postprocessor, AsIs)

    def complete_outputs(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        return dict(outputs)

    def describe_model(
        self, space: TargetSpace, postprocessor: Any, scores: Mapping[str, Any]
    ) -> list[tuple[str, str]]:
        return [("answers", "one number")]

    def make_predictions(self, items: Sequence[Any], batch: Any, space: TargetSpace) -> list[Amount]:
        novelty = [None] * len(batch) if batch.novelty is None else batch.novelty.tolist()
        values = zip(items, batch.outputs["value"], novelty, batch.out_of_distribution, strict=True)
        return [
            Amount(item.name, float(row[0]), None, unlike, bool(beyond), item.repaired, item.note)
            for item, row, unlike, beyond in values
        ]

    def answer_columns(self, top: int, space: TargetSpace) -> tuple[str, ...]:
        return ("value",)

    def answer_types(self, top: int, space: TargetSpace) -> tuple[str, ...]:
        return ("number",)

    def make_failure(self, item: Any, error: Exception, space: TargetSpace) -> Amount:
        return Amount(item.name, None, str(error))


TASK = AmountTask()
#: The same, with training of networks.
TRAINED = replace(TASK, strategies=None, training=AmountTraining())
#: The same, with the settings of another task.
SHARING = replace(TASK, settings=ClassificationSettings)


class OlderTargets:
    """Reading of labels as an earlier protocol had it."""

    reads = frozenset({"one"})
    ordered = False

    def __init__(self) -> None:
        for name in ("claim", "read_space", "parse", "describe", "stack", "conflict", "merge", "count_unknown"):
            setattr(self, name, getattr(AmountTargets(), name))


#: The same, of an earlier protocol.
OLDER = replace(TASK, targets=OlderTargets())
#: The same, without a way to score.
UNSCORED = replace(TASK, scoring=None)
