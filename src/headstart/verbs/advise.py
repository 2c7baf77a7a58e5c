"""``headstart.advise``."""

from pathlib import Path
from typing import Any, Unpack

from headstart import events
from headstart.display.watch import ShowProgress, watch
from headstart.pipeline.advise import advise_samples
from headstart.selection.advisor import StrategyAdvice
from headstart.verbs.data_options import load_data_settings
from headstart.verbs.options import DataOptions


def advise(
    source: Any,
    *,
    labels: Any = None,
    backbone: str | None = None,
    seed: int = 0,
    cost: bool = False,
    store: str | Path | None = None,
    listener: events.Listener | None = None,
    progress: ShowProgress = "auto",
    **options: Unpack[DataOptions],
) -> StrategyAdvice:
    """Return which way to transfer the field's rule expects to do best, from a look at 200 of the samples.

    Args:
        source: labelled data, as ``fit`` takes them.
        labels: with arrays, a label for each.
        backbone: the network, one name; that of the modality when not given.
        seed: of the split; the samples looked at are among those that ``fit`` with this seed trains on.
        cost: time a few steps of training to predict what it takes; computes the features of all samples first.
        store: the store's folder; HEADSTART_STORE or the platform's cache folder when not given.
        listener: is told of progress.
        progress: as of ``fit``.
        **options: how data and labels are read: ``classes_from``, ``class_pattern``, ``group_from``, ``encoding``.

    Raises:
        UserError: data, a name or a setting that cannot be used.
        HeadstartError: anything else that went wrong; features that were computed are kept.
    """
    with watch(listener, progress) as heard:
        return advise_samples(
            source,
            labels=labels,
            options=load_data_settings(options),
            backbone=backbone,
            seed=seed,
            store=None if store is None else Path(store),
            timed=cost,
            listener=heard,
        )
