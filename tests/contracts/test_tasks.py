"""What every task promises of labels and spaces; of scores and of ways to answers in ``test_ways``.

``amount`` is a task of another package (``tests/tasks/amount.py``).
"""

import json

import numpy as np
import pytest

from headstart.data.samples import Subset
from headstart.heads.catalog import HEADS
from headstart.modalities.image.settings import KEEPABLE
from headstart.selection import STRATEGIES
from headstart.selection.context import FitContext
from headstart.selection.ensembles import ENSEMBLES
from headstart.selection.probes import fit_task_head
from headstart_runtime.tasks.task import TASKS, get_task
from tests.contracts.conftest import Contexts
from tests.contracts.drawn_tasks import DRAWN

NAMES = [name for name in DRAWN if name in TASKS or name == "amount"]


@pytest.fixture(params=NAMES)
def context(request: pytest.FixtureRequest, contexts: Contexts) -> FitContext:
    """What there is to learn from for a task, of photos."""
    return contexts.get("image", request.param)


def test_every_task_is_drawn_here() -> None:
    assert set(TASKS) <= set(DRAWN)


def test_a_task_is_what_it_says(context: FitContext) -> None:
    task, space = context.task, context.samples.space
    assert (space.task, get_task(task.name)) == (task.name, task)
    assert task.title
    assert task.title == task.title.strip()
    assert task.invariances <= {*KEEPABLE, "*"} - {"all"}
    assert type(space).from_json(json.loads(json.dumps(space.to_json()))) == space
    assert task.count_outputs(space) >= 1
    assert task.heads.default in task.heads.heads
    assert set(task.heads.automatic) <= set(task.heads.heads)
    assert task.heads.solved <= set(task.heads.heads)
    assert task.strategies is None or task.strategies <= set(STRATEGIES)
    assert task.ensembles is None or task.ensembles <= set(ENSEMBLES)


def test_a_target_is_written_as_it_is_read(context: FitContext) -> None:
    targets, samples = context.task.targets, context.samples
    again = [targets.parse(samples.space, targets.describe(samples.space, one.target)) for one in samples.samples]
    wanted = targets.stack([one.target for one in samples.samples])
    np.testing.assert_allclose(targets.stack(again), wanted, rtol=1e-4)
    assert len({hash(one.target) for one in samples.samples}) > 1
    strata = targets.stratify(samples.space, wanted)
    assert strata.numbers.shape == (len(samples),)
    assert set(strata.numbers.tolist()) <= set(range(len(strata.names)))
    assert targets.find_problems(samples) == []
    assert len(targets.match(samples, samples.space)) == len(samples)
    assert targets.describe_space(samples.space)
    first = samples.samples[0].target
    assert not targets.conflict(first, first)


def test_heads_of_its_own_are_fitted_too(context: FitContext) -> None:
    for head in context.task.heads.heads.keys() - HEADS.keys():
        rows = context.training_set([context.branch("final")], Subset.TRAIN)
        fitted = fit_task_head(context, head, rows)
        assert np.isfinite(fitted.head.logits(rows.features)).all()
