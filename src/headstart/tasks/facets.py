"""Facets that every task has: what reading labels, fitting heads, scoring and the saved graph ask of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.label_text import LabelForm
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.tasks.task import Target, TargetArray, TargetSpace

if TYPE_CHECKING:
    from headstart.data.samples import Samples
    from headstart.evaluation.comparison import PairedTest
    from headstart.evaluation.evaluation import Evaluation
    from headstart.evaluation.grouping import Targets
    from headstart.heads.head import Fit, TrainingSet
    from headstart.modalities.graph_builder import GraphBuilder
    from headstart_runtime.modalities.item import Noun


@dataclass(frozen=True, slots=True)
class Strata:
    """Kinds of samples that a split spreads evenly over its subsets and folds."""

    numbers: Ints  #: (N,) of each sample, in 0..S-1
    names: tuple[str, ...]  #: of the S strata, for people
    noun: str  #: of a stratum, for people: "class"
    required: bool  #: whether each subset must have a sample of each; False: as far as it goes
    #: (N, S) all that each sample is of, where it may be of several; ``numbers`` has the rarest then. None: one each.
    members: Bools | None = None

    @property
    def membership(self) -> Bools:
        """Whether each sample is of each stratum, (N, S)."""
        if self.members is not None:
            return self.members
        return np.asarray(self.numbers[:, None] == np.arange(len(self.names)))

    def list_each(self) -> list[list[int]]:
        """Return the numbers of the strata that each sample is of."""
        if self.members is None:
            return [[number] for number in self.numbers.tolist()]
        return [np.flatnonzero(row).tolist() for row in self.members]


@dataclass(frozen=True, slots=True)
class Claim:
    """The reason why labels look like a task's."""

    reason: str  #: "they are numbers, such as 12.5 and 0.3"
    certain: bool  #: whether the task is taken where the user names none; else it is proposed


@dataclass(frozen=True, slots=True)
class LabelSource:
    """The way in which a source writes its labels."""

    classes: tuple[str, ...] = ()  #: all that it names, with or without items, in the order of their characters
    form: LabelForm = "one"
    columns: tuple[str, ...] = ()  #: of a table that the labels are read from; none where they stand elsewhere
    contradicted: float = 0.0  #: share of the items that equal one with another label byte for byte
    reason: str = ""  #: why it has that form, for a person; "" where nothing had to be decided
    order: tuple[str, ...] = ()  #: of the labels from the lowest to the highest, where the user says one


