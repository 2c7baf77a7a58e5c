"""Several labels for one photo the whole way: found in a table, fitted, saved, predicted with, evaluated."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from headstart.cli.main import run as run_command
from headstart_runtime.errors import DataError, SettingError
from tests.conftest import CLASSES, Warm, picture

SHOWN = {(): 6, **{(name,): 8 for name in CLASSES}, CLASSES[:2]: 8, CLASSES[1:]: 8, CLASSES: 6}


def draw_label_table(folder: Path, each: dict[tuple[str, ...], int] = SHOWN) -> Path:
    """Photos of tiles, each tile of a texture that is a label, or plain."""
    folder.mkdir(parents=True)
    table = folder / "photos.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "labels"])
        for kind, (labels, count) in enumerate(each.items()):
            for number in range(count):
                chance = np.random.default_rng([kind, number])
                tiles = [picture(name, chance, (64, 64)) for name in labels]
                plain = np.clip(chance.normal(chance.integers(40, 215), 8, (64, 64, 3)), 0, 255).astype(np.uint8)
                tiles += [plain] * (4 - len(tiles))
                placed = [tiles[place] for place in chance.permutation(4)]
                whole = np.concatenate([np.concatenate(placed[:2], axis=1), np.concatenate(placed[2:], axis=1)])
                Image.fromarray(whole).save(folder / f"{kind}-{number}.png")
                writer.writerow([f"{kind}-{number}.png", ";".join(labels) or "[]"])
    return table


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return draw_label_table(tmp_path / "photos")


def test_a_table_of_several_labels_goes_the_whole_way(small: Warm, table: Path, tmp_path: Path) -> None:
    run = small.fit(table, out=tmp_path / "run", report=True)
    record = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert record["task"] == "multilabel"
    assert any("read for several labels for one item" in note for note in record["notes"]), "it says what it took"
    assert run.test.mean_average_precision > 0.5
    assert run.test.tuned
    assert run.test.miss_rate is not None
    photos = sorted(table.parent.glob("*.png"))
    answers = run.classifier.predict(photos)
    assert {name for answer in answers for name in answer.labels} <= set(CLASSES)
    one = run.classifier.predict(photos[0])
    assert np.abs(one.probabilities - answers[0].probabilities).max() < 0.05
    again = headstart.open_run(tmp_path / "run")
    assert again.test == run.test
    assert again.task.name == "multilabel"
    scored = headstart.evaluate(run, table)
    assert scored.n == 52
    assert scored.mean_average_precision > 0.5
    with np.load(tmp_path / "run" / "predictions.npz") as arrays:
        assert arrays["labels"].shape == arrays["probabilities"].shape == arrays["prediction_set"].shape
        assert set(np.unique(arrays["label"])) == {0, 1}


def test_the_command_line_knows_it(
    small: Warm, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([*small.words("--out", tmp_path / "run", source=table), "--quiet"]) == 0
    assert "Test mean average precision" in capsys.readouterr().out
    model, photo = str(tmp_path / "run" / "model"), str(table.parent / "4-0.png")
    assert run_command(["predict", model, photo, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer["probabilities"]) == set(CLASSES)
    assert run_command(["predict", model, photo, "--csv"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.startswith("source,labels,label1,probability1,prediction_set,novelty")
    assert row.split(",")[1] == "|".join(answer["labels"])


def test_ways_are_compared_by_mean_average_precision(small: Warm, table: Path, tmp_path: Path) -> None:
    run = small.fit(
        table,
        out=tmp_path / "run",
        arms="linear-probe,intermediate-probe,average,vote",
        reveal_test=True,
        label_weights="balanced",
        label_threshold="recall",
        label_wanted=0.8,
        label_calibration="platt",
        coverage=0.8,
    )
    postprocessor = run.classifier.record.postprocessor
    assert postprocessor.calibration.kind == "platt"
    assert {(one.rule, one.wanted) for one in postprocessor.thresholds} == {("recall", 0.8)}
    assert postprocessor.risk.promised == pytest.approx(0.2)
    assert len(run.record["arms"]) == 4


def test_what_cannot_be_learnt_is_refused_in_a_line(small: Warm, table: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no head 'lda'"):
        small.fit(table, out=tmp_path / "run", head="lda")
    rows = table.read_text("utf-8").splitlines()
    table.write_text("\n".join([rows[0], *(f"{row.partition(',')[0]},[]" for row in rows[1:])]) + "\n", "utf-8")
    with pytest.raises(DataError, match="empty"):
        small.fit(table, out=tmp_path / "empty", task="multilabel")


def test_columns_of_0_and_1_may_have_unknown_cells(small: Warm, table: Path, tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    with table.open(newline="") as file:
        rows = [(row["path"], row["labels"].split(";")) for row in csv.DictReader(file)]
    columns = table.with_name("columns.csv")
    with columns.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", *CLASSES])
        for path, labels in rows:
            cells = ["" if chance.random() < 0.1 else int(name in labels) for name in CLASSES]
            writer.writerow([path, *cells])
    run = small.fit(columns, out=tmp_path / "run", task="multilabel", report=True)
    with np.load(tmp_path / "run" / "predictions.npz") as arrays:
        assert set(np.unique(arrays["label"])) == {-1, 0, 1}
    assert run.classifier.classes == CLASSES
    trust = run.trust
    assert len(trust["counts"]) == len(trust["thresholds"]) == 3
    assert np.array(trust["unknown"]).sum() > 0
    assert {"kind", "held_out", "n", "tried", "reason", "before", "after"} == trust["calibration"].keys()
    assert trust["risk"]["promised"] == pytest.approx(0.1)
    assert trust["label_pairs"] is not None


def test_a_photo_in_several_folders_has_several_labels(small: Warm, tmp_path: Path) -> None:
    table = draw_label_table(tmp_path / "drawn")
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            for name in row["labels"].split(";"):
                if name in CLASSES:
                    (tmp_path / "folders" / name).mkdir(parents=True, exist_ok=True)
                    (tmp_path / "folders" / name / row["path"]).write_bytes((table.parent / row["path"]).read_bytes())
    small.fit(tmp_path / "folders", out=tmp_path / "run", task="multilabel")
    with np.load(tmp_path / "run" / "predictions.npz") as arrays:
        assert arrays["label"].sum(axis=1).max() > 1


def test_a_threshold_of_ones_own_is_that_of_every_label(small: Warm, table: Path, tmp_path: Path) -> None:
    run = small.fit(table, out=tmp_path / "run")
    photos = sorted(table.parent.glob("*.png"))[:3]
    every = headstart.predict(run, photos, threshold=0)
    none = headstart.predict(run, photos, threshold=1)
    assert all(set(answer.labels) == set(CLASSES) for answer in every)
    assert all(not answer.labels for answer in none)
    with pytest.raises(SettingError, match="wanted a probability"):
        headstart.predict(run, photos, threshold=2)
    given = headstart.evaluate(run, table, threshold=0)
    assert all(one.recall == 1.0 for one in given.per_label)
    assert given.mean_average_precision == headstart.evaluate(run, table).mean_average_precision


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["binary", "asymmetric"])
def test_a_network_is_trained_for_it(small: Warm, table: Path, tmp_path: Path, loss: str) -> None:
    run = small.fit(table, out=tmp_path / "run", strategy="partial-finetune", epochs=2, batch_size=8, label_loss=loss)
    curve = run.record["arms"][0]["curves"]
    assert [epoch["number"] for epoch in curve] == [0, 1, 2]
    answers = run.classifier.predict(sorted(table.parent.glob("*.png")))
    assert np.isfinite([one.probabilities for one in answers]).all()
