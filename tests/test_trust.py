"""What a whole fit says of its data and its answers, recomputed from its records by other ways."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image, ImageEnhance
from sklearn.metrics import accuracy_score

import headstart
from headstart.data.ledger import load_ledger
from headstart.data.samples import Subset
from headstart.data.split import Split
from headstart.runs.run import Run, open_run
from headstart_runtime.errors import UserError


def predictions(run: Run) -> dict[str, np.ndarray]:
    with np.load(run.folder / "predictions.npz", allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


def names_of(run: Run) -> dict[str, str]:
    return {entry.digest: entry.name for entry in load_ledger(run.folder / "ledger.jsonl").entries}


def copied(photo: Path, to: Path, *, brightness: float = 0.85) -> Path:
    """An altered copy: cropped a little, darkened, saved again."""
    with Image.open(photo) as image:
        width, height = image.size
        inner = image.convert("RGB").crop((width // 24, height // 24, width - width // 24, height - height // 24))
    ImageEnhance.Brightness(inner).enhance(brightness).save(to, quality=85)
    return to


def draw(folder: Path, each: int, seed: int) -> Path:
    """Two classes of photos no two of which look alike: blots under noise, on light or dark ground."""
    chance = np.random.default_rng(seed)
    for name, ground in (("dark", 60), ("light", 190)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            small = np.clip(ground + chance.normal(0, 45, (12, 12, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(small).resize((160, 140), Image.Resampling.BICUBIC).save(
                folder / name / f"{seed}-{number:03d}.png"
            )
    return folder


# --- answers ---------------------------------------------------------------------------------------------------------


def test_predictions_are_what_the_saved_classifier_says(warm) -> None:
    run = open_run(warm.run)
    kept, names = predictions(run), names_of(run)
    test = np.flatnonzero(kept["part"] == "test")
    answers = run.classifier.predict([warm.photos / names[kept["id"][row]] for row in test])
    for row, answer in zip(test, answers, strict=True):
        np.testing.assert_allclose(kept["probabilities"][row], answer.probabilities, atol=0.02)
        assert kept["novelty"][row] == pytest.approx(answer.novelty, rel=0.05)
        assert kept["out_of_distribution"][row] == (kept["novelty"][row] > 1)
        inside = {run.classes[label] for label in np.flatnonzero(kept["prediction_set"][row])}
        assert inside >= {run.classes[kept["probabilities"][row].argmax()]}
    predicted = kept["probabilities"][test].argmax(axis=1)
    assert accuracy_score(kept["label"][test], predicted) == run.test.accuracy


def test_the_graph_alone_gives_sets_and_declines_as_predict_does(warm) -> None:
    run = open_run(warm.run)
    session = onnxruntime.InferenceSession(run.folder / "model/model.onnx", providers=["CPUExecutionProvider"])
    photo = warm.photos / "discs/0-000.png"
    given = dict(
        zip(
            [it.name for it in session.get_outputs()],
            session.run(None, {"image": np.asarray(Image.open(photo).convert("RGB"))}),
            strict=True,
        )
    )
    answer = run.classifier.predict(photo)
    assert {run.classes[label] for label in np.flatnonzero(given["prediction_set"])} == set(answer.prediction_set)
    assert bool(given["out_of_distribution"]) == answer.out_of_distribution
    assert float(given["novelty"]) == pytest.approx(answer.novelty, rel=1e-4)


def test_a_stranger_is_declined_and_the_photos_learnt_from_are_not(warm, tmp_path) -> None:
    run = open_run(warm.run)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    assert run.classifier.predict(noise).out_of_distribution
    split, names = Split.load(run.folder / "split.json"), names_of(run)
    seen = [
        warm.photos / names[id_]
        for id_, part in split.subsets.items()
        if part is Subset.TRAIN and id_ not in split.copies
    ]
    assert not any(answer.out_of_distribution for answer in run.classifier.predict(seen))


def test_what_is_said_of_calibration_and_sets_is_so(small) -> None:
    run = open_run(small.run)
    kept, said = predictions(run), run.trust
    test = kept["part"] == "test"
    labels, rows = kept["label"][test], kept["probabilities"][test].astype(np.float64)
    truth = np.eye(len(run.classes))[labels]
    assert said["calibration"]["after"]["brier"] == pytest.approx(np.square(rows - truth).sum(axis=1).mean(), abs=1e-5)
    assert (
        said["prediction_sets"]["test"]["coverage"]
        == kept["prediction_set"][test][np.arange(len(labels)), labels].mean()
    )
    assert said["prediction_sets"]["test"]["mean_size"] == pytest.approx(
        kept["prediction_set"][test].sum(axis=1).mean()
    )
    assert said["novelty"]["accepted"]["share"] == 1 - kept["out_of_distribution"][test].mean()
    record = json.loads((run.folder / "model/model.json").read_text())
    assert record["postprocessor"]["conformal"]["coverage"] == 0.9
    assert record["postprocessor"]["calibration"]["kind"] == said["calibration"]["kind"]


def test_what_declines_nothing_has_no_score(small, tmp_path) -> None:
    run = small.fit(out=tmp_path / "run", acceptance=1.0)
    answer = run.classifier.predict(np.zeros((50, 50, 3), np.uint8))
    assert answer.novelty is None
    assert not answer.out_of_distribution
    assert run.trust["novelty"] is None
    assert not (run.folder / "report.html").exists()


@pytest.mark.slow
def test_a_trained_network_that_wins_declines_strangers_too(warm, tmp_path) -> None:
    knobs = {"epochs": 2, "batch_size": 8, "unfreeze": "stage5", "views": 2, "rate": 0.003, "patience": 2}
    run = headstart.fit(
        warm.photos, out=tmp_path / "run", store=warm.store, strategy="partial-finetune", refit="never", **knobs
    )
    kept = predictions(run)
    held_out = kept["part"] == "validation"
    assert run.trust["calibration"]["held_out"] == "validation"
    assert run.trust["novelty"]["layers"] == ["final"]
    if run.record["arms"][0]["best_epoch"]:
        assert not kept["out_of_distribution"][
            held_out
        ].any()  # too few photos for a quantile: the largest score is the threshold
        assert kept["novelty"][held_out].max() == pytest.approx(1, abs=1e-5)
    assert run.classifier.predict(
        np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    ).out_of_distribution


# --- data ------------------------------------------------------------------------------------------------------------


def test_copies_that_were_altered_stay_in_one_part(small, tmp_path) -> None:
    folder = draw(tmp_path / "photos", each=16, seed=5)
    pairs = [
        (photo, copied(photo, photo.with_name(f"copy-{photo.stem}.jpg")))
        for photo in sorted(folder.rglob("*.png"))[::3]
    ]
    run = small.fit(folder, out=tmp_path / "run", store=small.new_store(tmp_path / "store"))
    parts, names = Split.load(run.folder / "split.json").subsets, names_of(run)
    part_of = {names[id_]: part for id_, part in parts.items()}
    known = run.trust["names"]
    found = {frozenset((known[it["first"]], known[it["second"]])) for it in run.trust["duplicates"]["pairs"]}
    wanted = {frozenset((str(a.relative_to(folder)), str(b.relative_to(folder)))) for a, b in pairs}
    assert found <= wanted
    assert len(found) >= len(wanted) - 1
    assert all(len({part_of[name] for name in pair}) == 1 for pair in found)
    assert run.trust["leaks"]["leaks"] == []


def test_a_leak_between_given_parts_is_listed_and_its_price_told(small, tmp_path) -> None:
    for part, each, seed in (("train", 14, 1), ("val", 5, 2), ("test", 6, 3)):
        draw(tmp_path / "given" / part, each=each, seed=seed)
    originals = sorted((tmp_path / "given" / "train").rglob("*.png"))[::7]
    planted = [
        copied(photo, tmp_path / "given/test" / photo.parent.name / f"planted-{photo.stem}.jpg") for photo in originals
    ]
    run = small.fit(tmp_path / "given", out=tmp_path / "run", store=small.new_store(tmp_path / "store"))
    said, names = run.trust["leaks"], run.trust["names"]
    found = {(names[it["held_out"]], names[it["seen"]]) for it in said["leaks"]}
    root = tmp_path / "given"
    assert found == {
        (str(copy.relative_to(root)), str(photo.relative_to(root)))
        for copy, photo in zip(planted, originals, strict=True)
    }
    kept = predictions(run)
    test = kept["part"] == "test"
    right = kept["probabilities"].argmax(axis=1) == kept["label"]
    clean = np.array(["planted" not in names[id_] for id_ in kept["id"]])
    assert said["scores"]["leaked"] == len(planted)
    assert said["scores"]["with_leaks"]["share"] == right[test].mean() == run.test.accuracy
    assert said["scores"]["without_leaks"]["share"] == right[test & clean].mean()


def test_corrected_labels_are_learnt(small, photos, tmp_path) -> None:
    folder = photos(each=9, seed=44)
    wrong = folder / "discs" / "moved.png"
    shutil.move(sorted((folder / "checks").glob("*.png"))[0], wrong)
    with (tmp_path / "fixes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["photo", "given", "label"], ["discs/moved.png", "discs", "checks"]])
    run = small.fit(folder, out=tmp_path / "run", relabel=tmp_path / "fixes.csv")
    entry = next(it for it in load_ledger(run.folder / "ledger.jsonl").entries if it.name == "discs/moved.png")
    assert entry.label == "checks"
    assert "relabelled" in entry.reason
    assert wrong.exists()
    with pytest.raises(UserError, match=r"no-such\.csv"):
        small.fit(folder, out=tmp_path / "other", relabel=tmp_path / "no-such.csv")


def test_near_duplicates_that_leave_too_few_groups_are_not_kept_together_and_that_is_said(small, tmp_path) -> None:
    folder = draw(tmp_path / "photos", each=8, seed=9)
    for photo in sorted((folder / "dark").glob("*.png"))[2:]:
        photo.unlink()
    for photo in sorted((folder / "dark").glob("*.png")):
        copied(photo, photo.with_name(f"copy-{photo.stem}.jpg"))
    run = small.fit(folder, out=tmp_path / "run", store=small.new_store(tmp_path / "store"))
    (note,) = [note for note in run.notes if note.startswith("the score flatters")]
    assert "too few groups of 'dark', so 2 pairs of them may lie in unlike parts" in note
    assert len(run.trust["duplicates"]["pairs"]) == 2
    assert run.trust["leaks"]["leaks"], "what lies in unlike parts is listed"


# --- the run in Python -----------------------------------------------------------------------------------------------


def test_an_explanation_names_what_is_alike(warm) -> None:
    run = open_run(warm.run)
    split, names = Split.load(run.folder / "split.json"), names_of(run)
    seen = next(id_ for id_, part in split.subsets.items() if part is Subset.TRAIN and id_ not in split.copies)
    explained = run.explain(warm.photos / names[seen])
    assert explained.alike[0][0] == names[seen]
    assert explained.alike[0][1] == pytest.approx(1, abs=0.01)
    assert [likeness for _, likeness in explained.alike] == sorted((it for _, it in explained.alike), reverse=True)
    assert explained.heat.label in run.classes
    assert explained.heat.values.max() == pytest.approx(1)
    assert run.explain(warm.photos / names[seen], "stripes").heat.label == "stripes"
    with pytest.raises(UserError, match="no class 'stripe'"):
        run.explain(warm.photos / names[seen], "stripe")


def test_plots_are_figures(small) -> None:
    figure = open_run(small.run).plot.confusion()
    assert len(figure.axes) >= 1


def test_a_run_of_before_has_nothing_to_say_of_trust(small, tmp_path) -> None:
    shutil.copytree(small.run, tmp_path / "old")
    (tmp_path / "old" / "trust.json").unlink()
    assert open_run(tmp_path / "old").trust == {}
