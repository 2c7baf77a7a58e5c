"""The tree of a folder's files, with what is counted in it, from which places of classes are found."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from stat import S_ISREG

from headstart.data.readers.walk import Walk
from headstart.data.samples import Subset
from headstart_runtime.modalities.modality import Modality

LOOK_AT = 20  #: files of unknown endings
HEAD = 1 << 12  #: bytes of each

#: Of files that say something of items but are none; a folder of these alone is no class.
OTHER_ENDINGS = frozenset(
    ".txt .md .rst .csv .tsv .json .xml .yaml .yml .html .htm .pdf .py .ipynb .m .mat .npy .npz .pkl .pt .pth "  # noqa: SIM905
    ".h5 .hdf5 .log .ini .cfg .toml .sh .doc .docx .xls .xlsx .tex .bib".split()
)


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

    def all_folders(self) -> Iterator["FolderNode"]:
        """Yield it and every folder below."""
        yield self
        for child in self.children.values():
            yield from child.all_folders()

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
    unknown: list[tuple[FolderNode, int]] = []  # files whose endings say nothing
    for path in walk.files_under(root.path):
        node = nodes.get(path.parent) or _add_folder(nodes, path.parent)
        name = "/".join((*node.steps, path.name))
        is_item = path.suffix.lower() in modality.suffixes
        node.files.append(FoundFile(name, path, is_item))
        node.items += is_item
        unknown += [(node, len(node.files) - 1)] if not is_item and path.suffix.lower() not in OTHER_ENDINGS else []
    if len(unknown) > sum(node.items for node in nodes.values()) and _are_items(unknown, modality):
        for node, place in unknown:
            node.files[place] = replace(node.files[place], is_item=True)
            node.items += 1
    for node in list(nodes.values()):
        for folder in walk.tree.scan(node.path).folders:
            if folder not in nodes:
                _add_folder(nodes, folder)
        node.children = dict(sorted(node.children.items()))
    for node in sorted(nodes.values(), key=lambda node: -len(node.steps)):
        node.items += sum(child.items for child in node.children.values())
    return root


def _are_items(files: Sequence[tuple[FolderNode, int]], modality: Modality) -> bool:
    """Return whether most of some files are items by their first bytes; a few of them are looked at."""
    some = files[:: max(1, len(files) // LOOK_AT)][:LOOK_AT]
    items = 0
    for node, place in some:
        path = node.files[place].path
        with suppress(OSError):
            if S_ISREG(path.stat().st_mode):
                with path.open("rb") as stream:
                    items += modality.recognise(stream.read(HEAD)) is not False
    return 2 * items > len(some)


def _add_folder(nodes: dict[Path, FolderNode], folder: Path) -> FolderNode:
    above = nodes.get(folder.parent) or _add_folder(nodes, folder.parent)
    nodes[folder] = above.children[folder.name] = FolderNode(folder, (*above.steps, folder.name))
    return nodes[folder]


def sum_items(nodes: Sequence[FolderNode]) -> int:
    """Return the items in some folders and below them."""
    return sum(node.items for node in nodes)


def list_way(root: FolderNode, node: FolderNode) -> list[FolderNode]:
    """Return the folders from a root to one below it, both among them."""
    way = [root]
    for step in node.steps[len(root.steps) :]:
        way.append(way[-1].children[step])
    return way
