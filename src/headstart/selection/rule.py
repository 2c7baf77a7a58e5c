"""The choice of the winner among several arms, with the reason.

An arm's answer is its most probable class, the first of equals. Where arms stand in a mapping, they stand in the order
cheap to dear.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headstart.errors import DataError, SettingError, nearest
from headstart.evaluation.comparison import ArmScores, PairedTest, run_paired_tests, score_arms
from headstart.evaluation.grouping import Targets
from headstart.evaluation.paired import SIGNIFICANT, binomial_p_value, group_differences


@dataclass(frozen=True, slots=True)
class EqualCostArms:
    """Arms that cost the same to train and to run, so that the better one is taken however small its lead is."""

    best: str  #: the one that may win
    losses: Mapping[str, float]  #: cross-validated log loss over train and validation, nats, by the arm's name

    @property
    def behind(self) -> tuple[str, ...]:
        """The others, which no longer take part."""
        return tuple(name for name in self.losses if name != self.best)


@dataclass(frozen=True, slots=True)
class ArmChoice:
    """The winner among arms, and why."""

    winner: str  #: the cheapest arm that cannot be told from ``best``
    best: str  #: the arm with the highest accuracy, of equals the lower log loss, of equals the cheaper
    pairs: tuple[PairedTest, ...]  #: ``best`` (a) against each other arm (b), cheap to dear
    told_apart: bool  #: ``best`` is told from every other arm that took part to the end
    too_small: bool  #: not even an arm without mistakes would be beyond chance on these photos
    reason: str  #: for a person
    equals: tuple[EqualCostArms, ...] = ()  #: arms of one cost, of which one took part to the end

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
    probabilities: Mapping[str, NDArray[np.floating]],
    baseline: str | None,
    seed: int,
    equal: Sequence[Mapping[str, float]] = (),
) -> ArmChoice:
    """Choose the cheapest arm that cannot be told from the best; of arms that cost the same, the better.

    Of arms that cost the same only the one with the lowest cross-validated log loss takes part: there is nothing to be
    had for waiting until it is surely better. An arm is told from the best when it falls short of it by more than one
    standard error of their paired difference: the rule of Breiman, Friedman, Olshen & Stone, 1984, Classification and
    Regression Trees, section 3.4.3, on paired differences. McNemar's test stands beside it in the record. The best is
    picked on the photos that it is judged on, so its lead is on average a little too large.

    Args:
        targets: labels and groups of N photos.
        probabilities: (N, C) of each arm, cheap to dear.
        baseline: the arm that each other must beat in accuracy to win at all, or the one that stands for it among
            its equals; None for no such arm.
        seed: of the bootstrap.
        equal: arms that cost the same to train and to run: name -> cross-validated log loss, nats.

    Raises:
        DataError: no arms, no photos, or arrays that do not belong together.
        SettingError: the baseline is not among the arms.
    """
    scored = score_arms(targets, probabilities)
    if baseline is not None and baseline not in scored.names:
        raise SettingError(f"baseline {baseline!r} is not among the arms; {nearest(baseline, list(scored.names))}")
    equals = tuple(EqualCostArms(min(losses, key=lambda name: losses[name]), dict(losses)) for losses in equal)
    behind = {name for it in equals for name in it.behind}
    baseline = next((it.best for it in equals if baseline in it.losses), baseline)
    hits = dict(zip(scored.names, scored.right.sum(axis=0).tolist(), strict=True))
    # Rounded: equal losses in another order of photos have sums that differ in the last bit.
    losses = dict(zip(scored.names, scored.losses.mean(axis=0).round(12).tolist(), strict=True))
    left = [name for name in scored.names if name not in behind]
    able = [name for name in left if baseline in (None, name) or hits[name] > hits[baseline]]
    best = min(able, key=lambda name: (-hits[name], losses[name]))
    pairs = run_paired_tests(scored, [(best, name) for name in scored.names if name != best], seed)
    rivals = [pair for pair in pairs if pair.b not in behind]
    apart = {pair.b: pair.exceeds_one_se for pair in rivals}
    winner = next(name for name in able if not apart.get(name, False))
    head = f"{winner} wins with {hits[winner] / len(targets):.1%} of {len(targets)} photos right"
    if len(scored.names) == 1:
        sentences = [head.replace(" wins with ", " is the only arm; it has ") + "."]
    elif not rivals:
        sentences = [f"{head.replace(' wins with ', ' is taken, with ')}{_describe_taken(equals[0])}."]
    else:
        sentences = [*_describe_winner(head, winner, best, rivals, baseline), *map(_describe_equals, equals)]
    few = _describe_too_few(scored, baseline or left[0], len(rivals)) if rivals else ""
    return ArmChoice(
        winner, best, pairs, all(apart.values()), bool(few), " ".join(filter(None, [*sentences, few])), equals
    )


def _describe_too_few(scored: ArmScores, judged_by: str, rivals: int) -> str:
    """Return why these photos cannot tell whatever arm there was; empty where they can."""
    right = scored.right[:, scored.names.index(judged_by)]
    mistakes = int((~right).sum())
    flips = int(np.count_nonzero(group_differences(np.ones_like(right), right, scored.targets.groups)))
    extreme = min(1.0, binomial_p_value(0, flips) * rivals)
    if extreme < SIGNIFICANT:
        return ""
    together = f" in {flips} groups" if flips < mistakes else ""
    return (
        f"These {len(right)} photos are too few to tell: {judged_by} makes {mistakes} mistake{'s' * (mistakes != 1)}"
        f"{together} on them, so that even an arm without mistakes would have p {_format_p(extreme)} after Holm; "
        f"wanted below {SIGNIFICANT}."
    )


def _describe_taken(tie: EqualCostArms) -> str:
    """Return by what one of the arms that cost the same was taken."""
    others = " and ".join(f"{tie.losses[name]:.3f} of {name}" for name in tie.behind)
    return (
        f" and the lowest cross-validated log loss of the arms that cost the same ({tie.losses[tie.best]:.3f} over "
        f"train and validation, against {others})"
    )


def _describe_equals(tie: EqualCostArms) -> str:
    others = " and ".join(f"{tie.losses[name]:.3f} of {name}" for name in tie.behind)
    return (
        f"Of the arms that cost the same, {tie.best} took part: its cross-validated log loss over train and validation "
        f"is the lowest ({tie.losses[tie.best]:.3f}, against {others})."
    )


def _describe_winner(head: str, winner: str, best: str, pairs: Sequence[PairedTest], baseline: str | None) -> list[str]:
    """Return who wins, and what stands between it, its nearest rival and the baseline."""
    if winner != best:
        near = next(pair for pair in pairs if pair.b == winner)
        found = [f"{head}: it is the cheapest arm that cannot be told from the best, {best}.", _describe_pair(near)]
    else:
        near = min(pairs, key=lambda pair: (pair.difference, -pair.loss_difference))
        found = [f"{head}{': no other arm beats it' if winner == baseline else ''}.", _describe_pair(near)]
    return found + [_describe_pair(pair) for pair in pairs if pair.b == baseline and pair is not near]


def _describe_pair(pair: PairedTest) -> str:
    points, low, high = (100 * share for share in (pair.difference, pair.interval.low, pair.interval.high))
    ahead = f"is {points:.1f} points ahead of {pair.b}" if points else f"and {pair.b} have as many photos right"
    lead = (
        f"{pair.a} {ahead} ({100 * pair.interval.level:.0f} % interval {low:z.1f} to {high:z.1f} points, McNemar p "
        f"{_format_p(pair.p_holm)} after Holm)"
    )
    error = f"one standard error ({100 * pair.standard_error:.1f} points)"
    if not pair.exceeds_one_se:
        return f"{lead}, which is within {error}: no difference could be seen."
    return f"{lead}: beyond chance." if pair.significant else f"{lead}: more than {error}, but not beyond chance."


def _format_p(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.2g}"
