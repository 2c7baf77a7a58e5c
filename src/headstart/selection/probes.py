"""The backbone stays frozen and a head is fitted on its features.

``linear-probe``: on the last layer, the baseline of transfer learning (Donahue et al. 2014, DeCAF; Sharif Razavian et
al. 2014, CNN Features off-the-shelf). ``intermediate-probe``: on each earlier layer and on all of them joined, for
what is unlike the pretraining data is often told better from earlier layers (Yosinski et al. 2014; Evci et al. 2022,
Head2Toe). Which of them is decided by cross-validation inside train.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from math import inf, isfinite

import numpy as np

from headstart.data.samples import Subset
from headstart.heads.head import NOT_KEPT, FitResult, Head, TrainingSet, Trial
from headstart.heads.subsample import MANY, choose_tolerance, draw_subsample
from headstart.heads.threads import SMALL, count_idle_cores, limit_to_idle_threads, share_threads
from headstart.saving import EnsembleMember, FeatureBranch, FittedModel
from headstart.selection.arm import Arm, ArmPlan, DepthPoint, HeldOutAnswers, score_arm
from headstart.selection.context import DatasetContext, FitContext, Refit
from headstart.selection.recall import Stopwatch, recall_fit, recall_outputs
from headstart.training.cost import Cost
from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.errors import SettingError, nearest
from headstart_runtime.hardware import count_cores

LAYER = "final"
ALL = "all"
SOLVED_PER_SECOND = 2e7  #: numbers of features a second that cross-validation of a head goes through here, about


def linear_probe(context: FitContext, detail: str | None = None) -> Sequence[ArmPlan]:
    """Plan an arm for each head that the settings name."""
    _refuse_detail("linear-probe", detail)
    heads = context.task.heads.automatic if context.settings.head == "auto" else (base_head_name(context),)
    many = len(heads) > 1
    return [_plan_linear(context, head, f"linear-probe {head}" if many else "linear-probe") for head in heads]


def intermediate_probe(context: FitContext, detail: str | None = None) -> Sequence[ArmPlan]:
    """Plan one arm: the layer, or all of them, that does best in cross-validation."""
    _refuse_detail("intermediate-probe", detail)
    widths = sum(layer.width for layer in context.backbone.layers)
    return [
        ArmPlan(
            "intermediate-probe",
            "intermediate-probe",
            lambda: _estimate_cost(context, 2 * widths),
            lambda: _fit_intermediate(context, "intermediate-probe"),
        )
    ]


def base_head_name(context: DatasetContext) -> str:
    """Return the name of the head that training starts from."""
    known, default = context.task.heads, context.task.heads.default
    named = context.settings.head
    if named == "auto" or (named not in known.heads and "head" not in context.settings.model_fields_set):
        return default
    if named not in known.heads:
        raise SettingError(f"{context.task.title} has no head {named!r}; {nearest(named, list(known.heads))}")
    return named


def fit_task_head(
    context: DatasetContext, name: str, training_set: TrainingSet, fixed: Mapping[str, float] | None = None
) -> FitResult:
    """Fit a head of the task; ``fixed`` is the ``chosen`` of an earlier fit, which is then not chosen again.

    Raises:
        DataError: features that are not finite, or targets that do not belong to these.
    """
    heads = context.task.heads
    heads.check(training_set)

    def solve() -> FitResult:
        with limit_to_idle_threads(training_set.features.size):
            return heads.heads[name](training_set, context.settings, fixed)

    return recall_fit(context, name, training_set, fixed, solve)


def fit_probe(context: FitContext, head: str) -> FitResult:
    """Return the head on the last layer, fitted on train; once, though the probes and each training ask for it."""
    if head not in context.memo.probes:
        watch = Stopwatch(context)
        training_set = _gather_train(context, context.branch(LAYER))
        context.memo.probes[head] = fit_task_head(context, head, training_set)
        context.memo.probe_seconds[head] = watch.seconds
    return context.memo.probes[head]


def _gather_train(context: FitContext, branch: FeatureBranch, rows: Bools | None = None) -> TrainingSet:
    """Return the training samples, or some rows (N,) of them, as features of a branch.

    Of many, weights to .3 % are enough to choose by. What wins is fitted once more, on train and validation.
    """
    samples = context.samples_in(Subset.TRAIN)
    if rows is None:
        training_set = context.training_set([branch], Subset.TRAIN)
    else:  # without the features of the others
        question = context.pose(np.empty((len(samples), 0), np.float32), Subset.TRAIN).take(rows)
        training_set = replace(question, features=context.load_features(branch, list(compress(samples, rows))))
    tolerance = choose_tolerance(len(samples)) if len(samples) > MANY else training_set.tolerance
    return replace(training_set, tolerance=tolerance, disposable=True)


@dataclass(frozen=True, slots=True)
class _Place:
    """A place where a head could be put, and the head that was fitted there."""

    name: str  #: the layer, or "all"
    branch: FeatureBranch
    fitted: FitResult
    trial: Trial | None


def _plan_linear(context: FitContext, head: str, name: str) -> ArmPlan:
    width = context.backbone.layer(LAYER).width

    def make() -> Arm:
        fitted = fit_probe(context, head)
        watch = Stopwatch(context, context.memo.probe_seconds.get(head, 0.0))  # perhaps fitted before, for a training
        branch = context.branch(LAYER)
        return _score(context, name, "linear-probe", _Place(LAYER, branch, fitted, find_chosen_trial(fitted)), watch)

    return ArmPlan(name, "linear-probe", lambda: _estimate_cost(context, width), make)


def _fit_intermediate(context: FitContext, name: str) -> Arm:
    watch = Stopwatch(context)
    layers = [layer.name for layer in context.backbone.layers]
    head = base_head_name(context)
    # Of many samples some tell which place is best, and how it compares with the others; the best is fitted on all.
    rows = draw_subsample(context.strata(Subset.TRAIN), context.targets(Subset.TRAIN).groups, context.settings.seed)
    everywhere = {**{layer: (layer,) for layer in layers[:-1]}, ALL: tuple(layers)}
    places = _fit_places(context, head, everywhere, rows)
    # Where nothing could be held out, no layer is known to be better: all of them are read.
    best = min(reversed(places), key=lambda place: place.trial.loss if place.trial else inf)
    last = fit_probe(context, head)
    final = _Place(LAYER, context.branch(LAYER), last, find_chosen_trial(last))
    if rows is not None:
        final = replace(_fit_place(context, head, LAYER, (LAYER,), rows, last.chosen), trial=final.trial)
    depth = tuple(_depth_point(context, place) for place in (*places[:-1], final, places[-1]))
    if rows is not None:
        whole = fit_task_head(context, head, _gather_train(context, best.branch), best.fitted.chosen)
        best = replace(best, fitted=replace(whole, path=best.fitted.path, torn=best.fitted.torn))
    return _score(context, name, "intermediate-probe", best, watch, depth)


def _fit_places(
    context: FitContext, head: str, everywhere: Mapping[str, Sequence[str]], rows: Bools | None
) -> list[_Place]:
    """Return what ``_fit_place`` does at each of some places; solved heads on few numbers each on a core of its own.

    A product of few numbers gains little by a second thread.
    """
    samples = len(context.samples_in(Subset.TRAIN)) if rows is None else int(rows.sum())
    widths = {name: sum(context.backbone.layer(layer).width for layer in chosen) for name, chosen in everywhere.items()}
    apart = [name for name, width in widths.items() if samples * width < SMALL and head in context.task.heads.solved]
    cores = count_idle_cores() if len(apart) > 1 else 1
    fit = partial(_fit_place, context, head, rows=rows)
    found: dict[str, _Place] = {}
    if cores > 1:
        with share_threads(count_cores()), ThreadPoolExecutor(cores) as pool:
            widest = sorted(apart, key=lambda name: -widths[name])
            found = dict(zip(widest, pool.map(lambda name: fit(name, everywhere[name]), widest), strict=True))
    return [found[name] if name in found else fit(name, chosen) for name, chosen in everywhere.items()]


def _fit_place(
    context: FitContext,
    head: str,
    name: str,
    layers: Sequence[str],
    rows: Bools | None,
    fixed: Mapping[str, float] | None = None,
) -> _Place:
    """Return a head on some layers, fitted on some rows (N,) of the training samples; None: all of them."""
    branch = context.branch(*layers)
    with context.memo.gathering:
        training_set = _gather_train(context, branch, rows)
    fitted = fit_task_head(context, head, training_set, fixed)
    return _Place(name, branch, fitted, find_chosen_trial(fitted))


def _score(
    context: FitContext, name: str, strategy: str, place: _Place, watch: Stopwatch, depth: tuple[DepthPoint, ...] = ()
) -> Arm:
    head = place.fitted.head
    arm = score_arm(
        context,
        build_model(context, place.branch, head),
        name,
        strategy=strategy,
        backbone=context.backbone.name,
        layer=place.name,
        head=head.kind,
        parameters=count_parameters(head),
        seconds=watch.seconds,
        refit=_refit(place),
        chosen=place.fitted.chosen,
        path=place.fitted.path,
        depth=depth,
    )
    if head.kind not in context.task.heads.solved:
        return arm
    ask = partial(predict_by_folds, branches=[place.branch], head=head.kind, chosen=place.fitted.chosen)
    arm = replace(arm, held_out=HeldOutAnswers(ask))
    if place.trial is None:
        return arm
    # All layers come out of one pass over the sample, and each of these heads is solved in seconds.
    return replace(
        arm,
        cost_class=f"heads on {context.backbone.name}",
        held_out_loss=_held_out_loss(context, place.trial, arm),
    )


def predict_by_folds(
    context: DatasetContext, branches: Sequence[FeatureBranch], head: str, chosen: Mapping[str, float]
) -> Floats:
    """Return raw outputs (N, K) for train and validation samples, each by a head that was not fitted on its fold.

    Args:
        context: of the run.
        branches: whose features, side by side, the head reads.
        head: its kind, one that is solved.
        chosen: its hyperparameters.
    """
    rows = replace(context.training_set(branches, Subset.TRAIN, Subset.VALIDATION), disposable=True)
    fixed = {name: float(value) for name, value in chosen.items()}
    ask = partial(context.task.heads.predict_held_out, rows, head, context.settings, fixed)
    return recall_outputs(context, head, rows, fixed, ask)


def _held_out_loss(context: DatasetContext, trial: Trial, arm: Arm) -> float:
    """Return the loss over train and validation, each sample by a head that was not fitted on it or its group.

    The folds' heads have answered the training samples, the head that is fitted on all of them the others: what is
    known is put together, and nothing is fitted for it.
    """
    train, validation = len(context.samples_in(Subset.TRAIN)), len(arm.outputs)
    return (train * trial.loss + validation * arm.validation.loss) / (train + validation)


def _refit(place: _Place) -> Refit:
    def refit(context: DatasetContext) -> FittedModel:
        training_set = replace(context.training_set([place.branch], Subset.TRAIN, Subset.VALIDATION), disposable=True)
        if len(training_set) > MANY:  # other rows would change weights by more than the .1 % that are left open
            training_set = replace(training_set, tolerance=NOT_KEPT)
        fitted = fit_task_head(context, place.fitted.head.kind, training_set, fixed=place.fitted.chosen)
        return build_model(context, place.branch, fitted.head)

    return refit


def build_model(context: DatasetContext, branch: FeatureBranch, head: Head) -> FittedModel:
    """Return a model of one branch and one head."""
    return FittedModel(context.samples.space, (branch,), (EnsembleMember((0,), head),))


def count_parameters(head: Head) -> int:
    """Return the number of parameters of a head."""
    return sum(dense.weight.size + dense.bias.size for dense in head.layers)


def find_chosen_trial(fitted: FitResult) -> Trial | None:
    """Return the cross-validated score of what was chosen; None where nothing could be held out."""
    value = next(iter(fitted.chosen.values()), None)  # the path is of the first one
    tried = [trial for trial in fitted.path if trial.value == value and isfinite(trial.loss)]
    return tried[-1] if tried else None


def _depth_point(context: DatasetContext, place: _Place) -> DepthPoint:
    held_out = context.training_set([place.branch], Subset.VALIDATION)
    outputs = context.task.activate(place.fitted.head.logits(held_out.features))
    scored = context.score("validation", context.samples_in(Subset.VALIDATION), outputs)
    return DepthPoint(
        layer=place.name,
        width=held_out.features.shape[1],
        score=place.trial.score if place.trial else None,
        loss=place.trial.loss if place.trial else None,
        validation_score=scored.score,
    )


def _estimate_cost(context: DatasetContext, width: int) -> Cost:
    numbers = len(context.samples_in(Subset.TRAIN)) * width
    return Cost(seconds=0.2 + 5 * numbers / SOLVED_PER_SECOND, memory=16 * numbers, disk=0)


def _refuse_detail(name: str, detail: str | None) -> None:
    if detail:
        raise SettingError(f"{name} takes no detail, seen {detail!r}; write {name} alone")
