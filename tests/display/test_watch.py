"""Progress where a person looks on, and nothing elsewhere."""

import io
import sys
import time
from types import SimpleNamespace

import pytest

from headstart import events
from headstart.display.html import html_table
from headstart.display.notebook import NotebookDisplay
from headstart.display.watch import watch
from headstart_runtime.errors import SettingError

TOLD = (
    events.Started("read"),
    events.Progress("read", 3, 10, "photos"),
    events.Note("<b>a note"),
    events.Finished("read", 1.5, "10 photos"),
    events.Started("fit"),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Shown:
    """What a notebook's output shows, one after the other."""

    def __init__(self) -> None:
        self.pages: list[str] = []

    def display(self, page: str, display_id: bool) -> "Shown":
        self.pages.append(page)
        return self

    def update(self, page: str) -> None:
        self.pages.append(page)


@pytest.fixture
def notebook(monkeypatch) -> Shown:
    shown = Shown()
    shell = SimpleNamespace(kernel=object())
    display = SimpleNamespace(HTML=str, display=shown.display)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, display=display))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def test_nothing_is_shown_where_nobody_looks_on(capsys) -> None:
    with watch() as listener:
        [listener(event) for event in TOLD]
    assert capsys.readouterr() == ("", "")


def test_lines_where_they_are_asked_for(capsys) -> None:
    with watch(progress=True) as listener:
        [listener(event) for event in TOLD]
    told = capsys.readouterr().err
    assert told == "note: <b>a note\n            read  10 photos  (1.5 s)\n"


def test_a_terminal_shows_stages(monkeypatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with watch() as listener:
        [listener(event) for event in TOLD]
        time.sleep(0.2)
    assert "10 photos" in screen.getvalue()
    assert "fit" in screen.getvalue()  # a stage that says nothing is shown from its beginning
    with watch(progress=False) as listener:
        assert listener is events.ignore


def test_a_notebook_shows_stages_and_a_bar(notebook) -> None:
    with watch() as listener:
        [listener(event) for event in TOLD]
    assert any('<progress value="0.3000"' in page and "3 of 10 photos" in page for page in notebook.pages)
    assert "note: &lt;b&gt;a note" in notebook.pages[-1]
    assert "read: 10 photos (1.5 s)" in notebook.pages[-1]
    assert "<b>" not in notebook.pages[-1]  # nothing is under way any more


def test_a_notebook_is_drawn_anew_while_nothing_is_heard(notebook, monkeypatch) -> None:
    monkeypatch.setattr("headstart.display.notebook.TICK_SECONDS", 0.02)
    with watch() as listener:
        listener(events.Started("fit"))
        before = len(notebook.pages)
        time.sleep(0.2)
        assert len(notebook.pages) - before >= 3


def test_a_stop_ends_the_display(notebook) -> None:
    def stop() -> None:
        with watch() as listener:
            listener(events.Started("fit"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert "<b>stopped</b>" in notebook.pages[-1]


def test_a_listener_takes_the_place_of_the_display(notebook) -> None:
    heard: list[events.Event] = []
    with watch(heard.append) as listener:
        listener(TOLD[0])
    assert (heard, notebook.pages) == ([TOLD[0]], [])
    with watch(heard.append, progress=True) as listener:
        listener(TOLD[1])
    assert heard == [TOLD[0], TOLD[1]]
    assert notebook.pages


@pytest.mark.parametrize(("given", "told"), [((3, "auto"), "listener is int"), ((None, "yes"), "progress is 'yes'")])
def test_what_cannot_be_shown(given, told) -> None:
    with pytest.raises(SettingError, match=told), watch(*given):
        pass


def test_tables_are_escaped_and_cut() -> None:
    page = html_table(("a<b", "n"), [("<i>", 1234), (None, 0.5)] * 15, caption="x & y")
    assert "a&lt;b" in page
    assert "&lt;i&gt;" in page
    assert "x &amp; y" in page
    assert "1,234" in page
    assert "... and 10 more" in page


def test_a_notebook_display_that_was_not_shown_draws_nothing() -> None:
    assert NotebookDisplay().to_html().startswith("<div")
