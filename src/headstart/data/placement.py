"""Placement of groups into subsets: by content and seed only, each class in its shares, no group separated.

Groups come in the order of a keyed hash of their content. TEST takes from that order until its shares are filled, then
VALIDATION does, and TRAIN gets the rest: samples that are added later move only those near the two borders.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from headstart.data.samples import Subset

#: Share of the best group's gain that one has to have: of those that serve about as well the seed chooses, or a few
#: large groups (six patients) would be split in one way whatever the seed.
ALMOST = 0.8
_ATTEMPTS = 50  #: orders that are tried where groups of several classes get into each other's way


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """The samples of each class in a group."""

    key: str  #: the smallest digest in it
    counts: Mapping[int, int]  #: class -> samples of it
    samples: int | None = None  #: in it, where one may be of several classes; None: of one each

    @property
    def size(self) -> int:
        """Samples in it."""
        return sum(self.counts.values()) if self.samples is None else self.samples


@dataclass(frozen=True, slots=True)
class Placement:
    """The subset of each group."""

    subsets: Mapping[str, Subset]  #: key of the group -> its subset
    lacking: Mapping[int, Sequence[Subset]]  #: class -> subsets without a sample of it; empty when each has one


@dataclass(slots=True)
class _Board:
    """Subsets that are being filled."""

    targets: dict[
        Subset, dict[int, float]
    ]  #: of TEST and VALIDATION, or the latter alone: samples wanted of each class
    held: dict[Subset, Counter[int]]
    subsets: dict[str, Subset] = field(default_factory=dict)

    def put(self, group: GroupCounts, subset: Subset) -> None:
        self.subsets[group.key] = subset
        self.held[subset].update(group.counts)

    def gain(self, group: GroupCounts, subset: Subset) -> float:
        """Return by how much the squared distance to the targets shrinks when the subset gets the group."""
        total = 0.0
        for label, count in sorted(group.counts.items()):
            deficit = self.targets[subset].get(label, 0.0) - self.held[subset][label]
            total += deficit**2 - (deficit - count) ** 2
        return total

    def fits(self, group: GroupCounts, subset: Subset) -> bool:
        """Return whether the subset is better off with the group and not swamped by it."""
        return group.size <= max(1.0, sum(self.targets[subset].values())) and self.gain(group, subset) > 0


def place_groups(
    groups: Sequence[GroupCounts], shares: Mapping[Subset, float], *, seed: int, held: Mapping[Subset, Counter[int]]
) -> Placement:
    """Return a subset for every group.

    Args:
        groups: in any order.
        shares: of TEST and VALIDATION, or of VALIDATION alone, among all samples; TRAIN gets the rest.
        seed: another seed, another order.
        held: samples of each class that the subsets have already.
    """
    best: Placement | None = None
    for attempt in range(_ATTEMPTS):
        placement = _place_once(sorted(groups, key=make_order(seed, attempt)), shares, held)
        if best is None or _count_lacking(placement) < _count_lacking(best):
            best = placement
        if not best.lacking:
            break
    assert best is not None
    return best


def _place_once(
    groups: Sequence[GroupCounts], shares: Mapping[Subset, float], held: Mapping[Subset, Counter[int]]
) -> Placement:
    counts = Counter[int]()
    for some_counts in (*held.values(), *(group.counts for group in groups)):
        counts.update(some_counts)
    targets = {subset: {c: max(1.0, share * n) for c, n in counts.items()} for subset, share in shares.items()}
    train = {c: n - sum(target[c] for target in targets.values()) for c, n in counts.items()}
    targets[Subset.TRAIN] = train
    board = _Board(targets, {subset: Counter(held.get(subset, {})) for subset in targets})
    _cover(board, groups)
    for group in groups:
        if group.key not in board.subsets:
            subset = next((subset for subset in shares if board.fits(group, subset)), Subset.TRAIN)
            board.put(group, subset)
    lacking = {c: [subset for subset in targets if not board.held[subset][c]] for c in sorted(counts)}
    return Placement(board.subsets, {c: subsets for c, subsets in lacking.items() if subsets})


def _cover(board: _Board, groups: Sequence[GroupCounts]) -> None:
    """Place one group of each class in each subset, the classes with the fewest groups first."""
    having: dict[int, list[GroupCounts]] = {}
    for group in groups:
        for label in group.counts:
            having.setdefault(label, []).append(group)
    for label in sorted(having, key=lambda label: (len(having[label]), label)):
        for subset in _find_needy(board, label):
            free = [group for group in having[label] if group.key not in board.subsets]
            if free:
                gains = [board.gain(group, subset) for group in free]
                enough = ALMOST * max(gains) if max(gains) > 0 else max(gains)
                board.put(next(group for group, gain in zip(free, gains, strict=True) if gain >= enough), subset)


def _find_needy(board: _Board, label: int) -> Iterator[Subset]:
    return (subset for subset in board.targets if not board.held[subset][label])


def _count_lacking(placement: Placement) -> int:
    return sum(len(subsets) for subsets in placement.lacking.values())


def make_order(seed: int, attempt: int) -> Callable[[GroupCounts], tuple[bytes, str]]:
    """Return the key that puts groups in an order that nobody can foresee and everybody can repeat."""
    key = f"{seed} {attempt}".encode()
    return lambda group: (blake2b(group.key.encode(), key=key, digest_size=16).digest(), group.key)
