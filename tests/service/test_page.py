"""The page in Chromium: it answers, complains of nothing, fits a phone, and is used by keyboard."""

from pathlib import Path

import pytest

from tests.browsers import find_chromium, find_serious
from tests.conftest import Small
from tests.service.test_server import serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: A camera that shows a drawn clip, and nobody asked whether it may be used.
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="module")
def chromium():
    found = find_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", *CAMERA])
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_item_is_answered_and_explained(chromium, small: Small, width: int, scheme: str, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("a-secret-key\n", "utf-8")
    complaints: list[str] = []
    with serve(small.run, f"other={small.run}", "--api-keys", keys) as server:
        page = chromium.new_page(viewport={"width": width, "height": 740}, color_scheme=scheme)
        page.on("console", lambda told: complaints.append(told.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if not _is_own(request.url, server) else None)
        page.goto(server.address)
        page.wait_for_selector("#key-form:not([hidden])")
        assert [told for told in complaints if "401" not in told] == []
        assert find_serious(page) == []
        complaints.clear()
        page.fill("#key", "a-secret-key")
        page.keyboard.press("Enter")
        page.wait_for_selector("#choose-model:not([hidden])")
        assert page.inner_text("#title") == "What is this photo?"
        page.select_option("#model", "other")
        page.set_input_files("#file", next((small.photos / "discs").glob("*.jpg")))
        page.wait_for_selector("#result:not([hidden])")
        assert page.inner_text("#answer-words") == "discs"
        assert page.evaluate("document.activeElement.id") == "result"
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement.id") != "explain":
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("#evidence > img")
        assert find_serious(page) == []
        page.set_input_files("#file", {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"no photo"})
        page.wait_for_selector("#trouble:not(:empty)")
        assert "x.jpg" in page.inner_text("#trouble")
        page.click("#camera")
        page.wait_for_selector("#viewer:not([hidden]) #shoot:focus")
        page.keyboard.press("Enter")
        page.wait_for_selector("#result:not([hidden])")
        assert page.is_hidden("#viewer")
        assert page.inner_text("#trouble") == ""
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert [told for told in complaints if "422" not in told] == []
        page.close()


def _is_own(url: str, server) -> bool:
    return url.startswith((server.address, f"blob:{server.address}"))
