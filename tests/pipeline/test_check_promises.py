"""What settings promise is refused before the long work begins, by the samples that the arms will hold out."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headstart.data.read import read_source
from headstart.pipeline.dataset import split_samples
from headstart.pipeline.postprocess import check_promises
from headstart.selection.arm_specs import requested_arms
from headstart.settings import FitSettings
from headstart_runtime.errors import DataError
from tests.conftest import draw_photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 18 photos of each class 3 go to validation and 4 to test."""
    return draw_photos(tmp_path_factory.mktemp("promises") / "parts", classes=("defect", "ok"), each=18)


def check(photos: Path, **options: Any) -> list[str]:
    notes: list[str] = []
    settings = FitSettings.load(**options)
    samples = read_source(
        photos, labels=None, options=settings, listener=lambda _: None, cache=photos.parent, strict=False
    )
    context: Any = SimpleNamespace(settings=settings, log=lambda event: notes.append(event.text))
    check_promises(samples, split_samples(samples, settings), requested_arms(settings), context)
    return notes


def test_probes_hold_out_train_and_validation(photos: Path) -> None:
    notes = check(photos, operating_point="recall=0.9")
    assert notes == ["'defect' is taken for the positive class, by its name; --positive names another"]
    assert check(photos, operating_point="recall=0.9", positive="defect") == []


def test_trained_networks_hold_out_validation_alone(photos: Path) -> None:
    for options in ({"arms": "partial-finetune,full-finetune"}, {"strategy": "scratch"}, {"refit": "never"}):
        with pytest.raises(DataError, match=r"recall=0\.9 cannot be promised: .* there are 3; add 6 more"):
            check(photos, operating_point="recall=0.9", **options)


def test_where_both_may_win_it_is_said_what_a_trained_network_would_lead_to(photos: Path) -> None:
    notes = check(photos, operating_point="recall=0.9", budget="1h", positive="defect")
    assert len(notes) == 1
    assert notes[0].startswith(
        "if a trained network wins, this run ends without a model: operating_point recall=0.9 cannot"
    )


def test_a_task_without_a_promise_says_nothing(photos: Path) -> None:
    assert check(photos, positive="ok") == []
