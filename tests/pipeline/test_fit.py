"""``fit`` from every kind of source, and what must not change its result."""

import csv
import json
import shutil
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from headstart import events
from headstart.data.ledger import load_ledger
from headstart.data.samples import FileStatus, Subset
from headstart.data.split import Split
from headstart.pipeline.evaluate import evaluate
from headstart.runs.run import Run, open_run
from headstart.storage.run_layout import UNFINISHED
from headstart_runtime.errors import DataError, HeadstartError, SettingError
from tests.conftest import Small


def digests(run: Run) -> dict[Subset, set[str]]:
    split = Split.load(run.folder / "split.json")
    return {part: {id_ for id_, its in split.subsets.items() if its is part} for part in Subset}


def pixels_of(folder: Path, edge: int = 64) -> tuple[np.ndarray, list[str]]:
    files = sorted(folder.rglob("*.*"))
    images = [np.asarray(Image.open(file).convert("RGB").crop((0, 0, edge, edge))) for file in files]
    return np.stack(images), [file.parent.name for file in files]


# --- sources ---------------------------------------------------------------------------------------------------------


def test_a_folder(warm, tmp_path) -> None:
    run = headstart.fit(warm.photos, out=tmp_path / "run")
    assert run.folder == tmp_path / "run"
    assert run.classes == ("checks", "discs", "stripes")
    assert run.test.n == 9
    assert run.test.accuracy > 0.8
    assert run.test.part == "test"
    assert set(run.seconds) >= {"read", "extract", "fit", "save", "test"}
    assert {part: len(ids) for part, ids in digests(run).items()} == run.record["split"]


def test_the_classifier_of_a_run(small, tmp_path) -> None:
    run = small.fit(str(small.photos), out=str(tmp_path / "run"))
    photo = small.photos / "discs/0-000.png"
    one = run.classifier.predict(photo)
    assert one.label == "discs"
    assert one.probability == one.probabilities.max() > 0.5
    assert one.probabilities.shape == (3,)
    assert one.probabilities.sum() == pytest.approx(1, abs=1e-5)
    many = run.classifier.predict(file for file in (photo, photo.read_bytes(), np.asarray(Image.open(photo))))
    assert [prediction.label for prediction in many] == ["discs"] * 3
    again = headstart.load(tmp_path / "run/model")
    assert again.classes == run.classifier.classes == run.classes
    np.testing.assert_array_equal(again.predict(photo).probabilities, one.probabilities)


def test_the_test_score_is_that_of_the_saved_file(warm) -> None:
    """Recomputed by hand: the test photos, from their files, through the classifier that was saved."""
    run = open_run(warm.run)
    split = Split.load(run.folder / "split.json")
    ledger = load_ledger(run.folder / "ledger.jsonl")
    part = [entry for entry in ledger.entries if split.subsets.get(entry.digest) is Subset.TEST]
    answers = headstart.load(run.folder / "model").predict([warm.photos / entry.name for entry in part])
    right = sum(answer.label == entry.label for answer, entry in zip(answers, part, strict=True))
    assert len(part) == run.test.n
    assert right / len(part) == run.test.accuracy


def test_a_run_is_opened_again(small, tmp_path) -> None:
    run = small.fit(out=tmp_path / "run")
    again = open_run(tmp_path / "run")
    assert again.test == run.test
    assert again.validation == run.validation
    assert again.notes == run.notes
    with pytest.raises(headstart.UserError, match="is not a run: it has no finished run in it"):
        open_run(small.photos)


def test_a_given_split_is_used_as_given(small, photos, tmp_path) -> None:
    photos("given/train", each=8, seed=1)
    photos("given/Valid", each=3, seed=2)
    photos("given/test", each=4, seed=3)
    run = small.fit(tmp_path / "given", out=tmp_path / "run")
    assert run.record["split"] == {"train": 24, "validation": 9, "test": 12}
    assert Split.load(run.folder / "split.json").given


def test_two_given_parts(small, photos, tmp_path) -> None:
    photos("given/train", each=10, seed=1)
    photos("given/val", each=4, seed=2)
    run = small.fit(tmp_path / "given", out=tmp_path / "run")
    assert run.record["split"]["test"] == 12
    assert run.record["split"]["train"] + run.record["split"]["validation"] == 30
    assert any("val" in note and "test part" in note for note in run.notes)


