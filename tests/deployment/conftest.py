import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import headstart
from headstart.deployment.formats import REGISTRY
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.exported.manifest import write_manifest
from tests.browsers import find_chromium, find_package
from tests.conftest import Warm
from tests.deployment.web_pages import FLAGS, Host

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


@pytest.fixture(scope="session")
def options() -> dict[str, Path]:
    find_chromium()
    return {"ort_web": find_package("onnxruntime-web")}


@pytest.fixture(scope="session")
def exported(small: Warm, options: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("web") / "page"
    return headstart.export(small.run, to="web", out=out, **options).folder


@pytest.fixture(scope="module")  # its loop would run on under other tests
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def host(exported: Path) -> Iterator[Host]:
    made = Host(exported)
    yield made
    made.stop()
