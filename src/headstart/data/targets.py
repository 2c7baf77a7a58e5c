"""Labels of a source as targets: the task is chosen, then it reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headstart.data.names import normalise_class_name
from headstart.data.readers.label_forms import FORM_WORDS
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.label_text import LabelForm
from headstart.tasks.facet_checks import check_facets, reject_unreadable_tasks
from headstart.tasks.facets import Claim, LabelSource
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.tasks.task import DEFAULT, REGISTRY, Target, TargetSpace, Task, get_task

AUTO = "auto"  #: the setting by which the labels decide
MOST_PROBLEMS = 3  #: in one message
MOST_CONTRADICTED = 0.2  #: share of the items that may lie under several labels, before the task has to be named


@dataclass(frozen=True)
class TaskChoice:
    """The task of a source."""

    task: Task
    notes: tuple[str, ...] = ()  #: why it was taken, for a person
    proposals: tuple[str, ...] = ()  #: other tasks that the labels may be meant for, for a person
    doubt: str = ""  #: why one has to be named; "" where none has


@dataclass(frozen=True)
class ReadTargets:
    """The targets of a source."""

    task: Task
    space: TargetSpace
    by_label: Mapping[str, Target]  #: label as it is written -> target


def find_read_forms(name: str) -> frozenset[LabelForm] | None:
    """Return the forms of labels that the task of a name reads; None of ``AUTO``."""
    if name == AUTO:
        return None
    check_facets(name)
    return get_task(name).targets.reads


def make_label_source(listing: SourceListing, order: str | None = None, contradicted: float = 0.0) -> LabelSource:
    """Return how a source writes its labels.

    Args:
        listing: of the source.
        order: the setting: labels with commas between.
        contradicted: see ``LabelSource``.
    """
    named = tuple(normalise_class_name(label) for label in order.split(",")) if order else ()
    return LabelSource(
        tuple(sorted(listing.classes)), listing.form, listing.label_columns, contradicted, listing.form_reason, named
    )


def choose_task(name: str, labels: Sequence[str], source: LabelSource) -> TaskChoice:
    """Return the task of a name, or the one that labels look like.

    Args:
        name: of the task, or ``AUTO``.
        labels: as they are written.
        source: how they are written.

    Raises:
        SettingError: there is no such task, or it has no use of an order that is given.
        DataError: the labels are surely of several tasks, or of a form that the task does not read.
        PluginError: the task is of another package, and lacks what is asked of it.
    """
    reject_unreadable_tasks()
    choice = TaskChoice(get_task(name)) if name != AUTO else _choose_by_labels(labels, source)
    check_facets(choice.task.name)
    reading = choice.task.targets
    if source.form not in reading.reads:
        raise DataError(_describe_unread_form(choice.task, source))
    if source.order and not reading.ordered:
        raise SettingError(
            f"--order is given, and {choice.task.title} has no order of labels; drop it{_find_ordered()}"
        )
    return choice


def _choose_by_labels(labels: Sequence[str], source: LabelSource) -> TaskChoice:
    def claim(task: Task) -> Claim | None:
        return None if task.name == DEFAULT else task.targets.claim(labels, source)

    claims = {task.name: found for task, found in REGISTRY.poll(claim) if labels and found is not None}
    certain = [other for other, claim in claims.items() if claim.certain]
    if not certain and source.form not in get_task(DEFAULT).targets.reads:
        certain = [other for other in claims if source.form in get_task(other).targets.reads]
    if len(certain) > 1:
        listed = "; ".join(f"{other}: {claims[other].reason}" for other in certain)
        flags = " or ".join(f"--task {other}" for other in certain)
        raise DataError(f"the labels may be of several tasks ({listed}); choose one: {flags}")
    title = get_task(DEFAULT).title
    if not certain:
        proposals = tuple(
            f"the labels are read for {title}; they may be meant for another task: {claim.reason}; --task {other} if so"
            for other, claim in claims.items()
        )
        sets = [other for other in claims if "several" in get_task(other).targets.reads]
        return TaskChoice(get_task(DEFAULT), proposals=proposals, doubt=_describe_contradicted(source, sets))
    chosen = get_task(certain[0])
    other = f"; --task {DEFAULT} if not" if source.form in get_task(DEFAULT).targets.reads else ""
    return TaskChoice(chosen, (f"the labels are read for {chosen.title}: {claims[chosen.name].reason}{other}",))


def _describe_contradicted(source: LabelSource, tasks: Sequence[str]) -> str:
    """Return that many items lie under several labels, and the tasks of which one is meant; "" where few do."""
    if source.contradicted <= MOST_CONTRADICTED or not tasks:
        return ""
    flags = " or ".join(f"--task {name}" for name in tasks)
    return (
        f"{source.contradicted:.0%} of the rows are of items that lie under several labels, byte for byte; if they "
        f"have all of these, add {flags}; if only one of them is right, add --task {DEFAULT}: they are skipped then"
    )


def _describe_unread_form(task: Task, source: LabelSource) -> str:
    """Return why a task does not read a source's labels, and what reads them."""
    others = [other.name for other in REGISTRY.all().values() if source.form in other.targets.reads]
    wanted = " or ".join(sorted(FORM_WORDS[form] for form in task.targets.reads))
    seen = f" ({source.reason})" if source.reason else ""
    ways = "; " + " or ".join(f"--task {name} reads them" for name in others) if others else ""
    return f"there are {FORM_WORDS[source.form]}{seen}; {task.title} reads {wanted}{ways}"


def _find_ordered() -> str:
    """Return the flags of tasks that read an order of labels; "" where there is none."""
    names = [task.name for task in REGISTRY.all().values() if task.targets.ordered]
    return f", or add {' or '.join(f'--task {name}' for name in names)}" if names else ""


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
                row = f"row {raw.row}: " if raw.row else ""
                problems[raw.label] = f"{row}{raw.name!r}: {error}"
    if problems:
        rest = len(problems) - MOST_PROBLEMS
        more = f"; and {rest} more labels like these" if rest > 0 else ""
        raise DataError("; also: ".join(list(problems.values())[:MOST_PROBLEMS]) + more)
    return ReadTargets(task, space, found)