def test_a_table_with_groups(small, photos, tmp_path) -> None:
    folder = photos(each=9)
    files = sorted(folder.rglob("*.*"))
    with (tmp_path / "photos.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "patient"])
        rows.writerows(
            [path.relative_to(tmp_path), path.parent.name, f"{path.parent.name}-{number // 3}"]
            for number, path in enumerate(files)
        )
    run = small.fit(tmp_path / "photos.csv", out=tmp_path / "run", near_duplicates="report")
    assert run.record["split"] == {"train": 9, "validation": 9, "test": 9}
    assert run.test.accuracy > 0.6


def test_a_zip_gives_what_its_folder_gives(small, tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as out:
        for path in small.photos.rglob("*.*"):
            out.write(path, path.relative_to(small.photos.parent))
    run = small.fit(tmp_path / "photos.zip", out=tmp_path / "run")
    assert run.test == small.fit(out=tmp_path / "other").test
    assert run.record["source"] == str(tmp_path / "photos.zip")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".zip"] == ["photos.zip"]


@pytest.mark.slow
def test_arrays_in_memory_and_in_a_file(warm, tmp_path) -> None:
    images, labels = pixels_of(warm.photos)
    np.savez(tmp_path / "arrays.npz", images=images, labels=np.array(labels))
    memory = warm.fit(images, labels=labels, out=tmp_path / "memory")
    pair = warm.fit((images, labels), out=tmp_path / "pair")
    file = warm.fit(tmp_path / "arrays.npz", out=tmp_path / "file")
    assert memory.classes == ("checks", "discs", "stripes")
    assert memory.test == pair.test == file.test
    assert memory.test.accuracy > 0.6
    assert memory.classifier.predict(images[0]).label == labels[0]


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", ["logistic", "lda", "ridge", "mlp"])
def test_every_head(head, small, tmp_path) -> None:
    run = small.fit(out=tmp_path / "run", strategy="linear-probe", head=head, mlp_epochs=20)
    assert [arm["head"] for arm in run.record["arms"]] == [head]
    assert run.classifier.record.head == head
    assert run.test.accuracy > 0.7


def test_auto_tries_the_heads_that_cost_seconds(small, tmp_path) -> None:
    run = small.fit(out=tmp_path / "run", strategy="linear-probe", head="auto")
    assert [arm["name"] for arm in run.record["arms"]] == [f"linear-probe {it}" for it in ("logistic", "ridge")]
    assert [arm["head"] for arm in run.record["arms"]] == ["logistic", "ridge"]
    heads = {arm["name"]: arm["head"] for arm in run.record["arms"]}
    assert run.classifier.record.head == heads[run.record["winner"]]


def test_class_weights_reach_the_head(small, photos, tmp_path) -> None:
    folder = photos(classes=("checks", "discs"), each=20)
    for file in sorted((folder / "discs").iterdir())[6:]:
        file.unlink()
    plain = small.fit(folder, out=tmp_path / "plain", c_low=1e-5, c_points=1)
    weighed = small.fit(folder, out=tmp_path / "weighed", c_low=1e-5, c_points=1, class_weights="balanced")
    rare = plain.classes.index("discs")
    images = sorted(folder.rglob("*.*"))
    means = [np.mean([p.probabilities[rare] for p in run.classifier.predict(images)]) for run in (plain, weighed)]
    assert means[1] > means[0] + 0.05


def test_classes_are_in_natural_order_everywhere(small, photos, tmp_path) -> None:
    run = small.fit(photos(classes=("10", "2", "b"), each=6), out=tmp_path / "run")
    assert run.classes == run.classifier.classes == ("2", "10", "b")
    assert json.loads((run.folder / "model/model.json").read_text("utf-8"))["space"]["names"] == ["2", "10", "b"]


def test_a_finished_run_is_never_overwritten(small, tmp_path) -> None:
    small.fit(out=tmp_path / "run")
    with pytest.raises(SettingError, match="already holds a finished run"):
        small.fit(out=tmp_path / "run")


def test_an_unfinished_run_is_gone_on_with(small, tmp_path) -> None:
    first = small.fit(out=tmp_path / "run")
    (tmp_path / "run/run.json").unlink()  # as if it had been killed just before its end
    (tmp_path / "run" / UNFINISHED).touch()
    second = small.fit(out=tmp_path / "run")
    assert second.test == first.test
    assert not (tmp_path / "run" / UNFINISHED).exists()


def test_a_model_that_is_not_of_an_unfinished_run_is_not_touched(small, tmp_path) -> None:
    precious = tmp_path / "deployed" / "model" / "model.onnx"
    precious.parent.mkdir(parents=True)
    precious.write_text("shipped")
    with pytest.raises(SettingError, match="holds other things"):
        small.fit(out=tmp_path / "deployed")
    assert precious.read_text() == "shipped"


def test_runs_of_the_same_second_get_folders_of_their_own(small, tmp_path, monkeypatch) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 1, 1, 12, 0, 0, tzinfo=tz)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("headstart.runs.reservation.datetime", Stopped)
    folders = [small.fit().folder.name for _ in range(2)]
    assert folders == ["small-photos-20260101-120000", "small-photos-20260101-120000-2"]


