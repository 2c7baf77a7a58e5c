"""Which arms are meant, which are made, and which wins."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from headstart import events
from headstart.evaluation.grouping import Targets
from headstart.selection import STRATEGIES
from headstart.selection import compare as comparing
from headstart.selection.arm_specs import ArmSpec, requested_arms
from headstart.selection.compare import compare_arms
from headstart.selection.finetune import full_finetune, scratch
from headstart.selection.probes import intermediate_probe, linear_probe
from headstart.settings import FitSettings
from headstart.training.curves import Epoch
from headstart_runtime.errors import Cancelled, SettingError, TrainingError
from tests.selection.drawn import LABELS, arm, context, failing, planned, strategies


def specs(**settings: Any) -> list[str]:
    return [
        f"{it.name}:{it.detail}" if it.detail else it.name for it in requested_arms(FitSettings.load(None, **settings))
    ]


# --- which are meant -------------------------------------------------------------------------------------------------


def test_auto_trains_networks_within_a_budget_only() -> None:
    probes = ["linear-probe", "intermediate-probe", "tfidf"]
    assert specs() == probes
    assert specs(budget="10m") == [*probes, "partial-finetune", "full-finetune"]
    for name in STRATEGIES:
        assert specs(strategy=name) == [name]


def test_arms_win_over_strategy_and_go_cheap_to_dear() -> None:
    assert specs(arms=" vote, scratch ,linear-probe,average, linear-probe ", strategy="scratch") == [
        "linear-probe",
        "scratch",
        "average",
        "vote",
    ]
    assert specs(arms="partial-finetune:stage5,partial-finetune:stage3,linear-probe") == [
        "linear-probe",
        "partial-finetune:stage5",
        "partial-finetune:stage3",
    ]


@pytest.mark.parametrize(
    ("arms", "message"),
    [
        ("linear-prob", r"unknown arm 'linear-prob'; did you mean 'linear-probe'"),
        ("linear-probe,avrage", r"unknown arm 'avrage'; did you mean 'average'"),
        ("vote:stage1,linear-probe", r"vote takes no detail, seen 'stage1'; write vote alone"),
        ("average,vote", "arms 'average,vote' name no strategy; add one, such as linear-probe"),
        (" , ", "name no strategy"),
    ],
)
def test_arms_that_are_none(arms: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        requested_arms(FitSettings(arms=arms))


@pytest.mark.parametrize("strategy", [linear_probe, intermediate_probe, full_finetune, scratch])
def test_a_detail_on_a_strategy_that_takes_none(strategy: Any) -> None:
    name = strategy.__name__.replace("_", "-")
    with pytest.raises(SettingError, match=rf"{name} takes no detail, seen 'stage4'; "):
        strategy(context(), "stage4")


# --- which are made --------------------------------------------------------------------------------------------------


@pytest.fixture
def contest(monkeypatch: pytest.MonkeyPatch) -> Any:
    """contest(strategies by name, budget=..., backbones=...) -> what came of it, what was told."""

    def run(budget: float | None = None, backbones: int = 1, **made: Any) -> Any:
        heard: list[events.Event] = []
        known = strategies(**made)
        monkeypatch.setattr(comparing, "list_strategies", lambda: known)
        contexts = [context(heard, budget=budget, name=f"net{number}") for number in range(backbones)]
        found = compare_arms(contexts[0], contexts, [ArmSpec(name) for name in known])
        return SimpleNamespace(found=found, heard=heard, notes=[it.text for it in heard if isinstance(it, events.Note)])

    return run


def test_all_that_fit_are_made_in_order(contest: Any) -> None:
    dear = arm("full-finetune", 0.95)
    it = contest(linear_probe=[planned(arm("linear-probe", 0.7))], full_finetune=[planned(dear, 9, trains=True)])
    assert [made.name for made in it.found.arms] == ["linear-probe", "full-finetune"]
    assert it.found.winner.name == dear.name
    assert it.found.winner.outputs is dear.outputs
    assert it.found.predicted["full-finetune"].seconds == 9
    assert it.found.skipped == ()
    stages = [event.stage for event in it.heard if isinstance(event, events.Finished)]
    assert stages == ["arm", "predict cost", "arm"], "probes are made before a training is even timed"


def test_of_probes_on_one_network_the_lower_held_out_loss_wins(contest: Any) -> None:
    """Validation sees no difference; the network that costs more has to beat what stands for the first."""
    same = {"cost_class": "heads on net0"}
    linear = planned(arm("linear-probe", 0.9, held_out_loss=0.4, **same))
    deep = planned(arm("intermediate-probe", 0.85, held_out_loss=0.3, **same))
    it = contest(linear_probe=[linear], intermediate_probe=[deep], full_finetune=[planned(arm("full-finetune", 0.85))])
    assert it.found.winner.name == "intermediate-probe"
    (equal,) = it.found.choice.equals
    assert equal.losses == {"linear-probe": 0.4, "intermediate-probe": 0.3}


def test_what_validation_chose_is_marked_on_its_scores(contest: Any) -> None:
    """Of a trained network the epoch, of what is made of it too; of the winner that it won; of a lone arm nothing."""
    curves = (Epoch(0, 0.0, 1.1, 0.5, 1.2, 0.4, 1.1, 0.1),)
    tuned = arm("full-finetune", 0.95, curves=curves)
    blend = arm("average", 0.7, chosen={"linear-probe": 0.5, "full-finetune": 0.5})
    it = contest(
        linear_probe=[planned(arm("linear-probe", 0.7))], full_finetune=[planned(tuned)], scratch=[planned(blend)]
    )
    assert {made.name: made.validation.chosen_on for made in it.found.arms} == {
        "linear-probe": (),
        "full-finetune": ("epoch", "winner"),
        "average": ("epoch",),
    }
    assert it.found.winner.validation.optimistic
    alone = contest(linear_probe=[planned(arm("linear-probe", 0.7))])
    assert not alone.found.winner.validation.optimistic


def test_classes_of_one_group_are_named(contest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of them can be held out, so a person is told that cross-validation says nothing of them."""
    groups = np.where(LABELS == 1, 1000, np.arange(60))
    monkeypatch.setattr("tests.selection.drawn.TARGETS", Targets(LABELS, groups))
    (note,) = contest(linear_probe=[planned(arm("linear-probe", 0.9))]).notes
    assert note.startswith("all training photos of 'bee' are of one group a class")


