"""How many planted faults are among the first that label checks list, where labels are several, numbers or grades.

    python benchmarks/suspects.py TRASH CATS_VS_DOGS [--train 800] [--test 400] [--count 800] [--grades 400]

Everything goes through ``check --labels`` as a user has it, on features of the network that is there offline:

* sheets of 2 x 2 photos with the set of what they show, drawn as in ``benchmarks/sheets.py``: one of twenty labels is
  turned, added or taken away; of the first 100 suspects, the share whose strongest doubt is planted (wanted: .70);
* photos of which a number is known, drawn as in ``benchmarks/regression.py``: of one of twenty numbers the decimal
  point is moved by a place to either side; of the first as many suspects, the share that is planted (wanted: .90),
  beside how many are told as a moved point;
* dials of five grades: one of twenty gets a grade that is two or more off; of the first as many, the share (no limit
  is set);
* photos of another kind, for a model of each: the AUROC of their novelty against that of test photos (wanted: .95).

Beside each stands how many are doubted where nothing is planted. The last line is one JSON object.
"""

import csv
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.metrics import roc_auc_score

import headstart
import measuring
from drawn.dials import draw_dials
from drawn.measured import DRAWERS, draw_measured
from headstart.label_text import join_cells, split_cells
from headstart.pipeline.label_check import LabelCheck, check_labels
from sheets import draw_sheets

PLANTED = 0.05  #: share of labels, or of photos, that is made wrong
FIRST = 100  #: suspects of several labels that are looked at
GRADES = ("very bad", "bad", "fair", "good", "very good")
STRANGERS = 60  #: photos of another kind

Row = dict[str, str]


def read_rows(table: Path) -> list[Row]:
    """Return the rows of a table."""
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_rows(table: Path, rows: Sequence[Row]) -> Path:
    """Write a table; return it."""
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return table


def check(table: Path, task: str, **settings: Any) -> tuple[LabelCheck, list[str]]:
    """Return a check of a table's labels, and the names of its suspects in their order."""
    found = check_labels(table, task=task, include_test=True, **settings)
    names = {sample.id: sample.name for sample in found.samples.samples}
    return found, [names[issue.id] for issue in found.issues]


def judge_sheets(table: Path, seed: int) -> dict[str, Any]:
    """Return how many labels that were turned are found, among the first suspects."""
    chance, rows = np.random.default_rng(seed), read_rows(table)
    names = sorted({name for row in rows for name in split_cells(row["labels"])})
    turned: dict[str, set[str]] = {}
    planted = []
    for row in rows:
        own = set(split_cells(row["labels"]))
        wrong = {name for name in names if chance.random() < PLANTED}
        if not own ^ wrong:
            wrong = set()  # a sheet without any label shows nothing that was asked about
        turned[row["path"]] = wrong
        planted.append({**row, "labels": join_cells(sorted(own ^ wrong))})
    found, suspects = check(write_rows(table.with_name("planted.csv"), planted), "multilabel")
    columns = found.samples.classes
    strongest = [columns[issue.doubts[0].output] for issue in found.issues]
    right = [name in turned[photo] for photo, name in zip(suspects[:FIRST], strongest, strict=False)]
    clean, _ = check(table, "multilabel")
    return {
        "photos": len(rows),
        "turned": sum(map(len, turned.values())),
        "found_first": float(np.mean(right)),
        "estimate": None if found.noise is None else found.noise.estimate,
        "suspects": len(suspects),
        "suspects_unplanted": len(clean.issues),
    }


def judge_numbers(table: Path, seed: int) -> dict[str, Any]:
    """Return how many numbers with a moved decimal point are found, among as many suspects."""
    chance, rows = np.random.default_rng(seed), read_rows(table)
    photo, column = rows[0]
    usable = np.array([place for place, row in enumerate(rows) if float(row[column])])
    wrong = set(chance.permutation(usable)[: round(PLANTED * len(rows))].tolist())
    planted = [
        {**row, column: repr(float(f"{row[column]}e{chance.choice([-1, 1])}"))} if place in wrong else row
        for place, row in enumerate(rows)
    ]
    found, suspects = check(write_rows(table.with_name("planted.csv"), planted), "regression")
    names = {rows[place][photo] for place in wrong}
    kinds = [issue.doubts[0].kind for issue in found.issues[: len(wrong)]]
    clean, _ = check(table, "regression")
    return {
        "photos": len(rows),
        "moved": len(wrong),
        "found_first": len(names & set(suspects[: len(wrong)])) / len(wrong),
        "told_as_point": float(np.mean([kind == "decimal point" for kind in kinds])),
        "suspects": len(suspects),
        "suspects_unplanted": len(clean.issues),
    }


