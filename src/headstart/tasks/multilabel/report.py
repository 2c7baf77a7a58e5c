"""The pages of a run of several labels."""

from collections.abc import Iterator

from headstart.reporting.contents import (
    Emphasis,
    GivenText,
    HeadingFact,
    HeadingWarning,
    OwnScore,
    ShownNumber,
    ShownRange,
    TaskContents,
    TermLink,
    Text,
)
from headstart.reporting.task_card import describe_held_out
from headstart.reporting.task_pages import TaskPages
from headstart.reporting.task_records import TaskRecords
from headstart.tasks.multilabel.report_charts import (
    label_curves_chart,
    label_recall_chart,
    label_reliability_chart,
)
from headstart.tasks.multilabel.report_sections import (
    describe_calibration,
    describe_curves,
    describe_labels,
    describe_pairs,
    describe_promise,
    describe_worst,
)

FEW_WITH = 20  #: held-out and training samples with a label: fewer are warned of
MOST_TITLED, LONGEST_TITLE = 6, 60  #: names, letters: more labels are counted, not named


class LabelSetReport(TaskPages):
    """The report, the model card and the figures of sets of labels."""

    def __init__(self) -> None:
        """Take what describes a run, and the charts."""
        super().__init__(
            describe_label_sets,
            {
                "precision_recall": label_curves_chart,
                "reliability": label_reliability_chart,
                "recall": label_recall_chart,
            },
        )


def describe_label_sets(records: TaskRecords) -> TaskContents:
    """Return what the pages show of a run."""
    test, noun = records.test, records.noun
    prevalence = _measure_prevalence(records)
    return TaskContents(
        heading=f"Tells which of {_join_titles(records.names)} {noun.a_one} has",
        answers=(
            "which of ",
            ShownNumber("labels", len(records.names)),
            " labels it has: ",
            *_list_names(records.names),
        ),
        reference=(
            "Guessing would have ",
            ShownNumber("test.guess", prevalence, "percent"),
            ": that is how often a label is there.",
        ),
        reference_score=prevalence,
        facts=tuple(_list_facts(records)),
        postprocessing=tuple(_list_postprocessing(records)),
        warnings=tuple(_list_warnings(records)),
        checked=(f"labels with few {noun.many}",),
        test=(
            describe_labels(records),
            describe_curves(records),
            describe_calibration(records),
            describe_pairs(records),
            describe_promise(records),
            describe_worst(records),
        ),
        scores=(
            OwnScore("macro_f1", "F1, mean over labels", test.macro_f1, "percent", test.macro_f1_interval, "F1"),
            OwnScore(
                "micro_f1", "F1 of all labels together", test.micro_f1, "percent", test.micro_f1_interval, "micro F1"
            ),
            OwnScore(
                "exact_match", "all labels right", test.exact_match, "percent", test.exact_match_interval, "exact match"
            ),
            OwnScore(
                "miss_rate",
                "missed by the promised sets",
                test.miss_rate,
                "percent",
                test.miss_rate_interval,
                "miss rate",
            ),
        ),
        limits=(f"A label that it was not fitted on it cannot name; {noun.a_one} may have none of them.",),
        attributes=("labels", "probabilities"),
    )


def _join_titles(names: tuple[str, ...]) -> str:
    joined = ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]
    return joined if len(names) <= MOST_TITLED and len(joined) <= LONGEST_TITLE else f"{len(names)} labels"


def _list_names(names: tuple[str, ...]) -> Text:
    return tuple(part for name in names for part in (GivenText(name), ", "))[:-1]


def _measure_prevalence(records: TaskRecords) -> float:
    """Return how often a label is there, mean over the labels that some test sample has: what guessing would score."""
    label = records.predictions.subset("test").label
    known, there = (label >= 0).sum(axis=0), (label == 1).sum(axis=0)
    seen = there > 0
    return float((there[seen] / known[seen]).mean()) if seen.any() else 0.0


