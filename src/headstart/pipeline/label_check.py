"""``check --labels``: which labels look wrong, from one pass of a network over all photos."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from headstart import events
from headstart.backbones.catalog import split_names
from headstart.data.relaxed_split import make_relaxed_split
from headstart.data.samples import Samples, Subset
from headstart.data.split import Split
from headstart.diagnostics.label_issues import LabelDiagnostics, LabelIssue, diagnose_labels
from headstart.diagnostics.label_noise import LabelNoise, describe_label_noise
from headstart.diagnostics.label_predictions import make_training_sets
from headstart.diagnostics.label_review import check_review_table, write_label_review
from headstart.diagnostics.next_commands import suggest_fit
from headstart.errors import BackboneError, DataError
from headstart.events import RunLog
from headstart.heads.head import TrainingSet
from headstart.heads.threads import limit_threads
from headstart.pipeline import progress as journal
from headstart.pipeline.backbones import load_backbones, read_samples, split_samples
from headstart.pipeline.dataset import prepare_dataset
from headstart.selection.candidates import AUTO
from headstart.settings import FitSettings, locate_store
from headstart.storage.store import Store


@dataclass(frozen=True)
class LabelCheck:
    """What a look at the labels found."""

    samples: Samples  #: all that were looked at; photos that do not decode are skipped
    backbone: str
    held: LabelDiagnostics
    listed: tuple[LabelIssue, ...]  #: those in the table, strongest first
    command: str  #: that fits with the table once it is edited; empty without a table, or where photos are arrays

    @property
    def issues(self) -> tuple[LabelIssue, ...]:
        """All that are worth a second look, strongest first, those of the test part included."""
        return self.held.issues

    @property
    def noise(self) -> LabelNoise:
        """How many labels are wrong by estimate."""
        return self.held.noise

    @property
    def in_test(self) -> int:
        """How many are of the test part and not in the table."""
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
    """Holds every label against logistic heads on frozen features, fitted without that photo. Parts are joined.

    Labels that were corrected before, by ``relabel`` or in the run named by ``split_from``, are held as corrected, and
    stand in the table too, so that it has all corrections.

    Args:
        source: as ``headstart.fit`` takes it.
        labels: with images, a label for each.
        table: where the suspects are written for editing, with a page of pictures beside it; not when not given.
        include_test: the table lists suspects of the test part too: of the run named by ``split_from``, of the parts
            that were given, else of those that a fit with these settings would make. Correcting only what a classifier
            disputes there flatters its score.
        listener: is told of progress.
        **settings: of ``headstart.settings.FitSettings``, those of the network and the head: ``backbone``, ``store``,
            ``seed``, ``precision``, ``engine``, ``workers``, ``folds``; what is gone on from:
            ``relabel``, ``split_from``; and how photos are read: ``classes_from``, ``groups_from``, ``encoding``.

    Raises:
        UserError: photos, a name, a setting or a table that cannot be used.
        HeadstartError: anything else that went wrong; features that were computed are kept.
    """
    chosen = FitSettings.load(**settings)
    if len(split_names(chosen.backbone)) > 1 or chosen.backbone.strip().lower() == AUTO:
        raise BackboneError(f"backbone {chosen.backbone!r} is not one name; wanted one: labels are held to one network")
    file = Path(table).expanduser() if table is not None else None
    if file is not None:
        check_review_table(file)
    log, home = RunLog(listener), locate_store(chosen.store)
    with Store(home, log) as store, store.in_use():
        samples = log.stage("read", lambda: read_samples(source, labels, home, chosen, log), journal.read_in_words)
        sound, split, tasks = _passed(samples, chosen, store, log)
    with limit_threads(sum(task.features.size for task in tasks)):
        held = log.stage(
            "hold labels",
            lambda: diagnose_labels([sample.id for sample in sound.samples], tasks, folds=chosen.folds),
            lambda it: describe_label_noise(it.noise),
        )
    tested = set() if include_test else {sample.id for sample in split.samples_in(sound, Subset.TEST)}
    listed = tuple(it for it in held.issues if it.id not in tested)
    command = suggest_fit(sound.root, file, settings) if file is not None else ""
    if file is not None:
        left_out = len(held.issues) - len(listed)
        write_label_review(file, sound, listed, errors=held.noise, command=command, in_test=left_out, listener=log)
    return LabelCheck(sound, chosen.backbone, held, listed, command)


def _passed(
    samples: Samples, settings: FitSettings, store: Store, log: RunLog
) -> tuple[Samples, Split, list[TrainingSet]]:
    """Sound samples, their split and their features of the last layers, as ``fit`` with these settings has them."""
    # An engine is proved on training photos; other ones could mean another precision, and features of no use to fit.
    train = split_samples(samples, settings).samples_in(samples, Subset.TRAIN)
    if not train:
        raise DataError(f"the train part of {samples.root} has no usable photo; put photos there")
    (network,) = load_backbones([settings.backbone], train, store, settings, log)
    it = prepare_dataset(
        samples, [network], settings, store, log
    )  # a twin labelled as wrongly would say that all is well
    pairs = [(twins.first, twins.second) for twins in it.duplicates] if settings.near_duplicates == "group" else []
    loosened = make_relaxed_split(it.apart, pairs, lambda samples: split_samples(samples, settings))
    digests = [sample.digest for sample in loosened.samples.samples]
    layers = [layer.name for layer in network.backbone.layers]
    rows = partial(store.read, it.extractions[0].space, digests)
    return loosened.samples, loosened.split, make_training_sets(loosened.samples, layers, rows, settings.seed)
