"""Files of annotations in a folder: one, or one for each part, and the files of the items that they name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.data.decisions import Decision, Role
from headstart.data.readers.annotations.annotations import LONGEST_PATH, AnnotationSet, list_annotated
from headstart.data.readers.annotations.questions import PREFERRED, LabelledTask, choose_question, decide_questions
from headstart.data.readers.annotations.questions import make_item as make_annotated_item
from headstart.data.readers.evidence import decide_file, describe_files, find_folder, find_subset_in_path
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree, is_file_there
from headstart.data.samples import Subset
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A file of annotations, and what it says."""

    path: Path
    subset: Subset | None  #: by its name or the folders it lies in
    tasks: Sequence[LabelledTask]


def choose_files(source: Path, files: Sequence[Path], name: str, prefix: str = "") -> dict[Path, Subset | None]:
    """Return the files that are read, one for each part, and their parts.

    Args:
        source: the folder.
        files: all of the format in it.
        name: of the format, for a person.
        prefix: how names begin that are taken before others of the same part.

    Raises:
        DataError: several are of one part.
    """
    by_subset: dict[Subset | None, list[Path]] = {}
    for file in files:
        by_subset.setdefault(find_subset_in_path(file, source), []).append(file)
    chosen: dict[Path, Subset | None] = {}
    for subset, same in by_subset.items():
        best = [file for file in same if prefix and file.name.startswith(prefix)] or same
        if len(best) > 1:
            raise DataError(
                f"{str(source)!r} has several files of {name}, {describe_files(best, source)}, for the same part; "
                f"name one: headstart check {quote_argument(best[0])}"
            )
        chosen[best[0]] = subset
    return chosen


def find_annotated_file(file: Path, path: str, folders: Sequence[Path] = ()) -> Path | None:
    """Return the file that a path in a file of annotations means, beside that or in one of some folders."""
    if not path or "\0" in path or len(path) > LONGEST_PATH:
        return None
    return next((place for folder in (file.parent, *folders) if is_file_there(place := folder / path)), None)


def list_tasks(
    source: Path,
    tree: FileTree | None,
    context: ReadContext,
    name: str,
    files: Sequence[TaskFile],
    marks: tuple[str, str] = ("labels", "boxes"),
    left: Sequence[Path] = (),
    fields: Sequence[Decision] = (),
) -> SourceListing:
    """Return the items of files of annotations that say one class of each.

    Args:
        source: as it was given.
        tree: the source, where it is a folder.
        context: may name the question that is the label.
        name: of the annotations, for a person.
        files: one at least.
        marks: the words for what is said of whole items, and of regions.
        left: files of the format that are not read.
        fields: decisions on what else is said of items.

    Raises:
        DataError: it cannot be told which question is meant, or items have several classes or none.
    """
    tasks = [task for file in files for task in file.tasks]
    question, notes = choose_question(str(source), tasks, context, PREFERRED)
    items = [make_annotated_item(task, question) for task in tasks]
    folder = tree.root if tree else find_folder(source, [item.path for item in items])
    decisions: list[Decision] = [
        decide_file(file, source, Role.SKIPPED, f"{name} of the same part as another file") for file in left
    ]
    for file in files:
        reason = f"{name}, {file.subset} by its name" if file.subset and len(files) > 1 else name
        decisions.append(decide_file(file.path, source, Role.LABELS, reason, count=len(file.tasks)))
    decisions += [*decide_questions(tasks, question, marks[1]), *fields]
    where = (f"the labels come from {describe_files([file.path for file in files], source)}",) if tree else ()
    found = AnnotationSet(
        name,
        folder,
        items,
        frozenset(file.path for file in files),
        marks[0] if question else marks[1],
        (*where, *notes),
        tuple(decisions),
    )
    return list_annotated(str(source), found, tree, context)
