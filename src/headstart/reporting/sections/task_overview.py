"""The first screen of any task: what it predicts, how well; what matters, and what to do next."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headstart.diagnostics.label_review import LabelReviewRecord
from headstart.diagnostics.next_commands import suggest_comparing, suggest_relabelling
from headstart.reporting.contents import GivenText, HeadingWarning, ShownNumber, ShownRange, TaskContents
from headstart.reporting.sections.overview import NextStep, format_date, has_wrong_labels
from headstart.reporting.sections.samples import SamplesSection
from headstart.reporting.task_records import TaskRecords
from headstart_runtime.errors import format_install_command
from headstart_runtime.tasks.task import Measure

SURE = 0.05  #: chance up to which one label is hardly so far off by accident
SMALL_TEST = 100  #: test samples: fewer are warned of


@dataclass(frozen=True)
class TaskOverview:
    """The contents of the first screen."""

    name: str  #: of the run's folder
    date: str
    heading: str
    usable: int  #: samples
    seconds: float
    backbones: str
    licences: str
    warnings: tuple[HeadingWarning, ...]  #: the gravest first
    calm: str  #: that nothing was found, and where it was looked; empty where there are warnings
    next_steps: tuple[NextStep, ...]

    @staticmethod
    def axis(share: float) -> str:
        """Return a place on the axis from 0 to 100."""
        return f"{100 * min(1.0, max(0.0, share)):.2f}"


def build_task_overview(records: TaskRecords, samples: SamplesSection, contents: TaskContents) -> TaskOverview:
    """Return the contents of the first screen, from the records and from what was made of them."""
    run = records.run
    warnings = (*contents.warnings, *_list_common_warnings(records, samples))
    return TaskOverview(
        name=records.folder.resolve().name,
        date=format_date(run.date),
        heading=contents.heading,
        usable=run.split.total,
        seconds=records.seconds,
        backbones=", ".join(backbone.name for backbone in run.backbones),
        licences=", ".join(dict.fromkeys(backbone.licence or "unknown" for backbone in run.backbones)),
        warnings=warnings,
        calm="" if warnings else _describe_calm(records, samples, contents.checked),
        next_steps=tuple(_list_steps(records)),
    )


def get_number_form(measure: Measure) -> str:
    """Return the form of numbers that are scores by a measure."""
    return "percent" if measure.share else "number"


def _list_common_warnings(records: TaskRecords, samples: SamplesSection) -> Iterator[HeadingWarning]:
    """Yield reasons to be careful, the gravest first."""
    noun = records.noun
    if samples.leaked:
        verb = "is" if samples.leaked == 1 else "are"
        said = f" test {noun.form(samples.leaked)} {verb} also in training"
        leaked = ShownNumber("leaks.test", samples.leaked)
        yield HeadingWarning("leaks", (leaked, said), (", which flatters the score",))
    if (groups := records.trust.groups) is not None and groups.significant:
        form = get_number_form(records.measure)
        shared = ShownNumber("groups.shared", groups.shared, "percent")
        said = f" of the test {noun.many} share {groups.what} with {noun.many} that were learned from"
        scores = (
            ShownNumber("groups.grouped", groups.grouped, form),
            ShownNumber("groups.random", groups.random, form),
        )
        more = (
            f", which flatters the score: {records.measure.name} ",
            scores[0],
            " is to be expected, not ",
            scores[1],
        )
        yield HeadingWarning("groups", (shared, said), more)
    yield from _list_label_warnings(records)
    yield from _list_slice_warnings(records)
    yield from _list_test_warnings(records)
    if samples.skipped:
        unit, verb = samples.unit.form(samples.skipped), "was" if samples.skipped == 1 else "were"
        skipped = ShownNumber("files.skipped", samples.skipped)
        yield HeadingWarning("files", (skipped, f" {unit} {verb} skipped"), (" and not learned from",))


def _list_label_warnings(records: TaskRecords) -> Iterator[HeadingWarning]:
    labels = records.trust.labels
    if labels is not None and labels.issues:
        lead = "Some labels look wrong" if _are_wrong(labels) else "Labels"
        yield HeadingWarning("labels", (lead,), (f": {labels.summary}",))
    if labels is not None and (corrected := labels.corrected_in_test):
        said = f" test {'label was' if corrected == 1 else 'labels were'} corrected"
        number = ShownNumber("labels.corrected_in_test", corrected)
        yield HeadingWarning("labels", (number, said), (" because a model disputed them, which flatters the score",))


def _are_wrong(labels: LabelReviewRecord) -> bool:
    """Return whether labels are wrong by more than chance, by estimate or, where none is made, one by one."""
    if labels.noise is not None:
        return has_wrong_labels(labels.noise)
    return any(issue.given_probability <= SURE for issue in labels.issues)


def _list_slice_warnings(records: TaskRecords) -> Iterator[HeadingWarning]:
    slices = records.trust.slices
    if slices is None or slices.worst is None:
        return
    place, form = slices.slices.index(slices.worst), "percent" if slices.share else "number"
    worse = f"Worse than elsewhere on {records.noun.many} with {slices.worst.by} “"
    score = ShownNumber(f"slice.{place}.score", slices.worst.score, form)
    bounds = ShownRange(f"slice.{place}", slices.worst.low, slices.worst.high, form)
    found = (f": {slices.measure} ", score, " (", bounds, ")")
    yield HeadingWarning("slices", (worse, GivenText(slices.worst.value), "”"), found)


def _list_test_warnings(records: TaskRecords) -> Iterator[HeadingWarning]:
    noun, test, novelty = records.noun, records.test, records.trust.novelty
    if novelty is not None and novelty.accepted.high < novelty.ood_acceptance:
        unfamiliar = ShownNumber("novelty.unfamiliar", 1 - novelty.accepted.share, "percent")
        said = f" of the test {noun.many} are marked as unlike the training {noun.many}"
        most = ShownNumber("novelty.most", 1 - novelty.ood_acceptance, "percent")
        yield HeadingWarning("novelty", (unfamiliar, said), ("; about ", most, " were to be expected"))
    if test.n < SMALL_TEST:
        form = get_number_form(records.measure)
        bounds = ShownRange("test.score", test.score_interval.low, test.score_interval.high, form)
        known = " of them the score is only known to lie in the range "
        few = (": with ", ShownNumber("test.n", test.n), known, bounds)
        yield HeadingWarning("test", (f"There are few test {noun.many}",), few)
    if records.comparison.opened_test:
        opened = ("; if you choose by those scores, test is no longer unseen",)
        yield HeadingWarning("arms", (f"Other ways were scored on the test {noun.many} too",), opened)


def _describe_calm(records: TaskRecords, samples: SamplesSection, checked: Sequence[str]) -> str:
    """Return that nothing calls for care, and what was looked at."""
    noun, trust = records.noun, records.trust
    looked_at = {
        f"test {noun.many} that were learned from": True,
        "labels": trust.labels is not None,
        f"kinds of {noun.many}": trust.slices is not None and bool(trust.slices.slices),
    }
    names = [name for name, looked in looked_at.items() if looked]
    if samples.poor:
        names[0] += " (as far as could be told)"
    return f"Nothing was found that calls for care. Checked: {', '.join((*names, *checked))}."


def _list_steps(records: TaskRecords) -> Iterator[NextStep]:
    noun, run = records.noun, records.run
    model = shlex.quote(str(records.folder / "model"))
    yield NextStep(f"Use it on new {noun.many}.", f"headstart predict {model} {noun.phrases.given}")
    if records.trust.labels is not None and _are_wrong(records.trust.labels):
        hint = suggest_relabelling(run.source, records.folder, run.settings)
        yield NextStep(
            "Look at the suspicious labels, correct them in the table, and fit again.",
            f"{hint.check}\n{hint.fit}" if hint else "",
        )
    trainable = records.task.training is not None and (run.training_extra or not run.training_obstacle)
    if trainable and not any(arm.curves for arm in run.arms):
        install = f"{format_install_command(run.training_extra)}\n" if run.training_extra else ""
        yield NextStep(
            "Training a part of the network may do better; this tries it within a time limit.",
            f"{install}{suggest_comparing(run.source, run.settings)}",
        )
    if records.trust.leaks.leaks:
        yield NextStep(
            f"Some held-out {noun.many} {noun.phrases.same_many} as training {noun.many}, which flatters the scores: "
            f"take them out of one of the two parts. They are listed under “{noun.heading}”."
        )
    if records.trust.explained.ids:
        yield NextStep(
            f"See what its answer for {noun.a_one} goes by.",
            f"headstart explain {model} {noun.phrases.given} --out looked",
        )
