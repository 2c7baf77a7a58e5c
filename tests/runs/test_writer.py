import numpy as np
import pytest

from headstart.runs import writer


def test_versions_are_of_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "LIBRARIES", ("numpy", "a-package-that-there-is-not"))
    assert writer._find_versions() == {"numpy": np.__version__}
