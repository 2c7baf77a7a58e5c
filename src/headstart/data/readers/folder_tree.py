"""The tree of a folder's files, with what is counted in it, from which places of classes are found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headstart.data.readers.walk import Walk
from headstart.data.samples import Subset
from headstart.modalities.modality import Modality


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file under a folder, before it has a class."""

    name: str  #: the path under the root, with "/"
    path: Path
    is_item: bool  #: whether its name ends like an item's

    @property
    def stem(self) -> str:
        """The file's name without folders and ending."""
        last = self.name.rpartition("/")[2]
        head, dot, _ = last.rpartition(".")
        return head if dot and head else last


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A file with the folders that may say its class."""

    file: FoundFile
    steps: tuple[str, ...]  #: the folders it lies in, from the first under the root, or under the subset
    subset: Subset | None = None


@dataclass(slots=True, eq=False)
class FolderNode:
    """A folder, and all below it."""

    path: Path
    steps: tuple[str, ...]  #: from the root to it
    children: dict[str, "FolderNode"] = field(default_factory=dict)
    files: list[FoundFile] = field(default_factory=list)  #: those right in it
    items: int = 0  #: in it and below

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def filled(self) -> list["FolderNode"]:
        """The folders right in it that have items, by name."""
        return [child for child in self.children.values() if child.items]

    @property
    def own_items(self) -> list[FoundFile]:
        """The items right in it."""
        return [file for file in self.files if file.is_item]

    def all_files(self) -> Iterator[FoundFile]:
        """Yield every file in it and below."""
        yield from self.files
        for child in self.children.values():
            yield from child.all_files()

    def place_files(self, depth: int, subset: Subset | None = None) -> Iterator[PlacedFile]:
        """Yield every file in it and below, with the folders below one that lies so deep."""
        steps = self.steps[depth:]
        for file in self.files:
            yield PlacedFile(file, steps, subset)
        for child in self.children.values():
            yield from child.place_files(depth, subset)


def grow_tree(walk: Walk, modality: Modality) -> FolderNode:
    """Return the tree of all files that a walk finds; empty folders and links that are not followed are in it too."""
    root = FolderNode(walk.tree.root, ())
    nodes = {root.path: root}
    for path in walk.files_under(root.path):
        node = nodes.get(path.parent) or _add_folder(nodes, path.parent)
        name = "/".join((*node.steps, path.name))
        is_item = path.suffix.lower() in modality.suffixes
        node.files.append(FoundFile(name, path, is_item))
        node.items += is_item
    for node in list(nodes.values()):
        for folder in walk.tree.scan(node.path).folders:
            if folder not in nodes:
                _add_folder(nodes, folder)
        node.children = dict(sorted(node.children.items()))
    for node in sorted(nodes.values(), key=lambda node: -len(node.steps)):
        node.items += sum(child.items for child in node.children.values())
    return root


def _add_folder(nodes: dict[Path, FolderNode], folder: Path) -> FolderNode:
    above = nodes.get(folder.parent) or _add_folder(nodes, folder.parent)
    nodes[folder] = above.children[folder.name] = FolderNode(folder, (*above.steps, folder.name))
    return nodes[folder]


def sum_items(nodes: Sequence[FolderNode]) -> int:
    """Return the items in some folders and below them."""
    return sum(node.items for node in nodes)
