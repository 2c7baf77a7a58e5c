"""Heat maps of saved classifiers: what they add up to, where they lie in the photo, whom they are for."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from headstart.backbones.convert import load_backbone
from headstart.saving import EnsembleMember, FittedModel, write_model
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.errors import ClassifierError, DataError, UserError
from headstart_runtime.explanation.explainer import Explainer
from headstart_runtime.explanation.maps import infer_layout
from headstart_runtime.explanation.slope import differentiate_head, run_head
from headstart_runtime.inference.postprocess import parse_heads
from headstart_runtime.modalities.image.modality import ImageModality
from headstart_runtime.tasks.classification.explanation import ClassExplanation
from tests.saving.drawn import balanced, branch, draw_head, draw_photos, features, parity_examples, single

NAMES = ("ant", "bee", "cat")
SPACE = make_class_space(("a", "b", "c", "d"))


@pytest.fixture(scope="session")
def lite0(warm):
    return load_backbone("efficientnet_lite0", warm.store / "networks")


@pytest.fixture(scope="session")
def explainer(warm) -> Explainer:
    return Explainer(warm.run)


def saved(parts: FittedModel, folder: Path) -> Explainer:
    parts = balanced(parts, features(parts))
    write_model(parts, folder, parity_examples(parts)[:1])
    return Explainer(folder)


def test_the_likeliest_label_is_explained_as_predict_says_it(explainer, warm) -> None:
    classifier = headstart.load(warm.run)
    for file in sorted(warm.photos.rglob("*.*"))[::6]:
        heat, prediction = explainer.explain(file), classifier.predict(str(file))
        assert heat.label == prediction.label
        assert heat.probability == pytest.approx(prediction.probability, abs=1e-6)
        assert heat.values.dtype == np.float32
        assert heat.values.shape == (7, 7)
        assert heat.values.min() >= 0
        assert heat.values.max() == 1
        assert heat.method == "hirescam"


@pytest.mark.parametrize("units", [(3,), (16, 3)])
def test_places_add_up_to_the_logit(lite0, tmp_path, units) -> None:
    """Linear or with hidden layers: the mean over places is the label's logit less the mean of all."""
    made = saved(single(lite0, *units), tmp_path / "model")
    (head,) = parse_heads((made.folder / "head.safetensors").read_bytes(), 1)
    rows = features(single(lite0, *units))[0]
    for photo, row in zip(draw_photos(), rows, strict=True):
        logits = row
        for number, (weight, bias) in enumerate(head):
            logits = (np.maximum(logits, 0) if number else logits) @ weight + bias
        for index in range(3):
            values = made._compute(made.modality.open(photo))
            wanted = logits[index] - logits.mean()
            assert made._attribute(values, index).mean() == pytest.approx(
                wanted, abs=2e-2 * float(np.abs(logits).max())
            )


def test_layers_joined_add_up_too(lite0, tmp_path) -> None:
    layers = tuple(layer.name for layer in lite0.layers)
    width = sum(layer.width for layer in lite0.layers)
    parts = FittedModel(
        make_class_space(NAMES), (branch(lite0, *layers),), (EnsembleMember((0,), draw_head(width, 3)),)
    )
    made = saved(parts, tmp_path / "model")
    photo, row = draw_photos()[1], features(parts)[0][1]
    (((weight, bias),),) = parse_heads((made.folder / "head.safetensors").read_bytes(), 1)
    logits = row @ weight + bias
    values = made._compute(made.modality.open(photo))
    places = made._attribute(values, 2)
    assert places.shape == (28, 28)
    assert places.mean() == pytest.approx(logits[2] - logits.mean(), abs=3e-2 * float(np.abs(logits).max()))


