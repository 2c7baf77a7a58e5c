"""``check --labels``: which labels look wrong, from one pass of a network over all photos."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from headstart import events, journal
from headstart.backbones.catalog import names_of
from headstart.backbones.shortlist import AUTO
from headstart.data.groups import group_numbers
from headstart.data.reading import read
from headstart.data.samples import Part, Samples
from headstart.data.splits import make_split
from headstart.errors import BackboneError, DataError
from headstart.features.store import Store
from headstart.heads.crossfit import out_of_fold
from headstart.heads.head import Float, Task
from headstart.heads.linear import fit_logistic
from headstart.heads.threads import threads_for
from headstart.journal import Journal
from headstart.passing import passed
from headstart.preparing import ready
from headstart.settings import FitSettings, store_folder
from headstart.trust.fixes import check_table, write_fixes
from headstart.trust.labels import Suspect, estimated_errors, suspects


@dataclass(frozen=True, slots=True)
class LabelCheck:
    """What a look at the labels found."""

    samples: Samples  #: all that were looked at; photos that do not decode are set aside
    backbone: str
    accuracy: float  #: share of the labels that a head agrees with which was not fitted on that photo
    suspects: tuple[Suspect, ...]  #: most suspicious first
    estimated_errors: int

    @property
    def flagged(self) -> int:
        """How many are suspected most."""
        return sum(suspect.flagged for suspect in self.suspects)


def check_labels(
    source: Any,
    *,
    labels: Any = None,
    table: str | Path | None = None,
    listener: events.Listener = events.ignore,
    **settings: Any,
) -> LabelCheck:
    """Holds every label against a logistic head on frozen features, fitted without that photo. Parts are joined.

    Args:
        source: as ``headstart.fit`` takes it.
        labels: with images, a label for each.
        table: where the suspects are written for editing, with a page of pictures beside it; not when not given.
        listener: is told of progress.
        **settings: of ``headstart.settings.FitSettings``, those of the network and the head: ``backbone``, ``store``,
            ``seed``, ``precision``, ``engine``, ``workers``, ``folds``; and how photos are read: ``classes_from``,
            ``groups_from``, ``encoding``.

    Raises:
        UserError: photos, a name, a setting or a table that cannot be used.
        HeadstartError: anything else that went wrong; features that were computed are kept.
    """
    chosen = FitSettings.of(**settings)
    if len(names_of(chosen.backbone)) > 1 or chosen.backbone.strip().lower() == AUTO:
        raise BackboneError(f"backbone {chosen.backbone!r} is not one name; wanted one: labels are held to one network")
    file = Path(table).expanduser() if table is not None else None
    if file is not None:
        check_table(file)
    log, home = Journal(listener), store_folder(chosen.store)
    with Store(home, log) as store, store.in_use():
        samples = log.stage(
            "read",
            lambda: read(source, labels=labels, options=chosen, listener=log, cache=home / "archives"),
            journal.read_in_words,
        )
        sound, features = _passed(samples, chosen, store, log)
    with threads_for(features.size):
        found = log.stage(
            "hold labels", lambda: _held(sound, features, chosen), lambda it: f"{len(it.suspects)} doubted"
        )
    if file is not None:
        write_fixes(file, found.samples, found.suspects, errors=found.estimated_errors, listener=log)
    return found


def _passed(samples: Samples, settings: FitSettings, store: Store, log: Journal) -> tuple[Samples, Float]:
    """Sound samples and their features (N, D) of the last layer, as ``fit`` with these settings would make them."""
    # An engine is proved on training photos; other ones could mean another precision, and features of no use to fit.
    split = make_split(
        samples, seed=settings.seed, test_share=settings.test_share, validation_share=settings.validation_share
    )
    train = split.of(samples, Part.TRAIN)
    if not train:
        raise DataError(f"the train part of {samples.root} has no usable photo; put photos there")
    found = ready([settings.backbone], train, store, settings, log)
    it = passed(samples, found, settings, store, log)  # a twin that is labelled as wrongly would say that all is well
    digests = [sample.digest for sample in it.samples.samples]
    return it.samples, store.read(it.extractions[0].space, digests, found[0].backbone.layers[-1].name)


def _held(samples: Samples, features: Float, settings: FitSettings) -> LabelCheck:
    labels, ids = samples.labels, [sample.id for sample in samples.samples]
    groups = group_numbers(samples.samples)
    task = Task(features, labels, len(samples.classes), groups, balanced=False, seed=settings.seed)
    probabilities = out_of_fold(task, fit_logistic, settings, None, folds=settings.folds)
    return LabelCheck(
        samples,
        settings.backbone,
        float(np.mean(probabilities.argmax(axis=1) == labels)),
        suspects(ids, labels, probabilities),
        estimated_errors(labels, probabilities),
    )
