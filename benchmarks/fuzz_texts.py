"""Odd and altered texts, thrown at reading, fitting and predicting: no traceback, every row in the ledger.

    python benchmarks/fuzz_texts.py [--texts 10000] [--seed 0]

Strings of all scripts, with signs that nobody sees, halves of characters, names of tokens, HTML and very long words are
drawn. They are written as files in encodings of all kinds, some with bytes cut, flipped or inserted, as cells of a
table, as JSON Lines, and given in memory. Each collection is checked, and each of its items predicted by a classifier
that was fitted on others of them; of each the rest is in the ledger. Failures are:

* ``traceback``: any error but one for users;
* ``lost``: an item without its line in the ledger, or without its answer;
* ``unlike``: check takes an item that predict refuses, or the other way round;
* ``probabilities``: an answer without finite ones.

The last line is one JSON object with all of them.
"""

import csv
import json
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import headstart
import measuring
from drawn.odd_strings import WORDS, draw_string
from headstart_runtime.errors import UserError

ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "cp1251", "gb18030", "latin-1")
CLASSES = ("one", "other")
MOST_KEPT = 40  #: failures in the result


@dataclass
class Findings:
    """The failures, and what became of the items."""

    failures: list[dict[str, str]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, collection: str, what: object) -> None:
        """Take a failure."""
        self.failures.append({"kind": kind, "collection": collection, "what": str(what)[:400]})


def draw_bytes(chance: np.random.Generator) -> bytes:
    """Return the bytes of a text in some encoding; of every third they are altered."""
    text = draw_string(chance, longest=int(chance.choice([3, 30, 400])))
    raw = text.encode(str(chance.choice(ENCODINGS)), "replace" if chance.random() < 0.9 else "ignore")
    if chance.random() < 1 / 3 and raw:
        place = int(chance.integers(len(raw)))
        kind = int(chance.integers(4))
        odd = bytes(chance.integers(0, 256, int(chance.integers(1, 9)), np.uint8))
        raw = (raw[:place], raw[:place] + odd + raw[place:], raw[:place] + odd + raw[place + len(odd) :], odd)[kind]
    return raw


def draw_cell(chance: np.random.Generator) -> str:
    """Return a text; some are empty, some have halves of characters."""
    kind = chance.random()
    if kind < 0.02:
        return str(chance.choice(["", " ", "\n", "\u200b", "nan", "\x00"]))
    text = draw_string(chance, longest=int(chance.choice([3, 30, 400])))
    return text + "\ud83d" if kind < 0.05 else text


def write_files(folder: Path, count: int, chance: np.random.Generator) -> tuple[Path, list[Any]]:
    """Write texts as files in a folder for each class; return it and the files."""
    paths = []
    for number in range(count):
        path = folder / CLASSES[number % 2] / f"{number:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(draw_bytes(chance))
        paths.append(path)
    return folder, paths


def write_csv(file: Path, count: int, chance: np.random.Generator) -> tuple[Path, list[Any]]:
    """Write texts as cells of a table; return it and the texts."""
    texts = [draw_cell(chance).replace("\ud83d", "").replace("\x00", "") for _ in range(count)]
    with file.open("w", newline="", encoding="utf-8") as stream:
        rows = ((text, CLASSES[number % 2]) for number, text in enumerate(texts))
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    return file, texts


def write_lines(file: Path, count: int, chance: np.random.Generator) -> tuple[Path, list[Any]]:
    """Write texts as JSON Lines; return the file and the texts."""
    texts = [draw_cell(chance) for _ in range(count)]
    lines = (json.dumps({"text": text, "label": CLASSES[number % 2]}) for number, text in enumerate(texts))
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file, texts


def fit_classifier(folder: Path, backbone: str) -> headstart.Classifier:
    """Return a classifier of plain sentences, by which all else is answered."""
    chance = np.random.default_rng(1)
    texts = [" ".join(chance.choice(WORDS[number % 2 :: 2], 9)) for number in range(120)]
    labels = [CLASSES[number % 2] for number in range(120)]
    options = {"backbone": backbone, "store": folder / "store", "out": folder / "run", "modality": "text"}
    return headstart.fit(texts, labels=labels, report=False, progress=False, **options).classifier  # type: ignore[arg-type]


