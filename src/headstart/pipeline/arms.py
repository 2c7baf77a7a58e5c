"""Ways to transfer, tried on train, compared on validation; the winner, fitted once more."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from headstart import events
from headstart.data.samples import Subset
from headstart.pipeline.backbones import LoadedBackbones
from headstart.pipeline.dataset import PreparedDataset
from headstart.saving import FittedModel
from headstart.selection.advisor import StrategyAdvice, advise_strategy, judge_advice
from headstart.selection.arm import Arm, refit_model
from headstart.selection.arm_specs import ArmSpec
from headstart.selection.compare import Comparison, compare_arms
from headstart.selection.context import DatasetContext, FitContext, RunContext
from headstart.selection.ensembles import ENSEMBLES
from headstart.selection.feature_table import FeatureSource
from headstart.selection.planning import PLANNING
from headstart.training.obstacle import TRAINING, find_training_obstacle
from headstart_runtime.errors import HeadstartError, SettingError
from headstart_runtime.tasks.task import Measure, Task


def make_contexts(
    dataset: PreparedDataset, backbones: LoadedBackbones, folder: Path, run: RunContext
) -> tuple[DatasetContext, list[FitContext]]:
    """Return what there is to learn from: the run with its dataset, and the same with each backbone."""
    if dataset.torn:
        run.log(events.Note(dataset.split.notes[0]))
    context = DatasetContext(
        settings=run.settings,
        store=run.store,
        budget=run.budget,
        log=run.log,
        samples=dataset.samples,
        split=dataset.split,
        folder=folder,
        features=FeatureSource(run.store, dataset.samples.samples, workers=run.settings.workers, listener=run.log),
    )
    return context, [
        context.with_backbone(loaded.backbone, loaded.chosen.engine, loaded.parity_samples) for loaded in backbones.all
    ]


def check_training(specs: Sequence[ArmSpec], backbones: LoadedBackbones, task: Task) -> None:
    """Raise a SettingError where all arms train a network and none of the networks can be trained."""
    networks = [loaded.backbone for loaded in backbones.all]
    obstacles = [find_training_obstacle(network.name, network.spec, task) for network in networks]
    names = [spec.name for spec in specs if spec.name not in ENSEMBLES]
    if all(obstacles) and all(name in TRAINING for name in names):
        raise SettingError(f"{names[0]} is not possible: {obstacles[0]}; linear-probe is")


def form_expectation(context: FitContext, specs: Sequence[ArmSpec]) -> StrategyAdvice | None:
    """Return what the field's rule expects; None where no network is to be trained, or nothing can be expected."""
    trains = not context.training_obstacle and any(spec.name in TRAINING for spec in specs)
    if context.left < PLANNING:  # nothing will be trained
        return None
    if not trains or "advice" not in context.samples.task.supports:
        return None
    try:
        with context.log.stage("advise") as stage:
            advice = advise_strategy(context)
            stage.summary = advice.reason
    except HeadstartError as error:
        context.log(events.Note(f"no expectation could be formed: {error}"))
        return None
    return advice


def record_expectation(
    advice: StrategyAdvice | None, comparison: Comparison, measure: Measure
) -> dict[str, Any] | None:
    """Return the expectation and whether it came true, for the run's record."""
    if advice is None:
        return None
    came = judge_advice(advice, comparison.choice, {arm.name: arm.strategy for arm in comparison.arms}, measure)
    return {**advice.to_json(), "outcome": asdict(came)}


def try_arms(context: DatasetContext, backbones: Sequence[FitContext], specs: Sequence[ArmSpec]) -> Comparison:
    """Return the arms, fitted on train and scored on validation, and which of them wins."""
    with context.log.stage("fit") as stage:
        comparison = compare_arms(context, backbones, specs)
        stage.summary = describe_comparison(comparison)
    return comparison


def refit_winner(context: DatasetContext, winner: Arm) -> FittedModel:
    """Return the winner, fitted on train and validation together where that pays."""
    with context.log.stage("refit") as stage:
        model = refit_model(context, winner)
        count = context.noun.count(len(context.samples_in(Subset.TRAIN, Subset.VALIDATION)))
        stage.summary = describe_refit(winner, model, count)
    return model


def describe_comparison(comparison: Comparison) -> str:
    """Return how many arms there are and which wins, in one line."""
    count = len(comparison.arms)
    return f"{count} arm{'s' * (count != 1)}; {comparison.choice.winner} wins"


def describe_refit(winner: Arm, model: FittedModel, count: str) -> str:
    """Return what the winner was fitted on in the end, in one line; ``count`` is of train and validation."""
    if model is winner.model:
        return f"{winner.name} stays as it was validated, fitted on train alone"
    members = f"the members of {winner.name}, as far as time allows,"
    what = members if winner.strategy in ENSEMBLES else winner.name
    return f"{what} once more, on all {count} of train and validation"
