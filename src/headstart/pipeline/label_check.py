"""``check --labels``: labels that look wrong, from one pass of a network over all samples, for any task."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.backbones.catalog import split_names
from headstart.data.samples import Samples, Subset
from headstart.diagnostics.label_review import LabelReview, LabelSuspect
from headstart.diagnostics.next_commands import suggest_fit
from headstart.evaluation.label_noise import LabelNoise
from headstart.events import RunLog
from headstart.heads.threads import limit_threads
from headstart.pipeline.backbones import load_backbones
from headstart.pipeline.choices import check_choices
from headstart.pipeline.dataset import PreparedDataset, find_train_samples, prepare_dataset, read_samples, split_samples
from headstart.reporting.label_review import check_review_table, write_label_review
from headstart.selection.budget import Budget
from headstart.selection.candidates import AUTO
from headstart.selection.context import RunContext
from headstart.settings import FitSettings, locate_store
from headstart.storage.store import Store
from headstart_runtime.errors import BackboneError
from headstart_runtime.tasks.task import refuse_missing


@dataclass(frozen=True)
class LabelCheck:
    """Labels that look wrong."""

    samples: Samples  #: all that were looked at; samples that do not decode are skipped
    backbone: str
    review: LabelReview
    listed: tuple[LabelSuspect, ...]  #: those in the table, strongest first
    command: str  #: that fits with the table once it is edited; empty without a table, or where samples are arrays

    @property
    def issues(self) -> tuple[LabelSuspect, ...]:
        """Return all that are worth a second look, strongest first, those of the test part included."""
        return self.review.suspects

    @property
    def noise(self) -> LabelNoise | None:
        """Return how many labels are wrong by estimate; None where that is not estimated."""
        return self.review.noise

    @property
    def in_test(self) -> int:
        """Return how many are of the test part and not in the table."""
        return len(self.issues) - len(self.listed)


def check_labels(
    source: Any,
    *,
    labels: Any = None,
    table: str | Path | None = None,
    include_test: bool = False,
    listener: events.Listener = events.ignore,
    **settings: Any,
) -> LabelCheck:
    """Hold every label against heads on frozen features, fitted without that sample. Parts are joined.

    Labels that were corrected before, by ``relabel`` or in the run named by ``split_from``, are held as corrected, and
    stand in the table too, so that it has all corrections.

    Args:
        source: as ``headstart.fit`` takes it.
        labels: with an array, a label for each item.
        table: where the suspects are written for editing, with a page that shows them beside it; not when not given.
        include_test: the table lists suspects of the test part too: of the run named by ``split_from``, of the parts
            that were given, else of those that a fit with these settings would make. Correcting only what a classifier
            disputes there flatters its score.
        listener: is told of progress.
        **settings: of ``headstart.settings.FitSettings``, those of the network and the head: ``backbone``, ``store``,
            ``seed``, ``precision``, ``engine``, ``workers``, ``folds``; what is gone on from:
            ``relabel``, ``split_from``; and how samples are read: ``classes_from``, ``class_pattern``, ``group_from``,
            ``encoding``.

    Raises:
        UserError: samples, a name, a setting or a table that cannot be used.
        HeadstartError: anything else that went wrong; features that were computed are kept.
    """
    chosen = FitSettings.load(**settings)
    check_choices(chosen)
    asked = chosen.backbone
    if asked is not None and (len(split_names(asked)) > 1 or asked.strip().lower() == AUTO):
        raise BackboneError(f"backbone {asked!r} is not one name; wanted one: labels are held to one network")
    file = Path(table).expanduser() if table is not None else None
    if file is not None:
        check_review_table(file)
    log = RunLog(listener)
    with Store(locate_store(chosen.store), log) as store, store.mark_in_use():
        context = RunContext(chosen, store, Budget(None), log)
        samples = read_samples(source, labels, context)
        own = samples.task.diagnostics
        if own is None:
            refuse_missing(samples.task, "label check")
        dataset, network = _prepare(samples, context)
        decoded = dataset.samples
        layers = [layer.name for layer in network.layers]
        digests = [sample.digest for sample in decoded.samples]
        rows = partial(store.read, dataset.extractions[0].space, digests)
        width = sum(layer.width for layer in network.layers)
        with limit_threads(len(decoded) * width), log.stage("check labels") as stage:
            review: LabelReview = own.review_labels(decoded, layers, rows, chosen)
            stage.summary = review.summary
    tested = set() if include_test else {sample.id for sample in dataset.samples_in(Subset.TEST)}
    listed = tuple(issue for issue in review.suspects if issue.id not in tested)
    command = suggest_fit(decoded.root, file, settings) if file is not None else ""
    if file is not None:
        left_out = len(review.suspects) - len(listed)
        write_label_review(
            file,
            decoded,
            listed,
            noise=review.noise,
            summary=review.summary,
            command=command,
            in_test=left_out,
            listener=log,
        )
    return LabelCheck(decoded, network.name, review, listed, command)


def _prepare(samples: Samples, context: RunContext) -> tuple[PreparedDataset, Backbone]:
    """Return samples that decode, their features in the store as ``fit`` has them, and the network."""
    # An engine is proved on training photos; other ones could mean another precision, and features of no use to fit.
    train = find_train_samples(samples, split_samples(samples, context.settings))
    backbones = load_backbones(train, samples.modality, context, samples)
    # A near-duplicate that is labelled as wrongly would say that all is well, so they are grouped.
    dataset = prepare_dataset(samples, backbones, context, split_samples)
    return dataset, backbones.first.backbone
