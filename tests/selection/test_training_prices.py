"""A budget that is too small for any training says which one would be enough."""

from pathlib import Path

import headstart
from headstart import events
from headstart.settings import parse_duration
from tests.conftest import Warm


def test_a_small_budget_says_which_one_lets_training_be_tried(small: Warm, tmp_path: Path) -> None:
    heard: list[events.Event] = []
    options = {"backbone": small.name, "store": small.store, "out": tmp_path / "run", "report": False}
    run = headstart.fit(small.photos, budget="15s", progress=False, listener=heard.append, **options)  # type: ignore[arg-type]
    left_out = run.record["left_out"]
    assert {one["name"].partition(" ")[0] for one in left_out} == {"partial-finetune", "full-finetune"}
    for one in left_out:
        wanted = parse_duration(one["budget"])
        assert wanted is not None
        assert wanted >= 30, "8 s to save, 20 s to time a training, and the training"
        assert one["reason"].endswith(f"it would be tried with a budget of about {one['budget']}")
    notes = [event.text for event in heard if isinstance(event, events.Note)]
    assert sum("it would be tried with a budget of about" in note for note in notes) == len(left_out)
