"""The choice of the most accurate arm: the lowest loss, cross-validated where that is known.

Who gives minutes wants accuracy, and a validation part of a few hundred samples can hardly tell ways apart. Loss over
all of train and validation, each sample answered by heads that were not fitted on it, says more. What was trained is
known on validation alone, so there the best of the others and the trained ones are compared, each calibrated. An
average of both is taken before a trained network alone, unless that is better by more than one standard error: it errs
less where so few samples mislead.
"""

from collections.abc import Callable, Collection, Mapping

from headstart.evaluation.grouping import Targets
from headstart.evaluation.paired import standard_error_of_mean
from headstart.selection.rule import ArmChoice, spell_count
from headstart.selection.running_costs import RunningCost
from headstart.tasks.facets import ItemScores
from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import Task

DIGITS = 12  #: of a loss: equal ones in another order of samples differ in the last bit


def choose_most_accurate(
    targets: Targets,
    outputs: Mapping[str, Floats],
    held_out: Mapping[str, float],
    costs: Mapping[str, RunningCost],
    seed: int,
    calibrate: Callable[[Floats], Floats] = lambda outputs: outputs,
    *,
    averages: Collection[str] = (),
    task: Task,
    noun: Noun,
) -> ArmChoice:
    """Choose the arm with the lowest loss, and say what it costs to run beside the cheapest.

    Args:
        targets: targets and groups of N validation samples.
        outputs: (N, K) of each arm, cheap to dear.
        held_out: mean loss over train and validation of arms that can be cross-validated, by name.
        costs: of answering with each arm; empty where they are not known.
        seed: of the bootstrap.
        calibrate: calibrates outputs (N, K) of the validation samples, each by a fit without it. What is saved is
            calibrated, and training makes a network surer of itself before it makes it better, so what was trained is
            compared like that.
        averages: arms that are the average of others.
        task: whose score and loss count.
        noun: the word for the samples, for the sentences.

    Raises:
        DataError: no arms, no samples, or arrays that do not belong together.
    """
    scored = task.scoring.score_arms(targets, outputs)
    losses = {name: round(float(items.losses.mean()), DIGITS) for name, items in scored.items()}
    known = {name: round(held_out[name], DIGITS) for name in scored if name in held_out}
    finalists = [name for name in scored if name not in known]
    if known:
        finalists.insert(0, min(known, key=lambda name: known[name]))
    winner = finalists[0]
    if len(finalists) > 1:
        calibrated = task.scoring.score_arms(targets, {name: calibrate(outputs[name]) for name in finalists})
        losses |= {name: round(float(items.losses.mean()), DIGITS) for name, items in calibrated.items()}
        winner = min(finalists, key=lambda name: losses[name])
        if winner not in known and winner not in averages:
            winner = _find_average(winner, calibrated, losses, averages, targets) or winner
    pairs = task.scoring.run_paired_tests(targets, scored, [(winner, name) for name in scored if name != winner], seed)
    measured = f"{winner} wins with {task.scoring.describe_score(scored[winner], noun)}"
    by_folds = winner in known
    loss = known[winner] if by_folds else losses[winner]
    where = "cross-validated over train and validation" if by_folds else f"on the validation {noun.many}"
    reason = [
        f"{measured}: of {spell_count(len(scored))} ways its {task.measure.loss} is the lowest, {loss:.3f} {where}."
    ]
    if len(finalists) > 1:
        rival = min((name for name in finalists if name != winner), key=lambda name: losses[name])
        against = f"{losses[winner]:.3f}, against {losses[rival]:.3f} of {rival}"
        reason.append(f"Calibrated on other validation {noun.many} it is {against}.")
        if losses[rival] < losses[winner]:
            reason.append("An average is taken before a network alone that is not better beyond one standard error.")
    cheapest = _find_cheapest(costs, known, losses)
    reason += [task.scoring.describe_pair(pair, noun) for pair in pairs if pair.b == cheapest]
    told_apart = all(pair.exceeds_one_se for pair in pairs)
    verdict = f"{winner} had the lowest loss of {spell_count(len(scored))} ways."
    if len(scored) == 1:
        verdict = f"{winner} was the only way that was tried."
    elif cheapest is not None:
        verdict += f" {_describe_costs(winner, cheapest, costs, scored, task, noun)}"
    return ArmChoice(winner, winner, pairs, told_apart, False, " ".join(reason), verdict, prefer="accuracy")


def _find_average(
    best: str,
    calibrated: Mapping[str, ItemScores],
    losses: Mapping[str, float],
    averages: Collection[str],
    targets: Targets,
) -> str | None:
    """Return the best average that a trained network is not better than by more than one standard error; or None."""
    for name in sorted((name for name in calibrated if name in averages), key=lambda name: losses[name]):
        lead = calibrated[name].losses - calibrated[best].losses
        if lead.mean() <= standard_error_of_mean(lead, targets.groups):
            return name
    return None


def _find_cheapest(
    costs: Mapping[str, RunningCost], known: Mapping[str, float], losses: Mapping[str, float]
) -> str | None:
    """Return the arm that answers fastest, of equals the one with the lower loss; None where costs are not known."""
    return min(costs, key=lambda name: (costs[name].milliseconds, known.get(name, losses[name])), default=None)


def _describe_costs(
    winner: str,
    cheapest: str,
    costs: Mapping[str, RunningCost],
    scored: Mapping[str, ItemScores],
    task: Task,
    noun: Noun,
) -> str:
    """Return what the winner costs to run, and what the cheapest arm costs and would have had."""
    own, least = costs[winner], costs[cheapest]
    runs = f"It runs in {own.describe(noun.one)}"
    if own.milliseconds <= least.milliseconds:
        return f"{runs}; no other way is quicker."
    score = task.scoring.describe_score(scored[cheapest], noun)
    return f"{runs}; the quickest way, {cheapest}, takes {least.describe(noun.one)} and has {score} (--prefer speed)."
