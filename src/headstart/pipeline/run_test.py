"""The test of a run: the saved classifier scored on samples that nothing was chosen on.

The features of these samples are in the store already. The saved classifier answers some of them from their bytes,
chosen so that every way in which they are stored is among them. Where it says of these what its heads say of the stored
features, the stored features answer the rest, so that a sample passes through a network once; else it answers all.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np

from headstart import events
from headstart.data.samples import LedgerEntry, Sample, Samples
from headstart.events import RunLog
from headstart.pipeline.testing import answer_samples, describe_second_engine, describe_test, score_answers
from headstart.selection.results import TestResult
from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.inference.classifier import Classifier
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.tasks.task import Task

FROM_BYTES = 64  #: test samples that are answered from their bytes, by every engine, at least
MOST_DIFFERENCE = 1e-3  #: of a number that is answered, relative where it is above 1
_NUMBER = re.compile(r"\d+")

LoadFeatures = Callable[[Sequence[Sample]], Sequence[Floats]]


def run_test(
    classifier: Classifier,
    samples: Samples,
    test: Sequence[Sample],
    load_features: LoadFeatures,
    seed: int,
    log: RunLog,
) -> TestResult:
    """Score a saved classifier on test; the time of the engine that does not give the score is a stage of its own.

    Args:
        classifier: as loaded.
        samples: of the run; their ledger says how each is stored.
        test: the test samples.
        load_features: gives the stored features of samples, for each branch of the classifier float32 (N, D).
        seed: draws the samples that are answered from their bytes.
        log: of the run.

    Raises:
        HeadstartError: a sample cannot be read any more.
    """
    with log.stage("test") as stage:
        result = _score(classifier, test, load_features, select_from_bytes(test, samples.ledger.entries, seed), log)
        stage.summary, stage.apart = describe_test(result, samples.noun), result.second_seconds
    if second := describe_second_engine(result, samples.noun):
        log.finish("second engine", result.second_seconds, second)
    return result


def select_from_bytes(test: Sequence[Sample], entries: Sequence[LedgerEntry], seed: int) -> Bools:
    """Return which test samples are answered from their bytes, (N,): one stored in each way there is, and some more.

    Ways are told apart by format, variant, repair and note.

    Args:
        test: the samples.
        entries: of the ledger, among them those of the samples.
        seed: draws them.
    """
    names = {sample.name for sample in test}
    ways = {
        entry.name: (entry.format, entry.variant, *(_NUMBER.sub("", text) for text in (entry.reason, entry.note)))
        for entry in entries
        if entry.name in names
    }
    order = np.random.default_rng(seed).permutation(len(test))
    of_each_way = {ways.get(test[index].name): index for index in order}
    chosen = np.zeros(len(test), bool)
    chosen[list(of_each_way.values())] = True
    others = [index for index in order if not chosen[index]]
    chosen[others[: max(0, FROM_BYTES - len(of_each_way))]] = True
    return chosen


def describe_difference(shown: BatchPredictions, stored: BatchPredictions, task: Task) -> str:
    """Return in what two predictions of the same items differ, by more than rounding; "" where they are alike.

    Args:
        shown: from the bytes of files.
        stored: from stored features.
        task: that is answered.
    """
    if task.scoring.share_same(shown.outputs, stored.outputs) < 1:
        return "answers"
    for name, values in shown.outputs.items():
        other = stored.outputs[name]
        if values.dtype.kind != "f":
            same = np.array_equal(values, other)
        else:
            same = bool((np.abs(values - other) <= MOST_DIFFERENCE * np.maximum(1, np.abs(values))).all())
        if not same:
            return name.replace("_", " ")
    same_flags = np.array_equal(shown.out_of_distribution, stored.out_of_distribution)
    return "" if same_flags else "out of distribution"


def _score(
    classifier: Classifier, test: Sequence[Sample], load_features: LoadFeatures, chosen: Bools, log: RunLog
) -> TestResult:
    """Score the chosen samples from their bytes, and the rest from stored features if these are alike."""
    classifier = classifier.with_engine(classifier.select_engine(len(test)))  # few of many are answered as many are
    first = [sample for sample, one in zip(test, chosen, strict=True) if one]
    rest = [sample for sample, one in zip(test, chosen, strict=True) if not one]
    found = answer_samples(classifier, first, log, twice=np.ones(len(first), bool))
    answers, from_bytes = found.predictions, len(test)
    if rest:
        stored = classifier.predict_features(load_features(test))
        difference = describe_difference(answers, stored.select(chosen), classifier.task)
        if difference:
            noun = classifier.record.modality.noun
            log(
                events.Note(
                    f"stored features and files differ in {difference} on {noun.count(len(first))}, so that all "
                    f"{len(test)} test {noun.many} are answered from their files"
                )
            )
            others = answer_samples(classifier, rest, log).predictions
        else:
            others, from_bytes = stored.select(~chosen), len(first)
        places = np.argsort(np.concatenate([np.flatnonzero(chosen), np.flatnonzero(~chosen)]))
        answers = BatchPredictions.concatenate([answers, others]).select(places)
    score = score_answers(classifier, "test", test, answers)
    by = classifier.record.postprocessor
    return TestResult(tuple(test), answers, score, from_bytes, found.engines, found.second_seconds, by)
