"""Views of a modality without augmentation."""

import pytest

from headstart.training.views import PlainParts
from headstart_runtime.errors import TrainingError
from headstart_runtime.modalities import modality
from tests.saving.codes import CodeSpec


@pytest.fixture(autouse=True)
def _codes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(modality.MODALITIES, "codes", "tests.saving.codes:Codes")


def test_the_plain_view_is_the_one_part() -> None:
    assert PlainParts().make_view([1, 2, 3], CodeSpec(4), seed=0, digest="0", number=0) == [1, 2, 3]


def test_an_item_of_several_parts_is_not_trained_on_by_its_first_alone() -> None:
    with pytest.raises(TrainingError, match="a row of codes has 3 parts for this network, and only a network"):
        PlainParts().make_view(list(range(9)), CodeSpec(4), seed=0, digest="0", number=0)
