"""Settings of the whole process: changed for a while and given back, or set by the program at its entry."""

import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

from headstart.cli import main as entry
from headstart.process import PASSIVE_WAITING, Override, passive_waiting, set_passive_waiting


@pytest.fixture
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PASSIVE_WAITING:
        monkeypatch.setenv(name, "")  # so that what the test sets is put back
        monkeypatch.delenv(name)


def test_of_two_that_overlap_the_last_gives_back() -> None:
    state = ["before"]

    def change() -> object:
        was, state[0] = state[0], "changed"
        return lambda: state.__setitem__(0, was)

    override = Override(change)  # type: ignore[arg-type]
    first, second = ExitStack(), ExitStack()
    first.enter_context(override())
    second.enter_context(override())
    first.close()
    assert state == ["changed"]
    second.close()
    assert state == ["before"], "the second found the change and must not give that back"
    with pytest.raises(ZeroDivisionError), override():
        raise ZeroDivisionError
    assert state == ["before"]


@pytest.mark.usefixtures("_nothing_set")
def test_the_program_makes_threads_patient_and_leaves_what_the_user_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    seen: dict[str, str] = {}
    monkeypatch.setattr(entry, "run", lambda arguments: seen.update(os.environ) or 0)
    monkeypatch.setattr(entry.os, "_exit", lambda code: None)
    monkeypatch.setattr(entry.sys, "stdout", sys.__stdout__)
    threshold = entry.gc.get_threshold()
    entry.main()
    entry.gc.set_threshold(*threshold)
    assert {name: seen[name] for name in PASSIVE_WAITING} == {**PASSIVE_WAITING, "OMP_WAIT_POLICY": "ACTIVE"}


def test_nothing_that_reads_them_is_imported_before() -> None:
    show = "import sys, headstart.cli.main; print(*{'numpy', 'torch', 'openvino', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.usefixtures("_nothing_set")
def test_a_library_gives_the_environment_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    before = dict(os.environ)
    with passive_waiting():
        assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
        assert os.environ["GOMP_SPINCOUNT"] == "7"
    assert dict(os.environ) == before


@pytest.mark.usefixtures("_nothing_set")
def test_importing_headstart_sets_nothing() -> None:
    imports = "import os, headstart, headstart.pipeline.fit, headstart.process as p"
    show = f"{imports}; print(*set(p.PASSIVE_WAITING) & set(os.environ))"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    set_passive_waiting()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
