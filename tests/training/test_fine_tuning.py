"""A training from photos to a network like any other: its start, what stays frozen, what is kept, what it ends in."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from headstart import events
from headstart.backbones.backbone import INPUT
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.graph import trace
from headstart.backbones.zoo import load_network
from headstart.data.samples import Subset
from headstart.engines.engine import forward_all
from headstart.engines.openvino import OpenVinoEngine
from headstart.extraction.extract import load_batch
from headstart.selection.context import FitContext
from headstart.selection.finetune import build_arm
from headstart.selection.probes import linear_probe
from headstart.selection.trainings import build_training
from headstart.storage.intact import DIGESTS
from headstart.tasks.classification.training import weigh_classes
from headstart.training.begun import PLAN, BegunPlan
from headstart.training.benchmark_record import BenchmarkResult, TrainingSpeed
from headstart.training.cache import CHECKPOINT, CURVES, locate_result, read_result
from headstart.training.checks import check_frozen
from headstart.training.curves import Epoch
from headstart.training.fine_tuning import FineTuneResult, FineTuning
from headstart.training.loop import Trainer
from headstart.training.network import TrainableTop, collect_frozen_tensors
from headstart.training.trunk import IdentityTrunk
from headstart_runtime.errors import BackboneError, TrainingError
from headstart_runtime.hardware import ComputePrecision
from headstart_runtime.linalg import softmax
from headstart_runtime.modalities.image.spec import GreyRange
from tests.conftest import Warm
from tests.selection.made import make_context, spoil

ROOT = Path(__file__).resolve().parents[2]

Make = Callable[..., AbstractContextManager[FitContext]]


@pytest.fixture(scope="module")
def store(small: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of this file, the small network converted in it."""
    folder = tmp_path_factory.mktemp("job") / "store"
    small.new_store(folder)
    return folder


@pytest.fixture
def make(small: Warm, store: Path, tmp_path: Path) -> Make:
    """Material of the drawn photos."""
    return lambda **settings: make_context(small.photos, store, tmp_path, small.name, **settings)


@pytest.fixture(scope="module")
def twice(
    small: Warm, store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FitContext, FineTuning, FineTuneResult]]:
    """A training of two epochs above stage2, which several tests look at."""
    with make_context(small.photos, store, tmp_path_factory.mktemp("run"), small.name, epochs=2) as material:
        spoil(material)
        job = build_training(material, "twice", "stage3", scratch=False)
        yield material, job, job.run()


def sibling(
    job: FineTuning,
    listener: events.Listener = events.ignore,
    *,
    settings: dict[str, object] | None = None,
    **task: object,
) -> FineTuning:
    """A job of another task, with the network as it is loaded already."""
    changed = job.spec.settings.model_copy(update=settings or {})
    other = FineTuning(replace(job.spec, settings=changed, **task), listener)
    other.loaded, other.traced = job.loaded, job.traced
    if other.boundary == job.boundary:
        other.trunk = job.trunk
    return other


def once(epochs: int, _: Epoch) -> bool:
    """Ends a training before its first step."""
    return True


def stages(heard: list[events.Event], start: str) -> list[str]:
    return [it.stage for it in heard if isinstance(it, events.Finished) and it.stage.startswith(start)]


def without_seconds(epochs: tuple[Epoch, ...]) -> list[Epoch]:
    return [replace(epoch, seconds=0.0) for epoch in epochs]


# --- the start -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unfreeze", "tolerance"),
    [("stage3", 3e-3), ("stage2", 3e-3), (None, 1e-4)],  # activations are kept as bf16, pixels as they are
)
def test_epoch_0_scores_what_the_probe_scored(
    unfreeze: str | None, tolerance: float, twice: tuple[FitContext, FineTuning, FineTuneResult]
) -> None:
    material, base, _ = twice
    arm = linear_probe(material)[0].make()
    job = sibling(base, unfreeze=unfreeze, settings={"seed": 3})
    before = job.run(once)
    assert job.boundary == (INPUT if unfreeze is None else f"stage{int(unfreeze[-1]) - 1}")
    assert [epoch.number for epoch in before.epochs] == [0]
    assert before.epochs[0].validation_score == pytest.approx(arm.validation.accuracy, abs=1e-6)
    assert before.epochs[0].validation_loss == pytest.approx(arm.validation.log_loss, rel=tolerance)
    assert before.epochs[0].train_score == pytest.approx(arm.train.accuracy, abs=1e-6)
    assert before.epochs[0].train_loss == pytest.approx(arm.train.log_loss, rel=tolerance)


