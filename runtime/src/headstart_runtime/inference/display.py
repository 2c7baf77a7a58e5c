"""Small tables that notebooks show for predictions and classifiers."""

from collections.abc import Iterable
from html import escape

MOST_SHOWN = 300  #: characters of a cell


def render_table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """Return an HTML table of names and texts; whatever they hold is escaped, and long ones are cut."""
    cells = "".join(
        f'<tr><th style="text-align:left">{_cell(name)}</th><td style="text-align:left">{_cell(text)}</td></tr>'
        for name, text in rows
    )
    return f'<table><caption style="text-align:left">{_cell(title)}</caption><tbody>{cells}</tbody></table>'


def _cell(text: str) -> str:
    return escape(text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…")
