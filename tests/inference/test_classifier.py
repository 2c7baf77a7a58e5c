import shutil
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from threadpoolctl import threadpool_info, threadpool_limits

import headstart
from headstart_runtime.errors import ClassifierError, DataError, EngineError, SettingError
from headstart_runtime.hardware import count_cores
from headstart_runtime.inference import classifier as runtime
from headstart_runtime.inference.classifier import Classifier, load
from headstart_runtime.inference.graph_predictor import GraphPredictor
from headstart_runtime.inference.openvino import BATCH
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.inference.predictors import BatchPredictor, FeaturePredictor
from headstart_runtime.inference.streaming import PREFETCH, Prefetchable
from tests.conftest import CLASSES, Small, Warm


@pytest.fixture(scope="module")
def classifier(warm: Warm) -> Classifier:
    return load(warm.run)


@pytest.fixture(scope="module")
def files(warm: Warm) -> list[Path]:
    return sorted(file for file in warm.photos.rglob("*") if file.is_file())


def test_one_photo_gives_one_prediction(classifier: Classifier, files: list[Path]) -> None:
    prediction = classifier.predict(files[0])
    assert prediction.label == files[0].parent.name
    assert prediction.source == str(files[0])
    assert prediction.probabilities.shape == (3,)
    assert prediction.probabilities.dtype == np.float32
    assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert prediction.probability == pytest.approx(prediction.probabilities.max())
    assert classifier.classes[int(prediction.probabilities.argmax())] == prediction.label


def test_a_path_bytes_and_pixels_get_the_same_prediction(classifier: Classifier, files: list[Path]) -> None:
    file = next(file for file in files if file.suffix == ".png")
    answers = [file, str(file), file.read_bytes(), np.asarray(Image.open(file).convert("RGB"))]
    rows = [classifier.predict(photo).probabilities for photo in answers]
    for row in rows[1:]:
        np.testing.assert_array_equal(row, rows[0])


def test_many_are_predicted_like_one_by_one_and_in_order(classifier: Classifier, files: list[Path]) -> None:
    assert len(files) >= runtime.BATCH_FROM
    together = classifier.predict(iter(files))
    assert [prediction.source for prediction in together] == [str(file) for file in files]
    alone = [classifier.predict(file) for file in files]
    assert [prediction.label for prediction in together] == [prediction.label for prediction in alone]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.probabilities, b.probabilities, atol=0.03)


@pytest.mark.parametrize("predictor", [GraphPredictor, BatchPredictor])
def test_numbers_that_are_none_are_an_error_of_their_item(
    small: Small, monkeypatch: pytest.MonkeyPatch, predictor: type[GraphPredictor] | type[BatchPredictor]
) -> None:
    true = predictor.predict

    def predict(self: Any, items: Any) -> BatchPredictions:
        answer = true(self, items)
        answer.probabilities[0] = np.nan
        return answer

    monkeypatch.setattr(predictor, "predict", predict)
    photos = sorted(file for file in small.photos.rglob("*") if file.is_file())[:BATCH]
    engine: Any = "onnxruntime" if predictor is GraphPredictor else "openvino"
    answers = load(small.run, engine).predict(photos)
    errors = [answer.error for answer in answers]
    assert errors[0] == "the classifier gives no numbers for it (NaN or infinite): its weights may be damaged"
    assert [error is None for error in errors[1:]] == [engine == "openvino"] * (len(photos) - 1)