def test_the_cheaper_wins_where_they_cannot_be_told_apart(contest: Any) -> None:
    it = contest(linear_probe=[planned(arm("linear-probe", 0.9))], full_finetune=[planned(arm("full-finetune", 0.9))])
    assert it.found.winner.name == "linear-probe"


def test_what_does_not_fit_the_budget_is_left_out_by_name(contest: Any) -> None:
    """30 s, of which 8 are for saving and 2 for judging 200 photos."""
    never = replace(planned(arm("full-finetune"), 21), make=lambda: pytest.fail("it was made"))
    it = contest(30.0, linear_probe=[planned(arm("linear-probe"))], full_finetune=[never])
    assert [made.name for made in it.found.arms] == ["linear-probe"]
    (left,) = it.found.skipped
    assert (left.name, left.predicted.seconds) == ("full-finetune", 21)
    assert left.reason == "predicted 21 s, 20 s of the budget are left"
    assert it.notes == [f"full-finetune is left out: {left.reason}"]
    assert (
        len(
            contest(32.0, linear_probe=[planned(arm("linear-probe"))], full_finetune=[planned(arm("x"), 21)]).found.arms
        )
        == 2
    )


def test_a_training_is_not_even_planned_where_little_is_left(contest: Any) -> None:
    def cost() -> Any:
        pytest.fail("it was timed")

    it = contest(
        25.0,
        linear_probe=[planned(arm("linear-probe"))],
        scratch=[replace(planned(arm("scratch"), trains=True), cost=cost)],
    )
    assert it.found.skipped[0].reason == "15 s of the budget left, too little to plan a training"
    assert it.found.skipped[0].predicted is None


