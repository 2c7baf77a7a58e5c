"""Items as ``predict`` and ``explain`` are given them: one, several, or folders of them."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from headstart.errors import UserError
from headstart.modalities.item import Noun
from headstart.modalities.modality import Modality

ITEM = Noun("item", "items")  #: where the kind of data is not at hand


def list_items(modality: Modality, given: Any) -> Iterable[Any]:
    """Return what a caller gave as several items: one alone is a list of one."""
    several: Iterable[Any] = [given] if modality.accepts(given) else given
    return several


def expand_folders(modality: Modality, items: Iterable[Any], skipped: list[str]) -> Iterator[Any]:
    """Yield items; in place of a folder the files in it that are items, by their bytes, in natural order.

    Args:
        modality: of the items.
        items: items and folders.
        skipped: the names of what else lies in folders are added.
    """
    from headstart.data.unlabelled import find_items

    for item in items:
        # os.path: Path.is_dir raises for names that are too long
        if isinstance(item, str | os.PathLike) and os.path.isdir(item):  # noqa: PTH112
            folder, others = Path(item), list[str]()
            for path in find_items(folder, modality, others):
                # the name as the user wrote it, "./a.jpg" included
                yield os.path.join(item, path.relative_to(folder))  # noqa: PTH118
            skipped += [os.path.join(item, name) for name in others]  # noqa: PTH118
        else:
            yield item


def refuse_nothing(modality: Modality, given: object, skipped: list[str]) -> NoReturn:
    """Refuse what has no items in it.

    Raises:
        UserError: always.
    """
    others = f" ({len(skipped)} other files, such as {skipped[0]!r})" if skipped else ""
    many = modality.noun.many
    raise UserError(f"no {many} found in {str(given)[:300]}{others}; give files, or folders with {many}")
