"""Labels of a source as targets: the task is chosen, then it reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headstart.data.readers.listing import RawSample, SourceListing
from headstart.errors import DataError
from headstart.tasks.facets import Claim, LabelSource
from headstart.tasks.task import DEFAULT, REGISTRY, Target, TargetSpace, Task, get_task

AUTO = "auto"  #: the setting by which the labels decide
MOST_PROBLEMS = 3  #: in one message


@dataclass(frozen=True)
class TaskChoice:
    """The task of a source."""

    task: Task
    notes: tuple[str, ...] = ()  #: other tasks that the labels may be meant for, for a person


@dataclass(frozen=True)
class ReadTargets:
    """The targets of a source."""

    task: Task
    space: TargetSpace
    by_label: Mapping[str, Target]  #: label as it is written -> target


def make_label_source(listing: SourceListing) -> LabelSource:
    """Return how a source writes its labels."""
    return LabelSource(tuple(sorted(listing.classes)), listing.form, listing.label_columns)


def choose_task(name: str, labels: Sequence[str], source: LabelSource) -> TaskChoice:
    """Return the task of a name, or the one that labels look like.

    Args:
        name: of the task, or ``AUTO``.
        labels: as they are written.
        source: how they are written.

    Raises:
        SettingError: there is no such task.
        DataError: the labels are surely of several tasks.
    """
    if name != AUTO:
        return TaskChoice(get_task(name))

    def claim(task: Task) -> Claim | None:
        return None if task.name == DEFAULT else task.targets.claim(labels, source)

    claims = {task.name: found for task, found in REGISTRY.poll(claim) if labels and found is not None}
    certain = [(other, claim.reason) for other, claim in claims.items() if claim.certain]
    if len(certain) > 1:
        listed = "; ".join(f"{other}: {reason}" for other, reason in certain)
        raise DataError(f"the labels may be of several tasks ({listed}); choose one with --task")
    if certain:
        chosen, reason = certain[0]
        task = get_task(chosen)
        return TaskChoice(task, (f"the labels are read for {task.title}: {reason}; --task {DEFAULT} if not",))
    title = get_task(DEFAULT).title
    notes = tuple(
        f"the labels are read for {title}; they may be meant for another task: {claim.reason}; --task {other} if so"
        for other, claim in claims.items()
    )
    return TaskChoice(get_task(DEFAULT), notes)


def read_targets(task: Task, source: LabelSource, samples: Sequence[RawSample]) -> ReadTargets:
    """Return the targets of a source's labels.

    Raises:
        DataError: labels that the task cannot have.
    """
    space = task.targets.read_space({raw.name: raw.label for raw in samples}, source)
    found: dict[str, Target] = {}
    problems: dict[str, str] = {}
    for raw in samples:
        if raw.label not in found and raw.label not in problems:
            try:
                found[raw.label] = task.targets.parse(space, raw.label)
            except DataError as error:
                problems[raw.label] = f"{raw.name!r}: {error}"
    if problems:
        rest = len(problems) - MOST_PROBLEMS
        more = f"; and {rest} more labels like these" if rest > 0 else ""
        raise DataError("; also: ".join(list(problems.values())[:MOST_PROBLEMS]) + more)
    return ReadTargets(task, space, found)
