"""Annotations as CVAT exports them: one XML file with an element for each item, which has tags or boxes with labels."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from headstart.data.decisions import Role
from headstart.data.readers.annotations.annotations import AnnotatedItem, AnnotationSet, collect_labels, list_annotated
from headstart.data.readers.evidence import decide_file, find_folder, find_near_top
from headstart.data.readers.json_stream import read_ends
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.data.subsets import parse_subset
from headstart_runtime.errors import DataError

_TAG = "tag"  #: a label of a whole item


class CvatReader:
    """The reader of CVAT's XML file and of a folder with it."""

    suffixes: tuple[str, ...] = (".xml",)
    label_place: str = "its annotations"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file is such annotations, or a folder has one."""
        if tree is not None:
            return any(map(_is_cvat, find_near_top(tree, (".xml",))))
        return isinstance(source, Path) and source.is_file() and _is_cvat(source)

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the items with one tag, or whose boxes have one label.

        Raises:
            DataError: a file is damaged, or what it says cannot be read as one class for each item.
        """
        files = [path for path in find_near_top(tree, (".xml",)) if _is_cvat(path)] if tree else [source]
        found = [one for file in files for one in _read_elements(file)]
        tagged = any(kind == _TAG for _, labels in found for kind, _ in labels)
        items = []
        for attributes, labels in found:
            taken = collect_labels(label for kind, label in labels if kind == _TAG or not tagged)
            path = attributes.get("name", "").replace("\\", "/")
            items.append(AnnotatedItem(path, taken, parse_subset(attributes.get("subset", ""))))
        folder = tree.root if tree else find_folder(source, [item.path for item in items])
        marks = "tags" if tagged else "boxes"
        decisions = tuple(decide_file(file, source, Role.LABELS, f"CVAT annotations: the {marks}") for file in files)
        annotations = AnnotationSet("CVAT annotations", folder, items, frozenset(files), marks, (), decisions)
        return list_annotated(str(source), annotations, tree, context)


def _is_cvat(path: Path) -> bool:
    ends = read_ends(path)
    return ends.startswith(b"<") and b"<annotations>" in ends[:2000] and b"</annotations>" in ends


def _read_elements(file: Path) -> Iterator[tuple[dict[str, str], list[tuple[str, str]]]]:
    """Yield the attributes of each item, and kind and label of what is drawn in it."""
    if b"<!DOCTYPE" in (ends := read_ends(file)) or b"<!ENTITY" in ends:  # entities may grow beyond any memory
        raise DataError(f"{str(file)!r} defines entities, as no annotations do; export it again")
    depth = 0
    try:
        for event, element in ElementTree.iterparse(file, ("start", "end")):  # noqa: S314 (without entities)
            depth += 1 if event == "start" else -1
            if event == "end" and depth == 1:
                if "name" in element.attrib and "width" in element.attrib:
                    yield (
                        dict(element.attrib),
                        [(one.tag, one.attrib["label"]) for one in element if "label" in one.attrib],
                    )
                element.clear()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise DataError(f"{str(file)!r} is no whole XML file: {error}; export it again") from None
