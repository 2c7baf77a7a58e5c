from dataclasses import replace

import numpy as np
import pytest

from headstart.backbones.backbone import Backbone
from headstart.saving import EnsembleMember, FittedModel
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.tasks.classification.calibration import Calibration
from headstart_runtime.tasks.classification.conformal import ConformalPredictor
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor
from tests.saving.drawn import NAMES, branch, draw_head, draw_novelty, features, single


def test_parts_that_do_not_fit_together_are_refused(lite0: Backbone) -> None:
    head = draw_head(1280, 3)
    final = branch(lite0, "final")
    cases: list[tuple[tuple[EnsembleMember, ...], str]] = [
        ((), r"members read the branches \[\] of 2; wanted each, and no others"),
        ((EnsembleMember((0,), head),), r"members read the branches \[0\] of 2"),
        ((EnsembleMember((0, 1, 2), head),), r"members read the branches \[0, 1, 2\] of 2"),
        (
            (EnsembleMember((0, 1), head),),
            r"head 0 goes from 1280 numbers to 3; its branches give 2560, and there are 3",
        ),
        ((EnsembleMember((0,), draw_head(1280, 2)), EnsembleMember((1,), head)), "head 0 goes from 1280 numbers to 2"),
        (
            (EnsembleMember((0,), head, 0.5), EnsembleMember((1,), head, 0.4)),
            r"the weights of a mean are \[0\.5, 0\.4\]",
        ),
        ((EnsembleMember((0,), head, 1.5), EnsembleMember((1,), head, -0.5)), "wanted none below 0 and a sum of 1"),
    ]
    for answers, message in cases:
        with pytest.raises(ValueError, match=message):
            FittedModel(make_class_space(NAMES), (final, replace(final, precision="bf16")), answers)
    FittedModel(
        make_class_space(NAMES),
        (final, replace(final, precision="bf16")),
        (EnsembleMember((0,), head), EnsembleMember((1,), head)),
        "vote",
    )


def test_a_branch_may_be_read_by_the_novelty_alone(lite0: Backbone) -> None:
    plain = single(lite0, 3)
    branches = (plain.branches[0], branch(lite0, "stage4"))
    novelty = draw_novelty(
        replace(plain, branches=branches, members=(EnsembleMember((0, 1), draw_head(1280 + 112, 3)),)), 1
    )
    parts = replace(plain, branches=branches, novelty=novelty)
    assert [it.layers for it in parts.branches] == [("final",), ("stage4",)]
    with pytest.raises(ValueError, match=r"members read the branches \[0, 1\] of 1; wanted each, and no others"):
        replace(plain, novelty=novelty)
    rows = features(parts)
    said = parts.predict(rows)
    np.testing.assert_array_equal(said.novelty, novelty.score([rows[1]]))
    np.testing.assert_array_equal(said.out_of_distribution, novelty.score([rows[1]]) > 1)


def test_a_calibration_is_of_as_many_classes(lite0: Backbone) -> None:
    two = Calibration("isotonic", knots=((0.5,),) * 2, values=((0.5,),) * 2)
    with pytest.raises(ValueError, match="the calibration is of 2 classes; wanted 3"):
        replace(single(lite0, 3), postprocessor=ClassPostprocessor(two))


def test_sets_are_made_of_calibrated_probabilities_and_novelty_of_uncalibrated_ones(lite0: Backbone) -> None:
    softer, conformal = Calibration("temperature", 0.05), ConformalPredictor("lac", 0.9, 0.68)
    parts = replace(single(lite0, 3), postprocessor=ClassPostprocessor(softer, conformal))
    rows = features(parts)
    said = parts.predict(rows)
    np.testing.assert_array_equal(said.uncalibrated, parts.predict_raw(rows))
    np.testing.assert_array_equal(said.probabilities, softer.apply(said.uncalibrated))
    assert said.prediction_set is not None
    np.testing.assert_array_equal(said.prediction_set, conformal.predict(said.probabilities))
    assert (said.prediction_set != conformal.predict(said.uncalibrated)).any()
    assert said.novelty is None
    assert not said.out_of_distribution.any()


def test_a_photo_is_decoded_for_the_network_that_lets_it_shrink_least(lite0: Backbone) -> None:
    spec = replace(lite0.spec, size=240, crop_permille=882)
    lite1 = replace(lite0, name="efficientnet_lite1", weights_sha256="1" * 64, spec=spec)
    assert single(lite0, 3).spec == lite0.spec
    for branches in (
        (branch(lite0, "final"), branch(lite1, "final")),
        (branch(lite1, "final"), branch(lite0, "final")),
    ):
        parts = FittedModel(make_class_space(NAMES), branches, (EnsembleMember((0, 1), draw_head(2560, 3)),))
        assert parts.spec == lite1.spec
        for edge in range(300, 2400, 7):
            factor = parts.spec.shrink(edge, edge)
            assert factor == min(it.backbone.spec.shrink(edge, edge) for it in branches)


def test_a_network_is_known_by_all_that_decides_its_features(lite0: Backbone) -> None:
    plain = branch(lite0, "final")
    assert plain.same_network(replace(plain, layers=("stage1",)))
    assert not plain.same_network(replace(plain, precision="bf16"))
    assert not plain.same_network(replace(plain, engine="pytorch"))
    assert not plain.same_network(replace(plain, backbone=replace(lite0, weights_sha256="0" * 64)))
    assert not plain.same_network(replace(plain, backbone=replace(lite0, folder=lite0.folder / "tuned")))
