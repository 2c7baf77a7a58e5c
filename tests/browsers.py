"""What the tests of pages need from outside: Chromium, and packages of npm that ``make browser`` fetches."""

import os
import tarfile
from pathlib import Path
from typing import Any, NoReturn

import pytest

from headstart.deployment.browser import find_browser
from headstart_runtime.errors import SettingError

PACKAGES = Path(__file__).resolve().parents[1] / ".browser"  #: where ``make browser`` puts them
#: Findings of axe-core that keep people from using a page.
SERIOUS = ("serious", "critical")


def refuse(what: str) -> NoReturn:
    """Skip the test, or fail it where no test of a page may be skipped."""
    if os.environ.get("HEADSTART_BROWSER") == "required":
        pytest.fail(f"HEADSTART_BROWSER=required, and there is no {what}; run: make browser")
    pytest.skip(f"there is no {what} here; make browser fetches it")


def find_chromium() -> str:
    """Return the path of a Chromium."""
    try:
        return find_browser("a page is tested")
    except SettingError:
        return refuse("Chromium")


def find_package(name: str) -> Path:
    """Return the package of npm with a name."""
    found = sorted(PACKAGES.glob(f"{name}-*.tgz"))
    return found[-1] if found else refuse(f"package {name}")


def find_serious(page: Any) -> list[str]:
    """Return what axe-core finds on an open page that is serious."""
    with tarfile.open(find_package("axe-core")) as package:
        stream = package.extractfile("package/axe.min.js")
        assert stream is not None
        page.evaluate(stream.read().decode())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes'][:3]]}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]
