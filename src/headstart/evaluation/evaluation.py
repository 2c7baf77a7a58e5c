"""The evaluation of outputs: a record, which knows of which subset and of how many rows it speaks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from headstart.evaluation.intervals import Interval
from headstart_runtime.errors import DataError, describe_schema_mismatch
from headstart_runtime.field_types import check_field_types
from headstart_runtime.modalities.item import GROUP, SAMPLE, Noun
from headstart_runtime.tasks.task import Measure, get_task

SCHEMA_VERSION = 1


#: What can be chosen on the rows that a score is of, in words: the score is optimistic then.
CHOICES = {
    "epoch": "when to end the training",
    "search": "the settings",
    "winner": "the winner",
    "calibration": "the calibration",
}


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Scores of parts of the rows as cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    note: str = ""  #: what is not listed, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Scores on one part, as every task has them. A task's own is a subclass, with more of them."""

    task: str  #: its name
    part: str  #: "train", "validation", "test"
    n: int  #: rows
    groups: int  #: groups of rows that belong together; as many as rows where none do
    effective_n: float  #: independent rows that would tell as much of the score
    chosen_on: tuple[str, ...] = ()  #: what was chosen on the same rows, keys of ``CHOICES``; test has nothing here

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return a score of the task's own, such as ``accuracy``."""

    @property
    def measure(self) -> Measure:
        """The score and the loss, as people read them: those of the task, unless its targets want others."""
        return get_task(self.task).measure

    @property
    def score(self) -> float:
        """The score by which the task compares, see ``measure``."""
        raise NotImplementedError

    @property
    def score_interval(self) -> Interval:
        """95 % interval of the score, by groups."""
        raise NotImplementedError

    @property
    def loss(self) -> float:
        """The loss beside the score, mean over the rows."""
        raise NotImplementedError

    @property
    def optimistic(self) -> bool:
        """Whether something was chosen on the same rows, so that the score flatters."""
        return bool(self.chosen_on)

    def describe_count(self, noun: Noun = SAMPLE) -> str:
        """Return how many rows there are, and in how many groups they come, where some belong together."""
        return noun.count(self.n) + (f" in {GROUP.count(self.groups)}" if self.groups < self.n else "")

    @property
    def caveat(self) -> str:
        """Why the score flatters, for a person; empty where it does not."""
        return describe_caveat(self.chosen_on)

    def describe(self, noun: Noun = SAMPLE) -> str:
        """Return the score, its interval and its rows: "accuracy 92.5% (88.0% to 95.4%) on 200 samples"."""
        measure = self.measure
        low, high = measure.format(self.score_interval.low), measure.format(self.score_interval.high)
        return f"{measure.name} {self.format_score()} ({low} to {high}) on {self.describe_count(noun)}"

    def describe_wanted(self, noun: Noun = SAMPLE) -> str:
        """Return how far what the user wished for was reached, where that is not the score; "" where it is."""
        return ""

    def describe_rule(self) -> str:
        """Return by which rule answers were taken, where that is not the usual one of the task; "" where it is."""
        return ""

    def format_score(self) -> str:
        """Return the score as people read it, with its unit where it has one: "92.5%", "3.2 g"."""
        return self.measure.format(self.score)

    def describe_faults(self) -> str:
        """Return how far the answers are from right, after the word for who gave them: "has mean error 3.2"."""
        return f"has {self.measure.name} {self.format_score()}"

    def list_more(self) -> list[str]:
        """Return further scores, each as name and value; those of the task's own."""
        return []

    def tabulate(self, noun: Noun, most: int) -> ScoreTable | None:
        """Return scores of parts of the rows, such as classes; None where there are none.

        Args:
            noun: that people have for a row.
            most: parts that are listed.
        """
        return None

    def to_json(self) -> dict[str, Any]:
        """Return a record that ``json.dumps`` takes."""
        return {"schema_version": SCHEMA_VERSION, **json.loads(json.dumps(asdict(self)))}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the evaluation that ``to_json`` describes.

        Raises:
            DataError: another schema, or fields missing or unknown.
        """
        fields = dict(value)
        version = fields.pop("schema_version", None)
        if version != SCHEMA_VERSION:
            raise DataError(describe_schema_mismatch("evaluation", version, SCHEMA_VERSION))
        try:
            fields = read_intervals(fields)
            fields["chosen_on"] = tuple(fields["chosen_on"])
            read = cls(**fields | cls._read_own(fields))
            check_field_types(read)
            return read
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise DataError(f"evaluation cannot be read: {error}; wanted the fields that to_json writes") from None

    @classmethod
    def _read_own(cls, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the fields that are tuples or records, made of the plain values that JSON has."""
        return {}


def read_intervals(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as JSON has it with its intervals, which are called so; None where there is none."""
    return {
        name: Interval(**value) if name.endswith("interval") and value is not None else value
        for name, value in record.items()
    }


def describe_most_mistaken(counts: Sequence[int], label: int, classes: Sequence[str]) -> str:
    """Return what rows of a class were most often taken for, and how often; "" where they never were for another.

    Args:
        counts: (C,) a row of the confusion matrix.
        label: the row's class.
        classes: C names.
    """
    others = [0 if index == label else count for index, count in enumerate(counts)]
    most = max(others)
    return f"{classes[others.index(most)]} ({most})" if most else ""


def describe_more_classes(more: int) -> str:
    """Return the line under a table that left classes out; "" where it left out none."""
    return f"\n... and {more} more class{'es' * (more > 1)}" if more > 0 else ""


def show_share(share: float | None) -> str:
    """Return a share in percent; a dash for what there is not, such as the recall of a class without rows."""
    return "-" if share is None else f"{share:.1%}"


def read_evaluation(record: Mapping[str, Any]) -> Evaluation:
    """Return the evaluation that ``Evaluation.to_json`` describes, of any task.

    Raises:
        DataError: another schema, or fields missing or unknown.
        SettingError: of a task that is not installed.
    """
    if not isinstance(record, Mapping) or not isinstance(record.get("task"), str):
        raise DataError("evaluation cannot be read: 'task'; wanted the fields that to_json writes")
    return get_task(record["task"]).scoring.read_evaluation(record)


def describe_caveat(chosen_on: Sequence[str]) -> str:
    """Return why a score flatters, for a person; empty where nothing was chosen on its rows."""
    reasons = [CHOICES.get(name, name) for name in chosen_on]
    listed = " and ".join([", ".join(reasons[:-1]), reasons[-1]] if len(reasons) > 1 else reasons)
    return f"optimistic: it also decided {listed}" if reasons else ""
