from dataclasses import replace

import numpy as np
import pytest

from headstart.settings import FitSettings
from headstart.tasks.regression.heads import NUMBER_HEADS, NumberHeads
from headstart_runtime.errors import DataError
from tests.heads.drawn_numbers import draw_numbers

HEADS = NumberHeads()
OPTIONS = FitSettings(mlp_units=64, mlp_dropout=0.0, mlp_epochs=60)


@pytest.mark.parametrize("name", NUMBER_HEADS)
@pytest.mark.parametrize("outputs", [1, 2])
def test_a_head_is_better_than_the_median_on_rows_that_it_has_not_seen(name: str, outputs: int) -> None:
    whole = draw_numbers(300, 20, outputs)
    train, rest = whole.take(np.arange(300) < 200), whole.take(np.arange(300) >= 200)
    fitted = NUMBER_HEADS[name](train, OPTIONS, None)
    assert fitted.head.kind == name
    errors = np.abs(fitted.head.logits(rest.features) - rest.targets).mean(axis=0)
    median = np.abs(rest.targets - np.median(train.targets, axis=0)).mean(axis=0)
    assert (errors < 0.5 * median).all()
    assert fitted.path
    assert min(trial.loss for trial in fitted.path) < 0.5


@pytest.mark.parametrize("name", NUMBER_HEADS)
def test_held_out_answers_are_worse_than_those_for_rows_that_were_seen(name: str) -> None:
    drawn = draw_numbers(120, 60, each=2)
    targets = drawn.targets.copy()
    targets[5] = np.nan
    drawn = replace(drawn, targets=np.concatenate([targets, drawn.targets], axis=1), outputs=2)
    held_out = HEADS.predict_held_out(drawn, name, OPTIONS, {})
    assert held_out.shape == (120, 2)
    assert held_out.dtype == np.float32
    assert np.isfinite(held_out).all()
    seen = NUMBER_HEADS[name](drawn, OPTIONS, None).head.logits(drawn.features)
    known = np.isfinite(drawn.targets)
    assert np.abs(held_out - drawn.targets)[known].mean() > np.abs(seen - drawn.targets)[known].mean()


def test_what_does_not_belong_together_is_refused() -> None:
    drawn = draw_numbers(20, 4)
    with pytest.raises(DataError, match="wanted finite ones"):
        HEADS.check(replace(drawn, targets=np.full((20, 1), np.nan)))
    with pytest.raises(DataError, match=r"wanted \(N, 2\)"):
        HEADS.check(replace(drawn, outputs=2))
    HEADS.check(drawn)
