"""Arms made of arms, their probabilities recomputed by hand."""

from collections.abc import Iterator

import numpy as np
import pytest

from headstart.data.samples import Subset
from headstart.heads.catalog import fit_head
from headstart.selection.arm import Arm, refit_model
from headstart.selection.context import FitContext
from headstart.selection.ensembles import (
    ENSEMBLES,
    average_arms,
    combine_models,
    concat_backbones,
    vote_arms,
)
from headstart.selection.probes import intermediate_probe, linear_probe
from headstart_runtime.errors import SettingError
from headstart_runtime.linalg import softmax
from tests.conftest import Warm
from tests.selection.made import LITE0, make_contexts, random_weights


@pytest.fixture(scope="module")
def several(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[FitContext], list[Arm]]]:
    """Two backbones, and four arms of the first: the heads, the layers, and one on an early layer."""
    home = tmp_path_factory.mktemp("ensembles")
    other = f"timm:resnet10t@{random_weights('resnet10t', home / 'weights.safetensors')}"
    with make_contexts(warm.photos, warm.store, home, [LITE0, other], head="auto") as contexts:
        arms = [planned.make() for planned in linear_probe(contexts[0])]
        arms += [planned.make() for planned in intermediate_probe(contexts[0])]
        arms += [linear_probe(contexts[1])[0].make()]
        yield contexts, arms


def test_average(several: tuple[list[FitContext], list[Arm]]) -> None:
    contexts, arms = several
    made = average_arms(contexts[0], contexts, arms)
    np.testing.assert_allclose(made.outputs, np.mean([arm.outputs for arm in arms], axis=0), atol=1e-6)
    assert made.chosen == {arm.name: 1 / len(arms) for arm in arms}
    assert made.seconds >= sum(arm.seconds for arm in arms)
    assert made.validation.accuracy == np.mean(made.outputs.argmax(1) == contexts[0].target_values(Subset.VALIDATION))


def test_vote(several: tuple[list[FitContext], list[Arm]]) -> None:
    contexts, arms = several
    made = vote_arms(contexts[0], contexts, arms)
    votes = np.sum([np.eye(3)[arm.outputs.argmax(1)] for arm in arms], axis=0)
    mean = np.mean([arm.outputs for arm in arms], axis=0)
    np.testing.assert_allclose(made.outputs, (votes + mean) / (len(arms) + 1), atol=1e-6)


def test_concat(several: tuple[list[FitContext], list[Arm]]) -> None:
    contexts, arms = several
    made = concat_backbones(contexts[0], contexts, arms)

    def rows(*parts: Subset) -> np.ndarray:
        samples = contexts[0].samples_in(*parts)
        return np.concatenate([it.load_features(it.branch("final"), samples) for it in contexts], axis=1)

    (answer,) = made.model.members
    assert answer.branches == (0, 1)
    np.testing.assert_allclose(made.outputs, softmax(answer.head.logits(rows(Subset.VALIDATION))), atol=1e-6)
    assert answer.head.layers[0].weight.shape[0] == sum(it.backbone.layer("final").width for it in contexts)
    task = contexts[0].training_set(made.model.branches, Subset.TRAIN)
    np.testing.assert_array_equal(task.features, rows(Subset.TRAIN))
    again = fit_head("logistic", task, contexts[0].settings).head
    np.testing.assert_allclose(again.layers[0].weight, answer.head.layers[0].weight, atol=1e-6)
    with pytest.raises(SettingError, match="several backbones, and there is one"):
        concat_backbones(contexts[0], contexts[:1], arms)


def test_concat_all(several: tuple[list[FitContext], list[Arm]]) -> None:
    contexts, arms = several
    made = ENSEMBLES["concat-all"](contexts[0], contexts, arms)
    width = sum(layer.width for it in contexts for layer in it.backbone.layers)
    assert made.model.members[0].head.layers[0].weight.shape[0] == width
    assert made.held_out is not None
    assert len(made.held_out.predict(contexts[0])) == len(contexts[0].samples_in(Subset.TRAIN, Subset.VALIDATION))


def test_held_out_answers_of_an_average_are_the_mean_of_its_members(
    several: tuple[list[FitContext], list[Arm]],
) -> None:
    contexts, arms = several
    made = average_arms(contexts[0], contexts, arms)
    members = [arm.held_out.predict(contexts[0]) for arm in arms if arm.held_out is not None]
    assert made.held_out is not None
    assert len(members) == len(arms)
    np.testing.assert_allclose(made.held_out.predict(contexts[0]), np.mean(members, axis=0), atol=1e-6)


def test_refitted_members_of_an_ensemble(several: tuple[list[FitContext], list[Arm]]) -> None:
    contexts, arms = several
    made = average_arms(contexts[0], contexts, arms)
    final = refit_model(contexts[0], made)
    test = contexts[0].samples_in(Subset.TEST)
    members = [contexts[0].predict_raw(refit_model(contexts[0], arm), test) for arm in arms]
    np.testing.assert_allclose(contexts[0].predict_raw(final, test), np.mean(members, axis=0), atol=1e-6)
    before = [answer.head.layers[0].weight for answer in made.model.members]
    after = [answer.head.layers[0].weight for answer in final.members]
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True)), "fitted on validation too"


def test_joined_keeps_each_branch_once(several: tuple[list[FitContext], list[Arm]]) -> None:
    _, arms = several
    parts = combine_models(arms[0].model.space, [arm.model for arm in arms], "mean")
    final, deep, other = arms[0].model.branches[0], arms[2].model.branches[0], arms[3].model.branches[0]
    assert parts.branches == tuple(dict.fromkeys((final, deep, other)))
    assert [answer.branches for answer in parts.members] == [
        (parts.branches.index(arm.model.branches[0]),) for arm in arms
    ]
    twice = combine_models(parts.space, [parts, arms[0].model], "mean")
    assert len(twice.branches) == len(parts.branches)
    assert sum(answer.weight for answer in twice.members) == pytest.approx(1)


@pytest.mark.parametrize("name", ["average", "vote"])
def test_an_ensemble_of_one(name: str, several: tuple[list[FitContext], list[Arm]]) -> None:
    contexts, arms = several
    with pytest.raises(SettingError, match=f"{name} blends several arms, and there is 1"):
        ENSEMBLES[name](contexts[0], contexts, arms[:1])
