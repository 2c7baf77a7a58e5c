"""The choice of the winner among several arms, with the reason.

Arms are compared by the score and the loss of each sample, as the task gives them. Where arms stand in a mapping, they
stand in the order cheap to dear.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.grouping import Targets
from headstart_runtime.errors import DataError, SettingError, nearest
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import Task

COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class EqualCostArms:
    """Arms that cost the same to train and to run, so that the better one is taken however small its lead is."""

    best: str  #: the one that may win
    losses: Mapping[str, float]  #: cross-validated loss over train and validation, by the arm's name

    @property
    def behind(self) -> tuple[str, ...]:
        """The others, which no longer take part."""
        return tuple(name for name in self.losses if name != self.best)


@dataclass(frozen=True, slots=True)
class ArmChoice:
    """The winner among arms, and why."""

    winner: str  #: the cheapest arm that cannot be told from ``best``; or ``best``, where accuracy is preferred
    best: str  #: the arm with the best score, of equals the lower loss, of equals the cheaper
    pairs: tuple[PairedTest, ...]  #: ``best`` (a) against each other arm (b), cheap to dear
    told_apart: bool  #: ``best`` is told from every other arm that took part to the end
    too_small: bool  #: not even an arm without mistakes would be beyond chance on these samples
    reason: str  #: in exact figures
    verdict: str  #: the same in a plain sentence or two
    equals: tuple[EqualCostArms, ...] = ()  #: arms of one cost, of which one took part to the end
    prefer: Literal["speed", "accuracy"] = "speed"  #: accuracy: the winner is ``best``, by loss, whatever it costs

    def to_json(self) -> dict[str, Any]:
        """Return a record that ``json.dumps`` takes."""
        return asdict(self) | {"pairs": [pair.to_json() for pair in self.pairs]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the choice that ``to_json`` wrote.

        Raises:
            DataError: fields missing or unknown.
        """
        try:
            pairs = tuple(PairedTest.from_json(pair) for pair in value["pairs"])
            equals = tuple(EqualCostArms(**equal) for equal in value["equals"])
            return cls(**{**value, "pairs": pairs, "equals": equals})
        except (KeyError, TypeError) as error:
            raise DataError(f"choice cannot be read: {error}; wanted the fields that to_json writes") from None


def choose_winner(
    targets: Targets,
    outputs: Mapping[str, NDArray[np.floating]],
    baseline: str | None,
    seed: int,
    equal: Sequence[Mapping[str, float]] = (),
    *,
    task: Task,
    noun: Noun,
) -> ArmChoice:
    """Choose the cheapest arm that cannot be told from the best; of arms that cost the same, the better.

    Of arms that cost the same only the one with the lowest cross-validated loss takes part: there is nothing to be
    had for waiting until it is surely better. An arm is told from the best when it falls short of it by more than one
    standard error of their paired difference: the rule of Breiman, Friedman, Olshen & Stone, 1984, Classification and
    Regression Trees, section 3.4.3, on paired differences. A test stands beside it in the record:
    of classes McNemar's. The best is picked on the samples that it is judged on, so its lead is on average a little too
    large.

    Args:
        targets: targets and groups of N samples.
        outputs: (N, K) of each arm, cheap to dear.
        baseline: the arm that each other must beat in score to win at all, or the one that stands for it among
            its equals; None for no such arm.
        seed: of the bootstrap.
        equal: arms that cost the same to train and to run: name -> cross-validated loss.
        task: whose score and loss count.
        noun: the word for the samples, for the sentences.

    Raises:
        DataError: no arms, no samples, or arrays that do not belong together.
        SettingError: the baseline is not among the arms.
    """
    scored = task.scoring.score_arms(targets, outputs)
    if baseline is not None and baseline not in scored:
        raise SettingError(f"baseline {baseline!r} is not among the arms; {nearest(baseline, list(scored))}")
    equals = tuple(EqualCostArms(min(losses, key=lambda name: losses[name]), dict(losses)) for losses in equal)
    behind = {name for it in equals for name in it.behind}
    baseline = next((it.best for it in equals if baseline in it.losses), baseline)
    # Rounded: equal scores and losses in another order of photos have sums that differ in the last bit.
    totals = {name: round(float(items.scores.sum()), 9) for name, items in scored.items()}
    losses = {name: round(float(items.losses.mean()), 12) for name, items in scored.items()}
    left = [name for name in scored if name not in behind]
    able = [name for name in left if baseline in (None, name) or totals[name] > totals[baseline]]
    best = min(able, key=lambda name: (-totals[name], losses[name]))
    pairs = task.scoring.run_paired_tests(targets, scored, [(best, name) for name in scored if name != best], seed)
    rivals = [pair for pair in pairs if pair.b not in behind]
    apart = {pair.b: pair.exceeds_one_se for pair in rivals}
    winner = next(name for name in able if not apart.get(name, False))
    head = f"{winner} wins with {task.scoring.describe_score(scored[winner], noun)}"
    if len(scored) == 1:
        sentences = [head.replace(" wins with ", " is the only way; it has ") + "."]
    elif not rivals:
        sentences = [f"{head.replace(' wins with ', ' is taken, with ')}{_describe_taken(equals[0], task)}."]
    else:
        describe = partial(task.scoring.describe_pair, noun=noun)
        told = _describe_winner(head, winner, best, rivals, baseline, describe)
        sentences = [*told, *(_describe_equals(tie, task) for tie in equals)]
    judged_by = baseline or left[0]
    few = task.scoring.describe_too_few(targets, judged_by, scored[judged_by], len(rivals), noun) if rivals else ""
    reason = " ".join(filter(None, [*sentences, few]))
    verdict = _describe_verdict(winner, rivals, noun, ways=len(scored), too_few=bool(few))
    return ArmChoice(winner, best, pairs, all(apart.values()), bool(few), reason, verdict, equals)


