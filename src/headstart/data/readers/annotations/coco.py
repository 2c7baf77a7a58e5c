"""COCO annotations: one JSON file, or one for each subset, beside the items or in a folder of their own.

The format is of T.-Y. Lin et al., *Microsoft COCO: Common Objects in Context* (2014): arrays of items (``id``,
``file_name``), of annotations with an item and a category, and of categories.
"""

from pathlib import Path
from typing import Any

from headstart.data.decisions import Role
from headstart.data.readers.annotations.annotation_files import choose_files, find_annotated_file
from headstart.data.readers.annotations.annotations import (
    WHOLE,
    AnnotatedItem,
    AnnotationSet,
    collect_labels,
    list_annotated,
)
from headstart.data.readers.evidence import decide_file, describe_files, find_folder, find_near_top, find_subset_in_path
from headstart.data.readers.json_stream import has_lines, iter_json, read_ends
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.data.samples import Subset


class CocoReader:
    """The reader of COCO annotations and of a folder with them."""

    suffixes: tuple[str, ...] = (".json",)
    label_place: str = "its annotations"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file is such annotations, or a folder has some."""
        if tree is not None:
            return bool(_find_files(tree))
        return isinstance(source, Path) and source.is_file() and is_coco(source)

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the items with the categories of their annotations.

        Raises:
            DataError: a file is damaged, or what it says cannot be read as one class for each item.
        """
        every = _find_files(tree) if tree else [source]
        files = choose_files(source, every, "COCO annotations", "instances") if tree else dict.fromkeys(every)
        decisions = [
            decide_file(file, source, Role.SKIPPED, "annotations of the same part as its instances")
            for file in every
            if file not in files
        ]
        items: list[AnnotatedItem] = []
        regions = False
        for file, part in files.items():
            subset = part if len(files) > 1 else None
            found, marked = _read_items(file, subset)
            regions = regions or marked
            reason = f"COCO annotations of {subset}, by its name" if subset else "COCO annotations"
            decisions.append(decide_file(file, source, Role.LABELS, reason, count=len(found)))
            items += found
        folder = tree.root if tree else find_folder(source, [item.path for item in items])
        notes = (f"the labels come from {describe_files(list(files), source)}",) if tree else ()
        annotations = AnnotationSet(
            "COCO annotations",
            folder,
            items,
            frozenset(files),
            "annotations" if regions else WHOLE,
            notes,
            tuple(decisions),
        )
        return list_annotated(str(source), annotations, tree, context)


def is_coco(path: Path) -> bool:
    """Return whether a file looks like COCO annotations of categories."""
    ends = read_ends(path)
    whole = ends.startswith(b"{") and not has_lines(ends)
    return whole and b'"file_name"' in ends and (b'"categories"' in ends or b'"category_id"' in ends)


def _find_files(tree: FileTree) -> list[Path]:
    return [path for path in find_near_top(tree, (".json",)) if is_coco(path)]


def _read_items(file: Path, subset: Subset | None) -> tuple[list[AnnotatedItem], bool]:
    """Return the items of a file, and whether its annotations are of regions of them."""
    regions = False
    names: dict[str, str] = {}
    categories: dict[str, str] = {}
    used: dict[str, dict[str, None]] = {}
    for key, value in iter_json(file):
        if not isinstance(value, dict):
            continue
        number = str(value.get("id"))
        if key == "categories":
            categories[number] = str(value.get("name"))
        elif "file_name" in value:
            names[number] = value["file_name"] if isinstance(value["file_name"], str) else ""
        elif "category_id" in value:
            regions = regions or bool(value.get("bbox") or value.get("segmentation"))
            owner = next((value[name] for name in value if name.endswith("_id") and name != "category_id"), None)
            used.setdefault(str(owner), {})[str(value["category_id"])] = None
    items = []
    folders = _list_folders(file)
    for number, name in names.items():
        ids = used.get(number, {})
        unknown = [one for one in ids if one not in categories]
        problem = f"category {unknown[0]} has no name" if unknown else "" if name else "no file_name"
        labels = collect_labels(categories[one] for one in ids if one in categories)
        place = find_annotated_file(file, name, folders)
        items.append(AnnotatedItem(name.replace("\\", "/"), labels, subset, place, problem))
    return items, regions


def _list_folders(file: Path) -> list[Path]:
    """Return the usual folders of the items of a file, by the subset in its name: equal names in subsets stay apart."""
    words = [word for word in file.stem.split("_") if find_subset_in_path(Path(word), Path())]
    return [base / word for word in words for base in (file.parent, file.parent.parent)]
