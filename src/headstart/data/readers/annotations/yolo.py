"""YOLO's boxes: a text file for each item with a line for each box, and a file that names the classes.

A line is the class's number and the box, or a polygon, in shares of the edges (J. Redmon's Darknet). The files lie in
``labels`` beside the folder of the items, or beside the items. YOLO's layout for classification is plain folders.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from headstart.data.choose_modality import choose_by_names
from headstart.data.decisions import Role
from headstart.data.readers.annotations.annotations import AnnotatedItem, AnnotationSet, collect_labels, list_annotated
from headstart.data.readers.evidence import (
    decide_file,
    decide_folders,
    find_near_top,
    find_subset_in_folders,
    iter_folders,
)
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart_runtime.errors import refuse_machine_faults

FOLDER = "labels"
_NAMES = ("classes.txt", "obj.names", "coco.names", "predefined_classes.txt")
_LOOK_AT = 5  #: text files of which one has to have a box
_MOST_BYTES = 4_000_000  #: of one text file


class YoloReader:
    """The reader of a folder with YOLO's boxes."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "its boxes"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a folder has YOLO's boxes."""
        return tree is not None and (bool(_find_label_folders(tree)) or _has_boxes_beside(tree))

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the items whose boxes are of one class.

        Raises:
            DataError: their boxes are of several classes, or there are none.
        """
        assert tree is not None
        names, files = _read_names(tree)
        others = (it.name for it in tree.files_under(tree.root) if it.suffix.lower() != ".txt")
        choice = choose_by_names(context.options.modality, others, repr(str(source)))
        suffixes = choice.modality.suffixes
        decisions = [
            decide_file(file, tree.root, Role.CLASS_NAMES, "names the classes of the boxes", count=len(names))
            for file in files
        ]
        items, marked = [], []
        for path, boxes in _iter_pairs(tree, suffixes):
            labels, problem = _read_boxes(boxes)
            files.add(boxes)
            marked += [boxes] if labels else []
            taken = collect_labels(names.get(label, label) for label in labels)
            subset = find_subset_in_folders(path, tree.root)
            items.append(AnnotatedItem(path.relative_to(tree.root).as_posix(), taken, subset, path, problem))
        notes = (
            () if names else ("no file names the classes (data.yaml, classes.txt); they are called by their numbers",)
        )
        decisions += decide_folders(marked, tree.root, Role.LABELS, "YOLO boxes, a file of each")
        annotations = AnnotationSet("YOLO boxes", tree.root, items, frozenset(files), "boxes", notes, tuple(decisions))
        return list_annotated(str(source), annotations, tree, context)


def _find_label_folders(tree: FileTree) -> list[Path]:
    """Return the folders called labels that have boxes in them and folders beside them."""
    found = []
    for folder in iter_folders(tree):
        if folder.name.lower() != FOLDER or folder == tree.root:
            continue
        inside = (path for path in tree.files_under(folder) if path.suffix == ".txt" and path.name not in _NAMES)
        texts = [path for path, _ in zip(inside, range(_LOOK_AT), strict=False)]
        if any(_read_boxes(path)[0] for path in texts):
            found.append(folder)
    return found


def _has_boxes_beside(tree: FileTree) -> bool:
    """Return whether a file names classes and boxes lie beside the items, as Darknet wants them."""
    if not _read_names(tree)[0]:
        return False
    texts = [path for path in find_near_top(tree, (".txt",)) if path.name not in _NAMES]
    paired = [path for path in texts if any(it.stem == path.stem and it != path for it in tree.scan(path.parent).files)]
    return any(_read_boxes(path)[0] for path in paired[:_LOOK_AT])


def _iter_pairs(tree: FileTree, suffixes: Iterable[str]) -> Iterator[tuple[Path, Path]]:
    """Yield each item with the place of its boxes, whether a file is there or not."""
    endings = frozenset(suffixes)
    if not (folders := _find_label_folders(tree)):
        yield from ((it, it.with_suffix(".txt")) for it in tree.files_under(tree.root) if it.suffix.lower() in endings)
    for folder in folders:
        for beside in tree.scan(folder.parent).folders:
            if beside == folder or beside.name.lower() == FOLDER:
                continue
            for path in tree.files_under(beside):
                if path.suffix.lower() in endings:
                    yield path, (folder / path.relative_to(beside)).with_suffix(".txt")


def _read_boxes(path: Path) -> tuple[list[str], str]:
    """Return the numbers of the classes of the boxes in a file, and why it cannot be used."""
    try:
        if not path.is_file():
            return [], ""
        if path.stat().st_size > _MOST_BYTES:
            return [], "its file of boxes is too long"
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return [], "its file of boxes is no text"
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(path)!r}")
        return [], f"its file of boxes is unreadable: {error.strerror or error}"
    labels = []
    for number, line in enumerate(lines, 1):
        cells = line.split()
        if not cells:
            continue
        if len(cells) < 5 or not re.fullmatch(r"\d{1,6}(\.0*)?", cells[0]) or not all(map(_is_number, cells[1:])):
            return [], f"line {number} of its file of boxes is no box"
        labels.append(str(int(float(cells[0]))))
    return labels, ""


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text) is not None


def _read_names(tree: FileTree) -> tuple[dict[str, str], set[Path]]:
    """Return number -> name of a class, and the files that say so."""
    for path in find_near_top(tree, (".yaml", ".yml", ".txt", ".names")):
        if path.suffix.lower() in (".txt", ".names") and path.name not in _NAMES:
            continue
        try:
            text = path.read_text("utf-8-sig") if path.stat().st_size < _MOST_BYTES else ""
        except (OSError, UnicodeDecodeError):
            continue
        names = dict(parse_yaml_names(text)) if path.suffix.lower() in (".yaml", ".yml") else _number_lines(text)
        if names:
            return names, {path}
    return {}, set()


def _number_lines(text: str) -> dict[str, str]:
    return {str(number): name.strip() for number, name in enumerate(text.splitlines()) if name.strip()}


def parse_yaml_names(text: str) -> Iterator[tuple[str, str]]:
    """Yield number and name of each class under ``names:`` of a YAML text: a list or a mapping, in one line or many."""
    match = re.search(r"^names\s*:[ \t]*(.*)$", text, re.MULTILINE)
    if match is None:
        return
    rest = text[match.start(1) :].lstrip()
    if rest[:1] in ("[", "{"):
        end = rest.find("]" if rest[0] == "[" else "}")
        entries = re.findall(r"'(?:[^']|'')*'|\"[^\"]*\"|[^,\n]+", rest[1 : end if end > 0 else None])
        entries = [entry.strip() for entry in entries if entry.strip()]
    else:
        entries = []
        for line in text[match.end() :].splitlines():
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            if not re.match(r"\s+\S|-\s", line):
                break
            entries.append(re.sub(r"^-\s+", "", line.strip()))
    for place, entry in enumerate(entries):
        keyed = re.fullmatch(r"(\d+)\s*:\s*(.*)", entry)
        yield (keyed[1], _unquote(keyed[2])) if keyed else (str(place), _unquote(entry))


def _unquote(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("''", "'")
    return text.split(" #")[0].strip()
