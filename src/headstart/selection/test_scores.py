"""Scores of arms on test: the winner always, the others only when asked, and then the record says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from headstart import events
from headstart.data.samples import Subset
from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.evaluation import Evaluation
from headstart.saving import FittedModel
from headstart.selection.arm import Arm, refit_model
from headstart.selection.compare import Comparison
from headstart.selection.context import DatasetContext


@dataclass(frozen=True, slots=True)
class ArmTestScores:
    """The test part, as far as it was opened."""

    opened: bool  #: whether losing arms were scored on it
    tests: Mapping[str, Evaluation]  #: by the arm's name; the winner's is of the saved classifier
    #: Every arm against every dearer one, on test, on equal terms: fitted on train alone. None where it stayed shut.
    pairs: tuple[PairedTest, ...]
    n: int  #: test samples
    smallest: float | None  #: difference in the score that so many samples can show; None where they can show none


def score_on_test(context: DatasetContext, comparison: Comparison, winner: Evaluation) -> ArmTestScores:
    """Score the losing arms on test, if the settings ask for it.

    Args:
        context: of the first backbone.
        comparison: whose arms.
        winner: what the saved classifier scored on test.
    """
    scoring = context.task.scoring
    shown = scoring.smallest_difference(winner)
    own = {comparison.winner.name: winner}
    if not context.settings.reveal_test:
        return ArmTestScores(opened=False, tests=own, pairs=(), n=winner.n, smallest=shown)
    names = ", ".join(arm.name for arm in comparison.arms)
    context.log(events.Note(f"test was opened for all arms: {names}"))
    samples, targets = context.samples_in(Subset.TEST), context.targets(Subset.TEST)
    others = {arm.name: _model_to_score(context, arm) for arm in comparison.arms if arm is not comparison.winner}
    tests = {
        name: context.score("test", samples, context.predict_raw(model, samples)) for name, model in others.items()
    }
    alike = {arm.name: context.predict_raw(arm.model, samples) for arm in comparison.arms}
    scored = scoring.score_arms(targets, alike)
    pairs = scoring.run_paired_tests(targets, scored, list(combinations(scored, 2)), context.settings.seed)
    return ArmTestScores(opened=True, tests={**tests, **own}, pairs=pairs, n=winner.n, smallest=shown)


def _model_to_score(context: DatasetContext, arm: Arm) -> FittedModel:
    """Return the model that is saved if the arm wins; but no network is trained once more only to be scored."""
    if arm.refit_seconds:
        text = f"{arm.name} has its test score as it was validated, fitted on train alone"
        context.log(events.Note(text))
        return arm.model
    return refit_model(context, arm)
