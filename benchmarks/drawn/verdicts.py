"""What becomes of a drawn layout: it is read as a newcomer would, and what was read is held against the truth."""

import itertools
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from drawn.clips import mark_stretch
from drawn.desk import Claim, Desk, Layout, fingerprint
from drawn.fitting import try_fit
from headstart.data.samples import GroupKind, Samples
from headstart.verbs.check import check
from headstart_runtime.errors import UserError
from headstart_runtime.modalities.item import Excerpt

MOST_TRIES = 40  #: proposals of one message, of which a person takes the one that is true of the photos


class Verdict(StrEnum):
    """The class of what became of a layout."""

    RIGHT = "right"
    AFTER_ONE_TRY = "right after one try"
    EXPLAINED = "explained"
    WRONG = "silently wrong"
    REFUSED = "refused without help"
    CRASHED = "traceback"
    ABSENT = "not drawn"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one layout."""

    verdict: Verdict
    flags: str = ""  #: that were taken from the message
    detail: str = ""  #: what is wrong, or the message
    fit: str = ""  #: of the same with ``fit``; "" where it was not tried
    samples: int = 0
    unsaid: str = ""  #: what it was decided by without a word


@dataclass(frozen=True, slots=True)
class Attempt:
    """One reading of a source."""

    samples: Samples | None  #: None where it was refused
    message: str = ""  #: the refusal
    crash: str = ""  #: an error that is none of the program's own


@dataclass(frozen=True, slots=True)
class Proposal:
    """A source and flags, as a message names them."""

    source: Path
    flags: tuple[tuple[str, str], ...]

    @property
    def options(self) -> dict[str, str]:
        """The flags as keywords."""
        return {name.removeprefix("--").replace("-", "_"): value for name, value in self.flags}

    def describe(self) -> str:
        """Return the flags as a person types them."""
        return " ".join(f"{name} {shlex.quote(value)}".strip() for name, value in self.flags)


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading that is right."""

    proposal: Proposal
    samples: Samples


def try_layout(layout: Layout, desk: Desk, fit: Callable[..., Any] | None = None) -> Outcome:
    """Draw a layout, check it, where it is refused once more as the message proposes, and return what became of it.

    Args:
        layout: is drawn into the desk's empty folder.
        desk: holds the truth then.
        fit: fits a source with keywords and returns the run; None does not.
    """
    source = layout.draw(desk)
    before = list_contents(desk.root)
    outcome, reading = _judge(layout, desk, source)
    if fit is not None and reading is not None:
        tries = [(source, {}), (reading.proposal.source, reading.proposal.options)]
        fitted = try_fit(fit, tries[:1] if tries[0] == tries[1] else tries, reading.samples)
        outcome = replace(outcome, fit=fitted)
    if reading is not None:
        outcome = replace(outcome, unsaid=find_unsaid(desk, reading.samples))
    if list_contents(desk.root) != before:
        return Outcome(Verdict.WRONG, detail="the source was changed")
    return outcome


