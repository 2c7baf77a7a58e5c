"""By how much the score may flatter where items that may belong together are in train and in test.

Heads are cross-validated twice on the same rows and the same features: with folds at random, and with folds that keep
the proposed groups together. What the second has less is what the first owes to knowing the speaker, the recording, the
day: it says nothing about others. Groups that nobody named may be none, so it is told and nothing is changed by it.
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from headstart.data.group_proposals import propose_groups_of
from headstart.data.proposed_group import GroupProposal
from headstart.data.samples import Subset
from headstart.diagnostics.group_check import GroupCheck
from headstart.evaluation.grouping import Targets
from headstart.evaluation.mean_comparison import mean_standard_error
from headstart.heads.folds import count_folds, make_fold_groups
from headstart.heads.head import NOT_KEPT
from headstart.selection.context import FitContext
from headstart.selection.probes import LAYER, base_head_name, fit_probe
from headstart_runtime.arrays import Doubles, Ints

MOST_ROWS = 4000  #: that are cross-validated
MOST_MEASURED = 5  #: proposals
SHARED = 0.5  #: share of the test items whose group was learnt from; with fewer the test is mostly of others
LEAST = 0.005  #: of a share, by which folds of groups have to be worse before a part of names is spoken of
ERRORS = 2.5  #: standard errors, likewise


def check_groups(context: FitContext) -> GroupCheck | None:
    """Return what groups that were proposed would make of the score: those of the first proposal that matter.

    Where none matters, that of a table's column is told all the same, for its name asks for it; None where there is
    none, where groups are known, or where nobody of test was learnt from.

    Args:
        context: of the first backbone; its features of the last layer are used.
    """
    if (context.settings.group_column or "").strip().lower() == "none":
        return None
    proposals = list(propose_groups_of(context.samples))[:MOST_MEASURED]
    shared = [_find_shared(context, proposal) for proposal in proposals]
    kept = [(proposal, share) for proposal, share in zip(proposals, shared, strict=True) if share >= SHARED]
    if not kept:
        return None
    rows = _Rows(context)
    first: GroupCheck | None = None
    for proposal, share in kept:
        found = rows.check(proposal, share)
        if found is not None and found.significant:
            return found
        if proposal in context.samples.proposed_groups:
            first = first or found
    return first


def _find_shared(context: FitContext, proposal: GroupProposal) -> float:
    """Return the share of the test items whose group is in train or validation too."""
    seen = {proposal.groups.get(it.name, "") for it in context.samples_in(Subset.TRAIN, Subset.VALIDATION)} - {""}
    test = [proposal.groups.get(it.name, "") in seen for it in context.samples_in(Subset.TEST)]
    return sum(test) / max(1, len(test))


class _Rows:
    """Rows of all subsets with their features, cross-validated with folds at random once."""

    def __init__(self, context: FitContext) -> None:
        self._context = context
        everything = context.training_set([context.branch(LAYER)], *Subset)
        samples = context.samples_in(*Subset)
        chance = np.random.default_rng(context.settings.seed)
        some = np.sort(chance.permutation(len(samples))[:MOST_ROWS])
        self._set = replace(everything.take(some), tolerance=NOT_KEPT)
        self._samples = [samples[place] for place in some.tolist()]
        self._strata = context.strata(*Subset)[some]
        self._head = _choose_head(context)
        self._fixed = fit_probe(context, self._head).chosen
        self._random: Doubles | None = None

    def check(self, proposal: GroupProposal, shared: float) -> GroupCheck | None:
        """Return the scores by the groups of a proposal; None where no folds can be made by them."""
        names = [proposal.groups.get(it.name, "") or f"\0{it.name}" for it in self._samples]
        _, numbers = np.unique(names, return_inverse=True)
        together = make_fold_groups(self._strata, numbers.astype(np.int64))
        if count_folds(self._strata, together.groups, 2) < 2:
            return None
        if self._random is None:
            self._random = self._score(self._set.groups)
        counted = together.counted if together.counted.any() else np.ones(len(names), np.bool_)
        random, grouped = self._random[counted], self._score(together.groups)[counted]
        difference, measure = random - grouped, self._context.task.measure
        error, gap = mean_standard_error(difference, numbers[counted]), float(difference.mean())
        significant = gap > ERRORS * error and (not measure.share or gap >= LEAST)
        if significant:  # or do groups of these sizes and classes do as much, whoever is in them?
            dealt = self._score(_deal(together.groups, self._strata, self._context.settings.seed))[counted]
            significant = float((dealt - grouped).mean()) > ERRORS * error
        sign = 1.0 if measure.greater else -1.0
        return GroupCheck(
            proposal.what,
            proposal.flag,
            len(Counter(name for name in names if not name.startswith("\0"))),
            len(random),
            shared,
            sign * float(random.mean()),
            sign * float(grouped.mean()),
            error,
            significant,
        )

    def _score(self, groups: Ints) -> Doubles:
        """Return the score (N,) of each row, greater is better, by a head that was fitted without its fold."""
        context, rows = self._context, replace(self._set, groups=groups)
        outputs = context.task.heads.predict_held_out(rows, self._head, context.settings, self._fixed)
        return context.task.scoring.score_arms(Targets(rows.targets, groups), {"head": outputs})["head"].scores


def _deal(groups: Ints, strata: Ints, seed: int) -> Ints:
    """Return groups (N,) dealt anew among the rows of each stratum (N,): as many of each size and class as there were.

    A head that is fitted without a group of one class knows that class less, whoever the group is.
    """
    chance, dealt = np.random.default_rng(seed), groups.copy()
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        dealt[rows] = groups[chance.permutation(rows)]
    return dealt


def _choose_head(context: FitContext) -> str:
    """Return the head of the probes where it can be solved many times over, else the task's default."""
    head = base_head_name(context)
    return head if head in context.task.heads.solved else context.task.heads.default
