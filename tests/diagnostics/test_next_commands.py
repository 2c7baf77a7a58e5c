"""Commands as they must be typed."""

import shlex
from pathlib import Path

from headstart.data.readers.arrays.arrays import IN_MEMORY
from headstart.diagnostics.next_commands import suggest_fit, suggest_relabelling
from headstart.settings import FitSettings


def test_they_go_on_from_the_run_with_its_settings(tmp_path: Path) -> None:
    run = tmp_path / "my run's"
    settings = FitSettings.load(backbone="efficientnet_lite1", seed=3, classes_from="parent", head="ridge")
    hint = suggest_relabelling("my photos", run, settings.model_dump(mode="json"))
    assert hint is not None
    more = ["--split-from", str(run), "--backbone", "efficientnet_lite1", "--seed", "3", "--classes-from", "parent"]
    assert shlex.split(hint.check) == ["headstart", "check", "my photos", "--labels", "my run's-fixes.csv", *more]
    assert shlex.split(hint.fit) == ["headstart", "fit", "my photos", "--relabel", "my run's-fixes.csv", *more]


def test_arrays_have_no_command(tmp_path: Path) -> None:
    assert suggest_relabelling(IN_MEMORY, tmp_path, {}) is None
    assert suggest_fit(IN_MEMORY, tmp_path / "fixes.csv", {}) == ""


def test_an_edited_table_keeps_the_split_that_it_was_made_by() -> None:
    command = suggest_fit("photos", Path("a b.csv"), {"split_from": Path("run"), "seed": 0, "include_test": True})
    assert shlex.split(command) == ["headstart", "fit", "photos", "--relabel", "a b.csv", "--split-from", "run"]
