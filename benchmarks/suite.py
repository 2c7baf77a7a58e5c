"""What the tests take: time, processor time, and the most memory that all their processes hold at once.

    python benchmarks/suite.py                       # make test, three rounds
    python benchmarks/suite.py --rounds 1 -- make test-slow

Run it with nothing else on the machine. Memory is the proportional share of each process of the tree (``Pss``: what
several share is counted once), added up twice a second; 0 where the system does not tell it. Wanted of ``make test`` on
two cores: less than 300 seconds and less than 4 GB. The last line is one JSON object; a failing round ends it.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import measuring

PROCESSES = Path("/proc")
EVERY = 0.5  #: seconds between two looks at the memory


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("--rounds", {"type": int, "default": 3}),
        ("command", {"nargs": "*", "default": ["make", "test"]}),
    )
    seconds, processor, memory = [], [], []
    for number in range(options.rounds):
        took, spent, held = watched(options.command)
        seconds.append(took)
        processor.append(spent)
        memory.append(held)
        print(f"round {number + 1}: {took:.0f} s, {spent:.0f} s of processor time, {held / 1e9:.2f} GB at most")
    result = {
        "command": " ".join(options.command),
        "seconds": measuring.median(seconds),
        "seconds_at_most": max(seconds),
        "processor_seconds": measuring.median(processor),
        "memory_at_most_bytes": max(memory),
    }
    measuring.finish(__file__, result, keep=options.keep)


def watched(command: list[str]) -> tuple[float, float, int]:
    """Seconds, processor seconds and the most bytes held at once by a command and all that it starts."""
    began, spent, most = time.perf_counter(), children_seconds(), 0
    with subprocess.Popen(command, stdout=sys.stderr) as process:
        while process.poll() is None:
            most = max(most, held_by(process.pid))
            time.sleep(EVERY)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - began, children_seconds() - spent, most


def children_seconds() -> float:
    """Processor time of children that ended, theirs included."""
    times = os.times()
    return times.children_user + times.children_system


def held_by(root: int) -> int:
    """Bytes held by a process and its descendants; 0 where the system does not tell."""
    parents = {}
    for file in PROCESSES.glob("[0-9]*/stat"):
        try:
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue  # it has just ended
    tree, found = {root}, {root}
    while found:
        found = {child for child, parent in parents.items() if parent in found} - tree
        tree |= found
    return sum(map(proportional_bytes, tree))


def proportional_bytes(process: int) -> int:
    """Its share of the memory that it uses."""
    try:
        lines = (PROCESSES / str(process) / "smaps_rollup").read_text().splitlines()
        return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, ValueError, IndexError):
        return 0


if __name__ == "__main__":
    main()
