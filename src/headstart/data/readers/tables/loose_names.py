"""Names of files that are almost those of a table's rows: other separators, zeros before a number, "17.0" for "17".

Such names are taken together only where nearly all of them find one file each, and none is left in doubt.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence

COVERED = 0.9  #: share of the paths that have to find a file
FEWEST = 3  #: paths at least
_FLOAT = re.compile(r"(\d+)\.0+")
_ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")


def match_loosely(paths: Collection[str], files: Sequence[str]) -> dict[str, str]:
    """Return path -> file where nearly all of some paths find a file each by names that are almost the same.

    Numbers that count from 0 or 1 without a gap may be those of rows: with zeros before them they are taken only where
    nearly all files have a path too.

    Args:
        paths: of a table, which lead to no file as they stand.
        files: that no other path has.
    """
    if len(paths) < FEWEST or not files:
        return {}
    for make_key in (_join_words, _drop_zeros):
        found = _match(paths, files, make_key)
        if len(found) < COVERED * len(paths):
            continue
        if make_key is _join_words or not _count_rows(paths) or len(found) >= COVERED * len(files):
            return found
    return {}


def explain_difference(path: str, files: Sequence[str]) -> str:
    """Return why a path may lead to no file, by a file that is almost called so; "" where nothing is known."""
    name = _get_stem(path)
    if _ROUNDED.fullmatch(name):
        return f"{path!r} is a number that a spreadsheet has rounded"
    for make_key, reason in ((_join_words, "other signs between its words"), (_drop_zeros, "zeros before its number")):
        key = make_key(name)
        near = next((file for file in files if key and make_key(_get_stem(file)) == key), "")
        if near:
            return f"{path!r} is near {near!r}, which has {reason}"
    head = name.casefold()
    longer = [file for file in files if len(head) > 1 and _goes_on(_get_stem(file).casefold(), head)]
    if longer:
        return f"{len(longer)} names begin with {path!r}, such as {longer[0]!r}"
    inside = [file for file in files if len(parts := re.split(r"\s*[;,|]\s*", path)) > 1 and _get_name(file) in parts]
    return f"{path!r} names {len(inside)} files in one cell" if len(inside) > 1 else ""


def _goes_on(name: str, head: str) -> bool:
    """Return whether a name is another one and more behind it, which is no digit."""
    return name.startswith(head) and len(name) > len(head) and not name[len(head)].isdigit()


def _match(paths: Collection[str], files: Sequence[str], make_key: Callable[[str], str]) -> dict[str, str]:
    of_key: defaultdict[str, list[str]] = defaultdict(list)
    for file in files:
        of_key[make_key(_get_stem(file))].append(file)
    keys = {path: key for path in paths if (key := make_key(_get_stem(path)))}
    again = Counter(keys.values())
    return {path: of_key[key][0] for path, key in keys.items() if again[key] == 1 and len(of_key.get(key, ())) == 1}


def _count_rows(paths: Collection[str]) -> bool:
    """Return whether paths are the numbers from 0 or 1 on, as of rows."""
    stems = [_get_stem(path) for path in paths]
    if not all(stem.isascii() and stem.isdigit() for stem in stems):
        return False
    numbers = sorted(map(int, stems))
    return numbers[0] in (0, 1) and numbers[-1] - numbers[0] < len(numbers) / COVERED


def _join_words(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _drop_zeros(name: str) -> str:
    return " ".join(token.lstrip("0") or token[-1:] for token in re.findall(r"\d+|[^\W\d_]+", name.casefold()))


def _get_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _get_stem(path: str) -> str:
    """Return the name at the end of a path, without its ending; of "17.0" the whole number."""
    name = _get_name(path).strip()
    if whole := _FLOAT.fullmatch(name):
        return whole[1]
    head, dot, ending = name.rpartition(".")
    return head if dot and head and len(ending) <= 5 and not ending.isdigit() else name
