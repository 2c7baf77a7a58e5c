"""The networks of a run."""

import pytest

from headstart import events
from headstart.data.read import read_source
from headstart.pipeline.backbones import load_backbones
from headstart.selection.budget import Budget
from headstart.selection.context import RunContext
from headstart.settings import FitSettings
from headstart.storage.store import Store
from headstart_runtime.errors import SettingError
from tests.conftest import Warm


def test_a_network_of_another_modality_is_refused(small: Warm) -> None:
    samples = read_source(small.photos).samples
    settings = FitSettings.load(backbone=small.name)
    with Store(small.store) as store:
        context = RunContext(settings, store, Budget(None), events.RunLog(events.ignore))
        with pytest.raises(SettingError, match="reads photos, and these are samples; choose another backbone"):
            load_backbones(samples, "smell", context)


def test_a_search_wants_labels(small: Warm) -> None:
    settings = FitSettings.load(backbone="auto")
    with Store(small.store) as store:
        context = RunContext(settings, store, Budget(None), events.RunLog(events.ignore))
        with pytest.raises(SettingError, match="'auto' is chosen by labels, and there are none; name a network"):
            load_backbones([], "image", context)