def list_contents(folder: Path) -> dict[str, str]:
    """Return the fingerprint of every file under a folder."""
    return {str(path): fingerprint(path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()}


def _judge(layout: Layout, desk: Desk, source: Path) -> tuple[Outcome, Reading | None]:
    """Return the outcome of a check, and what was read in the end where it is right."""
    bare = Proposal(source, ())
    first = _read(bare)
    if first.crash:
        return Outcome(Verdict.CRASHED, detail=first.crash), None
    if first.samples is not None:
        faults = find_faults(desk, first.samples, source)
        verdict = Verdict.WRONG if faults else Verdict.RIGHT
        return Outcome(verdict, detail=faults, samples=len(first.samples)), None if faults else Reading(
            bare, first.samples
        )
    if layout.refused and not desk.claims:
        missing = [word for word in layout.refused if not _says(first.message, word)]
        lacks = f"does not say {', '.join(missing)}: " if missing else ""
        return Outcome(Verdict.REFUSED if missing else Verdict.EXPLAINED, detail=lacks + first.message), None
    wrong = ""
    for proposal in itertools.islice(list_proposals(first.message, source), MOST_TRIES):
        again = _read(proposal)
        if again.samples is None:
            continue
        faults = find_faults(desk, again.samples, proposal.source, first.message)
        if not faults:
            shown = proposal.describe()
            outcome = Outcome(Verdict.AFTER_ONE_TRY, shown, first.message, samples=len(again.samples))
            return outcome, Reading(proposal, again.samples)
        wrong = wrong or f"{proposal.describe()}: {faults}; "
    return Outcome(Verdict.REFUSED, detail=wrong + first.message), None


def _read(proposal: Proposal) -> Attempt:
    try:
        found = check(proposal.source, progress=False, **proposal.options)  # type: ignore[arg-type]
    except UserError as error:
        return Attempt(None, str(error))
    except Exception as error:  # noqa: BLE001 (a traceback is what is looked for here)
        return Attempt(None, crash=f"{type(error).__name__}: {error}")
    if found.problems:
        return Attempt(None, "; ".join((*found.problems, *found.data.samples.ledger.notes)))
    return Attempt(found.data.samples)


def list_proposals(message: str, source: Path) -> Iterator[Proposal]:
    """Yield what a message proposes: flags that stand together, each alone, and another source where it names one.

    A person knows the photos and takes what is true of them; so all are yielded, few flags first.
    """
    places = [source, *_find_sources(message, source)]
    flags: list[tuple[str, str]] = []
    for name, value in re.findall(r"(--[a-z][a-z-]+)(?:[ =]('[^']*'|\"[^\"]*\"|[^\s,;:()]+))?", message):
        flag = (name, value.strip("'\"").rstrip(".") if value else "")
        if flag not in flags and name != "--help":
            flags.append(flag)
    for place in reversed(places):
        for count in (*([0] if place != source else []), 1, 2, 3):
            for chosen in itertools.combinations(flags, count):
                if len({name for name, _ in chosen}) == count:
                    yield Proposal(place, chosen)


def _find_sources(message: str, source: Path) -> list[Path]:
    """Return other paths that a message says to give, which are there."""
    places = re.findall(r"\b(?:give|check|fit|point at|use) (?:it )?('[^']+'|\"[^\"]+\"|[^\s,;]+)", message)
    base = source if source.is_dir() else source.parent
    paths = dict.fromkeys(base / place.strip("'\"") for place in places)
    return [path for path in paths if path != source and _is_there(path) and path.is_relative_to(base)]


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def find_faults(desk: Desk, samples: Samples, source: Path, message: str = "") -> str:
    """Return where what was read differs from the truth; "" where it does not.

    Classes, parts and groups are held photo by photo, counts by what is missing or too much, then what has to be said.

    Args:
        desk: with the truth.
        samples: that were read.
        source: that was given in the end.
        message: that was said before.
    """
    read: dict[str, Claim] = {}
    strangers = []
    for sample in samples.samples:
        key = fingerprint(_read_content(sample.source.read()))
        group = sample.group.name if sample.group.kind is GroupKind.NAMED else ""
        read[key] = Claim(samples.describe(sample), str(sample.subset or ""), group)
        if key not in desk.claims:
            strangers.append(sample.name)
    faults = []
    if strangers:
        faults.append(f"{len(strangers)} samples that are none of the photos, such as {strangers[0]!r}")
    if missing := [claim for key, claim in desk.claims.items() if key not in read]:
        faults.append(f"{len(missing)} of {len(desk.claims)} photos missing, such as one of {missing[0].label!r}")
    for what in ("label", "subset", "group"):
        pairs = [(getattr(desk.claims[key], what), getattr(read[key], what)) for key in desk.claims if key in read]
        if differ := [pair for pair in pairs if pair[0] != pair[1]]:
            faults.append(f"{what} of {len(differ)} wrong, such as {differ[0][1]!r} for {differ[0][0]!r}")
    return "; ".join([*faults, *_find_silence(desk, samples, source, message)])


def _read_content(raw: Any) -> Any:
    """Return what tells an item: its bytes or its array; of a stretch of a file that, with both limits."""
    return mark_stretch(raw.path.read_bytes(), raw.start, raw.end) if isinstance(raw, Excerpt) else raw


def _find_silence(desk: Desk, samples: Samples, source: Path, message: str) -> Iterator[str]:
    """Yield what was left out without a word."""
    ledger = samples.ledger
    entries = {entry.name: f"{entry.status} {entry.reason} {entry.note}".lower() for entry in ledger.entries}
    words = "\n".join((message, *ledger.notes, *entries.values())).lower()
    for name, word in desk.left_out.items():
        if not (desk.root / name).is_relative_to(source if source.is_dir() else source.parent):
            continue  # the message led to a part of the source
        reasons = [reason for entry, reason in entries.items() if entry.endswith(name) or name.endswith(entry)]
        told = any(_says(reason, word) for reason in reasons) or (bool(word) and _says(words, word))
        if not told and not (not reasons and ledger.ignored):
            yield f"{name} is not said to be {word or 'skipped'}"
    for word in desk.said:
        if not _says(words, word):
            yield f"nothing is said of {word!r}"


def find_unsaid(desk: Desk, samples: Samples) -> str:
    """Return what was decided by, as the desk mentions it, and stands in no note and no decision."""
    reasons = [" ".join((*it.place, it.reason, it.value)) for it in samples.decisions]
    words = "\n".join((*samples.ledger.notes, *reasons))
    return ", ".join(word for word in desk.mentioned if not _says(words, word))


def _says(text: str, word: str) -> bool:
    """Return whether a text has a word, or one of several between bars."""
    return any(choice.lower() in text.lower() for choice in word.split("|"))
