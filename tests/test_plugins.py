"""A package that cannot be loaded is named, whatever it adds."""

from pathlib import Path

import pytest

from headstart.errors import PluginError
from headstart.plugins import load_plugins
from tests.plugins import install_plugin


@pytest.mark.parametrize("code", ["raise RuntimeError('no such library')", "import sys; sys.exit('gone')"])
@pytest.mark.parametrize(
    ("group", "kind"), [("modalities", "modality"), ("strategies", "strategy"), ("tasks", "task"), ("heads", "head")]
)
def test_a_package_that_cannot_be_imported_is_named(
    group: str, kind: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"broken_{kind}_{len(code)}"
    install_plugin(tmp_path, name, f"headstart.{group}", f"{name}:ADDED")
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PluginError, match=rf"^the {kind} '{name}' .* cannot be loaded: (no such library|gone); update"):
        list(load_plugins(f"headstart.{group}"))
