"""Every strategy on every family of networks: built small, a small member of each, and the six most named ones.

Weights are random and made here, so nothing is fetched; whether transfer helps is not asked, only whether it works
from photos to a saved classifier.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from safetensors.torch import save_file

from headstart.backbones.catalog import resolve_origin
from headstart.data.samples import Subset
from headstart.pipeline.model import save_checked
from headstart.selection import STRATEGIES
from headstart.selection.arm import Arm, refit_model
from headstart.selection.context import FitContext
from tests.conftest import draw_photos
from tests.selection.made import LITE0, make_context, random_weights
from tests.small_network import FAMILIES

SMALL = tuple(f"timm:{architecture}" for architecture in FAMILIES.values())
MEMBERS = ("timm:resnet10t", "timm:mobilenetv2_035", "timm:convnext_atto", "timm:vit_tiny_patch16_224", LITE0)
NAMED = ("VGG16", "VGG19", "ResNet50", "InceptionV3", "Xception", "MobileNetV2")
NETWORKS = [
    SMALL[0],
    *(pytest.param(name, marks=pytest.mark.slow) for name in (*SMALL[1:], *MEMBERS)),
    *(pytest.param(name, marks=pytest.mark.large) for name in NAMED),
]
LARGE = ("VGG16", "VGG19")  #: training from scratch takes gigabytes: one at a time on a machine
STEP = {"refit": "never", "batch_size": 4, "epochs": 1, "c_low": 1e-4, "c_points": 1}


@pytest.fixture(scope="module", params=NETWORKS)
def context(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FitContext]:
    """Six photos of each of two classes and a network, converted once for all strategies; removed afterwards."""
    name, home = request.param, tmp_path_factory.mktemp("network")
    photos = draw_photos(home / "photos", classes=("checks", "discs"), each=6)
    with ExitStack() as stack:
        if name in LARGE:
            stack.enter_context(FileLock(tmp_path_factory.getbasetemp().parent / "large.lock"))
        if name == LITE0:
            request.getfixturevalue("warm").new_store(home / "store")
        else:
            name = f"{name}@{weights_of(name, home / 'weights.safetensors')}"
        yield stack.enter_context(make_context(photos, home / "store", home / "run", name, **STEP))
    shutil.rmtree(home)


def weights_of(name: str, file: Path) -> Path:
    """Random weights of a network."""
    save_file({"nothing": torch.zeros(1)}, file)  # a name is only found with a file
    return random_weights(resolve_origin(f"{name}@{file}").architecture, file)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if name != "tfidf"])  # that is of texts
def test_from_photos_to_a_saved_classifier(strategy: str, context: FitContext, tmp_path: Path) -> None:
    (planned,) = STRATEGIES[strategy](context)
    arm = planned.make()
    assert (planned.strategy, arm.strategy, arm.name) == (strategy, strategy, planned.name)
    assert arm.validation.n == len(context.samples_in(Subset.VALIDATION))
    assert arm.outputs.shape == (arm.validation.n, 2)
    assert np.isfinite(arm.outputs).all()
    assert arm.trains == planned.trains == ("probe" not in strategy)
    if arm.trains:
        assert_trained(arm)
    classifier = save_checked(refit_model(context, arm), context, tmp_path / "model")
    assert classifier.record.parity.same_answers == 1
    assert classifier.record.parity.largest_difference < 0.02
    held_out = context.samples_in(Subset.VALIDATION)
    answers = classifier.predict([sample.source.path for sample in held_out])
    if arm.trains:  # a trained network is shipped as it was validated
        said = np.stack([answer.probabilities for answer in answers])
        np.testing.assert_allclose(said, arm.outputs, atol=0.02)
    assert {answer.label for answer in answers} <= {"checks", "discs"}
    shutil.rmtree(tmp_path)  # 550 MB of VGG16


def assert_trained(arm: Arm) -> None:
    tensors, _, boundary = arm.notes[0].partition(" tensors under ")
    assert boundary.endswith(" are bit-identical to what was loaded")
    assert (int(tensors) > 0) == (arm.strategy == "partial-finetune")
    assert boundary.startswith("stage" if arm.strategy == "partial-finetune" else "input")
    assert [epoch.number for epoch in arm.curves] == [0, 1]
    assert all(np.isfinite([epoch.train_loss, epoch.validation_loss]).all() for epoch in arm.curves)
    if arm.strategy == "scratch":
        assert arm.curves[0].validation_loss == pytest.approx(np.log(2), rel=1e-5)