def test_in_bf16_it_scores_that_within_rounding(twice: tuple[FitContext, FineTuning, FineTuneResult]) -> None:
    material, base, _ = twice
    arm = linear_probe(material)[0].make()
    before = sibling(base, settings={"training_precision": "bf16"}).run(once)
    assert before.precision == "bf16"
    n = arm.validation.n
    assert abs(before.epochs[0].validation_score - arm.validation.accuracy) <= 1 / n + 1e-12
    assert before.epochs[0].validation_loss == pytest.approx(arm.validation.log_loss, rel=0.02)


def test_features_that_are_not_the_probes_stop_it(twice: tuple[FitContext, FineTuning, FineTuneResult]) -> None:
    _, base, _ = twice
    assert base.spec.rows is not None
    other = np.random.default_rng(0).normal(size=base.spec.rows.shape).astype(np.float32)
    job = sibling(base, rows=other, settings={"seed": 4})
    with pytest.raises(TrainingError, match="gives other features than the whole network"):
        job.run()
    assert not job.result_folder.exists()


def test_a_layer_that_is_none(twice: tuple[FitContext, FineTuning, FineTuneResult]) -> None:
    with pytest.raises(BackboneError, match=r"no layer 'stage9'.*stage"):
        sibling(twice[1], unfreeze="stage9")


# --- frozen means frozen ---------------------------------------------------------------------------------------------


def test_what_lies_under_the_boundary_is_what_was_loaded(
    small: Warm, twice: tuple[FitContext, FineTuning, FineTuneResult]
) -> None:
    _, job, trained = twice
    fresh = load_network(resolve_origin(small.name)).network.state_dict()
    frozen = collect_frozen_tensors(job.traced, job.boundary)
    assert trained.frozen == len(frozen) > 20
    assert {name for name in frozen if "running_var" in name}, "BatchNorm's statistics are frozen too"
    for name, value in frozen.items():
        assert torch.equal(value, fresh[name]), name


