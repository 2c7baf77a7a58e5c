"""A fit that writes down what it computes, so that it can be held against what the store had before."""

import os
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Job:
    """A fit that is begun with an empty store and goes on until it ends."""

    home: Path
    source: Path  #: has the photos and the weights
    epochs: int

    @property
    def run(self) -> Path:
        """The run's folder; alone in its folder, so that what is left beside it is seen."""
        return self.home / "runs" / "run"

    @property
    def store(self) -> Path:
        """The store, this job's own."""
        return self.home / "store"


@dataclass(frozen=True)
class Attempt:
    """One process of a job."""

    rows: list[str]  #: that it computed: the space and the digest
    epochs: list[str]  #: that it trained and wrote a checkpoint of: the folder of the training, and the number
    stage: str  #: that was under way last
    before: set[str]  #: rows of the store
    after: set[str]
    killed: bool

    @classmethod
    def read(cls, log: Path, *, before: set[str], after: set[str], killed: bool) -> Self:
        """Return what a process wrote down."""
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        found: dict[str, list[str]] = {"row": [], "epoch": [], "stage": ["start"]}
        for line in lines:
            kind, _, value = line.partition(" ")
            found[kind].append(value)
        return cls(found["row"], found["epoch"], found["stage"][-1], before, after, killed)


def work_watched(job: Job, log: Path) -> None:
    """Fit, in this process, and log every row and epoch; of an error its traceback lies in ``error``.

    Where the run has its record already, and so is finished but for its report, write the report instead.
    """
    try:
        _write_missing_report(job, log) if (job.run / "run.json").is_file() else _fit(job, log)
    except BaseException:
        (job.home / "error").write_text(traceback.format_exc(), "utf-8")
        raise


def _write_missing_report(job: Job, log: Path) -> None:
    """Fit into a recorded run once more, which has to be refused in one line, and write the report that it names."""
    import headstart
    from headstart_runtime.errors import SettingError

    log.write_text("stage report\n", "utf-8")
    try:
        _fit(job, log)
    except SettingError as error:
        if "finished" not in str(error):
            raise
    else:
        raise RuntimeError("a fit went over a finished run")
    headstart.open_run(job.run)
    headstart.report(job.run)


def _fit(job: Job, log: Path) -> None:
    import torch
    from tests import small_network

    import headstart
    from headstart.events import Event, Finished, Started
    from headstart.storage.writer import Writer
    from headstart.training import loop

    torch.set_num_threads(1)
    job.home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(kind: str, *values: str) -> None:
        os.write(descriptor, "".join(f"{kind} {value}\n" for value in values).encode())

    add, write = Writer.add, loop.write_checkpoint

    def add_logged(self: Writer, digests: Any, given: Any) -> None:
        note("row", *(f"{self.space.fingerprint[:8]}-{digest}" for digest in digests))
        add(self, digests, given)

    def write_logged(path: Path, state: Any) -> None:
        write(path, state)
        note("epoch", f"{path.parent.name}/{state.epochs[-1].number}")

    def listen(event: Event) -> None:
        if isinstance(event, Started):
            note("stage", event.stage)
        elif isinstance(event, Finished):
            note("stage", f"after {event.stage}")

    Writer.add, loop.write_checkpoint = add_logged, write_logged  # type: ignore[method-assign]
    headstart.fit(
        job.source / "photos",
        backbone=small_network.name_of(job.source / "small.safetensors"),
        out=job.run,
        store=job.store,
        strategy="partial-finetune",
        unfreeze="stage3",
        epochs=job.epochs,
        patience=job.epochs,
        views=2,
        rate=0.003,
        batch_size=16,
        training_precision="f32",
        precision="f32",
        workers=1,
        report=True,
        listener=listen,
        progress=False,
    )
