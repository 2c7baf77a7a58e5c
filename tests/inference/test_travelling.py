"""A classifier is what was loaded: in other processes, as a copy, and whatever becomes of its folder."""

import copy
import json
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from headstart.saving import EnsembleMember, FittedModel, write_model
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.errors import ClassifierError
from headstart_runtime.inference import model_format
from headstart_runtime.inference.classifier import BATCH_FROM, Classifier, load
from tests.conftest import Small
from tests.saving.drawn import draw_head, draw_photos, parity_examples, single


@pytest.fixture(scope="module")
def network(small: Small) -> Backbone:
    return load_backbone(small.name, small.store / "networks")


@pytest.fixture
def model(small: Small, tmp_path: Path) -> Path:
    shutil.copytree(small.run / "model", tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture(scope="module")
def other(network: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of another classifier, of two classes."""
    whole = single(network, 3)
    head = draw_head(network.layer("final").width, 2, seed=5)
    parts = FittedModel(make_class_space(("one", "two")), whole.branches, (EnsembleMember((0,), head),))
    return write_model(parts, tmp_path_factory.mktemp("other") / "model", parity_examples(parts)).folder


def rows(classifier: Classifier, *, many: bool) -> np.ndarray:
    photos = draw_photos() * (BATCH_FROM // 4) if many else draw_photos()
    return np.stack([it.probabilities for it in classifier.predict(photos)])


def _deleted(model: Path, other: Path) -> None:
    shutil.rmtree(model)


def _replaced(model: Path, other: Path) -> None:
    """As a deployment does it, in place: a mapped file would change under the classifier."""
    for file in other.iterdir():
        shutil.copy(file, model / file.name)


def _truncated(model: Path, other: Path) -> None:
    for file in model.iterdir():
        file.write_bytes(b"")


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("change", [_deleted, _replaced, _truncated])
def test_it_does_not_matter_what_becomes_of_the_folder(
    model: Path, other: Path, change: Callable[[Path, Path], None], *, asked: bool
) -> None:
    expected = {many: rows(load(model), many=many) for many in (False, True)}
    classifier = load(model)
    if asked:
        rows(classifier, many=False)
    change(model, other)
    for many, row in expected.items():
        np.testing.assert_array_equal(rows(classifier, many=many), row)


def test_it_does_not_matter_where_the_process_goes(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    classifier = load("model")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert classifier.folder == model
    np.testing.assert_array_equal(rows(classifier, many=False), rows(load(model), many=False))


def test_a_run_is_where_it_was_opened(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What of it is read later, too."""
    monkeypatch.chdir(small.run.parent)
    run = headstart.open_run(small.run.name)
    monkeypatch.chdir(tmp_path)
    assert str(run.folder) == small.run.name
    photo = draw_photos()[0]
    assert run.classifier.predict(photo).label == run.explain(photo).heat.label
    assert run.trust


def test_a_folder_that_is_half_replaced_says_so(model: Path, other: Path) -> None:
    shutil.copy(other / model_format.RECORD, model / model_format.RECORD)
    with pytest.raises(ClassifierError, match=r"not the file that was saved .* or load it again if it was being repl"):
        load(model)


@pytest.mark.parametrize("many", [False, True])
def test_classes_of_another_number_than_the_graph_has_are_refused(model: Path, *, many: bool) -> None:
    record = model_format.read_model(model)
    (model / model_format.RECORD).write_text(
        json.dumps(replace(record, space=replace(record.space, names=("a", "b"))).to_json())
    )
    with pytest.raises(ClassifierError, match=r"gives .*3.*, model\.json names 2; copy the whole model"):
        rows(load(model), many=many)


@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize("asked", [False, True])
def test_copies_predict_alike(small: Small, copied: Callable[[Classifier], Classifier], *, asked: bool) -> None:
    classifier = load(small.run, engine="openvino" if asked else "auto")
    expected = rows(classifier, many=asked)
    twin = copied(classifier)
    assert (twin.classes, twin.folder, twin.engine) == (classifier.classes, classifier.folder, classifier.engine)
    np.testing.assert_array_equal(rows(twin, many=asked), expected)


def test_copies_share_the_bytes(small: Small) -> None:
    classifier = load(small.run)
    assert copy.deepcopy(classifier)._files.graph is classifier._files.graph


def _answer(task: tuple[Classifier, np.ndarray]) -> list[float]:
    classifier, photo = task
    return classifier.predict(photo).probabilities.tolist()


def test_it_travels_to_a_spawned_process(model: Path) -> None:
    """As its bytes: its folder may be gone by then."""
    classifier = load(model)
    photo = draw_photos()[0]
    expected = classifier.predict(photo).probabilities.tolist()
    shutil.rmtree(model)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(_answer, [(classifier, photo)]) == [expected]


#: The parent answers, then forks; the child answers both ways, and ends as an ordinary program does.
FORKS = """
import os, signal, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forking where there are threads, which is what is tested
import headstart, numpy
from headstart_runtime.inference.classifier import BATCH_FROM
from headstart_runtime.explanation.explainer import Explainer

photos = [numpy.random.default_rng(seed).integers(0, 256, (60, 60, 3), numpy.uint8) for seed in range(BATCH_FROM)]
classifier = headstart.load(sys.argv[1])
stream = classifier.stream(iter(photos))
next(stream)
answers = [it.label for it in classifier.predict(photos)], classifier.predict(photos[0]).label
explainer = Explainer(sys.argv[1])
heat = explainer.explain(photos[0]).values.tolist()
child = os.fork()
if not child:
    signal.alarm(60)  # a child that hangs is killed by it
    answered = [it.label for it in classifier.predict(photos)], classifier.predict(photos[0]).label
    assert answered == answers, answered
    assert explainer.explain(photos[0]).values.tolist() == heat
    try:
        list(stream)
    except headstart.HeadstartError as error:
        assert "stream was forked" in str(error)
    else:
        raise AssertionError("the stream went on")
    sys.exit(0)
_, status = os.waitpid(child, 0)
assert [it.label for it in classifier.predict(photos)] == answers[0]
print("child ended with", os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_predicts(small: Small) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKS, small.run], capture_output=True, text=True, check=False, timeout=180
    )
    assert done.stdout == "child ended with 0\n", done.stderr
