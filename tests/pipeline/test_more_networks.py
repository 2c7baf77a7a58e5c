"""Whether a second network is taken, by numbers: what is left, and what the first one took."""

from types import SimpleNamespace
from typing import Any

import pytest

from headstart import events
from headstart.pipeline import more_networks
from headstart.pipeline.more_networks import add_network
from headstart.selection.budget import Budget
from headstart.settings import FitSettings

WORK = {"efficientnet_lite0": 1.0, "efficientnet_lite1": 1.5, "efficientnet_lite2": 2.2}


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Any:
    """add(seconds left, settings...) -> the networks, and what was told; 1,000 photos, read at 50 a second."""

    def network(name: str) -> Any:
        return SimpleNamespace(name=name, layers=[SimpleNamespace(width=1800)], work=WORK[name])

    def run(left: float, computed: int = 1000, **settings: Any) -> tuple[list[str], list[str]]:
        log = events.RunLog(events.ignore)
        log.seconds["prepare engine"] = 2.0
        first = SimpleNamespace(backbone=network("efficientnet_lite0"), chosen=None)
        backbones: Any = SimpleNamespace(all=(first,), first=first)
        dataset: Any = SimpleNamespace(
            samples=type("Drawn", (list,), {"modality": "image"})([None] * 1000),
            samples_in=lambda part: [None] * 200,
            extractions=(SimpleNamespace(computed=computed, seconds=20.0),),
        )
        budget = Budget(None if left == float("inf") else left)
        context: Any = SimpleNamespace(
            settings=FitSettings.load(None, **settings), log=log, budget=budget, store=SimpleNamespace(networks=None)
        )
        taken: list[str] = []
        monkeypatch.setattr(more_networks, "load_backbone", lambda name, folder, told: network(name))
        monkeypatch.setattr(more_networks, "count_work_above", lambda backbone: {"input": backbone.work})
        monkeypatch.setattr(more_networks, "_time_pass", lambda loaded: 0.01)
        monkeypatch.setattr(more_networks, "_extract", lambda name, *given: taken.append(name) or given[:2])
        add_network(dataset, backbones, context)
        return taken, log.notes

    return run


def test_the_dearest_that_fits_is_taken(add: Any) -> None:
    """Closing takes 12 s. lite2 takes 2.2 * (2 + 20) + 3.6 = 52 s, lite1 36.6; they may take 80 % of the rest."""
    assert add(80, budget="80s")[0] == ["efficientnet_lite2"]
    taken, notes = add(70, budget="70s")
    assert taken == ["efficientnet_lite1"]
    assert notes[0] == "efficientnet_lite2 is left out as a second network: about 52 s, 58 s are left"
    assert add(50, budget="50s")[0] == []


def test_where_features_were_known_a_pass_is_timed(add: Any) -> None:
    """0.01 s a pass, taken twice for opening and decoding: as long as what extraction showed."""
    assert add(80, computed=0, budget="80s")[0] == ["efficientnet_lite2"]
    assert add(70, computed=0, budget="70s")[0] == ["efficientnet_lite1"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"budget": "10m", "arms": "linear-probe"},
        {"budget": "10m", "backbone": "efficientnet_lite0"},
        {"budget": "10m", "prefer": "speed"},
        {"budget": "10m", "strategy": "linear-probe"},
    ],
)
def test_what_was_said_stays(add: Any, settings: dict[str, str]) -> None:
    assert add(600, **settings) == ([], [])
