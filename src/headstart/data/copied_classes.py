"""Classes all of whose files are copies of files of other classes: a folder that has everything once more."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from headstart.data.names import preview
from headstart.data.samples import LedgerEntry, Samples
from headstart.quoting import quote_argument

_EVERYTHING = re.compile(r"\w+ from \d{4}|all\b.*|.*\ball", re.IGNORECASE)  #: names of such folders


def describe_copied_classes(samples: Samples) -> str:
    """Return which classes have the files of others once more, and the flag that leaves them out; "" for none."""
    partners, places = _find_partners(samples.ledger.entries)
    copies = find_copied_classes(partners)
    if not copies:
        return ""
    others = sorted({other for name in copies for other in partners[name]} - set(copies))
    have = "has" if len(copies) == 1 else "have"
    many = samples.noun.many
    text = f"{preview(copies)} {have} only {many} that {preview(others)} {'has' if len(others) == 1 else 'have'} too"
    above = {places[name] for name in copies}
    if samples.ledger.in_rows or len(above) != 1 or None in above:
        return f"{text}: leave out one of both"
    inner = "|".join(f"{_escape(name)}/" for name in copies)
    pattern = f"^{_escape(above.pop() or '')}(?!{inner})(?P<label>[^/]+)/"
    return f"{text}: to leave {preview(copies)} out, add --class-pattern {quote_argument(pattern)}"


def find_copied_classes(partners: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the classes that have copies only, and whose partners have more or are apart without them.

    Args:
        partners: class -> those that have copies of its files too, where these are all of its files.
    """
    whole = set(partners)
    subsets = [name for name, others in partners.items() if others and not others & whole]
    unions = [
        name
        for name, others in partners.items()
        if len(others) > 1 and all(partners.get(other, frozenset()) <= {name} for other in others)
    ]
    called = [name for name in partners if _EVERYTHING.fullmatch(name)]
    apart = [name for name in called if not partners[name] & set(called)]
    return sorted({*subsets, *unions} or apart)


def _find_partners(
    entries: Sequence[LedgerEntry],
) -> tuple[dict[str, frozenset[str]], dict[str, str | None]]:
    """Return the classes whose files all have copies in others, with these; and the folders above each class."""
    single: dict[str, frozenset[str]] = {}  # a set for each class, not for each of many items
    labels: dict[str, frozenset[str]] = {}
    for entry in entries:
        if entry.digest and entry.label:
            own = single.setdefault(entry.label, frozenset({entry.label}))
            known = labels.setdefault(entry.digest, own)
            if entry.label not in known:
                labels[entry.digest] = known | own
    alone: set[str] = set()
    partners: defaultdict[str, set[str]] = defaultdict(set)
    places: dict[str, str | None] = {}
    for entry in entries:
        if not (entry.digest and entry.label):
            continue
        others = labels[entry.digest] - {entry.label}
        partners[entry.label] |= others
        alone |= set() if others else {entry.label}
        steps = entry.name.split("/")
        above = "".join(f"{step}/" for step in steps[: steps.index(entry.label)]) if entry.label in steps else None
        places[entry.label] = above if places.setdefault(entry.label, above) == above else None
    return {name: frozenset(others) for name, others in partners.items() if name not in alone}, places


def _escape(text: str) -> str:
    return re.escape(text).replace("\\ ", " ").replace("\\-", "-")
