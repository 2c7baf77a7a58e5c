"""Photos answered by ``headstart-predict --out``, killed at random: every one once, with its answer, flat memory.

    python benchmarks/predict_out.py [--items 200000] [--kills 20] [--longest 12] [--seed 0] [--engine auto]

The photos are drawn: 997 contents, to which so many files are links, a thousand to a folder; the classifier is of the
small network of the tests. A job is killed (SIGKILL) after a random time, ``longest`` seconds at most, and begun again
by the same command, until so many kills were sent; then it may end, and where it ended before another one begins. Of
ten times nine begin once the list of items is there, the others at once, so that few kills meet the listing. Of
every job the joined file is read: each item is there once, in the order of the list, under its name, with the answer
that the classifier gives for its content when asked directly. ``phases`` counts the kills by what was under way.
``held_mb`` is what the process held that was at work when 10, 50 and 100 % were answered, and the most of any. The last
line is one JSON object; ``failures`` is 0 where all went as it should.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import measuring

ROOT = Path(__file__).resolve().parents[1]
CONTENTS = 997  #: different photos; prime, so that an item that slips is told by its answer
CLOSE = 1e-4  #: most difference of a probability
COMMAND = "import sys; from headstart_runtime.command.main import main; sys.exit(main())"


def main() -> None:
    """Answer, kill, compare, and print what was found."""
    given = measuring.arguments(
        __doc__ or "",
        ("--items", {"type": int, "default": 200_000}),
        ("--kills", {"type": int, "default": 20}),
        ("--longest", {"type": float, "default": 12.0}),
        ("--seed", {"type": int, "default": 0}),
        ("--engine", {"default": "auto"}),
    )
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory(prefix="headstart-predict-out-") as folder:
        result = answer_and_kill(Path(folder), given.items, given.kills, given.longest, given.seed, given.engine)
    measuring.finish(__file__, result, keep=given.keep)


@dataclass
class Watched:
    """One process of a job."""

    code: int = 0
    seconds: float = 0.0
    phase: str = ""  #: under way when it was killed
    held: dict[str, float] = field(default_factory=dict)  #: MB by share of the answers, and at most


def answer_and_kill(home: Path, items: int, kills: int, longest: float, seed: int, engine: str) -> dict[str, Any]:
    """Return what was found."""
    model = _fit(home)
    photos = _draw(home, items)
    out, chance = home / "answers.parquet", np.random.default_rng(seed)
    command = [sys.executable, "-c", COMMAND, model, photos, "--engine", engine, "--out", out]
    failures, held = list[str](), dict[str, float]()
    phases: Counter[str] = Counter()
    jobs = attempts = 0
    began = time.monotonic()
    while phases.total() < kills:
        out.unlink(missing_ok=True)
        jobs += 1
        while True:
            attempts += 1
            delay = float(chance.uniform(0, longest)) if phases.total() < kills else None
            wait = float(chance.uniform()) < 0.9
            watched = run_watched(command, out, items, delay, wait_for_list=wait)
            most = max(held.get("at_most", 0.0), watched.held.get("at_most", 0.0))
            held = {**watched.held, **held, "at_most": most}
            if watched.code != -signal.SIGKILL:
                break
            phases[watched.phase] += 1
            print(f"kill {phases.total()} after {watched.seconds:.1f} s: {watched.phase}", flush=True)
        print(f"the last attempt of job {jobs}: {watched}", flush=True)
        failures += [] if watched.code == 0 else [f"job {jobs} ended with {watched.code}"]
        failures += check_answers(out, photos, items, _answer_directly(home, model, out, engine))
        failures += [f"{path.name} was left" for path in home.glob("answers.parquet?*")]
        print(f"job {jobs}: {failures[:5] or 'as it should be'}", flush=True)
    return {
        "items": items,
        "kills": phases.total(),
        "phases": dict(phases.most_common()),
        "jobs": jobs,
        "attempts": attempts,
        "failures": len(failures),
        "problems": failures[:20],
        "seconds": time.monotonic() - began,
        "held_mb": {name: round(value, 1) for name, value in held.items()},
    }


def run_watched(
    command: list[Any], out: Path, items: int, delay: float | None = None, *, wait_for_list: bool = False
) -> Watched:
    """Run a command, kill it after some seconds where these are given, and look at what it holds meanwhile.

    Args:
        command: to run.
        out: the file that it writes.
        items: how many there are.
        delay: seconds until it is killed.
        wait_for_list: count these from when the list of items is there.
    """
    from headstart_runtime.answer_files.parts import PART_ITEMS

    began = counted = time.monotonic()
    found, unfinished = Watched(), out.with_name(f"{out.name}.unfinished")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "runtime" / "src")])}
    process = subprocess.Popen(list(map(str, command)), env=environment, stdout=subprocess.DEVNULL)
    parts = -(-items // PART_ITEMS)
    before = 100 * sum(1 for _ in unfinished.glob("part-*.parquet")) / parts
    while process.poll() is None:
        if wait_for_list and not (unfinished / "_manifest.json").exists():
            counted = time.monotonic()
        if delay is not None and time.monotonic() - counted >= delay:
            process.kill()
            break
        done = sum(1 for _ in unfinished.glob("part-*.parquet")) / parts
        held = _read_held(process.pid)
        for share in (10, 50, 100):
            if before < share <= 100 * done and held:
                found.held.setdefault(f"at_{share}", held)
        if held:
            found.held["at_most"] = max(found.held.get("at_most", 0.0), held)
        time.sleep(0.05 if delay is not None else 0.2)
    found.code = process.wait()
    found.seconds = time.monotonic() - began
    found.phase = _tell_phase(unfinished, out, parts)
    return found


def check_answers(out: Path, photos: Path, items: int, expected: dict[int, tuple[str, float]]) -> list[str]:
    """Return in words what is not as it should be in a joined file; nothing where all is."""
    import pyarrow.parquet as parquet

    if not out.exists():
        return ["there is no file of answers"]
    found, number = list[str](), 0
    for batch in parquet.ParquetFile(out).iter_batches(columns=["item", "source", "label", "probability", "error"]):
        for row in batch.to_pylist():
            label, probability = expected[number % CONTENTS]
            if row["item"] != number or row["source"] != str(_place(photos, number)) or row["error"] is not None:
                found.append(f"item {number} is {row}")
            elif row["label"] != label or abs(row["probability"] - probability) > CLOSE:
                found.append(f"the answer of item {number} is {row}, and should be {label} {probability}")
            number += 1
    return found if number == items else [*found, f"{number} rows of {items}"]


def _answer_directly(home: Path, model: Path, out: Path, engine: str) -> dict[int, tuple[str, float]]:
    """Return label and probability of each content, from the classifier itself, on the engine that was taken."""
    from headstart_runtime.answer_files.parts import read_note
    from headstart_runtime.inference.classifier import load

    taken = read_note(out)["manifest"]["fixed"]["engine"] if engine == "auto" else engine
    answers = load(model, taken).predict([home / "contents" / f"{number}.png" for number in range(CONTENTS)])
    return {number: (str(answer.label), answer.probability) for number, answer in enumerate(answers)}


def _fit(home: Path) -> Path:
    from tests import small_network
    from tests.conftest import draw_photos

    import headstart

    name = small_network.name_of(small_network.write_weights(home / "small.safetensors"))
    photos = draw_photos(home / "training")
    run = headstart.fit(
        photos, backbone=name, out=home / "run", store=home / "store", report=False, progress=False, precision="f32"
    )
    return run.folder / "model"


def _draw(home: Path, items: int) -> Path:
    """Draw the contents, and make as many files as are wanted links to them."""
    from PIL import Image
    from tests.conftest import CLASSES, picture

    (home / "contents").mkdir()
    for number in range(CONTENTS):
        chance = np.random.default_rng([7, number])
        pixels = picture(CLASSES[number % 3], chance, (48, 48))
        Image.fromarray(pixels).save(home / "contents" / f"{number}.png")
    photos = home / "photos"
    for number in range(items):
        file = _place(photos, number)
        if number % 1000 == 0:
            file.parent.mkdir(parents=True)
        try:
            os.link(home / "contents" / f"{number % CONTENTS}.png", file)
        except OSError:  # a disk without links, or with few
            shutil.copy(home / "contents" / f"{number % CONTENTS}.png", file)
    return photos


def _place(photos: Path, number: int) -> Path:
    return photos / f"{number // 1000}" / f"{number}.png"


def _tell_phase(unfinished: Path, out: Path, parts: int) -> str:
    if not (unfinished / "_manifest.json").exists():
        return "finished" if out.exists() else "list"
    return "answer" if sum(1 for _ in unfinished.glob("part-*.parquet")) < parts else "check and join"


def _read_held(process: int) -> float:
    """Return the MB that a process holds now; 0 where that cannot be read."""
    try:
        lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


if __name__ == "__main__":
    main()