class TargetReading(Protocol):
    """Labels of a source, read as targets."""

    reads: frozenset[LabelForm]  #: the forms of labels that it reads; a source is read in one of these
    ordered: bool  #: whether it has a use of an order of the labels that the user says
    single: bool  #: whether a target is the index of one name of its space, as that of a class is

    def claim(self, labels: Sequence[str], source: LabelSource) -> Claim | None:
        """Return why these labels, as they are written, look like this task's; None where they do not."""

    def read_space(self, labels: Mapping[str, str], source: LabelSource) -> TargetSpace:
        """Return the space of all labels of a source.

        Args:
            labels: by the names of the items, as they are written.
            source: how they are written, and the classes that it names.

        Raises:
            DataError: labels that this task cannot have; all problems in one line.
        """

    def keep_names(self, space: TargetSpace, places: Sequence[int]) -> TargetSpace:
        """Return the space of some of the names, by their places in a growing order; asked for where ``single``."""

    def list_columns(self, space: TargetSpace) -> Sequence[str]:
        """Return the columns of a table that hold the targets of a space, where each name is one; else nothing."""

    def parse(self, space: TargetSpace, label: str) -> Target:
        """Return the target that a label means.

        Raises:
            DataError: it means none; the message says what is wanted.
        """

    def describe(self, space: TargetSpace, target: Target) -> str:
        """Return a target as a person writes it; ``parse`` reads it."""

    def stack(self, targets: Sequence[Target]) -> TargetArray:
        """Return targets as one array, (N, ...)."""

    def conflict(self, first: Target, second: Target) -> bool:
        """Return whether two items of equal bytes cannot both have these targets."""

    def merge(self, first: Target, second: Target) -> Target | None:
        """Return the target of one item that a source has under two labels, each of which says what it is of.

        None: an item cannot be of both, and ``conflict`` decides.
        """

    def count_unknown(self, space: TargetSpace, targets: TargetArray) -> Mapping[str, int]:
        """Return of how many samples (N, ...) each name of the space is not known; empty where all is known."""

    def measure_distances(self, targets: TargetArray, first: Ints, second: Ints) -> Doubles:
        """Return how far apart the targets of pairs of rows are, (M,): 0 the same, 1 the most.

        Args:
            targets: of N samples, stacked.
            first: (M,) rows of them.
            second: (M,) the other row of each pair.
        """

    def stratify(self, space: TargetSpace, targets: TargetArray) -> Strata:
        """Return the strata of samples by their stacked targets; by these they are split and folded."""

    def find_problems(self, samples: "Samples") -> list[str]:
        """Return why nothing can be fitted on samples: what was seen, wanted, and what to do; empty when it can."""

    def match(self, samples: "Samples", space: TargetSpace) -> "Samples":
        """Return samples with targets of a saved model's space, so that its answers can be scored on them.

        Raises:
            DataError: there is no sample with a label, or one that the model does not know.
        """

    def note(self, space: TargetSpace) -> list[str]:
        """Return notes for the ledger on names that may be one, units that were taken, and the like."""

    def describe_space(self, space: TargetSpace) -> str:
        """Return what there is to tell, in a few words: "4 classes", "weight (g)"."""


class HeadFitting(Protocol):
    """Heads on features."""

    default: str  #: the name of the head that is fitted where the settings name none
    automatic: tuple[str, ...]  #: heads that "auto" tries

    @property
    def solved(self) -> frozenset[str]:
        """The names of heads that are solved in seconds, not trained: answers of these are cross-validated."""

    @property
    def heads(self) -> "Mapping[str, Fit]":
        """The heads by name; each ends as dense layers of ``Task.count_outputs`` outputs."""

    def is_balanced(self, settings: Any) -> bool:
        """Return whether the settings weigh rows so that rare targets count as much: ``TrainingSet.balanced``."""

    def check(self, training_set: "TrainingSet") -> None:
        """Raise a DataError where features, targets and groups do not belong together."""

    def predict_held_out(
        self, training_set: "TrainingSet", head: str, settings: Any, chosen: Mapping[str, float]
    ) -> Floats:
        """Return raw outputs (N, K) of each row by a head that was fitted without the row's fold; groups together."""


