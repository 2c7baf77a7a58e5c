"""The notes of an item beside its answer: novelty, repairs, errors, the same for every task."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from headstart_runtime.inference.display import render_table


class AnsweredItem(Protocol):
    """The fields that the answers of all tasks have."""

    @property
    def source(self) -> str:
        """The path as given, or what was given."""

    @property
    def error(self) -> str | None:
        """Why it could not be read; None where it was answered."""

    @property
    def novelty(self) -> float | None:
        """The novelty, 1.0 at the threshold; None where it is not judged."""

    @property
    def out_of_distribution(self) -> bool:
        """Whether the novelty is above 1."""

    @property
    def repaired(self) -> str | None:
        """The repairs that were made in memory, if any."""

    @property
    def note(self) -> str:
        """A remark on what is not done with every item."""


def list_item_notes(answer: AnsweredItem) -> dict[str, Any]:
    """Return plain values for ``json.dumps``; None stands where there is nothing to say."""
    return {
        "novelty": answer.novelty,
        "out_of_distribution": answer.out_of_distribution if answer.error is None else None,
        "repaired": answer.repaired,
        "note": answer.note or None,
        "error": answer.error,
    }


def render_answer(answer: AnsweredItem, list_rows: Callable[[], Sequence[tuple[str, str]]]) -> str:
    """Return a small HTML table for notebooks: the answer's rows and its item's notes, or its error alone."""
    if answer.error is not None:
        return render_table(answer.source, [("error", answer.error)])
    rows = list(list_rows())
    if answer.out_of_distribution:
        rows.append(("unfamiliar", "unlike the training data: do not trust this prediction"))
    rows += [(name, text) for name, text in (("repaired", answer.repaired), ("note", answer.note)) if text]
    return render_table(answer.source, rows)
