"""``evaluate``: a saved classifier's score on labelled samples."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from headstart import events
from headstart.data.choose_modality import AUTO
from headstart.data.read import read_source
from headstart.data.samples import FileStatus, Sample, Samples, Subset
from headstart.data.split import load_split
from headstart.evaluation.evaluation import Evaluation
from headstart.pipeline.testing import score_classifier
from headstart.runs.run import Run
from headstart.settings import DataSettings, locate_store
from headstart.storage.locks import try_mark_in_use
from headstart.storage.run_layout import SPLIT
from headstart_runtime.errors import DataError, SettingError, UserError
from headstart_runtime.inference.classifier import Classifier, load
from headstart_runtime.inference.predictors import InferenceEngineChoice
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.tasks.threshold_task import replace_threshold


def evaluate(
    model: str | Path | Run | Classifier,
    source: Any,
    *,
    labels: Any = None,
    options: DataSettings | None = None,
    engine: InferenceEngineChoice = "auto",
    listener: events.Listener = events.ignore,
    threshold: float | None = None,
) -> Evaluation:
    """Score a saved classifier on labelled samples, all of them; classes are matched by name.

    Args:
        model: a saved classifier's folder, or the run's.
        source: as ``fit`` takes it.
        labels: with an array, a label for each item.
        options: how samples and labels are read.
        engine: what answers; see ``headstart.load``.
        listener: is told of progress.
        threshold: the least probability at which something is predicted; None: as the classifier has it.

    Raises:
        UserError: samples, a classifier or a threshold that cannot be used, or a class that the classifier does not
            know.
    """
    classifier = load(model, engine)
    replace_threshold(threshold, classifier.task, classifier.record.postprocessor, classifier.record.space)
    home = locate_store()
    with try_mark_in_use(home):  # photos of an archive that were pruned meanwhile would be missing from the score
        given = options or DataSettings.model_validate({})
        samples = _read_samples(classifier, source, labels, given, home / "archives", listener)
        if samples.column:
            listener(events.Note(f"the {samples.noun.many} are read from column {samples.column!r}"))
        matched = classifier.task.targets.match(samples, classifier.record.space).samples
        aside = samples.ledger.counts()[FileStatus.SKIPPED]
        if aside:
            listener(events.Note(f"{samples.ledger.unit.count(aside)} skipped; headstart check says why"))
        if seen := _count_seen(classifier.folder, matched):
            known = f"{seen} of {len(matched)} {samples.noun.many} are among those that the classifier was made from"
            listener(events.Note(f"{known}: the score flatters"))
        scored = score_classifier(classifier, matched, listener, part="given", strict=False, threshold=threshold)
        return scored.evaluation


def _read_samples(
    classifier: Classifier, source: Any, labels: Any, options: DataSettings, cache: Path, listener: events.Listener
) -> Samples:
    """Return the samples of a source as data of a classifier's kind.

    Raises:
        DataError: the source cannot be read, or holds another kind of data.
        SettingError: another kind is asked for.
    """
    modality = classifier.record.modality
    if options.modality not in (AUTO, modality.name):
        raise SettingError(
            f"this model reads {modality.noun.many}; --modality {options.modality} is given; drop it, or name a model "
            f"for {get_modality(options.modality).noun.many}"
        )
    known = classifier.record.item_columns
    task, columns = {"task": classifier.task.name}, _list_columns(classifier, options)

    def read(name: str) -> Samples:
        given = options.model_copy(update={**task, "modality": name})
        if columns:
            with suppress(UserError):  # no table, or one with other columns
                named = given.model_copy(update={"label_column": columns})
                return read_source(source, labels=labels, options=named, cache=cache, strict=False, known=known)
        return read_source(
            source, labels=labels, options=given, listener=listener, cache=cache, strict=False, known=known
        )

    def find_others() -> Samples | None:
        """Return the samples that the source has of the kind that it looks like, where that is another."""
        try:
            others = read(AUTO)
        except UserError:
            return None
        return others if others.modality != modality.name else None

    try:
        samples = read(modality.name)
    except DataError as error:
        others = find_others()
        if others is None or not others.samples:
            raise
        raise DataError(_describe_other_kind(modality.noun, others)) from error
    if samples.ledger.counts()[FileStatus.SKIPPED] > len(samples):
        others = find_others()
        if others is not None and len(others) > len(samples):
            raise DataError(_describe_other_kind(modality.noun, others))
    return samples


def _list_columns(classifier: Classifier, options: DataSettings) -> str:
    """Return the columns of labels that the model knows, as ``label_column`` takes them; "" where one is given."""
    names = classifier.task.targets.list_columns(classifier.record.space)
    if options.label_column is not None or not names:
        return ""
    if len(names) == 1:
        return names[0]
    return ",".join(f'"{name}"' if "," in name else name for name in names)


def _describe_other_kind(noun: Noun, others: Samples) -> str:
    return f"this model reads {noun.many}; {others.root!r} holds {others.noun.count(len(others))}"


def _count_seen(model: Path, samples: Sequence[Sample]) -> int:
    """Return how many samples the run learnt from or chose by; 0 where the model lies in no run that says so."""
    try:
        parts = load_split(model.parent).by_digest() if (model.parent / SPLIT).is_file() else {}
    except DataError:  # a score can be had without it
        return 0
    return sum(parts.get(sample.digest, Subset.TEST) is not Subset.TEST for sample in samples)
