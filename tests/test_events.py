"""A log keeps what a record needs, and a token ends the work that reports to it."""

import threading
from pathlib import Path

import pytest

import headstart
from headstart import events
from headstart_runtime.errors import Cancelled
from tests.conftest import Small


def test_a_log_keeps_notes_and_seconds() -> None:
    told: list[events.Event] = []
    log = events.RunLog(told.append)
    with log.stage("read") as stage:
        log(events.Note("two of them"))
        stage.summary, stage.apart = "3 photos", 0.0
    assert log.notes == ["two of them"]
    assert told[-1] == events.Finished("read", log.seconds["read"], "3 photos")


def test_a_stage_that_fails_is_not_reported() -> None:
    log = events.RunLog(events.ignore)
    with pytest.raises(ValueError, match="no"), log.stage("read"):
        raise ValueError("no")
    assert log.seconds == {}


@pytest.mark.parametrize("stage", ["extract", "fit", "test"])
def test_a_cancelled_fit_ends_and_the_same_call_goes_on(small: Small, tmp_path: Path, stage: str) -> None:
    """From another thread, at any stage; nothing on the way takes it for an arm that went wrong."""
    cancel = events.CancelToken()
    ended: list[BaseException] = []

    def listen(event: events.Event) -> None:
        if isinstance(event, events.Started) and event.stage == stage:
            cancel.cancel()

    def work() -> None:
        try:
            small.fit(out=tmp_path / "run", listener=listen, cancel=cancel)
        except BaseException as error:  # noqa: BLE001  it is no Exception, so that nobody takes it for a fault
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert cancel.is_cancelled
    assert [type(error) for error in ended] == [Cancelled]
    assert not (tmp_path / "run" / "run.json").exists()
    run = small.fit(out=tmp_path / "run")
    assert run.test.accuracy > 0.8


def test_a_fault_that_a_run_goes_on_after_leaves_its_trace() -> None:
    log = events.RunLog(events.ignore)

    def divide() -> float:
        return 1 / len(log.notes)

    assert log.attempt(divide, 0.5, "no share") == 0.5
    assert log.notes == ["no share: ZeroDivisionError: division by zero"]
    assert "in divide" in log.traces[0]
    assert "ZeroDivisionError" in log.traces[0]


def test_it_reaches_the_caller_as_it_is(small: Small, tmp_path: Path) -> None:
    cancel = events.CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled, match="what was computed is kept"):
        headstart.fit(small.photos, out=tmp_path / "run", progress=False, cancel=cancel)
    with pytest.raises(Cancelled):
        headstart.compare(small.photos, out=tmp_path / "run", progress=False, cancel=cancel)