def _list_facts(records: TaskRecords) -> list[HeadingFact]:
    test, noun = records.test, records.noun
    known = [(place, score) for place, score in enumerate(test.per_label) if score.average_precision is not None]
    facts = [
        HeadingFact(
            "Labels that it takes",
            (
                Emphasis((ShownNumber("test.macro_f1", test.macro_f1, "percent"),)),
                " ",
                TermLink("F1"),
                ", mean over labels; ",
                ShownNumber("test.micro_f1", test.micro_f1, "percent"),
                " of all together",
            ),
        ),
        HeadingFact(
            "All labels right",
            (
                Emphasis((ShownNumber("test.exact_match", test.exact_match, "percent"),)),
                f" of the {noun.many} (",
                TermLink("exact match"),
                ")",
            ),
        ),
    ]
    if known:
        place, worst = min(known, key=lambda one: (one[1].average_precision, one[1].recall or 0.0))
        number = f"label.{place}"
        facts.append(
            HeadingFact(
                "Hardest label",
                (
                    GivenText(worst.name, strong=True),
                    ": ",
                    TermLink("average precision"),
                    " ",
                    ShownNumber(f"{number}.average_precision", worst.average_precision, "three"),
                    ", ",
                    ShownNumber(f"{number}.recall", worst.recall, "percent"),
                    " of ",
                    ShownNumber(f"{number}.support", worst.support),
                    f" {noun.form(worst.support)} found",
                ),
            )
        )
    risk = records.own.get("risk")
    if risk and test.miss_rate is not None:
        facts.append(
            HeadingFact(
                "Promised miss rate",
                (
                    "Its larger sets miss ",
                    Emphasis((ShownNumber("promise.seen", test.miss_rate, "percent"),)),
                    " of the labels; ",
                    ShownNumber("promise.wanted", risk["promised"], "percent"),
                    " was promised",
                ),
            )
        )
    return facts


def _list_postprocessing(records: TaskRecords) -> Iterator[HeadingFact]:
    """Yield how probabilities were calibrated, and what thresholds and sets were chosen for."""
    noun, calibration, risk = records.noun, records.own.get("calibration"), records.own.get("risk")
    if calibration:
        held = describe_held_out(calibration["held_out"], calibration["n"], noun)
        yield HeadingFact("Calibration", (f"{calibration['kind']}, chosen on {held}",))
    thresholds = records.own.get("thresholds") or ()
    if thresholds:
        rule, wanted = thresholds[0]["rule"], thresholds[0]["wanted"]
        aim: Text = (f"the best {rule}",)
        if wanted:
            aim = (f"a {rule} of ", ShownNumber("thresholds.wanted", wanted, "percent"))
        few = sum(bool(one["shared"]) for one in thresholds)
        rest = f"; {few} of {len(thresholds)} labels share one, for too few {noun.many} have them" if few else ""
        yield HeadingFact("Thresholds", ("one for each label, chosen for ", *aim, f" on the same {noun.many}{rest}"))
    if risk:
        promised = ShownNumber("promise.wanted", risk["promised"], "percent")
        missed = (f" of the labels that {noun.a_one} has are missed at most, on average (conformal risk control)",)
        yield HeadingFact("Prediction sets", ("made so that ", promised, *missed))


def _list_warnings(records: TaskRecords) -> list[HeadingWarning]:
    test, noun, found = records.test, records.noun, []
    risk, interval = records.own.get("risk"), test.miss_rate_interval
    if risk and interval is not None and interval.low > risk["promised"]:
        lead = ("Its sets miss ", ShownNumber("promise.seen", test.miss_rate, "percent"), " of the labels")
        bounds = ShownRange("promise.seen", interval.low, interval.high)
        promised = ShownNumber("promise.wanted", risk["promised"], "percent")
        found.append(HeadingWarning("promise", lead, (" (", bounds, "); ", promised, " was promised")))
    strata = records.trust.strata
    few = (
        []
        if strata is None
        else [
            (place, n) for place, n in enumerate(strata.train) if n < FEW_WITH and strata.names[place] in records.names
        ]
    )
    if strata is not None and few:
        few.sort(key=lambda one: one[1])
        named: Text = tuple(
            part
            for place, n in few[:4]
            for part in (GivenText(strata.names[place]), " (", ShownNumber(f"count.train.{place}", n), ")", ", ")
        )[:-1]
        more = " and of other labels" if len(few) > 4 else ""
        found.append(
            HeadingWarning(
                "counts", (f"Few training {noun.many}",), (" with ", *named, f"{more}: their scores are uncertain")
            )
        )
    return found