def _describe_verdict(winner: str, rivals: Sequence[PairedTest], noun: Noun, *, ways: int, too_few: bool) -> str:
    """Return which arm was kept and why, in plain words."""
    if ways == 1:
        return f"{winner} was the only way that was tried."
    if not rivals:
        better = "better one" if ways == 2 else "best"
        return (
            f"{winner} was kept: of {spell_count(ways)} ways that cost about the same it was the {better} in "
            "cross-validation."
        )
    even = 1 + sum(not pair.exceeds_one_se for pair in rivals)
    if even > 1:
        quicker = "quicker one" if even == 2 else "quickest of them"
        verdict = (
            f"{spell_count(even).capitalize()} ways did equally well, as far as {rivals[0].n:,} validation {noun.many} "
            f"can tell; the {quicker}, {winner}, was kept."
        )
    elif all(pair.significant for pair in rivals):
        verdict = f"{winner} had the best score, by more than chance."
    else:
        verdict = f"{winner} had the best score, but its lead can be chance."
    return f"{verdict} These {noun.many} are too few to tell ways apart surely." if too_few else verdict


def spell_count(count: int) -> str:
    """Return a small count as a word, others in digits."""
    return COUNTS[count] if count < len(COUNTS) else f"{count}"


def _describe_taken(tie: EqualCostArms, task: Task) -> str:
    """Return by what one of the arms that cost the same was taken."""
    others = " and ".join(f"{tie.losses[name]:.3f} of {name}" for name in tie.behind)
    return (
        f": of ways that cost about the same it had the lowest loss in cross-validation ({task.measure.loss} "
        f"{tie.losses[tie.best]:.3f} over train and validation, against {others})"
    )


def _describe_equals(tie: EqualCostArms, task: Task) -> str:
    others = " and ".join(f"{tie.losses[name]:.3f} of {name}" for name in tie.behind)
    return (
        f"Of ways that cost about the same, {tie.best} took part, for it had the lowest loss in cross-validation "
        f"({task.measure.loss} {tie.losses[tie.best]:.3f} over train and validation, against {others})."
    )


def _describe_winner(
    head: str,
    winner: str,
    best: str,
    pairs: Sequence[PairedTest],
    baseline: str | None,
    describe: Callable[[PairedTest], str],
) -> list[str]:
    """Return who wins, and what stands between it, its nearest rival and the baseline."""
    if winner != best:
        near = next(pair for pair in pairs if pair.b == winner)
        found = [f"{head}: it is the quickest way that does as well as {best}, as far as can be told.", describe(near)]
    else:
        near = min(pairs, key=lambda pair: (pair.difference, -pair.loss_difference))
        found = [f"{head}{': no other way beats it' if winner == baseline else ''}.", describe(near)]
    return found + [describe(pair) for pair in pairs if pair.b == baseline and pair is not near]
