"""Small tables for notebooks."""

from collections.abc import Iterable, Sequence
from html import escape

MOST_ROWS = 20  #: of a table in a notebook


def html_table(head: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "", most: int = MOST_ROWS) -> str:
    """Return a table as HTML, escaped; of more than ``most`` rows the first, and how many there are.

    Args:
        head: names of the columns.
        rows: cells; numbers stand to the right.
        caption: a line above the table.
        most: rows that are shown.
    """
    listed = list(rows)
    lines = [f"<tr>{''.join(map(_cell, row))}</tr>" for row in listed[:most]]
    names = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name in head)
    above = f"<div>{escape(caption)}</div>" if caption else ""
    more = f"<div>... and {len(listed) - most:,} more</div>" if len(listed) > most else ""
    return f"{above}<table><thead><tr>{names}</tr></thead><tbody>{''.join(lines)}</tbody></table>{more}"


def _cell(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
        return f'<td style="text-align:right">{text}</td>'
    return f'<td style="text-align:left">{"" if value is None else escape(str(value))}</td>'