def test_what_follows_the_networks_leaves_the_cores_to_other_batches(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads of BLAS spin after a product, on cores where other batches are decoded and computed."""
    seen: list[int] = []
    true = FeaturePredictor.predict

    def predict(self: Any, features: Any) -> BatchPredictions:
        seen.extend(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
        return true(self, features)

    monkeypatch.setattr(FeaturePredictor, "predict", predict)
    photos = sorted(file for file in small.photos.rglob("*") if file.is_file())[: 2 * BATCH]
    with threadpool_limits(limits=2, user_api="blas"):
        load(small.run, "openvino").predict(photos)
        after = {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}
    assert set(seen) == {1}
    assert after == {2}


def test_without_openvino_many_go_through_onnx_runtime(
    warm: Warm, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = load(warm.run)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for prediction, file in zip(classifier.predict(files), files, strict=True):
        np.testing.assert_array_equal(prediction.probabilities, classifier.predict(file).probabilities)


def test_where_openvino_fails_many_go_through_onnx_runtime(
    warm: Warm, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise EngineError("no such processor")

    monkeypatch.setattr("headstart_runtime.inference.openvino.Runner.__init__", broken)
    assert [prediction.error for prediction in load(warm.run).predict(files)] == [None] * len(files)


@pytest.mark.parametrize("count", [3, 30])
def test_a_bad_photo_among_others_gets_an_error(
    classifier: Classifier, files: list[Path], tmp_path: Path, count: int
) -> None:
    (tmp_path / "bad.jpg").write_text("no photo")
    photos = [*files[: count - 2], tmp_path / "bad.jpg", tmp_path / "missing.jpg", files[0]]
    predictions = classifier.predict(photos)
    assert [prediction.error is None for prediction in predictions] == [True] * (count - 2) + [False, False, True]
    assert "not an image" in str(predictions[-3].error)
    assert "No such file" in str(predictions[-2].error)
    assert predictions[-3].label is None
    assert len(predictions[-3].probabilities) == 0


def test_a_single_bad_photo_raises(classifier: Classifier, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"missing\.jpg: cannot be read: No such file"):
        classifier.predict(tmp_path / "missing.jpg")
    with pytest.raises(DataError, match="shape"):
        classifier.predict(np.zeros((4, 4, 7), np.uint8))


def test_the_stream_reads_ahead_only_so_far(classifier: Classifier, files: list[Path]) -> None:
    taken = 0

    def endless():  # type: ignore[no-untyped-def]
        nonlocal taken
        while True:
            taken += 1
            yield files[taken % len(files)]

    stream = classifier.stream(endless())
    for _ in range(40):
        next(stream)
    stream.close()
    assert taken <= 40 + runtime.BATCH_FROM + BATCH * (PREFETCH * count_cores() + 1)


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_an_engine_gives_one_prediction_however_many_are_asked(small: Small, engine: Any, count: int) -> None:
    photos = sorted(file for file in small.photos.rglob("*") if file.is_file())[:count]
    classifier = load(small.run, engine)
    alone = np.stack([classifier.predict(photo).probabilities for photo in photos])
    for together in (
        classifier.predict(photos),
        classifier.predict(iter(photos)),
        list(classifier.stream(iter(photos))),
    ):
        np.testing.assert_array_equal(np.stack([it.probabilities for it in together]), alone)
    assert {classifier.select_engine(number) for number in (1, 23, 24, None)} == {engine}


def test_many_items_go_through_onnx_runtime_side_by_side_but_for_a_stream_that_may_wait(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = sorted(file for file in small.photos.rglob("*") if file.is_file())[: runtime.BATCH_FROM]
    seen: set[str] = set()
    true = GraphPredictor.predict

    def predict(self: Any, items: Any) -> BatchPredictions:
        seen.add(threading.current_thread().name.split("_")[0])
        return true(self, items)

    monkeypatch.setattr(GraphPredictor, "predict", predict)
    classifier, here = load(small.run, "onnxruntime"), threading.current_thread().name
    for asked, among in (
        (lambda: classifier.predict(photos), "predict"),
        (lambda: classifier.predict(iter(photos)), "predict"),
        (lambda: headstart.predict(small.run, iter(photos), engine="onnxruntime"), "predict"),
        (lambda: list(classifier.stream(photos)), "predict"),
        (lambda: list(classifier.stream(Prefetchable(photos[:2]))), "predict"),
        (lambda: classifier.predict(photos[1:]), here),
        (lambda: classifier.predict(iter(photos[1:])), here),
        (lambda: list(classifier.stream(iter(photos))), here),
    ):
        seen.clear()
        asked()
        assert seen == {among}


def test_auto_goes_by_how_many_are_asked(small: Small) -> None:
    classifier = load(small.run)
    assert classifier.engine == "auto"
    assert [classifier.select_engine(count) for count in (1, runtime.BATCH_FROM - 1, runtime.BATCH_FROM, None)] == [
        "onnxruntime",
        "onnxruntime",
        "openvino",
        "openvino",
    ]
    photo = next(small.photos.rglob("*.png"))
    for asked, engine in (([photo], "onnxruntime"), (iter([photo]), "openvino")):
        wanted = classifier.with_engine(engine).predict(photo).probabilities
        (given,) = classifier.stream(asked)
        np.testing.assert_array_equal(given.probabilities, wanted)


def test_the_first_prediction_comes_before_the_second_photo_is_taken(small: Small) -> None:
    def feed() -> Iterator[Path]:
        yield next(small.photos.rglob("*.png"))
        raise AssertionError("the second was taken")

    for engine in ("auto", "onnxruntime", "openvino"):
        assert next(load(small.run, engine).stream(feed())).error is None  # type: ignore[arg-type]


def test_an_unknown_engine(small: Small) -> None:
    with pytest.raises(
        SettingError, match=r"unknown engine 'onnx'; did you mean 'onnxruntime'\? Known: auto, onnxrunt"
    ):
        load(small.run, "onnx")  # type: ignore[arg-type]


def test_openvino_where_it_is_not_installed(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ClassifierError, match="OpenVINO is not installed; install it with: pip install openvino, or"):
        load(small.run, "openvino")


def test_openvino_where_it_cannot_compile(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise EngineError("no such processor")

    monkeypatch.setattr("headstart_runtime.inference.openvino.Runner.__init__", broken)
    with pytest.raises(ClassifierError, match="no such processor; take the engine auto or onnxruntime"):
        load(small.run, "openvino").predict(np.zeros((9, 9, 3), np.uint8))


def test_openvino_for_a_classifier_that_another_engine_ran(small: Small, tmp_path: Path) -> None:
    shutil.copytree(small.run / "model", tmp_path / "model")
    file = tmp_path / "model/model.json"
    file.write_text(file.read_text("utf-8").replace('"engine": "openvino"', '"engine": "pytorch"'), "utf-8")
    with pytest.raises(ClassifierError, match="fitted with pytorch, so its answers in OpenVINO were never"):
        load(tmp_path / "model", "openvino")


def test_nothing_gives_nothing(classifier: Classifier) -> None:
    assert classifier.predict([]) == []


def test_classes_and_load_are_the_public_names(warm: Warm) -> None:
    classifier = headstart.load(str(warm.run / "model"))
    assert classifier.classes == CLASSES
    assert isinstance(classifier, headstart.Classifier)
    assert "classes 3: checks, discs, stripes" in repr(classifier)


def test_a_batch_holds_one_decoded_photo_at_a_time(small: Small, tmp_path: Path) -> None:
    """Whatever its size: of a batch of large photos only what the networks see of them is kept."""
    edge, count = 600, 12
    pixels = np.random.default_rng(3).integers(0, 256, (edge, edge, 3), np.uint8)
    files = [tmp_path / f"{number}.bmp" for number in range(count)]
    for file in files:
        Image.fromarray(pixels).save(file)
    classifier = load(small.run)
    ways = {
        "both": lambda: list(classifier.predict_by_engine(files.__getitem__, [True] * count)),
        "many": lambda: classifier.with_engine("openvino").predict(files),
    }
    for name, answer in ways.items():
        answer()  # engines are built
        tracemalloc.start()
        answer()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < count * 2 * pixels.nbytes / 2, name  # bytes and pixels of all would be twice as much