@pytest.mark.parametrize(
    ("budget", "shortest", "wanted"), [(25.0, 5.0, "40s"), (25.0, 80.0, "3m"), (25.0, None, None), (29.0, 1.0, "40s")]
)
def test_the_budget_is_told_that_would_let_a_training_be_tried(
    contest: Any, budget: float, shortest: float | None, wanted: str | None
) -> None:
    """10 s for saving and judging, 20 to time it, and the shortest training, which may take 85 % of what is left."""
    dear = replace(planned(arm("scratch"), trains=True), shortest=lambda: shortest)
    it = contest(budget, linear_probe=[planned(arm("linear-probe"))], scratch=[dear])
    (left,) = it.found.skipped
    assert left.budget == wanted
    hint = "" if wanted is None else f"; it would be tried with a budget of about {wanted}"
    assert left.reason == f"{budget - 10:.0f} s of the budget left, too little to plan a training{hint}"


def test_an_arm_that_made_the_others_late(contest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is looked at when its turn comes."""
    now = [0.0]
    monkeypatch.setattr("headstart.selection.budget.time", SimpleNamespace(perf_counter=lambda: now[0]))

    def slow() -> Any:
        now[0] += 60
        return arm("linear-probe")

    first = replace(planned(arm("linear-probe")), make=slow)
    monkeypatch.setattr("tests.selection.drawn.Budget", lambda budget: comparing_budget(budget))
    it = contest(100.0, linear_probe=[first], scratch=[planned(arm("scratch"), 50)])
    assert it.found.skipped[0].reason == "predicted 50 s, 30 s of the budget are left"


def test_time_is_kept_for_fitting_the_winner_once_more(contest: Any) -> None:
    """An arm that fits beside those before, and not beside what the dearest of them would take again."""
    tuned = planned(arm("partial-finetune", refit_seconds=60.0), 1)
    it = contest(100.0, linear_probe=[planned(arm("linear-probe"))], partial_finetune=[tuned],
                 full_finetune=[planned(arm("full-finetune"), 50)])  # fmt: skip
    assert [made.name for made in it.found.arms] == ["linear-probe", "partial-finetune"]
    assert it.found.skipped[0].reason == "predicted 50 s, 30 s of the budget are left"


def test_time_is_not_kept_for_what_it_is_too_short_for(contest: Any) -> None:
    tuned = planned(arm("partial-finetune", refit_seconds=600.0), 1)
    it = contest(100.0, partial_finetune=[tuned], full_finetune=[planned(arm("full-finetune"), 50)])
    assert [made.name for made in it.found.arms] == ["partial-finetune", "full-finetune"]


def comparing_budget(budget: float | None) -> Any:
    from headstart.selection.budget import Budget

    return Budget(budget, began=0.0)


def test_too_little_memory(contest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "available_memory", lambda: 2e9)
    it = contest(linear_probe=[planned(arm("linear-probe"))], scratch=[planned(arm("scratch"), memory=3 * 10**9)])
    assert it.found.skipped[0].reason == "predicted 3.0 GB of memory, 2.0 GB are free"


@pytest.mark.parametrize("backbones", [1, 2])
def test_probes_always_fit(backbones: int, contest: Any) -> None:
    heads = [planned(arm(f"linear-probe {head}"), 99) for head in ("logistic", "lda")]
    it = contest(10.0, backbones, linear_probe=heads, intermediate_probe=[planned(arm("intermediate-probe"), 99)])
    assert len(it.found.arms) == 3 * backbones
    assert it.found.skipped == ()


def test_nothing_fits(contest: Any) -> None:
    with pytest.raises(SettingError, match=r"no arm fits \(scratch: predicted 99 s, 20 s .*\); give a larger --budget"):
        contest(30.0, scratch=[planned(arm("scratch"), 99)])


OUT_OF_MEMORY = (
    "[enforce fail at alloc_cpu.cpp:119] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 GB"
)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TrainingError("training scratch stopped at step 3"), "training scratch stopped at step 3"),
        (RuntimeError(OUT_OF_MEMORY), f"memory was too short ({OUT_OF_MEMORY}); a smaller --batch-size or --backbone"),
        (torch.OutOfMemoryError("CUDA out of memory."), "memory was too short (CUDA out of memory.); a smaller"),
        (MemoryError(), "memory was too short (MemoryError); a smaller --batch-size or --backbone takes less"),
        (RuntimeError("could not create a primitive"), "RuntimeError: could not create a primitive"),
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
    ],
)
def test_an_arm_that_goes_wrong_leaves_the_others_standing(contest: Any, error: Exception, reason: str) -> None:
    probe, last = planned(arm("linear-probe")), planned(arm("full-finetune"))
    it = contest(linear_probe=[probe], scratch=[failing("scratch", error)], full_finetune=[last])
    assert [made.name for made in it.found.arms] == ["linear-probe", "full-finetune"]
    (left,) = it.found.skipped
    assert (left.name, left.failed) == ("scratch", True)
    assert left.reason.startswith(reason)
    assert it.notes == [f"scratch failed: {left.reason}"]
    assert error.__traceback__ is None, "its frames would hold the network"


def test_where_every_arm_goes_wrong_that_is_the_error(contest: Any) -> None:
    arms = [failing("scratch", RuntimeError("x" * 5000)), failing("scratch 2", MemoryError())]
    with pytest.raises(
        TrainingError, match=r"^no arm could be made \(scratch: RuntimeError: x+ .*linear-probe"
    ) as seen:
        contest(scratch=arms)
    assert len(str(seen.value)) <= 1000
    assert "scratch 2: memory was too short" in str(seen.value)


def test_what_goes_wrong_while_it_is_timed_is_a_failure_too(contest: Any) -> None:
    def cost() -> Any:
        raise RuntimeError(OUT_OF_MEMORY)

    dear = replace(planned(arm("full-finetune")), cost=cost)
    it = contest(linear_probe=[planned(arm("linear-probe"))], full_finetune=[dear])
    assert [(left.name, left.failed) for left in it.found.skipped] == [("full-finetune", True)]


def test_an_ensemble_that_goes_wrong_leaves_its_members(contest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def average(context: Any, contexts: Any, arms: Any) -> Any:
        raise MemoryError

    monkeypatch.setitem(comparing.ENSEMBLES, "average", average)
    known = strategies(linear_probe=[planned(arm("linear-probe"))])
    monkeypatch.setattr(comparing, "list_strategies", lambda: known)
    found = compare_arms(context(), [context()], [ArmSpec("linear-probe"), ArmSpec("average")])
    assert [made.name for made in found.arms] == ["linear-probe"]
    assert [left.name for left in found.skipped] == ["average"]


def test_within_an_open_budget_probes_are_joined_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the best way without training and the best network that was trained answer together."""
    heard: list[events.Event] = []
    contexts = [context(heard, budget=600.0, name=f"net{number}") for number in range(2)]
    curves = (Epoch(0, 0.0, 1.1, 0.5, 1.2, 0.4, 1.1, 0.1), Epoch(1, 0.0, 1.1, 0.5, 1.2, 0.4, 1.1, 0.1))
    known = strategies(
        intermediate_probe=[planned(arm("intermediate-probe", 0.8, held_out=1.0))],
        partial_finetune=[planned(arm("partial-finetune", 0.9, curves=curves, best_epoch=1), trains=True)],
        full_finetune=[planned(arm("full-finetune", 0.7, curves=curves, best_epoch=0), trains=True)],
    )
    joined: list[tuple[str, list[str]]] = []

    def combine(own: Any, name: str, arms: Any, combine: str, *, strategy: str) -> Any:
        joined.append((name, [it.name for it in arms]))
        return arm(name)

    for each in contexts:
        each.settings = FitSettings.load(None, budget="10m")
    monkeypatch.setattr(comparing, "list_strategies", lambda: known)
    monkeypatch.setattr(comparing, "combine_arms", combine)
    monkeypatch.setattr(comparing, "cross_validate", lambda own, it: it.held_out)
    monkeypatch.setattr(comparing, "choose_arm", lambda own, arms: SimpleNamespace(winner=arms[0].name))
    monkeypatch.setattr(comparing, "find_most_accurate", lambda own, arms: arms[0].name)
    for name in ("concat-all", "average"):
        monkeypatch.setitem(comparing.ENSEMBLES, name, lambda own, each, arms, name=name: arm(name))
    specs = [ArmSpec(name) for name in known]
    assert [it.name for it in compare_arms(contexts[0], contexts, specs).arms] == [
        "intermediate-probe on net0",
        "intermediate-probe on net1",
        "concat-all",
        "average",
        "partial-finetune on net0",
        "partial-finetune on net1",
        "full-finetune on net0",
        "full-finetune on net1",
        "average with partial-finetune on net0",
    ]
    assert joined == [
        ("average with partial-finetune on net0", ["intermediate-probe on net0", "partial-finetune on net0"])
    ]


def test_ctrl_c_within_a_budget_keeps_the_best_so_far(contest: Any) -> None:
    probe, last = planned(arm("linear-probe")), planned(arm("full-finetune"))
    it = contest(300.0, linear_probe=[probe], scratch=[failing("scratch", KeyboardInterrupt())], full_finetune=[last])
    assert [made.name for made in it.found.arms] == ["linear-probe"]
    assert [(left.name, left.reason) for left in it.found.skipped] == [
        ("scratch", "stopped by hand"),
        ("full-finetune", "stopped by hand"),
    ]
    assert it.notes == ["stopped in scratch: the best so far is saved and tested; Ctrl-C again ends the run"]


def test_a_program_that_cancels_ends_the_run_within_a_budget_too(contest: Any) -> None:
    with pytest.raises(Cancelled):
        contest(300.0, linear_probe=[planned(arm("linear-probe"))], scratch=[failing("scratch", Cancelled("x"))])
    with pytest.raises(KeyboardInterrupt):
        contest(300.0, scratch=[failing("scratch", KeyboardInterrupt())])


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SettingError("no such layer")])
def test_a_user_who_stops_it_or_is_mistaken_ends_the_run(contest: Any, error: Any) -> None:
    with pytest.raises(type(error)):
        contest(linear_probe=[planned(arm("linear-probe"))], scratch=[failing("scratch", error)])