def test_a_failed_run_leaves_no_empty_folder(small, tmp_path, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise HeadstartError("the pass broke")

    monkeypatch.setattr("headstart.pipeline.dataset.extract", broken)
    with pytest.raises(HeadstartError, match="the pass broke"):
        small.fit(out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_given_part_without_photos_is_said_before_the_pass(small, photos, tmp_path) -> None:
    for part in ("train", "val"):
        photos(f"given/{part}", each=8, seed=len(part))
    (tmp_path / "given" / "test" / "discs").mkdir(parents=True)
    (tmp_path / "given" / "test" / "discs" / "broken.jpg").write_text("no photo")
    with pytest.raises(DataError, match=r"the test part of .* has no usable photo"):
        small.fit(tmp_path / "given", out=tmp_path / "run")


def test_engines_are_proved_on_training_photos_only(small, tmp_path, monkeypatch) -> None:
    from headstart.pipeline import backbones as loading

    drawn = []
    real = loading.parity_samples
    monkeypatch.setattr(
        loading, "parity_samples", lambda samples, backbone: drawn.extend(samples) or real(samples, backbone)
    )
    run = small.fit(out=tmp_path / "run", near_duplicates="report")  # twins are found after the proof
    train = set(json.loads((run.folder / "split.json").read_text())["subsets"]["train"])
    assert {sample.id for sample in drawn} == train


def test_a_network_that_openvino_got_wrong_does_not_decide(small, tmp_path, monkeypatch) -> None:
    """PyTorch's features, the head, the saved file and its score all come without OpenVINO then."""
    monkeypatch.setattr(
        "headstart_runtime.inference.openvino.Runner.__init__", lambda *_, **__: pytest.fail("OpenVINO was used")
    )
    run = small.fit(out=tmp_path / "run", engine="pytorch", precision="f32")
    assert run.record["engine"] == {"name": "pytorch", "precision": "f32"}
    assert run.test.accuracy > 0.8
    assert len(run.classifier.predict(sorted(small.photos.rglob("*.*")))) == 42


# --- the same again --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["small", pytest.param("warm", marks=pytest.mark.slow)])
def test_the_same_command_gives_the_same_numbers(network, request, tmp_path) -> None:
    """With a store of its own each, so that everything but the network's conversion is done twice."""
    warm, runs = request.getfixturevalue(network), []
    for name in ("a", "b"):
        store = tmp_path / f"store-{name}"
        warm.new_store(store)
        runs.append(warm.fit(out=tmp_path / name, store=store, seed=11, head="auto"))
        assert runs[-1].record["extraction"]["computed"] == 42
    first, second = runs
    assert first.test == second.test
    assert first.validation == second.validation
    for file in ("evaluation.json", "split.json", "ledger.jsonl", "model/head.safetensors", "model/model.onnx"):
        assert (first.folder / file).read_bytes() == (second.folder / file).read_bytes(), file
    files = sorted(warm.photos.rglob("*.*"))
    for a, b in zip(first.classifier.predict(files), second.classifier.predict(files), strict=True):
        np.testing.assert_array_equal(a.probabilities, b.probabilities)


def test_another_seed_another_split(small, tmp_path) -> None:
    first, second = (small.fit(out=tmp_path / str(seed), seed=seed) for seed in (0, 1))
    assert digests(first)[Subset.TEST] != digests(second)[Subset.TEST]


def test_neither_listing_order_nor_location_matters(small, tmp_path) -> None:
    """The same files, made in the opposite order at another place."""
    first = small.fit(out=tmp_path / "first")
    for file in sorted(small.photos.rglob("*.*"), reverse=True):
        target = tmp_path / "elsewhere/deeper" / file.relative_to(small.photos)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    store = tmp_path / "store"
    small.new_store(store)
    second = small.fit(tmp_path / "elsewhere/deeper", out=tmp_path / "second", store=store)
    assert digests(second) == digests(first)
    assert second.test == first.test
    assert (second.folder / "model/head.safetensors").read_bytes() == (
        first.folder / "model/head.safetensors"
    ).read_bytes()


@pytest.mark.slow
def test_other_names_give_the_same_split(warm, tmp_path) -> None:
    """Content decides, not the path: every file renamed."""
    for number, file in enumerate(sorted(warm.photos.rglob("*.*"), reverse=True)):
        target = tmp_path / "renamed" / file.parent.name / f"{number:03d}{file.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    first = warm.fit(out=tmp_path / "first")
    second = warm.fit(tmp_path / "renamed", out=tmp_path / "second")
    assert digests(second) == digests(first)
    assert second.test.accuracy == first.test.accuracy


def test_split_from_keeps_every_known_photo_where_it_was(small, photos, tmp_path) -> None:
    folder = photos(each=10)
    first = small.fit(folder, out=tmp_path / "first")
    photos(each=5, seed=50)  # new photos beside the old ones
    second = small.fit(folder, out=tmp_path / "second", split_from=tmp_path / "first", seed=99)
    before, after = digests(first), digests(second)
    assert all(before[part] <= after[part] for part in Subset)
    assert sum(map(len, after.values())) == 45
    assert any("30 of 45 photos stay where the earlier split had them" in note for note in second.notes)
    assert second.record["extraction"]["computed"] == 15


# --- photos that turn out bad ----------------------------------------------------------------------------------------


def test_what_decoding_finds_stands_in_the_ledger(small, photos, tmp_path) -> None:
    folder = photos(each=8)
    broken, mended = folder / "discs/0-001.jpg", folder / "checks/0-001.jpg"
    broken.write_bytes(broken.read_bytes()[:700])  # the header is whole, so that reading accepts it
    mended.write_bytes(mended.read_bytes()[: mended.stat().st_size * 4 // 5])
    for name in ("first", "second"):  # computed, then known from the store
        run = small.fit(folder, out=tmp_path / name)
        entries = {entry.name: entry for entry in load_ledger(run.folder / "ledger.jsonl").entries}
        assert entries["discs/0-001.jpg"].status is FileStatus.SKIPPED
        assert "truncated" in entries["discs/0-001.jpg"].reason
        assert entries["checks/0-001.jpg"].status is FileStatus.REPAIRED
        assert "truncated" in entries["checks/0-001.jpg"].reason
        assert run.record["files"] == {"accepted": 22, "repaired": 1, "skipped": 1}
        parts = Split.load(run.folder / "split.json").subsets
        assert entries["discs/0-001.jpg"].digest not in parts
        assert entries["checks/0-001.jpg"].digest in parts


# --- what is told ----------------------------------------------------------------------------------------------------


def test_progress_and_stages_are_said(small, photos, tmp_path) -> None:
    heard: list[events.Event] = []
    run = small.fit(photos(each=9, seed=31), out=tmp_path / "run", report=True, listener=heard.append)
    finished = [event.stage for event in heard if isinstance(event, events.Finished)]
    arms, stages = [it for it in finished if it == "arm"], [it for it in finished if it != "arm"]
    assert len(arms) == len(run.record["arms"]) == 2
    before = ["read", "prepare backbone", "prepare engine", "extract", "near-duplicates"]
    after = ["calibrate", "save", "test", "second engine", "diagnose", "thumbnails", "report"]
    assert stages == [*before, "fit", "refit", *after]
    assert run.record["refitted"]
    assert stages == list(run.seconds)
    for stage, total in (("read", 27), ("extract", 27), ("test", run.test.n)):
        told = [event for event in heard if isinstance(event, events.Progress) and event.stage == stage]
        assert [event.done for event in told] == sorted(event.done for event in told)
        assert (told[-1].done, told[-1].total) == (total, total)


def test_evaluate(warm, photos, tmp_path) -> None:
    result = evaluate(warm.run, photos("new", each=4, seed=60))
    assert result.n == 12
    assert result.classes == ("checks", "discs", "stripes")
    assert result.accuracy > 0.7


@pytest.mark.realdata
@pytest.mark.slow
def test_real_photos(shared_data, tmp_path) -> None:
    run = headstart.fit(shared_data / "hymenoptera", out=tmp_path / "run")
    assert run.test.n == 153
    assert run.test.accuracy >= 0.947


def test_without_openvino_a_fit_goes_through_pytorch_and_trains_no_network(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)  # importing it fails as where it is not installed
    run = small.fit(out=tmp_path / "run")
    assert {branch.engine for branch in headstart.load(run).record.branches} == {"pytorch"}
    with pytest.raises(HeadstartError, match=r"OpenVINO is not installed \(pip install openvino\)"):
        small.fit(out=tmp_path / "trained", strategy="partial-finetune")
