"""Files of one name in several folders: the masks among them do not count, nor do other parts than the table's own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from headstart.data.readers.words import split_words
from headstart.data.samples import Subset
from headstart.data.subsets import parse_subset
from headstart_runtime.modalities.item import SourceHints

_MASKS = frozenset(
    "mask masks truth seg segm segmentation segmentations groundtruth gt trimap trimaps label labels "  # noqa: SIM905
    "annotation annotations heatmap heatmaps depth thumbs thumbnails".split()
)
_FILLER = frozenset("ground maps class set sets data".split())  # noqa: SIM905
_PLACES = frozenset({"data", "dataset", "files", "raw", "media"})


@dataclass(frozen=True, slots=True)
class NameChoice:
    """The choice among files that a row may mean by their name."""

    hints: SourceHints  #: of the modality
    part: Subset | None = None  #: of all rows of the table; None where its name says none

    def choose(self, files: Sequence[str]) -> list[str]:
        """Return the files that may be meant: those in a place for items or a part, not masks; of the table's part.

        Args:
            files: paths with "/".
        """
        items = [file for file in files if not self._is_mask(file)]
        if items and len(items) < len(files) and all(self._is_in_place(file) for file in items):
            files = items
        inside = [file for file in files if self.part and find_part(file) is self.part]
        return inside or list(files)

    def choose_all(self, found: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Return what each of some paths may mean, of the files that have its name.

        Where parts have files of the same names, a file that only another part has is none of this table's.
        """
        chosen = {path: self.choose(files) for path, files in found.items()}
        parts = [{find_part(file) for file in files} for files in found.values()]
        if self.part and any(len(those) > 1 and self.part in those for those in parts):
            return {path: files for path, files in chosen.items() if find_part(files[0]) in (None, self.part)}
        return chosen

    def _is_mask(self, file: str) -> bool:
        filling = _FILLER | self.hints.container_words
        steps = (set(split_words(step)) for step in PurePosixPath(file).parts[:-1])
        return any(
            words & _MASKS and all(word in _MASKS | filling or parse_subset(word) for word in words) for words in steps
        )

    def _is_in_place(self, file: str) -> bool:
        places = _PLACES | self.hints.container_words
        words = {word for step in PurePosixPath(file).parts[:-1] for word in split_words(step)}
        return bool(words & places) or any(map(parse_subset, words))


def find_part(file: str) -> Subset | None:
    """Return the one part that the folders of a file say; None for none or several."""
    words = (word for step in PurePosixPath(file).parts[:-1] for word in split_words(step))
    parts = {part for word in words if (part := parse_subset(word))}
    return parts.pop() if len(parts) == 1 else None


def find_table_subset(table: Path) -> Subset | None:
    """Return the part that a word of a table's name says, else the name of its folder; None where neither does."""
    return next(iter(_list_subsets(table)), parse_subset(table.parent.name))


def find_sure_subset(table: Path) -> Subset | None:
    """Return the only part that a table's name says, else the name of its folder; None for none or several."""
    found = set(_list_subsets(table))
    return found.pop() if len(found) == 1 else parse_subset(table.parent.name) if not found else None


def _list_subsets(table: Path) -> list[Subset]:
    words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", table.stem).lower())
    return [subset for word in words if (subset := parse_subset(word))]