def test_a_fault_of_ours_is_not_hidden(contest: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        contest(linear_probe=[planned(arm("linear-probe"))], scratch=[failing("scratch", ZeroDivisionError())])


def test_with_several_backbones_names_say_whose(contest: Any) -> None:
    it = contest(None, 2, linear_probe=[planned(arm("linear-probe"))])
    assert [made.name for made in it.found.arms] == ["linear-probe on net0", "linear-probe on net1"]
    assert set(it.found.predicted) == {"linear-probe on net0", "linear-probe on net1"}


@pytest.mark.parametrize(("accuracy", "trains"), [(1.0, False), (0.95, True)])
def test_where_no_mistake_is_left_the_budget_is_not_spent(
    accuracy: float, trains: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No validation photo could tell a training from what has them all right."""
    monkeypatch.setattr(comparing, "cross_validate", lambda context, made: made.held_out_loss)
    open_ended = context(budget=600.0)
    open_ended.settings = FitSettings.load(None, budget="10m")
    runner = comparing.ArmRunner(open_ended, [open_ended])
    runner._arms += [arm("linear-probe", 0.9, held_out_loss=0.3), arm("average", accuracy, held_out_loss=0.2)]
    assert runner._fits(planned(arm("partial-finetune"), trains=True)) == trains
    if not trains:
        (left,) = runner._skipped
        assert left.reason == "average has all 60 photos of validation right: no training could be told from it"


@pytest.mark.parametrize(
    ("probe", "took", "allowed"), [(0.9, 200.0, 100.0), (0.9, 400.0, 0.0), (0.5, 200.0, None), (0.9, None, None)]
)
def test_trainings_that_are_no_better_take_at_most_half_of_the_budget(
    probe: float, took: float | None, allowed: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[events.Event] = []
    open_ended = context(heard, budget=600.0)
    open_ended.settings = FitSettings.load(None, budget="10m", calibration="none")
    monkeypatch.setattr("headstart.selection.choosing.cross_validate", lambda context, made: made.held_out_loss)
    runner = comparing.ArmRunner(open_ended, [open_ended])
    runner._arms += [arm("linear-probe", probe, held_out_loss=0.3)]
    if took is not None:
        curves = (Epoch(0, 0.0, 1.1, 0.5, 1.2, 0.4, 1.1, 0.1),)
        runner._arms += [arm("partial-finetune", 0.7, curves=curves, seconds=took)]
    runner._limit_training()
    assert open_ended.left == pytest.approx(590.0 if allowed is None else allowed, abs=1.0)
    notes = [event.text for event in heard if isinstance(event, events.Note)]
    said = f"linear-probe is better than what was trained so far, in {took or 0:.0f} s; the next training may take"
    assert notes == ([] if allowed is None else [f"{said} {allowed:.0f} s"])
    open_ended.budget.limit_training(lost=0.0)
    assert open_ended.left == pytest.approx(590.0, abs=1.0)
