"""Parts of the package that fits, as the runtime asks for them."""

import sys

import pytest

from headstart_runtime.errors import UserError
from headstart_runtime.fitting_parts import import_fitting_part
from headstart_runtime.modalities.modality import get_modality


def test_a_part_is_found_by_its_place() -> None:
    assert import_fitting_part("headstart.events:Progress").__name__ == "Progress"
    assert import_fitting_part("headstart.events").__name__ == "headstart.events"


def test_without_headstart_it_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "headstart"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if "editable" not in repr(finder)])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    with pytest.raises(UserError, match=r"^this needs what fitting needs, .*; pip install headstart$"):
        _ = get_modality("text").stats


def test_a_part_that_is_not_there_is_a_fault_of_ours() -> None:
    with pytest.raises(ModuleNotFoundError):
        import_fitting_part("headstart.no_such_room:Part")
