"""The protocol of a task: all that is special about one kind of question, such as "which class", and the registry.

Targets are arrays that the task owns; nobody else indexes them. What stands here is needed to read labels or to
predict, so it imports no PyTorch. What only fitting, testing and reporting need is a facet, a small protocol of
``tasks.facets`` or ``tasks.optional_facets``; a task imports what is behind a facet when it is first asked for. An
optional facet may be None: then that part of the job is left out, and the run says so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol, Self, TypeAlias

from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.errors import UserError
from headstart_runtime.plugins import Registry
from headstart_runtime.protocol_checks import expect_members

if TYPE_CHECKING:
    from headstart.settings.chapter import Chapter
    from headstart.tasks import facets, optional_facets
    from headstart_runtime.inference.postprocess import BatchPredictions
    from headstart_runtime.tasks.explanation_facet import AnswerExplanation

GROUP = "headstart.tasks"  #: of the entry points by which other packages add tasks
#: Where each built-in task is; it is imported when it is first asked for.
TASKS: dict[str, "str | Task"] = {
    "classification": "headstart_runtime.tasks.classification.task:ClassificationTask",
    "multilabel": "headstart_runtime.tasks.multilabel.task:MultilabelTask",
    "ordinal": "headstart_runtime.tasks.ordinal.task:OrdinalTask",
    "regression": "headstart_runtime.tasks.regression.task:RegressionTask",
}
DEFAULT = "classification"  #: the task of labels that say nothing else

#: What only tasks have that say so: each reads the answers of a task in its own way.
Support: TypeAlias = Literal["list of misclassified samples", "advice", "figures", "threshold of an answer"]

#: Kind of a cell in a table of answers: "whole" is a number without a fraction, "texts" is a list; each may be None.
CellType: TypeAlias = Literal["text", "texts", "number", "whole"]

Target: TypeAlias = Any  #: of one item, hashable: the index of a class, a number, a tuple of numbers
TargetArray: TypeAlias = NDArray[Any]  #: of N items, (N, ...)
#: outputs of a model by name, (N, ...) each -> the same with other answers
OutputRule: TypeAlias = Callable[[Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]]]


@dataclass(frozen=True, slots=True)
class TargetSpace:
    """The possible targets of a data set, as a task read them from its labels. It is saved with the model."""

    task: str  #: the name of the task
    names: tuple[str, ...]  #: of the outputs, in order: classes, labels, or columns of numbers
    facts: Mapping[str, Any] = field(default_factory=dict)  #: plain values that the task keeps: units, an order

    def __len__(self) -> int:
        return len(self.names)

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values."""
        return {"task": self.task, "names": list(self.names), "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the space that ``to_json`` describes.

        Raises:
            KeyError, TypeError: the record is not what ``to_json`` gives.
        """
        return cls(record["task"], tuple(record["names"]), dict(record["facts"]))


def format_significant(value: float) -> str:
    """Return a number with three significant digits, or more before the point; no exponent where people need none."""
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:z.3g}"


@dataclass(frozen=True, slots=True)
class Measure:
    """The score by which a task compares, and the loss beside it, as people read them."""

    name: str  #: "accuracy"
    loss: str  #: "log loss"
    unit: str = ""  #: of the loss: "nats"
    share: bool = True  #: whether the score lies in 0..1 and is shown in percent
    greater: bool = True  #: whether a greater score is the better one
    counted: bool = True  #: whether a share is counted: one sample's score is 1 or 0; False: it is any number

    def format(self, value: float) -> str:
        """Return a score as people read it."""
        return f"{value:.1%}" if self.share else format_significant(value)

    def describe(self, value: float) -> str:
        """Return a score with what it is, where the text does not say so: "92.3%", "mean error 3.2"."""
        return self.format(value) if self.share else f"{self.name} {self.format(value)}"

    def is_better(self, one: float, other: float) -> bool:
        """Return whether a score is better than another."""
        return one > other if self.greater else one < other


class Postprocessor(Protocol):
    """All between a model's raw outputs and its answers: calibration, prediction sets, intervals, thresholds.

    A frozen record of plain values, for it is saved in ``model.json``.
    """

    def apply(self, raw: Floats) -> dict[str, NDArray[Any]]:
        """Return the outputs by their names in the graph, each (N, ...), from raw outputs, float32 (N, K)."""

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values."""


class Task(Protocol):
    """One kind of question."""

    name: str
    title: str  #: for people: "single-label classification"
    measure: Measure
    feature_rank: Literal["pooled", "map", "sequence"]  #: of what a head reads
    #: Arithmetic of the forward pass where the settings leave it open: "f32" where bf16 would move answers that are
    #: finer than a class, numbers or thresholds, by more than may be.
    feature_precision: Literal["auto", "f32"]
    #: Changes of an item that keep its target, by the names of the modality's augmentation: "crop", "flip", "turn",
    #: "colour"; "*" for all.
    invariances: frozenset[str]
    supports: frozenset[Support]  #: what else it has that no facet says
    answer: str  #: the output, of those in the graph, that an answer is read from: "probabilities"
    #: Names of strategies and of ensembles that make sense; None for all. Those that train want the facet ``training``.
    strategies: frozenset[str] | None
    ensembles: frozenset[str] | None

    # From features to an answer, in NumPy.

    def count_outputs(self, space: TargetSpace) -> int:
        """Return how many numbers a head gives for an item; they need not be as many as raw outputs, K."""

    def activate(self, logits: Floats) -> Floats:
        """Return raw outputs, float32 (N, K), one for each name, of a head's last layer, float32 (N, ...)."""

    def combine(self, members: Sequence[Floats], weights: Sequence[float], how: str) -> Floats:
        """Return the raw outputs of an ensemble, float32 (N, K).

        Args:
            members: the raw outputs of each, float32 (N, K).
            weights: of each; they sum to 1 where they count.
            how: "mean", or another way that the task knows.

        Raises:
            ValueError: the task does not know that way.
        """

    def make_postprocessor(self) -> Postprocessor:
        """Return what gives answers before anything was fitted for it."""

    def read_postprocessor(self, record: Mapping[str, Any], space: TargetSpace) -> Postprocessor:
        """Return the postprocessor that ``Postprocessor.to_json`` describes.

        Raises:
            KeyError, TypeError, ValueError: the record is not what ``to_json`` gives, or of another space.
        """

    def check_postprocessor(self, postprocessor: Any, space: TargetSpace) -> None:
        """Raise a ValueError where a postprocessor is not of a space."""

    def complete_outputs(self, outputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return outputs as a run keeps them: those that a model does not make are there too, if they can be told."""

    def describe_model(
        self, space: TargetSpace, postprocessor: Any, scores: Mapping[str, Any]
    ) -> list[tuple[str, str]]:
        """Return what a table of a saved model shows of its answers, name and text.

        Args:
            space: of the model.
            postprocessor: of the model.
            scores: by subset what ``Evaluation.to_json`` gives.
        """

    def make_predictions(self, items: Sequence[Any], batch: "BatchPredictions", space: TargetSpace) -> list[Any]:
        """Return a record of the answer for each opened item, in their order.

        Each has ``source``, ``error``, ``novelty``, ``out_of_distribution``, ``repaired`` and ``note`` as
        ``inference.prediction.Prediction`` has them, and its methods ``to_json``, ``describe``, ``to_cells`` and
        ``to_values``.
        """

    def answer_columns(self, top: int, space: TargetSpace) -> tuple[str, ...]:
        """Return the columns of a table of answers, as their ``to_cells(top)`` fills them.

        Args:
            top: how many of the likeliest answers are listed, where there are several.
            space: of the model.
        """

    def answer_types(self, top: int, space: TargetSpace) -> tuple[CellType, ...]:
        """Return the type of each of the ``answer_columns``, as the answers' ``to_values(top)`` gives them."""

    def make_failure(self, item: Any, error: Exception, space: TargetSpace) -> Any:
        """Return the record for an opened item that cannot be read."""

    # Facets.

    @property
    def targets(self) -> "facets.TargetReading":
        """Labels of a source, read as targets."""

    @property
    def heads(self) -> "facets.HeadFitting":
        """Heads on features."""

    @property
    def scoring(self) -> "facets.Scoring":
        """Scores of outputs, and comparisons of ways to get them."""

    @property
    def graph(self) -> "facets.GraphOutputs":
        """Outputs of the saved graph."""

    @property
    def training(self) -> "optional_facets.NetworkTraining | None":
        """Training of networks; None: only heads on frozen networks are fitted. Asking for it imports no PyTorch."""

    @property
    def postprocessing(self) -> "optional_facets.Postprocessing | None":
        """Fitting of a postprocessor on held-out predictions."""

    @property
    def diagnostics(self) -> "optional_facets.TaskDiagnostics | None":
        """Findings about labels and answers."""

    @property
    def explanation(self) -> "AnswerExplanation | None":
        """The part of an answer that heat maps explain; None: no answer is explained."""

    @property
    def report(self) -> "optional_facets.TaskReport | None":
        """The pages of a run; None: a plain page and a card, by the measure."""

    @property
    def settings(self) -> "type[Chapter] | None":
        """The task's own chapter of settings: its flags, its table, its keywords."""


def check_support(task: Task, wanted: Support) -> None:
    """Raise a UserError where a task does not have what is wanted."""
    if wanted not in task.supports:
        refuse_missing(task, wanted)


def refuse_missing(task: Task, wanted: str, reason: str = "") -> NoReturn:
    """Raise a UserError: a task does not have what is wanted, and why or what to do where that is told."""
    raise UserError(f"{task.title} has no {wanted} here" + (f": {reason}" if reason else ""))


REGISTRY: Registry[Task] = Registry(GROUP, "task", TASKS, expect_members(Task), name_in="name", reserved=("auto",))


def get_task(name: str) -> Task:
    """Return the task of a name.

    Raises:
        SettingError: there is none, as where its package is not installed any more.
        PluginError: it cannot be used.
    """
    return REGISTRY.get(name)


def all_tasks() -> Iterable[Task]:
    """Return the tasks of this package and those that other packages register."""
    return REGISTRY.all().values()
