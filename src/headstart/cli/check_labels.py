"""``headstart check PHOTOS --labels FILE``: what it is told, and what it tells."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.cli.tables import table
from headstart.diagnostics.label_noise import describe_label_noise, describe_left_out
from headstart.errors import SettingError

if TYPE_CHECKING:
    from headstart.diagnostics.label_issues import LabelIssue
    from headstart.events import Listener
    from headstart.pipeline.label_check import LabelCheck

MOST_SUSPECTS = 10  #: shown; the table has them all


@dataclass(frozen=True)
class Held:
    """What holding the labels to a network found, and where it was written."""

    found: "LabelCheck"
    file: Path  #: the table

    def in_words(self) -> str:
        """For a person, in ten seconds."""
        found = self.found
        counts = (
            f"labels of {len(found.samples):,} photos held to heads on {found.backbone} that had not seen them: "
            f"{found.held.accuracy:.1%} are as they say\n{describe_label_noise(found.noise)}"
        )
        if found.in_test:
            counts += f"\n{describe_left_out(found.in_test)}"
        if not found.listed and not found.samples.relabels:
            return f"{counts}\n\n{self.file} has no photo"
        earlier = f", and {len(found.samples.relabels):,} labels corrected before" if found.samples.relabels else ""
        then = (
            f"{len(found.listed):,} to look at{earlier} are in {self.file}, with pictures in "
            f"{self.file.with_suffix('.html')}\n"
            f"next: edit its column label, then:  {self.found.command}"
        )
        return "\n\n".join([counts, *self._first(), then])

    def _first(self) -> list[str]:
        """A table of the strongest; nothing where none is listed."""
        rows = [
            (
                it["photo"],
                f"{it['given']} {it['given_probability']:.0%}",
                f"{it['likely']} {it['likely_probability']:.0%}",
            )
            for it in self._named(self.found.listed[:MOST_SUSPECTS])
        ]
        return [table(("strongest", "given", "likely"), rows)] if rows else []

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        found = self.found
        return {
            "table": str(self.file),
            "page": str(self.file.with_suffix(".html")),
            "backbone": found.backbone,
            "photos": len(found.samples),
            "accuracy": found.held.accuracy,
            "noise": asdict(found.noise),
            "says": describe_label_noise(found.noise),
            "in_test": found.in_test,
            "issues": self._named(found.listed),
            "next": self.found.command,
        }

    def _named(self, suspects: "Sequence[LabelIssue]") -> list[dict[str, Any]]:
        """Doubted photos by their names and those of the classes."""
        names = {sample.id: sample.name for sample in self.found.samples.samples}
        classes = self.found.samples.classes
        return [
            {
                "photo": names[it.id],
                "given": classes[it.given],
                "likely": classes[it.likely],
                "given_probability": it.given_probability,
                "likely_probability": it.likely_probability,
            }
            for it in suspects
        ]


def check_flags(file: Path | None, network: dict[str, Any], *, fast: bool) -> None:
    """Says which flags do not go together before the long look at the photos.

    Raises:
        SettingError: flags of the network without labels to hold to it, or a quick look that is to be a long one.
    """
    if file is None and network:
        flag = next(iter(network)).replace("_", "-")
        raise SettingError(f"--{flag} is given without labels to hold to it; add --labels FILE.csv")
    if file is not None and fast:
        raise SettingError("--fast reads headers only, --labels shows every photo to a network; drop one of them")


def hold(photos: Path, file: Path, network: dict[str, Any], listener: "Listener") -> Held:
    """Holds the labels to a network and writes the table and its page."""
    from headstart.pipeline.label_check import check_labels

    found = check_labels(photos, table=file, listener=listener, **network)
    return Held(found, file)