def check_collection(name: str, source: Path, count: int, findings: Findings) -> dict[str, bool | None]:
    """Check a collection; return for each entry of the ledger whether it is taken; None where its label decided."""
    try:
        seen = headstart.check(source, modality="text", progress=False)
    except UserError as error:
        findings.outcomes["refused whole"] += 1
        print(f"{name}: {error}")
        return {}
    except Exception:  # noqa: BLE001  what is looked for
        findings.add("traceback", name, traceback.format_exc())
        return {}
    entries = seen.data.samples.ledger.entries
    if len(entries) != count:
        findings.add("lost", name, f"{len(entries)} entries of {count}")
    return {
        entry.name: None if "the same bytes" in entry.reason else entry.status.value != "skipped" for entry in entries
    }


def predict_all(
    name: str, model: headstart.Classifier, items: Sequence[Any], taken: Sequence[bool | None], findings: Findings
) -> None:
    """Predict every item of a collection, and compare with what check says of it."""
    try:
        answers = list(model.stream(items))
    except Exception:  # noqa: BLE001  what is looked for
        findings.add("traceback", name, traceback.format_exc())
        return
    if len(answers) != len(items):
        findings.add("lost", name, f"{len(answers)} answers of {len(items)}")
    for item, answer, sure in zip(items, answers, taken, strict=False):
        findings.outcomes["refused" if answer.error else "repaired" if answer.repaired else "answered"] += 1
        if sure is not None and (answer.error is None) != sure:
            findings.add("unlike", name, f"{item!r}: {answer.error or 'answered, and skipped by check'}")
        if answer.error is None and not np.isfinite(answer.probabilities).all():
            findings.add("probabilities", name, repr(item))


def list_collections(folder: Path, count: int, seed: int) -> Iterator[tuple[str, Callable[[], tuple[Path, list[Any]]]]]:
    """Yield what writes each collection, by name; half of the texts are files."""
    shares = {"files": count // 2, "table": count // 4, "lines": count - count // 2 - count // 4}
    places = {"files": folder / "files", "table": folder / "table.csv", "lines": folder / "lines.jsonl"}
    writers = {"files": write_files, "table": write_csv, "lines": write_lines}
    for number, name in enumerate(shares):
        chance = np.random.default_rng([seed, number])
        yield name, lambda name=name, chance=chance: writers[name](places[name], shares[name], chance)  # type: ignore[misc]


def main() -> None:
    """Draw, check and predict; print the failures."""
    given = measuring.arguments(
        __doc__ or "",
        ("--texts", {"type": int, "default": 10_000}),
        ("--seed", {"type": int, "default": 0}),
        ("--backbone", {"default": "minilm"}),
    )
    findings, began, rows = Findings(), time.process_time(), 0
    with tempfile.TemporaryDirectory(prefix="headstart-fuzz-") as home:
        model = fit_classifier(Path(home), given.backbone)
        for name, write in list_collections(Path(home), given.texts, given.seed):
            source, items = write()
            rows += len(items)
            entries = check_collection(name, source, len(items), findings)
            if len(entries) != len(items):
                continue
            named = {str(path.relative_to(source).as_posix()): path for path in items} if name == "files" else {}
            taken = [entries[key] for key in named] if named else list(entries.values())
            predict_all(name, model, items, taken, findings)
    result = {
        "texts": rows,
        "failures": len(findings.failures),
        "kinds": dict(Counter(one["kind"] for one in findings.failures)),
        "outcomes": dict(findings.outcomes),
        "processor_seconds": time.process_time() - began,
        "first": findings.failures[:MOST_KEPT],
    }
    measuring.finish(__file__, result, keep=given.keep)


if __name__ == "__main__":
    main()
