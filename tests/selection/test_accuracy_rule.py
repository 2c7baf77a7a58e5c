"""The most accurate arm wins, and what it costs stands beside it."""

from typing import Any

import numpy as np
import pytest

from headstart.selection.accuracy_rule import choose_most_accurate
from headstart.selection.rule import ArmChoice
from headstart.selection.running_costs import RunningCost
from headstart.settings import FitSettings
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import get_task
from tests.evaluation.drawn import arms

PHOTO = Noun("photo", "photos")


def choose(drawn: Any, held_out: dict[str, float], costs: dict[str, RunningCost] | None = None) -> ArmChoice:
    return choose_most_accurate(*drawn, held_out, costs or {}, 0, task=get_task("classification"), noun=PHOTO)


def test_the_lowest_cross_validated_loss_wins_though_validation_sees_no_difference() -> None:
    drawn = arms(100, probe=range(10), average=range(11))
    found = choose(drawn, {"probe": 0.40, "average": 0.35})
    assert (found.winner, found.best, found.prefer, found.equals) == ("average", "average", "accuracy", ())
    assert [pair.b for pair in found.pairs] == ["probe"]
    assert "its log loss is the lowest, 0.350 cross-validated over train and validation" in found.reason


@pytest.mark.parametrize(("wrong", "winner"), [(range(5), "trained"), (range(20), "average")])
def test_what_was_trained_is_held_against_the_best_of_the_others_on_validation(wrong: range, winner: str) -> None:
    """The probe has the lower loss on validation, and is out: over train and validation the average is better."""
    drawn = arms(100, probe=range(3), average=range(10), trained=wrong)
    assert choose(drawn, {"probe": 0.40, "average": 0.35}).winner == winner


def test_the_price_of_the_winner_and_of_the_quickest_are_told() -> None:
    drawn = arms(100, small=range(14), average=range(11))
    costs = {"small": RunningCost(1.2, 18.6), "average": RunningCost(3.44, 40.1)}
    verdict = choose(drawn, {"small": 0.40, "average": 0.35}, costs).verdict
    assert verdict == (
        "average had the lowest loss of two ways. It runs in 3.4 ms a photo and 40 MB; the quickest way, small, takes "
        "1.2 ms a photo and 19 MB and has 86.0% of 100 photos right (--prefer speed)."
    )
    alone = choose(drawn, {"small": 0.30, "average": 0.35}, costs).verdict
    assert (
        alone == "small had the lowest loss of two ways. It runs in 1.2 ms a photo and 19 MB; no other way is quicker."
    )


def test_equal_losses_go_to_the_cheaper_and_the_record_is_read_back() -> None:
    found = choose(arms(40, probe=range(4), dear=range(4)), {})
    assert found.winner == "probe"
    assert ArmChoice.from_json(found.to_json()) == found
    assert choose(arms(40, probe=range(4)), {}).verdict == "probe was the only way that was tried."


@pytest.mark.parametrize(
    ("settings", "accuracy", "is_open"),
    [
        ({}, False, False),
        ({"budget": "1m"}, True, True),
        ({"budget": "1m", "prefer": "speed"}, False, False),
        ({"prefer": "accuracy"}, True, False),
        ({"budget": "1m", "arms": "linear-probe"}, True, False),
    ],
)
def test_a_budget_asks_for_accuracy(settings: dict[str, str], accuracy: bool, is_open: bool) -> None:
    chosen = FitSettings.load(None, **settings)
    assert (chosen.prefers_accuracy, chosen.is_open) == (accuracy, is_open)


def test_what_was_trained_is_compared_once_it_is_calibrated() -> None:
    """Surer of itself than it is right, it has the higher loss as it stands, and the lower one calibrated."""
    targets, outputs = arms(100, probe=range(12), trained=range(8))
    outputs["trained"] = np.where(outputs["trained"] > 0.5, 0.9999, 0.0001)
    given = (targets, outputs, {"probe": 0.40}, {}, 0)
    facts: Any = {"task": get_task("classification"), "noun": PHOTO}
    assert choose_most_accurate(*given, **facts).winner == "probe"
    found = choose_most_accurate(*given, lambda rows: np.clip(rows, 0.08, 0.92), **facts)
    assert found.winner == "trained"
    assert "Calibrated on other validation photos it is 0.2" in found.reason


@pytest.mark.parametrize(("wrong", "winner"), [(range(9), "average with trained"), (range(1), "trained")])
def test_an_average_is_taken_before_a_network_that_is_hardly_better(wrong: range, winner: str) -> None:
    targets, outputs = arms(100, probe=range(14), trained=wrong)
    outputs["average with trained"] = arms(100, average=range(10))[1]["average"]
    facts: Any = {"task": get_task("classification"), "noun": PHOTO, "averages": ["average with trained"]}
    found = choose_most_accurate(targets, outputs, {"probe": 0.40}, {}, 0, **facts)
    assert found.winner == winner
    assert ("An average is taken before a network alone" in found.reason) == (winner != "trained")


def test_an_average_that_the_others_beat_is_not_taken() -> None:
    targets, outputs = arms(100, probe=range(5), trained=range(12))
    outputs["average with trained"] = arms(100, average=range(9))[1]["average"]
    facts: Any = {"task": get_task("classification"), "noun": PHOTO, "averages": ["average with trained"]}
    assert choose_most_accurate(targets, outputs, {"probe": 0.40}, {}, 0, **facts).winner == "probe"