def draw_grades(folder: Path, count: int, seed: int) -> Path:
    """Draw dials; return the table of their grades."""
    folder.mkdir(parents=True, exist_ok=True)
    photos, ranks = draw_dials(count, len(GRADES), seed)
    rows = []
    for place, (photo, rank) in enumerate(zip(photos, ranks.tolist(), strict=True)):
        Image.fromarray(photo).save(folder / f"{place:05d}.png")
        rows.append({"path": f"{place:05d}.png", "grade": GRADES[rank]})
    return write_rows(folder / "grades.csv", rows)


def judge_grades(table: Path, seed: int) -> dict[str, Any]:
    """Return how many grades that are two or more off are found, among as many suspects."""
    chance, rows, order = np.random.default_rng(seed), read_rows(table), {"order": ",".join(GRADES)}
    wrong = set(chance.permutation(len(rows))[: round(PLANTED * len(rows))].tolist())
    planted = []
    for place, row in enumerate(rows):
        rank = GRADES.index(row["grade"])
        others = [grade for other, grade in enumerate(GRADES) if abs(other - rank) > 1]
        planted.append({**row, "grade": str(chance.choice(others))} if place in wrong else row)
    _, suspects = check(write_rows(table.with_name("planted.csv"), planted), "ordinal", **order)
    names = {rows[place]["path"] for place in wrong}
    clean, _ = check(table, "ordinal", **order)
    return {
        "photos": len(rows),
        "moved": len(wrong),
        "found_first": len(names & set(suspects[: len(wrong)])) / len(wrong),
        "suspects": len(suspects),
        "suspects_unplanted": len(clean.issues),
    }


def measure_strangers(table: Path, strangers: Sequence[Path], out: Path, **settings: Any) -> float:
    """Return the AUROC of the novelty of strangers against that of a model's test photos."""
    run = headstart.fit(table, out=out, strategy="linear-probe", report=False, progress=False, **settings)
    with np.load(run.folder / "predictions.npz") as arrays:
        familiar = arrays["novelty"][arrays["part"] == "test"]
    unlike = [answer.novelty for answer in run.classifier.predict(list(strangers))]
    truth = np.repeat([0, 1], [len(familiar), len(unlike)])
    return float(roc_auc_score(truth, np.concatenate([familiar, unlike])))


def run_all(sources: Sequence[Path], train: int, test: int, count: int, grades: int, seed: int) -> dict[str, Any]:
    """Return all figures."""
    result: dict[str, Any] = {}

    def keep(name: str, judge: Callable[[Path, int], dict[str, Any]], table: Path) -> None:
        result[name] = judge(table, seed)
        print(f"{name}: {result[name]}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sheets").mkdir()
        sheets = draw_sheets(folder / "sheets", sources, train, test, seed)
        keep("several labels", judge_sheets, sheets)
        numbers = {kind: draw_measured(folder / "numbers", kind, count, seed) for kind in DRAWERS}
        for kind, table in numbers.items():
            keep(kind, judge_numbers, table)
        dials = draw_grades(folder / "dials", grades, seed)
        keep("grades", judge_grades, dials)
        first = next(iter(numbers.values()))
        drawn, photographed = sorted(first.parent.glob("*.png")), sorted(sheets.parent.glob("*.jpg"))
        result["strangers"] = {
            "several labels": measure_strangers(sheets, drawn[:STRANGERS], folder / "a", task="multilabel"),
            "numbers": measure_strangers(first, photographed[:STRANGERS], folder / "b", task="regression"),
            "grades": measure_strangers(
                dials, photographed[:STRANGERS], folder / "c", task="ordinal", order=",".join(GRADES)
            ),
        }
        print(f"strangers: {result['strangers']}", flush=True)
    return result


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("sources", {"type": Path, "nargs": 2, "metavar": "FOLDER"}),
        ("--train", {"type": int, "default": 800}),
        ("--test", {"type": int, "default": 400}),
        ("--count", {"type": int, "default": 800}),
        ("--grades", {"type": int, "default": 400}),
        ("--seed", {"type": int, "default": 0}),
    )
    result = run_all(options.sources, options.train, options.test, options.count, options.grades, options.seed)
    measuring.finish(__file__, result, keep=options.keep)


if __name__ == "__main__":
    main()
