from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.deployment.formats import REGISTRY, ExportJob

Break = Callable[[Path], None]  #: breaks a draft of an export, in place


@pytest.fixture
def break_format(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Break], None]:
    """Have a format write exports that are broken in a way."""

    def replace(name: str, damage: Break) -> None:
        kind = REGISTRY.get(name)
        write = kind.write

        def write_broken(job: ExportJob, folder: Path) -> None:
            write(job, folder)
            damage(folder)

        monkeypatch.setattr(kind, "write", write_broken, raising=False)

    return replace