@dataclass(frozen=True, slots=True)
class ItemScores:
    """Scores of N items, one by one."""

    scores: Doubles  #: (N,) greater is better, whatever ``Measure.greater`` says: 1 where right, minus an error
    losses: Doubles  #: (N,) less is better


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """Targets and answers as cells of a table."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]  #: N


class Scoring(Protocol):
    """Scores of outputs, and comparisons of ways to get them."""

    def score(self, part: str, targets: "Targets", outputs: Floats, space: TargetSpace) -> "Evaluation":
        """Return the scores of outputs (N, K), calibrated or not, on the rows of a part.

        Raises:
            DataError: no rows, shapes that do not belong together, outputs that are none.
        """

    def score_answers(
        self,
        part: str,
        targets: "Targets",
        outputs: "Mapping[str, NDArray[Any]]",
        space: TargetSpace,
        postprocessor: Any,
    ) -> "Evaluation":
        """Return the scores of a saved model's answers on the rows of a part: by its thresholds, if it has some.

        Outputs are all that the model gives for the rows, by name, (N, ...) each.

        Raises:
            DataError: no rows, shapes that do not belong together, outputs that are none.
        """

    def read_evaluation(self, record: Mapping[str, Any]) -> "Evaluation":
        """Return the evaluation that ``Evaluation.to_json`` describes.

        Raises:
            DataError: another schema, or fields missing or unknown.
        """

    def score_arms(self, targets: "Targets", outputs: Mapping[str, Floats]) -> dict[str, ItemScores]:
        """Return the score and the loss of each row by each arm's outputs, (N, K).

        Raises:
            DataError: no arms, no rows, or arrays that do not belong together.
        """

    def run_paired_tests(
        self, targets: "Targets", scores: Mapping[str, ItemScores], pairs: Sequence[tuple[str, str]], seed: int
    ) -> "tuple[PairedTest, ...]":
        """Return tests of pairs of arms, by name, corrected for their number (Holm)."""

    def describe_score(self, items: ItemScores, noun: "Noun") -> str:
        """Return an arm's score in the words of a sentence: "92.3% of 120 samples right"."""

    def describe_pair(self, pair: "PairedTest", noun: "Noun") -> str:
        """Return how far two arms are apart, a sentence."""

    def describe_too_few(self, targets: "Targets", judged_by: str, items: ItemScores, rivals: int, noun: "Noun") -> str:
        """Return why these rows cannot tell whatever arm there was, a sentence; "" where they can."""

    def smallest_difference(self, evaluation: "Evaluation") -> float | None:
        """Return the smallest difference of scores that so many rows can show; None where they can show none."""

    def tabulate(self, space: TargetSpace, targets: TargetArray, outputs: "Mapping[str, NDArray[Any]]") -> AnswerTable:
        """Return targets (N, ...) and the outputs that were given, (N, ...) each by its name, as cells."""

    def rank_rows(self, targets: "Targets", outputs: "Mapping[str, NDArray[Any]]") -> Ints:
        """Return all N rows, by all that a model gives, in the order in which they are shown: mistakes first."""

    def pick_rows(
        self, targets: "Targets", outputs: "Mapping[str, NDArray[Any]]", most: int, postprocessor: Any = None
    ) -> Ints:
        """Return rows worth a close look: ``most`` of the worst answers, then of those least sure by the thresholds."""

    def share_same(self, one: "Mapping[str, NDArray[Any]]", other: "Mapping[str, NDArray[Any]]") -> float:
        """Return the share of rows of which two models' outputs, (N, ...) each by its name, give the same answer."""


@dataclass(frozen=True, slots=True)
class ComparedOutput:
    """An output of the saved graph that is compared with what the fitted heads give."""

    name: str  #: in the graph
    words: str  #: for people: "calibrated probabilities"
    most: float  #: mean difference that rounding can explain; more is a fault
    step: str  #: that makes it, for people: "calibration"
    #: What differences are divided by, shaped as one item's output or as parts of it: of numbers the range they lie in.
    scale: float | Doubles = 1.0


class GraphOutputs(Protocol):
    """Outputs of the saved graph, as ``Task`` computes them in NumPy, on one row."""

    def add_activation(self, builder: "GraphBuilder", logits: str, output: str) -> str:
        """Add ``Task.activate`` of a tensor (1, K); return the tensor of the given name."""

    def add_combination(
        self, builder: "GraphBuilder", stacked: str, weights: Sequence[float], how: str, space: TargetSpace
    ) -> str:
        """Add ``Task.combine`` of members, (M, K); return the tensor of raw outputs, (1, K)."""

    def add_postprocessor(
        self, builder: "GraphBuilder", postprocessor: Any, raw: str, space: TargetSpace
    ) -> Mapping[str, str]:
        """Add ``Postprocessor.apply`` of raw outputs (1, K); return the tensor (1, ...) of each output by its name."""

    def list_outputs(self, postprocessor: Any, space: TargetSpace) -> "Sequence[tuple[str, str, tuple[int, ...]]]":
        """Return name, NumPy's dtype and shape of each of these outputs, for one item."""

    def list_compared(self, fitted: "Mapping[str, NDArray[Any]]") -> "Sequence[ComparedOutput]":
        """Return the outputs that are compared, in the order in which they are made.

        Args:
            fitted: the outputs for some items, (N, ...) each, by the fitted heads.
        """
