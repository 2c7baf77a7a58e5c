"""From how a source writes its labels to a task, and items that lie under several labels."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.data.names import natural_key
from headstart.data.read import read_source
from headstart.data.reading_table import write_reading_table
from headstart.data.relabel import apply_relabels
from headstart.data.samples import FileStatus, Samples
from headstart.data.targets import choose_task
from headstart.label_text import join_cells, split_cells
from headstart.settings import DataSettings
from headstart.tasks.facets import Claim, LabelSource, Strata
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.tasks.task import DEFAULT, TASKS, TargetSpace
from tests.plugins import install_plugin, package_folder
from tests.tasks.amount import TASK, AmountTargets

Plant = Callable[..., Path]


class SetTargets(AmountTargets):
    """Targets are tuples of names."""

    reads = frozenset({"one", "several", "indicators"})

    def claim(self, labels: Sequence[str], source: LabelSource) -> Claim | None:
        if source.contradicted > 0.05:
            return Claim(f"{source.contradicted:.0%} lie under several labels", certain=False)
        return Claim(source.reason, certain=True) if source.form == "several" else None

    def read_space(self, labels: Mapping[str, str], source: LabelSource) -> TargetSpace:
        names = source.columns if source.form == "indicators" else tuple(sorted(source.classes, key=natural_key))
        return TargetSpace("sets", names, {"form": source.form})

    def parse(self, space: TargetSpace, label: str) -> Any:
        cells = split_cells(label)
        if space.facts["form"] == "indicators":
            return tuple(name for name, cell in zip(space.names, cells, strict=True) if cell == "1")
        return tuple(sorted(cells)) if space.facts["form"] == "several" else (label,)

    def describe(self, space: TargetSpace, target: Any) -> str:
        if space.facts["form"] == "indicators":
            return join_cells(str(int(name in target)) for name in space.names)
        return join_cells(target)

    def stack(self, targets: Sequence[Any]) -> Any:
        return np.array([len(target) for target in targets], np.int64)

    def conflict(self, first: Any, second: Any) -> bool:
        return first != second

    def find_problems(self, samples: Any) -> list[str]:
        return []

    def merge(self, first: Any, second: Any) -> Any:
        return tuple(sorted({*first, *second}))

    def stratify(self, space: TargetSpace, targets: Any) -> Strata:
        return Strata(np.zeros(len(targets), np.int64), ("all",), "label", required=False)


class RankTargets(AmountTargets):
    """Numbers with an order."""

    reads = frozenset({"one", "columns"})
    ordered = True

    def claim(self, labels: Sequence[str], source: LabelSource) -> Claim | None:
        return Claim("they are ranks", certain=bool(source.order))


SETS = replace(TASK, name="sets", title="sets of labels", targets=SetTargets())
RANKS = replace(TASK, name="ranks", title="ranks", targets=RankTargets())


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [it for it in TASKS if it != DEFAULT]:
        monkeypatch.delitem(TASKS, name)
    for name in ("sets", "ranks"):
        install_plugin(tmp_path / f"site-{name}", name, "headstart.tasks", f"tests.data.test_targets:{name.upper()}")
    with package_folder(tmp_path / "site-sets"), package_folder(tmp_path / "site-ranks"):
        yield


def read(source: Path, **options: str) -> Samples:
    return read_source(source, options=DataSettings.model_validate(options))


@pytest.fixture
def twice(tmp_path: Path, plant: Plant) -> Path:
    """Ten cats and ten dogs; two photos lie in both folders."""
    root = plant(tmp_path / "twice", *(f"{name}/{at}.png" for name in ("cats", "dogs") for at in range(10)))
    for at in range(2):
        (root / f"dogs/both{at}.png").write_bytes((root / f"cats/{at}.png").read_bytes())
    return root


def test_an_item_in_several_folders_has_all_labels_where_the_task_has_such(twice: Path) -> None:
    samples = read(twice, task="sets")
    found = {sample.name: samples.describe(sample) for sample in samples.samples}
    assert len(samples) == 20
    assert found["cats/0.png"] == "cats;dogs"
    assert found["cats/3.png"] == "cats"
    entries = {entry.name: entry for entry in samples.ledger.entries}
    assert entries["dogs/both0.png"].status is FileStatus.SKIPPED
    assert entries["dogs/both0.png"].reason == "the same bytes as 'cats/0.png', which has this label too"
    assert entries["cats/0.png"].label == "cats;dogs"
    assert any("2 photos lie under several labels byte for byte" in note for note in samples.ledger.notes)


def test_it_is_a_conflict_elsewhere_and_the_other_task_is_proposed(twice: Path) -> None:
    samples = read(twice)
    assert len(samples) == 18
    (proposal,) = [it for it in samples.proposals if "--task sets" in it]
    assert "18% lie under several labels; --task sets if so" in proposal
    assert proposal in samples.ledger.notes


def test_a_proposal_stands_in_the_error_where_nothing_can_be_fitted(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "all", *(f"cats/{at}.png" for at in range(5)))
    (root / "dogs").mkdir()
    for at in range(5):
        (root / f"dogs/{at}.png").write_bytes((root / f"cats/{at}.png").read_bytes())
    with pytest.raises(DataError, match=r"; the labels are read for .*--task sets if so"):
        read(root, task="auto")
    assert len(read(root, task="sets")) == 5


def test_a_row_for_each_label(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path, *(f"{at}.png" for at in range(6)))
    rows = "".join(f"{at}.png,{label}\n" for at in range(6) for label in ("cat", "dog", "owl")[: at % 3 + 1])
    (tmp_path / "t.csv").write_text(f"path,label\n{rows}", "utf-8")
    samples = read(tmp_path / "t.csv", task="sets")
    assert [samples.describe(sample) for sample in samples.samples] == ["cat", "cat;dog", "cat;dog;owl"] * 2


def test_several_labels_in_a_cell_go_the_whole_way(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path, *(f"{at}.png" for at in range(4)))
    (tmp_path / "t.csv").write_text("path,label\n0.png,cat|dog\n1.png,cat\n2.png,dog|cat\n3.png,none\n", "utf-8")
    samples = read(tmp_path / "t.csv", task="sets")
    assert samples.form == "several"
    assert samples.classes == ("cat", "dog")
    assert [samples.describe(sample) for sample in samples.samples] == ["cat;dog", "cat", "cat;dog", "[]"]
    with pytest.raises(DataError, match="--label-cells whole"):
        read(tmp_path / "t.csv", task="classification")
    with pytest.raises(SettingError, match="--label-separator says that a cell has several labels, and single-label"):
        read(tmp_path / "t.csv", task="classification", label_separator="|")


def test_a_certain_claim_is_taken_and_two_are_asked_for() -> None:
    numbers = LabelSource(("1", "2"), order=("1", "2"))
    assert choose_task("auto", ["1", "2"], numbers).task.name == "ranks"
    both = replace(numbers, form="several", reason="they are lists")
    with pytest.raises(DataError, match=r"may be of several tasks \(.*sets: they are lists.*--task ranks"):
        choose_task("auto", ["1", "2"], both)
    with pytest.raises(DataError, match=r"there are several columns \(length, width\); sets of labels reads"):
        choose_task("sets", ["1;2"], LabelSource((), "columns", reason="length, width"))


def test_an_order_is_for_tasks_that_have_one() -> None:
    source = LabelSource(("bad", "good"), order=("bad", "good"))
    with pytest.raises(SettingError, match=r"--order is given, and single-label .*; drop it, or add .*--task ranks"):
        choose_task("classification", ["bad", "good"], source)


def test_a_label_that_means_nothing_is_named_with_its_row(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path, *(f"{at}.png" for at in range(30)))
    rows = "".join(f"{at}.png,{'many' if at == 27 else at / 4}\n" for at in range(30))
    (tmp_path / "t.csv").write_text(f"path,weight\n{rows}", "utf-8")
    with pytest.raises(DataError, match=r"row 29: '27.png': label 'many' is not a number"):
        read(tmp_path / "t.csv", task="ranks")


@pytest.mark.parametrize("header", ["cat,dog", "label"])
def test_a_reading_with_several_labels_is_written_and_read_again(tmp_path: Path, plant: Plant, header: str) -> None:
    plant(tmp_path, *(f"{at}.png" for at in range(6)))
    cells = ("1,1", "0,1", "0,0") if header == "cat,dog" else ("cat|dog", "dog", "[]")
    rows = "".join(f"{at}.png,{cells[at % 3]}\n" for at in range(6))
    (tmp_path / "t.csv").write_text(f"path,{header}\n{rows}", "utf-8")
    samples = read(tmp_path / "t.csv", task="sets")
    write_reading_table(tmp_path / "again.csv", samples, [])
    again = read(tmp_path / "again.csv", task="sets")
    assert (again.form, again.classes) == (samples.form, samples.classes)
    assert (
        [it.target for it in again.samples]
        == [it.target for it in samples.samples]
        == [("cat", "dog"), ("dog",), ()] * 2
    )
    assert (tmp_path / "again.csv").read_text().splitlines()[0] == f"path,{header}"


def test_labels_are_corrected_in_the_form_of_the_source(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path, *(f"{at}.png" for at in range(12)))
    rows = "".join(f"{at}.png,{('cat|dog', 'dog', 'cat')[at % 3]}\n" for at in range(12))
    (tmp_path / "t.csv").write_text(f"path,label\n{rows}", "utf-8")
    (tmp_path / "fixes.csv").write_text("path,label\n0.png,[]\n1.png,cat;dog\n2.png,\n", "utf-8")
    samples = apply_relabels(read(tmp_path / "t.csv", task="sets"), tmp_path / "fixes.csv")
    assert [it.target for it in samples.samples[:2]] == [(), ("cat", "dog")]
    assert [(it.name, it.given, it.label) for it in samples.relabels] == [
        ("0.png", "cat;dog", "[]"),
        ("1.png", "dog", "cat;dog"),
        ("2.png", "cat", ""),
    ]
    assert len(samples) == 11


def test_small_classes_are_a_matter_of_classes(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "pets", *(f"{name}/{at}.png" for name in ("cats", "dogs") for at in range(4)))
    with pytest.raises(SettingError, match="--min-samples leaves out classes, and sets of labels has none; drop it"):
        read_source(root, options=DataSettings(task="sets", min_samples=3))
