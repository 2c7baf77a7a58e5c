"""Cases in processes of their own, so that a crash or a hang is known by its seed and the rest goes on."""

import gc
import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

FAULTS = ("traceback", "ours", "promise", "hang", "crash", "memory", "warning")  #: outcomes that are failures
MOST_SECONDS = 5.0  #: of processor time for a case
MOST_CLOCK_SECONDS = 90.0  #: for one that waits, on a machine that others use too
MOST_BYTES = 10**9  #: above what the process has before its first case
ADDRESS_SPACE = 4 * 10**9  #: above that likewise; what is asked for beyond is a MemoryError
PER_PROCESS = 400  #: cases of one process


def run_cases(seeds: Sequence[int], originals: Path, script: Path) -> Iterator[dict[str, Any]]:
    """Yield the result of each seed, in order; a process that dies or hangs is replaced.

    Args:
        seeds: of the cases.
        originals: what ``draw_originals`` made.
        script: is started as ``script --child ORIGINALS`` with the seeds as lines of its input.
    """
    waiting = list(seeds)
    while waiting:
        given, done = waiting[:PER_PROCESS], 0
        for result in _run_process(given, originals, script):
            done += 1
            yield result
        waiting = waiting[max(done, 1) :]


def _run_process(seeds: Sequence[int], originals: Path, script: Path) -> Iterator[dict[str, Any]]:
    """Yield the results of one process up to the one that it dies of."""
    environment = {**os.environ, "MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory(prefix="headstart-fuzz-") as folder:
        environment["HEADSTART_STORE"] = str(Path(folder) / "store")
        with subprocess.Popen(
            [sys.executable, script, "--child", originals],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=folder,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(list(seeds)).encode() + b"\n")
                process.stdin.close()
            lines = _LineReader(process)
            for seed in seeds:
                result = lines.read_result()
                yield {"seed": seed, **result}
                if result["outcome"] in ("hang", "crash"):
                    process.kill()
                    return


class _LineReader:
    """The results that a process writes, a line of JSON for each."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process, self._rest, self._started = process, b"", False

    def read_result(self) -> dict[str, Any]:
        """Return the next result, or that of a process that hangs or is dead."""
        began = time.monotonic()
        limit = MOST_CLOCK_SECONDS if self._started else 300.0  # imports come before the first
        processor = self._measure_processor_seconds()
        assert self._process.stdout is not None
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._process.stdout], [], [], 0.5)
            if ready:
                chunk = os.read(self._process.stdout.fileno(), 1 << 16)
                if not chunk:
                    code = self._process.wait()
                    return {"outcome": "crash", "detail": f"the process ended with {code}", "where": f"exit {code}"}
                self._rest += chunk
            used = self._measure_processor_seconds() - processor
            if time.monotonic() - began > limit or (self._started and used > 2 * MOST_SECONDS):
                return {"outcome": "hang", "detail": f"after {used:.1f} s of processor time", "where": "hang"}
        line, _, self._rest = self._rest.partition(b"\n")
        self._started = True
        return dict(json.loads(line))

    def _measure_processor_seconds(self) -> float:
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, IndexError):
            return 0.0


def serve(originals: Path) -> None:
    """Run the cases whose seeds stand in the first line of the input, and write a line for each."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print disturbs no answer
    from fuzzing.desk import Desk

    seeds = json.loads(sys.stdin.readline())
    here = Path.cwd()
    desk = Desk(originals, here / "case", here / "store")
    _warm_up(desk)
    gc.freeze()  # what is imported is not looked through again after each case
    at_start = _read_memory("VmRSS")
    size = _read_memory("VmSize") + ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    for seed in seeds:
        print(json.dumps(_run_case(seed, desk, at_start)), file=answers, flush=True)


def _warm_up(desk: Any) -> None:
    """Import what cases need, so that it does not count for the first of them."""
    import matplotlib.pyplot  # noqa: F401

    import headstart
    from headstart.settings import FitSettings

    FitSettings.load()
    with suppress(ImportError):
        import pyarrow.parquet  # noqa: F401
    desk.classifier.predict([desk.good])
    headstart.check(desk.originals / "good", progress=False)
    headstart.report(desk.originals / "run", out=desk.clear() / "report.html")


def _run_case(seed: int, desk: Any, at_start: int) -> dict[str, Any]:
    from fuzzing.cases import make_case

    case = make_case(seed, desk.originals)
    _reset_peak()
    began = time.process_time()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", module="PIL")  # as the command line does
        result = _hold(case, desk)
    seconds = time.process_time() - began
    gc.collect()
    memory = max(0, _read_memory("VmHWM") - at_start)
    said = [warning for warning in heard if not issubclass(warning.category, ResourceWarning)]
    if result["outcome"] not in FAULTS and said:
        where = f"{Path(said[0].filename).name}:{said[0].lineno}"
        result = {
            "outcome": "warning",
            "detail": f"{said[0].category.__name__}: {said[0].message}"[:500],
            "where": where,
        }
    if result["outcome"] not in FAULTS and seconds > MOST_SECONDS:
        result = {"outcome": "hang", "detail": f"{seconds:.1f} s of processor time; {result}", "where": "slow"}
    if result["outcome"] not in FAULTS and memory > MOST_BYTES:
        result = {"outcome": "memory", "detail": f"{memory / 1e6:.0f} MB above the start; {result}", "where": "memory"}
    return {**result, "family": case.family, "original": case.original, "seconds": round(seconds, 3), "memory": memory}


def _hold(case: Any, desk: Any) -> dict[str, Any]:
    """Return the outcome of a case, and where in headstart an error was raised."""
    import headstart
    from fuzzing.desk import BrokenPromiseError
    from fuzzing.promises import hold

    try:
        return {"outcome": hold(case, desk)}
    except headstart.UserError as error:
        return {"outcome": "refused", "detail": str(error)[:300]}
    except BrokenPromiseError as error:
        return {"outcome": "promise", "detail": str(error)[:500], "where": f"{case.family} {str(error)[:40]}"}
    except BaseException as error:  # noqa: BLE001 (SystemExit too would be a fault)
        kind = "ours" if isinstance(error, headstart.HeadstartError) else "traceback"
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/headstart/" in frame.filename]
        place = f"{frames[-1].filename.rpartition('/headstart/')[2]}:{frames[-1].lineno}" if frames else "fuzzing"
        return {"outcome": kind, "detail": f"{type(error).__name__}: {error}"[:500], "where": place}


def _reset_peak() -> None:
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "utf-8")


def _read_memory(field: str) -> int:
    """Return a line of what Linux says of this process's memory, in bytes; 0 elsewhere."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text("utf-8").splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    return 0
