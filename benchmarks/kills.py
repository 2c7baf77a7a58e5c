"""SIGKILL at random moments of a fit that stores features, trains a network and saves: the same command ends it.

    python benchmarks/kills.py [--kills 200] [--each 40] [--epochs 4] [--seed 0]

A fit of drawn photos on the small network of the tests runs in a process of its own, is killed after a random time,
and is started again, until it ends; then the next job begins with an empty store, until so many kills were sent. Each
job is held to one that nobody disturbed:

* ``results``: the files of the run are the same, but for times and folders;
* ``twice``: no row that the store had, and no epoch that a checkpoint had, was computed again;
* ``lost``: between two kills no more rows were lost than are in flight;
* ``left``: no draft or marker of an unfinished run is left beside or inside the run, and the store's lock is free.

The processes are forked from one that has imported all, so that most of their time is work. ``stages`` counts the kills
by the stage that was under way. The last line is one JSON object; ``failures`` is 0 where all went as it should.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import measuring
from killing.compare import compare_runs, list_leftovers
from killing.watched import Attempt, Job, work_watched

ROOT = Path(__file__).resolve().parents[1]
MOST_ATTEMPTS = 40  #: of one job; its last one is let be


def main() -> None:
    """Kill and repeat, and print what was found."""
    given = measuring.arguments(
        __doc__ or "",
        ("--kills", {"type": int, "default": 200}),
        ("--each", {"type": int, "default": 40, "help": "photos of a class"}),
        ("--epochs", {"type": int, "default": 4}),
        ("--seed", {"type": int, "default": 0}),
    )
    os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"})
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory(prefix="headstart-kills-") as folder:
        result = kill_jobs(Path(folder), given.kills, given.each, given.epochs, given.seed)
    measuring.finish(__file__, result, keep=given.keep)


def kill_jobs(home: Path, kills: int, each: int, epochs: int, seed: int) -> dict[str, Any]:
    """Return what was found over some jobs, as many as it takes to send so many kills."""
    import tests.small_network  # noqa: F401 (what is imported here need not be in each process)

    import headstart
    from headstart.training import export, loop  # noqa: F401

    source = home / "source"
    _run_apart(lambda: _draw(source, each))
    calm = Job(home / "calm", source, epochs)
    seconds = [_time_calm(Job(home / name, source, epochs)) for name in ("calm", "again")]
    problems = [f"undisturbed: {said}" for said in compare_runs(calm.run, Job(home / "again", source, epochs).run)]
    chance = np.random.default_rng(seed)
    stages: Counter[str] = Counter()
    sent = jobs = attempts = 0
    while sent < kills:
        job = Job(home / f"job{jobs}", source, epochs)
        began = _used_by_children()
        made = _kill_until_done(job, min(seconds), chance, min(MOST_ATTEMPTS, kills - sent))
        if len(made) == 1:  # undisturbed; on a machine that has less to do than at the start it took less
            seconds.append(_used_by_children() - began)
        killed = [attempt for attempt in made if attempt.killed]
        stages.update(attempt.stage for attempt in killed)
        said = [*check_attempts(made), *compare_runs(calm.run, job.run), *list_leftovers(job)]
        problems += [f"job {jobs}: {problem}" for problem in said]
        sent, jobs, attempts = sent + len(killed), jobs + 1, attempts + len(made)
        print(f"job {jobs}: {len(killed)} kills, {sent} of {kills}; {said or 'as it should be'}", flush=True)
        if not said:
            shutil.rmtree(job.home)
    return {
        "kills": sent,
        "jobs": jobs,
        "attempts": attempts,
        "failures": len(problems),
        "problems": problems[:40],
        "stages": dict(stages.most_common()),
        "undisturbed_seconds": min(seconds),
        "headstart": headstart.__version__,
    }


def check_attempts(attempts: list[Attempt]) -> list[str]:
    """Return where rows or epochs were computed twice, or lost though they were not in flight."""
    from headstart.storage.writer import COMMIT_ROWS

    problems = []
    for number, attempt in enumerate(attempts):
        again = attempt.before & set(attempt.rows)
        if again:
            problems.append(f"attempt {number}: {len(again)} rows of the store were computed again")
        if len(set(attempt.rows)) < len(attempt.rows):
            problems.append(f"attempt {number}: rows were computed twice in one attempt")
        if not attempt.before <= attempt.after:
            problems.append(f"attempt {number}: {len(attempt.before - attempt.after)} rows were lost from the store")
        lost = len(set(attempt.rows) - attempt.after)
        if lost >= 2 * 2 * COMMIT_ROWS or (lost and not attempt.killed):
            problems.append(f"attempt {number}: {lost} rows were lost, more than what was in flight")
        kept = {epoch for earlier in attempts[:number] for epoch in earlier.epochs}
        if trained := kept & set(attempt.epochs):
            problems.append(f"attempt {number}: epochs with a checkpoint were trained again: {sorted(trained)}")
    return problems


def _kill_until_done(job: Job, seconds: float, chance: np.random.Generator, most: int) -> list[Attempt]:
    """Run a job, killed after a random time again and again, until it ends.

    A run that was killed after its record was written is finished: only its report may be missing.
    """
    from tests.stored_rows import list_stored_rows

    attempts: list[Attempt] = []
    while not attempts or attempts[-1].killed:
        before = list_stored_rows(job.store)
        delay = float(chance.uniform(0, seconds)) if len(attempts) < most else None
        log = job.home / f"log{len(attempts)}"
        code = _run_apart(lambda log=log: work_watched(job, log), delay)
        if code not in (0, -signal.SIGKILL):
            raise RuntimeError(f"a fit ended with {code}: {(job.home / 'error').read_text('utf-8')}")
        killed = code == -signal.SIGKILL
        attempts.append(Attempt.read(log, before=before, after=list_stored_rows(job.store), killed=killed))
    return attempts


def _time_calm(job: Job) -> float:
    before = _used_by_children()
    if code := _run_apart(lambda: work_watched(job, job.home / "log")):
        raise RuntimeError(f"an undisturbed fit ended with {code}: {(job.home / 'error').read_text('utf-8')}")
    return _used_by_children() - before


def _used_by_children() -> float:
    """Return the seconds of processor time of all processes that were waited for."""
    now = os.times()
    return now.children_user + now.children_system


def _draw(source: Path, each: int) -> None:
    from tests import small_network
    from tests.conftest import draw_photos

    draw_photos(source / "photos", each=each)
    small_network.write_weights(source / "small.safetensors")


def _run_apart(work: Callable[[], object], delay: float | None = None) -> int:
    """Do something in a forked process, killed after some seconds of work; return its exit code, -9 for killed."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    if delay is not None:
        _wait_for_work(child, delay)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _wait_for_work(child: int, seconds: float) -> None:
    """Wait until a process has used so much processor time, whatever others do meanwhile, or has ended."""
    while True:
        try:
            fields = Path(f"/proc/{child}/stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:  # where there is no such file
            time.sleep(seconds)
            return
        used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        if fields[0] == "Z" or used >= seconds:
            return
        time.sleep(0.003)


if __name__ == "__main__":
    main()
