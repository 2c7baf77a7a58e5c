"""A run: one folder with everything a fit did. ``fit`` returns it, and a later session opens it again."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.data.ledger import load_ledger
from headstart.data.readers.arrays.arrays import IN_MEMORY
from headstart.data.split import load_split
from headstart.display.html import html_table
from headstart.evaluation.evaluation import Evaluation, read_evaluation
from headstart.reporting.run_records import total_seconds
from headstart.runs.record_check import check_run_record
from headstart.runs.tables import MisclassifiedSamples, RunLayers, list_layers, list_misclassified
from headstart.runs.worst_answers import WorstAnswers, list_worst_answers
from headstart.storage.run_files import make_damage_error, read_run_json
from headstart.storage.run_layout import EVALUATION, LEDGER, MODEL, NEIGHBOURS, RECORD, SETTINGS, TRUST
from headstart_runtime.errors import DataError, UserError
from headstart_runtime.inference.classifier import Classifier, load
from headstart_runtime.modalities.item import SAMPLE, Noun
from headstart_runtime.modalities.modality import find_noun
from headstart_runtime.tasks.task import Task, check_support, get_task

if TYPE_CHECKING:
    from headstart.diagnostics.neighbours import Neighbours
    from headstart.reporting.plots import Plots
    from headstart_runtime.explanation.answer_explainer import AnswerExplainer, HeatMap

PATHS = ("relabel", "split_from", "store")  #: settings that name what is read
ALIKE = 3  #: samples that an explanation names


@dataclass(frozen=True)
class Explanation:
    """Reasons for an answer of a classifier."""

    heat: "HeatMap"  #: what speaks for the class, place by place
    alike: tuple[tuple[str, float], ...]  #: the samples most alike among those learnt from: name and cosine, best first
    noun: Noun = SAMPLE

    def _repr_html_(self) -> str:
        told = f"{self.heat.label} {self.heat.shown} ({self.heat.method}); most alike among those learnt from:"
        return html_table((self.noun.one, "similarity"), self.alike, caption=told)


@dataclass(frozen=True)
class Run:
    """A finished run."""

    folder: Path
    validation: Evaluation  #: of the winning arm, fitted on train
    test: Evaluation  #: of the saved classifier, read back, from file bytes to class name
    record: dict[str, Any] = field(repr=False)  #: what run.json says
    _home: Path = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # what is read when it is first asked for lies there wherever the process has gone meanwhile
        object.__setattr__(self, "_home", self.folder.absolute())

    def __fspath__(self) -> str:
        """Return its folder, so that a run can be given wherever that can."""
        return str(self._home)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, test {self.test.describe(self.noun)})"

    @cached_property
    def classifier(self) -> Classifier:
        """Return the saved classifier."""
        return load(self._home / MODEL)

    @cached_property
    def trust(self) -> dict[str, Any]:
        """Return what trust.json says of data and answers; empty for a run of before there was one."""
        file = self._home / TRUST
        return read_run_json(file) if file.exists() else {}

    @cached_property
    def plot(self) -> "Plots":
        """Return the report's plots as matplotlib figures, such as ``run.plot.confusion()``; of each task its own."""
        from headstart.reporting.write import get_report

        check_support(self.task, "figures")
        plots: Plots = get_report(self._home).plot(self._home)
        return plots

    def explain(self, item: Any, label: str | None = None) -> Explanation:
        """Return why the classifier says what it says of an item.

        Args:
            item: as ``Classifier.predict`` takes one: a path, bytes, an array.
            label: the class, label or number that is asked about; the likeliest, or the first number, when not given.

        Raises:
            DataError: the item cannot be read.
            UserError: the classifier has no such label, or its task no heat maps; the run is of before there were
                neighbours.
        """
        heat = self._explainer.explain(item, label)
        near = self._neighbours.query(heat.features[None], ALIKE)
        names = {entry.digest: entry.name for entry in load_ledger(self._home / LEDGER).entries}
        ids, copies = self._neighbours.ids, load_split(self._home).copies
        seen = (ids[index] for index in near.indices[0])
        found = zip((names[copies.get(id_, id_)] for id_ in seen), map(float, near.similarity[0]), strict=True)
        return Explanation(heat, tuple(found), self.noun)

    @cached_property
    def _explainer(self) -> "AnswerExplainer":
        from headstart_runtime.explanation.choose_explainer import open_explainer

        return open_explainer(self._home / MODEL)

    @cached_property
    def _neighbours(self) -> "Neighbours":
        from headstart.diagnostics.neighbours import Neighbours

        return Neighbours.load(self._home / NEIGHBOURS)

    @cached_property
    def features(self) -> Any:
        """Return the features of its samples, of every layer of its network, from the store: ``headstart.features``.

        Raises:
            UserError: it was made from arrays, or its source is gone.
        """
        import headstart

        source = self.record["source"]
        if source == IN_MEMORY:
            raise UserError("this run was made from arrays; give them to headstart.features(arrays, labels=...)")
        settings = self.record["settings"]
        paths: dict[str, Any] = {name: self._locate(settings[name]) for name in PATHS if settings[name] is not None}
        backbone = self.record["backbone"]["name"]
        name, _, checkpoint = backbone.partition("@")
        if checkpoint and (file := self._locate(checkpoint)).exists():
            backbone = f"{name}@{file}"
        return headstart.features(
            self._locate(source),
            layer="all",
            progress=False,
            config=self._home / SETTINGS,  # without the chapters of other modalities and tasks
            backbone=backbone,
            **paths,
        )

    def _locate(self, given: str) -> Path:
        """Return where a path leads that was given when the run was made, wherever the process has gone meanwhile."""
        return Path(self.record.get("working_folder", ""), Path(given).expanduser())

    def misclassified(self, subset: str = "test") -> MisclassifiedSamples | WorstAnswers:
        """Return the samples of test, or of validation, that were given another class than their own.

        Where answers are not simply right or wrong, as numbers are: ``worst_answers``.

        Raises:
            UserError: the run has no predictions.
        """
        if "list of misclassified samples" in self.task.supports:
            return list_misclassified(self._home, self.classes, self.noun, subset)
        return self.worst_answers(subset)

    def worst_answers(self, subset: str = "test") -> WorstAnswers:
        """Return the answers to the samples of test, or of validation, those that are furthest off first.

        Raises:
            UserError: the run has no predictions.
        """
        return list_worst_answers(self._home, self.task, self.noun, subset)

    def layers(self) -> RunLayers:
        """Return the layers of the winner's network: which are frozen, which were trained, which its head reads."""
        return list_layers(self.record)

    def _repr_html_(self) -> str:
        test, parts, measure = self.test, self.record["split"], self.test.measure
        validated = self.validation.describe_count(self.noun)
        rows = [
            (f"test {measure.name}", test.describe(self.noun).removeprefix(f"{measure.name} ")),
            (
                f"validation {measure.name}",
                f"{self.validation.format_score()} on {validated}",
            ),
            ("winner", f"{self.record['winner']} on {self.record['backbone']['name']}"),
            (self.noun.many, ", ".join(f"{name} {count}" for name, count in parts.items())),
            ("took", f"{self.took:.1f} s"),
            ("folder", self.folder),
        ]
        return html_table(("run", ""), rows)

    @property
    def noun(self) -> Noun:
        """Return the word that people have for an item of its kind of data."""
        return find_noun(self.record["modality"])

    @property
    def task(self) -> Task:
        """Return the task that it answers."""
        return get_task(self.record["task"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the names to predict, in order."""
        return tuple(self.record["classes"])

    @property
    def notes(self) -> tuple[str, ...]:
        """Return notes that a person should know."""
        return tuple(self.record["notes"])

    @property
    def seconds(self) -> dict[str, float]:
        """Return the seconds that each stage took."""
        return dict(self.record["seconds"])

    @property
    def took(self) -> float:
        """Return the seconds by the clock from its beginning to its last result, without the report."""
        return total_seconds(self.record)


def open_run(folder: str | os.PathLike[str]) -> Run:
    """Open the folder of a finished run.

    Raises:
        UserError: it is none, of another schema, or damaged.
    """
    if not isinstance(folder, str | os.PathLike):
        raise UserError(f"a run cannot be opened from {type(folder).__name__}; wanted the path of a run's folder")
    folder = Path(folder).expanduser()
    try:
        record, evaluation = read_run_json(folder / RECORD), read_run_json(folder / EVALUATION)
    except FileNotFoundError:
        state = "there is no such folder" if not folder.exists() else "it has no finished run in it"
        raise UserError(f"{str(folder)!r} is not a run: {state}; give the folder that headstart fit wrote") from None
    check_run_record(folder / RECORD, record)
    parts = evaluation.get("parts")
    if not isinstance(parts, dict) or not {"validation", "test"} <= parts.keys():
        raise UserError(f"{str(folder)!r} is not a whole run: {EVALUATION} lacks a part; make the run again")
    try:
        return Run(folder, read_evaluation(parts["validation"]), read_evaluation(parts["test"]), record)
    except DataError as error:
        raise make_damage_error(folder / EVALUATION, error) from None
