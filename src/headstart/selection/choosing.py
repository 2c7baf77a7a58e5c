"""The choice among fitted arms, as the settings want it: by accuracy, or the cheapest that does as well."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from headstart import events
from headstart.data.names import preview
from headstart.data.samples import Subset
from headstart.evaluation.grouping import Targets
from headstart.heads.folds import assign_folds, count_folds, find_one_group_classes
from headstart.selection.accuracy_rule import choose_most_accurate
from headstart.selection.arm import Arm
from headstart.selection.context import DatasetContext
from headstart.selection.rule import ArmChoice, choose_winner
from headstart.selection.running_costs import RunningCost, measure_running_cost
from headstart_runtime.arrays import Floats


def note_one_group_classes(context: DatasetContext) -> None:
    """Tell of classes of which nothing can be held out: cross-validation knows nothing of them."""
    train = context.targets(Subset.TRAIN)
    strata = context.task.targets.stratify(context.samples.space, train.values)
    alone = [strata.names[number] for number in find_one_group_classes(strata.numbers, train.groups)]
    if alone and strata.required:
        whose = f"all training {context.noun.many} of {preview(alone)}"
        text = f"{whose} are of one group a {strata.noun} (near-duplicates, or named as one)"
        left = "what is chosen by cross-validation leaves these out, and their labels cannot be doubted"
        context.log(events.Note(f"{text}: {left}"))


def describe_budget(context: DatasetContext) -> str:
    """Return how much of the budget is used, kept for the end, and left for training, in one line."""
    budget = context.budget
    closing = budget.estimate_closing(len(context.samples_in(Subset.TEST)))
    used = f"of the budget of {budget.limit or 0.0:.0f} s {budget.elapsed:.0f} s are used"
    kept = f"about {closing:.0f} s are kept for saving and testing"
    return f"{used}, {kept}, {max(0.0, context.left):.0f} s are for training"


def choose_arm(context: DatasetContext, arms: Sequence[Arm]) -> ArmChoice:
    """Return the choice among arms, cheap to dear, that were scored on validation."""
    targets, outputs = context.targets(Subset.VALIDATION), {arm.name: arm.outputs for arm in arms}
    seed, task, noun = context.settings.seed, context.task, context.samples.noun
    if context.settings.prefers_accuracy:
        return _choose_accurate(context, arms, {arm.name: measure_running_cost(context, arm.model) for arm in arms})
    probes = [arm.name for arm in arms if arm.strategy == "linear-probe"]
    return choose_winner(
        targets, outputs, probes[0] if probes else None, seed, _equal_costs(arms), task=task, noun=noun
    )


def find_most_accurate(context: DatasetContext, arms: Sequence[Arm]) -> str:
    """Return the name of the arm that would be saved if no other were made."""
    return _choose_accurate(context, arms, {}).winner


def _choose_accurate(context: DatasetContext, arms: Sequence[Arm], costs: Mapping[str, RunningCost]) -> ArmChoice:
    targets = context.targets(Subset.VALIDATION)
    return choose_most_accurate(
        targets,
        {arm.name: arm.outputs for arm in arms},
        {arm.name: loss for arm in arms if (loss := cross_validate(context, arm)) is not None},
        costs,
        context.settings.seed,
        lambda raw: _calibrate(context, targets, raw),
        averages=[arm.name for arm in arms if arm.strategy == "average"],
        task=context.task,
        noun=context.samples.noun,
    )


def _calibrate(context: DatasetContext, targets: Targets, raw: Floats) -> Floats:
    """Return raw outputs (N, K), each as it is answered after a calibration on the rows of other folds."""
    task, settings = context.task, context.settings
    strata = task.targets.stratify(context.samples.space, targets.values).numbers
    folds = count_folds(strata, targets.groups, settings.folds)
    if task.postprocessing is None or not folds:
        return raw
    fold, answers = assign_folds(strata, targets.groups, folds, settings.seed), raw.copy()
    for held in range(folds):
        own, rest = fold == held, fold != held
        known = Targets(targets.values[rest], targets.groups[rest])
        fitted = task.postprocessing.fit(known, raw[rest], context.samples.space, settings)
        answers[own] = fitted.postprocessor.apply(raw[own])[task.answer]
    return answers


def cross_validate(context: DatasetContext, arm: Arm) -> float | None:
    """Return an arm's mean loss over train and validation, by heads not fitted on the sample; None: not known."""
    if arm.held_out is None:
        return None
    targets = context.targets(Subset.TRAIN, Subset.VALIDATION)
    scored = context.task.scoring.score_arms(targets, {arm.name: arm.held_out.predict(context)})
    return float(scored[arm.name].losses.mean())


def mark_choices(context: DatasetContext, arms: Sequence[Arm], choice: ArmChoice) -> tuple[Arm, ...]:
    """Return the arms with their validation scores marked by what was chosen on the same samples."""
    return tuple(_mark(context, arms, arm, choice) for arm in arms)


def _mark(context: DatasetContext, arms: Sequence[Arm], arm: Arm, choice: ArmChoice) -> Arm:
    members = [arm, *(it for it in arms if it.name in arm.chosen)]
    trained = [it for it in members if it.trains]
    marks = {
        "epoch": bool(trained),
        "search": bool(trained) and context.settings.search > 0,
        "winner": arm.name == choice.winner and len(arms) > 1,
    }
    chosen_on = tuple(name for name, is_so in marks.items() if is_so)
    return replace(arm, validation=replace(arm.validation, chosen_on=chosen_on))


def _equal_costs(arms: Sequence[Arm]) -> list[dict[str, float]]:
    """Return arms that cost the same, by class: name -> held-out log loss."""
    classes: dict[str, dict[str, float]] = {}
    for arm in arms:
        if arm.cost_class is not None and arm.held_out_loss is not None:
            classes.setdefault(arm.cost_class, {})[arm.name] = arm.held_out_loss
    return [losses for losses in classes.values() if len(losses) > 1]
