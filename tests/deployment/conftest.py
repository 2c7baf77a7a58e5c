import json
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.deployment.formats import REGISTRY
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.exported.manifest import write_manifest

Break = Callable[[Path], None]  #: breaks a draft of an export, in place


@pytest.fixture
def break_format(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Break], None]:
    """Have the exports of a format be broken before they are proved; their hashes are those of the broken files."""

    def replace(name: str, damage: Break) -> None:
        kind = REGISTRY.get(name)
        start = kind.start

        def start_broken(folder: Path) -> ExportRunner:
            damage(folder)
            facts = json.loads((folder / "manifest.json").read_text())
            write_manifest(folder, {key: value for key, value in facts.items() if key != "schema_version"})
            return start(folder)

        monkeypatch.setattr(kind, "start", start_broken, raising=False)

    return replace
