"""Annotations in the XML of PASCAL VOC: a file for each item, and lists of the items of each subset and class.

M. Everingham et al., *The PASCAL Visual Object Classes Challenge* (2010). Many tools write the same XML beside items.
Where there is no XML, the lists of each class in ``Main`` say which items have it (1) and which do not (-1).
"""

from collections import defaultdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from headstart.data.decisions import Role
from headstart.data.readers.annotations.annotations import AnnotatedItem, AnnotationSet, collect_labels, list_annotated
from headstart.data.readers.evidence import (
    decide_file,
    decide_folders,
    find_beside,
    find_near_top,
    find_subset_in_folders,
    iter_folders,
)
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.data.samples import Subset
from headstart.data.subsets import parse_subset
from headstart_runtime.errors import refuse_machine_faults

LISTS = "Main"  #: the folder with lists of items
MOST_BYTES = 4_000_000  #: of one XML file
_LOOK_AT = 8  #: XML files by which the format is known


class VocReader:
    """The reader of a folder with VOC annotations."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "its annotations"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a folder has such annotations, or lists of the items of each class."""
        if tree is None:
            return False
        return any(map(is_voc, find_near_top(tree, (".xml",))[:_LOOK_AT])) or bool(_find_class_lists(tree))

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the items whose annotations are of one class.

        Raises:
            DataError: what they say cannot be read as one class for each item.
        """
        assert tree is not None
        subsets = _read_subsets(tree)
        files = [path for path in tree.files_under(tree.root) if path.suffix.lower() == ".xml" and is_voc(path)]
        lists = frozenset(file for folder in _find_lists(tree) for file in tree.scan(folder).files)
        if files:
            items = [_read_item(path, tree, subsets) for path in files]
            decisions = decide_folders(files, tree.root, Role.LABELS, "VOC annotations, a file of each")
            notes: tuple[str, ...] = ()
        else:
            items = _read_class_lists(tree, subsets)
            decisions = [
                decide_file(path, tree.root, Role.CLASS, "those with a 1", value=name)
                for (name, _), path in _find_class_lists(tree).items()
            ]
            notes = ("the classes come from the lists of each class",)
        decisions += [
            decide_file(path, tree.root, Role.SUBSET, "the list of that part", value=str(parse_subset(path.stem)))
            for path in sorted(lists)
            if path.suffix == ".txt" and parse_subset(path.stem)
        ]
        annotations = AnnotationSet(
            "VOC annotations",
            tree.root,
            items,
            frozenset(files) | lists,
            "annotations",
            notes,
            tuple(decisions),
        )
        return list_annotated(str(source), annotations, tree, context)


def is_voc(path: Path) -> bool:
    """Return whether a file begins like an annotation of VOC."""
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(path)!r}")
        return False
    return b"<annotation>" in head or b"<annotation " in head


def _read_item(file: Path, tree: FileTree, subsets: dict[str, Subset]) -> AnnotatedItem:
    subset = subsets.get(file.stem) or find_subset_in_folders(file, tree.root)
    try:
        if file.stat().st_size > MOST_BYTES:
            return AnnotatedItem(file.stem, (), subset, problem="its annotation is too long")
        content = file.read_bytes()
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:  # entities may grow beyond any memory
            return AnnotatedItem(file.stem, (), subset, problem="its annotation defines entities")
        found = ElementTree.fromstring(content)  # noqa: S314 (without entities)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        return AnnotatedItem(file.stem, (), subset, problem=f"its annotation is no XML: {error}")
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(file)!r}")
        return AnnotatedItem(file.stem, (), subset, problem=f"its annotation is unreadable: {error.strerror or error}")
    named = (found.findtext("filename") or "").strip().replace("\\", "/").rpartition("/")[2]
    names = [(one.findtext("name") or "").strip() for one in found.iter("object")]
    problem = "" if all(names) else "an object has no name"
    place = find_beside(tree, file, named)
    return AnnotatedItem(named if place else file.stem, collect_labels(filter(None, names)), subset, place, problem)


def _find_lists(tree: FileTree) -> list[Path]:
    return [folder for folder in iter_folders(tree) if folder.name == LISTS]


def _find_class_lists(tree: FileTree) -> dict[tuple[str, str], Path]:
    """Return class and subset, as they are called -> the list of what has the class."""
    found = {}
    for folder in _find_lists(tree):
        for path in tree.scan(folder).files:
            name, _, subset = path.stem.rpartition("_")
            if name and path.suffix == ".txt" and subset in ("train", "val", "test", "trainval"):
                found[name, subset] = path
    return found


def _read_subsets(tree: FileTree) -> dict[str, Subset]:
    """Return the names in lists that are called after a subset, without endings -> the subset."""
    found = {}
    for folder in _find_lists(tree):
        for path in tree.scan(folder).files:
            subset = parse_subset(path.stem)
            if subset and path.suffix == ".txt":
                found.update({line.split()[0]: subset for line in _read_lines(path)})
    return found


def _read_class_lists(tree: FileTree, subsets: dict[str, Subset]) -> list[AnnotatedItem]:
    labels: defaultdict[str, list[str]] = defaultdict(list)
    parts: dict[str, Subset | None] = {}
    for (name, part), path in _find_class_lists(tree).items():
        for line in _read_lines(path):
            stem, *flags = line.split()
            labels[stem] += [name] if flags[:1] == ["1"] else []
            parts[stem] = parts.get(stem) or subsets.get(stem) or parse_subset(part)
    return [AnnotatedItem(stem, collect_labels(found), parts[stem]) for stem, found in labels.items()]


def _read_lines(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8-sig", "backslashreplace")
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(path)!r}")
        return []
    return [line for line in text.splitlines() if line.strip()]
