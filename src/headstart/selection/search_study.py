"""Trials of a search, kept in a database in the run's folder while it goes on."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from headstart import events

if TYPE_CHECKING:  # a run that searches nothing has no need of it
    from optuna import Study
    from optuna.trial import FrozenTrial

STORAGE = "search.sqlite3"
AT_RANDOM = 4  #: trials before the sampler and the pruner trust what they have seen
UNPRUNED = 2  #: epochs before a trial may be given up: the warm-up and what follows it


@dataclass(frozen=True, slots=True)
class SearchTrial:
    """Settings that were tried."""

    number: int  #: 1 is what the user set
    ended: Literal["complete", "pruned", "failed"]
    log_loss: float | None  #: validation after calibration, nats per photo, of its best epoch; None where it failed
    epochs: int  #: that were made
    seconds: float
    disk: int  #: bytes of its boundary activations; trials of one augmentation share them
    settings: Mapping[str, Any]  #: of ``CONTINUOUS`` and ``list_choices``
    reason: str = ""  #: why it failed


@contextmanager
def open_study(
    file: Path, name: str, first: Mapping[str, Any], listener: events.Listener = events.ignore
) -> Iterator["Study"]:
    """Open a study; others in the same file are left alone, and trials that a kill cut off are queued once more.

    Args:
        file: the database; one that is damaged is begun anew.
        name: of the study, by all that decides what its trials end with.
        first: the point of the space that is tried first.
        listener: is told of a damaged database.
    """
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        storage = _open_storage(file, listener)
        try:
            study = optuna.create_study(
                storage=storage,
                study_name=name,
                direction="minimize",
                pruner=optuna.pruners.MedianPruner(n_startup_trials=AT_RANDOM, n_warmup_steps=UNPRUNED),
                load_if_exists=True,
            )
            _resume(study, first)
            yield study
        finally:
            storage.remove_session()
            storage.engine.dispose()
    finally:
        optuna.logging.set_verbosity(verbosity)


def list_trials(study: "Study") -> tuple[SearchTrial, ...]:
    """Return the trials that have ended, one way or another; not those that a kill cut off."""
    names = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    ended = [it for it in study.get_trials(deepcopy=False) if it.state.is_finished() and "facts" in it.user_attrs]
    facts = {"log_loss": None, "reason": "", "disk": 0}
    return tuple(
        SearchTrial(number=number, ended=names[trial.state.name], **{**facts, **trial.user_attrs["facts"]})  # type: ignore[arg-type]
        for number, trial in enumerate(ended, 1)
    )


def _open_storage(file: Path, listener: events.Listener) -> Any:
    """Open Optuna's database; one that is damaged is begun anew.

    Not Optuna's journal file: a kill within a line makes all of it unreadable, and one that holds its lock costs the
    next run 30 seconds.
    """
    from optuna.exceptions import StorageInternalError
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import SQLAlchemyError

    def connected() -> sqlite3.Connection:
        connection = sqlite3.connect(file, timeout=60, check_same_thread=False)
        connection.execute("PRAGMA synchronous = OFF")  # a kill loses nothing by it, and every value is a commit
        return connection

    def opened() -> RDBStorage:
        # Connected here, for a path with a "?" or "%" in it is no URL.
        return RDBStorage(f"sqlite:///{STORAGE}", engine_kwargs={"creator": connected})

    try:
        return opened()
    except (SQLAlchemyError, StorageInternalError, sqlite3.Error, RuntimeError):
        listener(events.Note(f"the trials of an earlier search cannot be read ({STORAGE}); it is begun anew"))
        file.unlink()
        return opened()


def _resume(study: "Study", first: Mapping[str, Any]) -> None:
    """Queue what is to be tried first: what was asked for, or what a kill cut off."""
    from optuna.trial import TrialState

    cut: list[FrozenTrial] = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for trial in cut:
        study.tell(trial.number, state=TrialState.FAIL)
    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    if not waiting and not list_trials(study):
        study.enqueue_trial(dict(first))
    elif not waiting and cut:
        study.enqueue_trial(cut[-1].params)
