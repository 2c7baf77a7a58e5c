"""Explanations of items whose places lie in a row, as long as each item is, perhaps in several parts, beside a mask."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

import headstart
from headstart_runtime.errors import ClassifierError
from headstart_runtime.explanation import explainer as explainer_module
from headstart_runtime.explanation.explainer import Explainer, HeatMap
from headstart_runtime.explanation.maps import infer_layout
from tests.modalities.texts import draw_texts, install_texts, write_table

NETWORKS = ("net", "windows", "deaf", "attend")


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_texts(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory):
    """Give the run on a network of texts."""
    folder = tmp_path_factory.mktemp("runs")
    table = write_table(folder / "texts.csv", draw_texts(80))

    @cache
    def fit(network: str) -> headstart.Run:
        options = {"store": folder / "store", "out": folder / network, "backbone": f"tinytext:{network}"}
        return headstart.fit(table, progress=False, arms="linear-probe", **options)

    return fit


def explain(made: Explainer, text: str) -> HeatMap:
    heat = made.explain(text)
    assert heat.values.shape == (1, len(text.split()))
    assert heat.values.min() >= 0
    assert heat.values.max() == 1
    return heat


@pytest.mark.parametrize("network", NETWORKS)
def test_a_row_is_as_long_as_the_item(fitted, network) -> None:
    made = Explainer(fitted(network).folder)
    for text, _ in draw_texts(12, seed=5):
        explain(made, text)


def differentiate(network: str, made: Explainer, text: str, index: int) -> np.ndarray:
    """Return gradient times activation of each word, by PyTorch; times the number of words."""
    from tinytext.modality import MODALITY
    from tinytext.modality import WORDS as IDS
    from tinytext.network import build

    kept = []
    body = build(network, IDS, 7)
    body.mix.register_forward_hook(lambda module, given, out: kept.append(out.requires_grad_()) or kept[0])
    (part,) = MODALITY.make_parts(MODALITY.open(text).load(MODALITY.default_spec), MODALITY.default_spec)
    ids = torch.from_numpy(part)[None]
    _, final = body(ids, torch.ones(ids.shape))
    (((weight, _),),) = made._heads
    final[0].backward(torch.from_numpy(weight[:, index] - weight.mean(axis=1)))
    return (kept[0] * kept[0].grad)[0].sum(dim=0).detach().numpy() * len(part)


@pytest.mark.parametrize("network", ["net", "deaf", "attend"])
def test_words_get_what_gradients_give_them(fitted, network) -> None:
    made = Explainer(fitted(network).folder)
    for text, _ in draw_texts(6, seed=7):
        places = made._attribute(made._compute(made.modality.open(text)), 1)[0]
        wanted = differentiate(network, made, text, 1)
        np.testing.assert_allclose(
            places - places.mean(), wanted - wanted.mean(), atol=0.03 * float(np.abs(wanted).max())
        )


@pytest.mark.parametrize("network", NETWORKS)
def test_words_add_up_to_the_answer(fitted, network) -> None:
    made = Explainer(fitted(network).folder)
    classifier = headstart.load(fitted(network).folder)
    for text, _ in draw_texts(6, seed=6):
        values = made._compute(made.modality.open(text))
        features = [layer.average(values.parts(0)) for layer in made._branches[0]]
        (((weight, bias),),) = made._heads
        logits = np.concatenate(features) @ weight + bias
        for index in range(2):
            wanted = logits[index] - logits.mean()
            assert made._attribute(values, index).mean() == pytest.approx(wanted, abs=0.03)
        assert made.explain(text).label == classifier.predict(text).label


def test_a_mask_that_the_network_makes_itself_changes_nothing(fitted) -> None:
    one, other = (Explainer(fitted(network).folder) for network in ("net", "deaf"))
    text = draw_texts(1, seed=8)[0][0]
    np.testing.assert_allclose(explain(one, text).values, explain(other, text).values, atol=1e-4)


def test_the_report_has_the_words_that_spoke(fitted) -> None:
    run = fitted("windows")
    assert not [note for note in run.notes if "explained" in note]
    page = (run.folder / "report.html").read_text("utf-8")
    assert re.search(r"\*\w+\*", page)  # a star around a word
    assert "in yellow" not in page


def test_the_command_line_writes_a_text(fitted, tmp_path: Path) -> None:
    text, _ = draw_texts(1, seed=9)[0]
    file = tmp_path / "one.txt"
    file.write_text(text)
    (explained,) = headstart.explain(fitted("net").folder, file, out=tmp_path / "why")
    assert explained.error is None
    assert [line.split()[1] for line in explained.file.read_text().splitlines()] == text.split()


def test_a_network_without_places_is_named(fitted, monkeypatch) -> None:
    monkeypatch.setattr(explainer_module, "choose_map", lambda *_: None)
    wanted = (
        "tinytext:net is part of cannot be explained: nothing under its layer '.*' keeps the places of a text apart"
    )
    with pytest.raises(ClassifierError, match=wanted):
        Explainer(fitted("net").folder)


def test_what_a_library_raises_is_one_line(fitted, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(explainer_module, "choose_map", fail)
    with pytest.raises(ClassifierError, match=r"tinytext:net is part of cannot be explained: first line$"):
        Explainer(fitted("net").folder)


def test_places_lie_along_the_axis_that_grows_with_the_item() -> None:
    layout = infer_layout((1, 16, 12), 1, (1, 16, 6))
    assert layout is not None
    assert (layout.kind, layout.width) == ("channels first", 12)
    assert layout.to_rows(np.ones((1, 16, 5), np.float32)).shape == (5, 16)
    assert layout.fit_values(np.ones((1, 16, 5), np.float32)).width == 5
    layout = infer_layout((1, 12, 16), 1, (1, 6, 16))
    assert layout is not None
    assert (layout.kind, layout.fit(7).width) == ("tokens", 7)
    assert infer_layout((1, 4, 16), 1, (1, 4, 16)) is None