@pytest.mark.parametrize("combine", ["mean", "vote"])
def test_answers_weigh_as_much_as_they_give_to_the_label(lite0, tmp_path, combine) -> None:
    heads = [draw_head(1280, 3, seed=seed) for seed in (1, 2)]
    branches = (branch(lite0, "final"),)
    shares = (0.9, 0.1)
    both = FittedModel(
        make_class_space(NAMES),
        branches,
        tuple(EnsembleMember((0,), it, share) for it, share in zip(heads, shares, strict=True)),
        combine,
    )
    made = saved(both, tmp_path / "both")
    alone = [
        saved(FittedModel(make_class_space(NAMES), branches, (EnsembleMember((0,), it),)), tmp_path / str(id(it)))
        for it in heads
    ]
    photo = draw_photos()[2]
    raw = []
    for it in (made, *alone):
        values = it._compute(it.modality.open(photo))
        raw.append((it._attribute(values, 1), values.whole["probabilities"][1]))
    weights = np.array([raw[1][1], raw[2][1]]) * (shares if combine == "mean" else (1, 1))
    wanted = (weights[0] * raw[1][0] + weights[1] * raw[2][0]) / weights.sum()
    np.testing.assert_allclose(raw[0][0], wanted, rtol=1e-3, atol=1e-3)


def test_the_gradient_of_a_head_is_its_slope() -> None:
    chance = np.random.default_rng(0)
    head = tuple(
        (layer.weight.astype(np.float64), layer.bias.astype(np.float64)) for layer in draw_head(20, 8, 6, 4).layers
    )
    row = chance.normal(size=20)
    logits, masks = run_head(head, row)
    gradient = differentiate_head(head, masks, ClassExplanation().differentiate(SPACE, logits, 2).gradient)
    for index in range(20):
        step = np.eye(20)[index] * 1e-6
        above, below = (run_head(head, row + sign * step)[0] for sign in (1, -1))
        slope = ((above - below)[2] - (above - below).mean()) / 2e-6
        assert gradient[index] == pytest.approx(slope, abs=1e-5)


def test_the_box_is_the_square_that_was_seen(explainer) -> None:
    for height, width, box in ((100, 300, (100, 0, 200, 100)), (300, 100, (0, 100, 100, 200))):
        heat = explainer.explain(np.zeros((height, width, 3), np.uint8))
        assert heat.extent.box == box
        assert heat.extent.size == (width, height)


def test_box_and_size_are_of_the_upright_photo_at_full_size(explainer) -> None:
    """It is stored lying on its side, and shrinks to a quarter while it is decoded."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (30, 45, 3), np.uint8)
    Image.fromarray(noise).resize((1500, 1000)).save(stored, "JPEG", exif=exif)
    heat = explainer.explain(stored.getvalue())
    assert heat.extent.size == (1000, 1500)
    assert heat.extent.box == (0, 250, 1000, 1250)


def test_a_label_that_nothing_speaks_for(lite0, tmp_path) -> None:
    made = saved(single(lite0, 3), tmp_path / "model")
    photo = draw_photos()[0]
    heats = [made.explain(photo, name).values for name in NAMES]
    assert all(it.max() in (0, 1) for it in heats)
    made._heads[0][0][1][0] -= 1e6  # the bias of the first class
    assert not made.explain(photo, "ant").values.any()


def test_errors_say_what_to_do(explainer, tmp_path) -> None:
    with pytest.raises(UserError, match=r"no class 'stripe'; did you mean 'stripes'\? Known: checks, discs, stripes"):
        explainer.explain(np.zeros((9, 9, 3), np.uint8), "stripe")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    with pytest.raises(DataError, match=r"broken.jpg: not an image in a known format; give a photo"):
        explainer.explain(broken)
    with pytest.raises(ClassifierError, match="is not a saved classifier"):
        Explainer(tmp_path)


def test_explaining_needs_no_pytorch(warm) -> None:
    import subprocess
    import sys

    code = f"import sys; from headstart_runtime.explanation.explainer import Explainer; Explainer({str(warm.run)!r})"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print(*{{'torch', 'sklearn', 'matplotlib'}} & set(sys.modules))"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_a_kind_of_data_without_explanation_is_said_in_a_line(warm, monkeypatch) -> None:
    monkeypatch.setattr(ImageModality, "explanation", None)
    with pytest.raises(ClassifierError, match=r"^there is no explanation for answers to photos$"):
        Explainer(warm.run)


def test_places_in_a_row_are_tokens() -> None:
    layout = infer_layout((1, 12, 32), 1)
    assert layout is not None
    assert (layout.height, layout.width, layout.first) == (1, 12, 0)
    assert layout.to_rows(np.ones((1, 12, 32), np.float32)).shape == (12, 32)
    assert infer_layout((1, 32, 7, 7), 1) is None
    assert infer_layout((1, 12, 32), 2) is not None  # a square of 9 after three tokens of their own