def test_one_changed_bit_under_the_boundary_saves_nothing(
    twice: tuple[FitContext, FineTuning, FineTuneResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, base, _ = twice
    job = sibling(base, settings={"seed": 5, "epochs": 1})
    train = Trainer.run
    tensor = next(value for value in collect_frozen_tensors(job.traced, job.boundary).values() if value.ndim == 4)
    bits = tensor.detach()[:1, :1, :1, :1].view(torch.int32)

    def flip(trainer: Trainer) -> list[Epoch]:
        epochs = train(trainer)
        bits.bitwise_xor_(1)
        return epochs

    monkeypatch.setattr(Trainer, "run", flip)
    try:
        with pytest.raises(TrainingError, match=r"1 of \d+ frozen tensors have changed in training, first body\."):
            job.run()
    finally:
        bits.bitwise_xor_(1)
    assert not job.result_folder.exists()
    assert job.stored_result is None


def test_check_frozen_sees_bits_not_values() -> None:
    before = {"weight": torch.tensor([0.0, 1.0])}
    check_frozen(before, {"weight": torch.tensor([0.0, 1.0])})
    for after in ({"weight": torch.tensor([-0.0, 1.0])}, {"weight": torch.tensor([0.0])}, {}):
        with pytest.raises(TrainingError, match="1 of 1 frozen tensors have changed"):
            check_frozen(before, after)
    with pytest.raises(TrainingError):
        check_frozen({"a": torch.zeros(2)}, {"a": torch.tensor([0.0, float("nan")])})
    check_frozen({"a": torch.tensor([float("nan")])}, {"a": torch.tensor([float("nan")])})


@pytest.mark.slow
@pytest.mark.parametrize("batchnorm", ["frozen", "update"])
def test_batchnorm_is_updated_above_the_boundary_if_at_all(
    batchnorm: str, small: Warm, twice: tuple[FitContext, FineTuning, FineTuneResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, base, _ = twice
    networks: list[TrainableTop] = []
    real = FineTuning.build_network
    monkeypatch.setattr(FineTuning, "build_network", lambda *given: networks.append(real(*given)) or networks[-1])
    job = sibling(base, settings={"batchnorm": batchnorm, "epochs": 1, "patience": 1})
    trained = job.run()
    assert trained.best_epoch == 1, "else the start is what was kept"
    fresh = trace(load_network(resolve_origin(small.name))).module.state_dict()
    own = {name: value for name, value in networks[-1].top.state_dict().items() if "running_" in name}
    if batchnorm == "frozen":
        assert not own, "they are folded into the convolutions"
    else:
        assert own
        assert all(not torch.equal(value.cpu(), fresh[name]) for name, value in own.items())
    below = [name for name in collect_frozen_tensors(job.traced, job.boundary) if "running_" in name]
    assert below
    assert not own.keys() & set(below)
    assert all(torch.equal(job.traced.module.state_dict()[name], fresh[name]) for name in below)


# --- killed, and again -----------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from headstart import events
from headstart.selection.trainings import build_training
from tests import small_network
from tests.selection.made import make_context

photos, store, out = map(Path, sys.argv[1:4])

def listen(event):
    steps = isinstance(event, events.Progress) and event.stage == "killed"
    if steps and event.done * 4 == event.total * 3:  # after the third epoch's last step, before it is written down
        os.kill(os.getpid(), signal.SIGKILL)

knobs = {"epochs": 4, "views": 2, "augmentation": "standard", "mixup": 0.2}
with make_context(photos, store, out, sys.argv[4], listener=listen, **knobs) as material:
    build_training(material, "killed", "stage3", scratch=False).run()
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
@pytest.mark.slow
def test_killed_half_way_it_ends_as_if_nothing_had_happened(small: Warm, store: Path, tmp_path: Path) -> None:
    disturbed = tmp_path / "store"
    small.new_store(disturbed)
    command = [sys.executable, "-c", KILLED, *map(str, (small.photos, disturbed, tmp_path / "run", small.name))]
    path = os.pathsep.join(map(str, (ROOT, ROOT / "src", ROOT / "runtime" / "src")))
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    knobs = {"epochs": 4, "views": 2, "augmentation": "standard", "mixup": 0.2}
    ended, heard, homes = [], [], []
    for folder in (disturbed, store):
        told: list[events.Event] = []
        with make_context(
            small.photos, folder, tmp_path / "run", small.name, listener=told.append, **knobs
        ) as material:
            job = build_training(material, "killed", "stage3", scratch=False)
            homes.append(job.result_folder)
            ended.append(job.run())
            heard.append(stages(told, "epoch"))
    assert heard == [["epoch 3/4", "epoch 4/4"], [f"epoch {number}/4" for number in range(5)]]
    first, second = ended
    assert without_seconds(first.epochs) == without_seconds(second.epochs)
    assert first.best_epoch == second.best_epoch
    assert homes[0].name == homes[1].name
    for file in ("network.onnx", "head.safetensors", "backbone.json"):
        assert (homes[0] / file).read_bytes() == (homes[1] / file).read_bytes(), file
    assert sorted(homes[0].parent.rglob("checkpoint*")) == []


def test_what_was_begun_is_known_with_its_plan_under_the_same_budget(
    twice: tuple[FitContext, FineTuning, FineTuneResult], tmp_path: Path
) -> None:
    _, job, _ = twice
    planned = sibling(job, folder=tmp_path, settings={"epochs": 3, "budget": "5m"})
    assert planned.list_begun() == []
    assert planned.run(lambda epochs, epoch: epochs == 2).cut
    others = [{"epochs": None, "budget": "5m"}, {"epochs": 3, "budget": "9m"}, {"rate": 1e-4, "budget": "5m"}]
    again, richer, faster = (sibling(job, folder=tmp_path, settings=settings) for settings in others)
    assert again.list_begun() == [BegunPlan("stage3", job.settings.views, epochs=3, done=2)]
    assert richer.list_begun() == faster.list_begun() == []
    (planned.checkpoint.parent / PLAN).write_text("{")
    assert again.list_begun() == []


@pytest.mark.parametrize("begun", ["unfinished", "ended"])
def test_a_begun_training_keeps_its_precision_whatever_is_timed_now(
    begun: str, twice: tuple[FitContext, FineTuning, FineTuneResult], tmp_path: Path
) -> None:
    """A trial beside other work is not kept, and the next may find another precision faster."""
    _, job, _ = twice
    speeds: dict[ComputePrecision, TrainingSpeed] = {
        "f32": TrainingSpeed(100.0, None, 100.0, 0),
        "bf16": TrainingSpeed(150.0, None, 150.0, 0),
    }

    def make_timed() -> FineTuning:
        made = sibling(job, folder=tmp_path, settings={"training_precision": "auto"})
        made.benchmark = BenchmarkResult(speeds)
        return made

    assert make_timed().precision == "bf16"
    folder = locate_result(job, "f32").name
    file = (
        tmp_path / "trained" / (f"{folder}.unfinished/{CHECKPOINT}" if begun == "unfinished" else f"{folder}/{CURVES}")
    )
    file.parent.mkdir(parents=True)
    file.touch()
    assert make_timed().precision == "f32"


def test_a_head_that_begins_blank_is_one_training_whatever_was_solved(
    twice: tuple[FitContext, FineTuning, FineTuneResult],
) -> None:
    """The last bits of what was solved may be others: more or fewer threads were idle."""
    _, job, _ = twice
    head = job.spec.head
    other = replace(head, layers=(replace(head.layers[0], bias=head.layers[0].bias + np.float32(1e-7)),))
    folders = {
        start: {sibling(job, settings={"start": start}, head=each).result_folder for each in (head, other)}
        for start in ("blank", "probe")
    }
    assert [len(found) for found in folders.values()] == [1, 2]


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_a_second_run_takes_what_the_first_trained(
    twice: tuple[FitContext, FineTuning, FineTuneResult], make: Make
) -> None:
    _, job, trained = twice
    heard: list[events.Event] = []
    with make(epochs=2, listener=heard.append) as material:
        spoil(material)
        again = build_training(material, "twice", "stage3", scratch=False)
        assert again.result_folder == job.result_folder
        taken = again.run()
    assert stages(heard, "epoch") == []
    assert not [it for it in heard if isinstance(it, events.Progress)]
    assert asdict(taken.backbone) == asdict(trained.backbone)
    assert taken.epochs == trained.epochs
    for seen, known in zip(taken.head.layers, trained.head.layers, strict=True):
        np.testing.assert_array_equal(seen.weight, known.weight)


@pytest.mark.parametrize("name", ["network.onnx", "head.safetensors", "training.json", "backbone.json"])
@pytest.mark.parametrize("damage", ["changed", "empty", "gone", "of another kind"])
def test_a_damaged_result_is_none(
    damage: str, name: str, twice: tuple[FitContext, FineTuning, FineTuneResult], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(twice[2].backbone.folder, tmp_path / "result"))
    assert read_result(folder) is not None
    file, content = folder / name, (folder / name).read_bytes()
    half = len(content) // 2
    flipped = content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
    file.unlink()
    if damage != "gone":
        file.write_bytes({"changed": flipped, "empty": b"", "of another kind": b"[1, 2]"}[damage])
    assert read_result(folder) is None
    if damage != "changed" and name != "network.onnx":
        (folder / DIGESTS).unlink()  # of before they were kept
        assert read_result(folder) is None


@pytest.mark.slow
def test_what_is_damaged_is_trained_anew_in_its_place(make: Make) -> None:
    with make(epochs=1, seed=7) as material:
        first = build_training(material, "twice", "stage3", scratch=False).run()
        first.backbone.graph.write_bytes(b"")
        job = build_training(material, "twice", "stage3", scratch=False)
        assert job.stored_result is None
        again = job.run()
    assert again.backbone.folder == first.backbone.folder
    stored = read_result(again.backbone.folder)
    assert stored is not None
    assert asdict(stored.backbone) == asdict(again.backbone)


@pytest.mark.parametrize(
    "other",
    [
        {"rate": 1e-4},
        {"epochs": 3},
        {"mixup": 0.5},
        {"optimiser": "sgd"},
        {"batchnorm": "update"},
        {"class_weights": "balanced"},
        {"augmentation": "light"},
        {"rotation": 10.0},
        {"view_size": 0.5},
        {"training_precision": "bf16"},
    ],
)
def test_another_setting_is_another_training(
    other: dict[str, object], twice: tuple[FitContext, FineTuning, FineTuneResult]
) -> None:
    _, job, _ = twice
    another = sibling(job, settings=other)
    assert another.result_folder != job.result_folder
    assert another.stored_result is None


def test_other_photos_labels_and_seeds_are_other_trainings(
    twice: tuple[FitContext, FineTuning, FineTuneResult], make: Make
) -> None:
    _, job, _ = twice
    assert job.stored_result is not None
    head, train = job.spec.head, list(job.spec.train)
    relabelled = [replace(train[0], target=(train[0].target + 1) % 3), *train[1:]]
    homes = {job.result_folder}
    bias = head.layers[0].bias + np.float32(1)
    for another in (
        sibling(job, train=relabelled),
        sibling(job, train=train[1:]),
        sibling(job, train=train[::-1]),
        sibling(job, unfreeze="stage2"),
        sibling(job, head=None, rows=None),
        sibling(job, settings={"seed": 1}),
        sibling(job, head=replace(head, layers=(replace(head.layers[0], bias=bias),))),
    ):
        assert another.stored_result is None
        homes.add(another.result_folder)
    assert len(homes) == 8
    assert sibling(job, name="by another name").result_folder == job.result_folder, "a name changes nothing"


@pytest.mark.slow
def test_where_the_disk_budget_is_too_small_it_streams(
    twice: tuple[FitContext, FineTuning, FineTuneResult], tmp_path: Path
) -> None:
    _, job, cached = twice
    heard: list[events.Event] = []
    store = tmp_path  # its own, else the result would be taken as known
    streamed = sibling(job, heard.append, folder=store, settings={"cache_budget": "0GB"}).run()
    notes = [it.text for it in heard if isinstance(it, events.Note)]
    assert any("--cache-budget 0GB" in note and "each epoch computes them anew" in note for note in notes)
    assert not streamed.cached
    assert cached.cached
    assert (streamed.disk, cached.disk > 0) == (0, True)
    assert not list((store / "activations").glob("*/*"))
    assert streamed.epochs[0].validation_score == cached.epochs[0].validation_score
    assert streamed.epochs[0].validation_loss == pytest.approx(cached.epochs[0].validation_loss, rel=1e-4)
    assert streamed.epochs[-1].validation_loss < streamed.epochs[0].validation_loss


# --- what it ends in -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_random_crops_are_trained_on_in_smaller_views(warm: Warm, tmp_path: Path) -> None:
    """The plain view, which is judged on, keeps the network's own size; search tries both kinds with one network."""
    with make_context(warm.photos, warm.store, tmp_path, epochs=2) as material:
        job = build_training(material, "cropped", "stage5", scratch=False)
        cropped = job.with_settings(job.spec.settings.model_copy(update={"augmentation": "standard"}))
        light = cropped.with_settings(job.spec.settings.model_copy(update={"augmentation": "light"}))
        whole = cropped.with_settings(cropped.spec.settings.model_copy(update={"view_size": 1.0}))
        assert (cropped.train_views.spec.size, cropped.validation_views.spec.size) == (176, 224)
        assert (cropped.view_trunk.shape, cropped.trunk.shape) == ((11, 11, 112), (14, 14, 112))
        train, held_out = len(job.spec.train), len(job.spec.validation)
        assert cropped.disk_bytes == 2 * 112 * (11 * 11 * train * cropped.views_per_sample + 14 * 14 * held_out)
        assert cropped.windows.edges[0] == 11
        for other in (light, whole):
            assert other.train_views.spec.size == 224
            assert other.view_trunk.shape == (14, 14, 112)
        assert cropped.view_trunk is cropped.with_settings(cropped.spec.settings).view_trunk
        train_source, _ = cropped.open_sources()
        (batch,) = train_source.batches(0, np.arange(3), 3)
        for opened in cropped._open:
            opened.close()
        assert batch.shape == (3, 11, 11, 112)


def test_the_network_in_openvino_scores_what_the_best_epoch_scored(
    twice: tuple[FitContext, FineTuning, FineTuneResult],
) -> None:
    material, _, trained = twice
    best = trained.epochs[trained.best_epoch]
    assert trained.best_epoch > 0
    assert best.validation_loss == min(epoch.validation_loss for epoch in trained.epochs)
    samples = material.samples_in(Subset.VALIDATION)
    engine = OpenVinoEngine(trained.backbone, "f32")
    rows = forward_all(engine, load_batch(samples, trained.backbone.spec, len(samples)))
    said = softmax(trained.head.logits(rows["final"]))
    labels = material.target_values(Subset.VALIDATION)
    right = int((said.argmax(axis=1) == labels).sum())
    assert abs(right - round(best.validation_score * len(samples))) <= 1
    assert -np.log(said[np.arange(len(labels)), labels]).mean() == pytest.approx(best.validation_loss, rel=5e-3)
    arm = build_arm(material, "partial-finetune", "twice", "stage3", trained)
    np.testing.assert_allclose(arm.outputs, said, atol=2e-3)
    assert arm.notes[0] == f"{trained.frozen} tensors under stage2 are bit-identical to what was loaded"
    assert arm.parameters == trained.parameters
    assert arm.trains


def test_what_was_counted(twice: tuple[FitContext, FineTuning, FineTuneResult]) -> None:
    _, job, trained = twice
    module = job.traced.module
    trainable = {name for part in job.traced.sections_above("stage2") for name in part.tensors}
    sizes = dict(module.named_parameters())
    # BatchNorm (scale and shift) is folded: each convolution has a bias in its place, so a scale less per channel.
    scales = sum(sizes[name].numel() for name in trainable if sizes[name].ndim == 1 and name.endswith("weight"))
    head = sum(layer.weight.size + layer.bias.size for layer in trained.head.layers)
    assert trained.parameters == sum(sizes[name].numel() for name in trainable) - scales + head
    assert trained.seconds.keys() == {"boundary", "rate", "epochs", "export"}
    assert trained.precision == "f32"


@pytest.mark.slow
@pytest.mark.parametrize(
    "knobs",
    [{"optimiser": "sgd"}, {"mixup": 0.4}, {"class_weights": "balanced"}, {"ema": 0.0}, {"clip": 0.0, "warmup": 0.0}],
)
def test_knobs_train_and_change_the_result(
    knobs: dict[str, object], twice: tuple[FitContext, FineTuning, FineTuneResult]
) -> None:
    _, job, plain = twice
    train = job.spec.train
    if "class_weights" in knobs:  # the drawn classes have equal counts: take some photos of one away
        train = [it for it in train if it.target] + [it for it in train if not it.target][:3]
    trained = sibling(job, train=train, settings=knobs).run()
    assert trained.epochs[-1].validation_loss < trained.epochs[0].validation_loss
    assert trained.epochs[-1].validation_loss != plain.epochs[-1].validation_loss


def test_class_weights_are_of_the_training_photos() -> None:
    labels = np.array([0, 0, 0, 1, 1, 3])
    np.testing.assert_allclose(weigh_classes(labels, 4, balanced=True), [6 / 9, 6 / 6, 1, 6 / 3], rtol=1e-6)
    np.testing.assert_array_equal(weigh_classes(labels, 4, balanced=False), np.ones(4, np.float32))


@pytest.mark.slow
def test_from_random_weights(make: Make) -> None:
    with make(epochs=1, batch_size=16) as material:
        job = build_training(material, "scratch", None, scratch=True)
        trained = job.run()
    before = trained.epochs[0]
    assert before.validation_loss == pytest.approx(np.log(3), rel=1e-5), "its head knows nothing"
    assert trained.boundary == INPUT
    assert trained.frozen == 0
    assert trained.backbone.weights == "trained from random weights above input"
    assert trained.backbone.licence == "your own"


def test_a_loss_that_is_not_a_number_saves_nothing(twice: tuple[FitContext, FineTuning, FineTuneResult]) -> None:
    head = twice[1].spec.head
    assert head is not None
    bias = np.full_like(head.layers[0].bias, np.nan)
    job = sibling(twice[1], head=replace(head, layers=(replace(head.layers[0], bias=bias),)))
    with pytest.raises(TrainingError, match=r"stopped at step 1 \(epoch 1\): the loss is nan.*lower the rate"):
        job.run()
    assert not job.result_folder.exists()


def test_a_training_keeps_by_what_range_deep_photos_are_scaled(
    twice: tuple[FitContext, FineTuning, FineTuneResult],
) -> None:
    _, job, _ = twice
    deep = job.spec.backbone.with_spec(replace(job.spec.backbone.spec, grey=(GreyRange("uint16", 0.0, 4095.0),)))
    other = FineTuning(replace(job.spec, backbone=deep))
    assert other.validation_views.spec == deep.spec
    assert other.train_views.spec.grey == deep.spec.grey
    assert IdentityTrunk(deep.spec).fingerprint != IdentityTrunk(job.spec.backbone.spec).fingerprint
