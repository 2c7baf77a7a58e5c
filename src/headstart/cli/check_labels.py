"""``headstart check PHOTOS --labels FILE``: what it is told, and what it tells."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.cli.tables import table
from headstart.errors import SettingError

if TYPE_CHECKING:
    from headstart.checking import LabelCheck
    from headstart.events import Listener

MOST_SUSPECTS = 10  #: shown; the table has them all


@dataclass(frozen=True)
class Held:
    """What holding the labels to a network found, and where it was written."""

    found: "LabelCheck"
    file: Path  #: the table
    command: str  #: that fits with the labels as edited, on the same features

    def in_words(self) -> str:
        """For a person, in ten seconds."""
        found, doubted = self.found, len(self.found.suspects)
        counts = (
            f"labels of {len(found.samples):,} photos held to a classifier on {found.backbone} that had not seen "
            f"them:\n"
            f"{found.accuracy:.1%} are as it says, {doubted:,} are doubted; about {found.estimated_errors:,} are wrong "
            f"by estimate, {found.flagged:,} are flagged"
        )
        if not doubted:
            return f"{counts}\n\n{self.file} has no photo"
        then = (
            f"the {doubted:,} doubted are in {self.file}, with pictures in {self.file.with_suffix('.html')}\n"
            f"next: edit its column label, then:  {self.command}"
        )
        return "\n\n".join([counts, *self._first(), then])

    def _first(self) -> list[str]:
        """A table of those suspected most; none where none is flagged."""
        rows = [
            (
                it["photo"],
                f"{it['given']} {it['given_probability']:.0%}",
                f"{it['likely']} {it['likely_probability']:.0%}",
            )
            for it in self._suspects()[: min(MOST_SUSPECTS, self.found.flagged)]
        ]
        return [table(("most suspicious", "given", "likely"), rows)] if rows else []

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "table": str(self.file),
            "page": str(self.file.with_suffix(".html")),
            "backbone": self.found.backbone,
            "photos": len(self.found.samples),
            "accuracy": self.found.accuracy,
            "estimated_errors": self.found.estimated_errors,
            "flagged": self.found.flagged,
            "suspects": self._suspects(),
            "next": self.command,
        }

    def _suspects(self) -> list[dict[str, Any]]:
        """The doubted photos by their names and those of the classes, most suspicious first."""
        names = {sample.id: sample.name for sample in self.found.samples.samples}
        classes = self.found.samples.classes
        return [
            {
                "photo": names[it.id],
                "given": classes[it.given],
                "likely": classes[it.likely],
                "given_probability": it.given_probability,
                "likely_probability": it.likely_probability,
                "flagged": it.flagged,
            }
            for it in self.found.suspects
        ]


def check_flags(file: Path | None, network: dict[str, Any], *, fast: bool) -> None:
    """Says which flags do not go together before the long look at the photos.

    Raises:
        SettingError: flags of the network without labels to hold to it, or a quick look that is to be a long one.
    """
    if file is None and network:
        raise SettingError(f"--{next(iter(network))} is given without labels to hold to it; add --labels FILE.csv")
    if file is not None and fast:
        raise SettingError("--fast reads headers only, --labels shows every photo to a network; drop one of them")


def hold(photos: Path, file: Path, network: dict[str, Any], listener: "Listener") -> Held:
    """Holds the labels to a network and writes the table and its page."""
    from headstart.checking import check_labels

    found = check_labels(photos, table=file, listener=listener, **network)
    flags = [word for name, value in network.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    return Held(found, file, shlex.join(["headstart", "fit", str(photos), "--relabel", str(file), *flags]))
