"""The page of an export on hosts of all kinds, and where another export comes into its place."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

import headstart
from tests.conftest import Warm
from tests.deployment.web_pages import Host, open_page, read_answer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEPT = "#offline:not(:empty)"  #: by the service worker
LONG_AGO = 1_000_000_000.0


@pytest.fixture(scope="module")
def renewed(small: Warm, options: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of a classifier of the same photos by other names."""
    folder = tmp_path_factory.mktemp("renewed")
    for old, new in (("checks", "planks"), ("discs", "coins"), ("stripes", "threads")):
        shutil.copytree(small.photos / old, folder / "photos" / new)
    small.fit(folder / "photos", out=folder / "run", store=small.new_store(folder / "store"))
    return headstart.export(folder / "run", to="web", out=folder / "page", **options).folder


def lay(source: Path, place: Path, time: float) -> None:
    shutil.copytree(source, place, dirs_exist_ok=True)
    for path in place.rglob("*"):
        os.utime(path, (time, time))


def ask(page, small: Warm, kind: str = "discs") -> str:
    page.set_input_files("#file", next((small.photos / kind).glob("*.jpg")))
    return read_answer(page)


def test_a_known_visitor_gets_the_old_export_whole_and_then_the_new_one_whole(
    chromium, exported: Path, renewed: Path, small: Warm, tmp_path: Path
) -> None:
    lay(exported, tmp_path / "live", LONG_AGO)
    host = Host(tmp_path / "live")
    page, complaints = open_page(chromium, host, ready=KEPT)
    lay(renewed, tmp_path / "live", LONG_AGO + 1000)
    for _ in range(2):
        page.reload()
        page.wait_for_selector("#renewed:not([hidden])")
        assert ask(page, small) == "discs"
    with page.expect_navigation():
        page.click("#renew")
    page.wait_for_selector(KEPT)
    assert ask(page, small) == "coins"
    assert page.is_hidden("#renewed")
    assert len(page.evaluate("caches.keys()")) == 1
    assert complaints == []
    page.context.close()
    host.stop()


def test_over_plain_http_kept_names_never_meet_a_new_graph(
    chromium, exported: Path, renewed: Path, small: Warm, tmp_path: Path
) -> None:
    lay(exported, tmp_path / "live", LONG_AGO)  # a browser keeps what is that old without asking
    host = Host(tmp_path / "live")
    host.address = host.address.replace("127.0.0.1", "plain.test")
    page, _ = open_page(chromium, host)
    assert page.evaluate("isSecureContext") is False
    assert ask(page, small) == "discs"
    assert page.is_visible("#camera-note")
    lay(renewed, tmp_path / "live", LONG_AGO + 1000)
    page.goto("about:blank")
    page.goto(host.address)
    page.wait_for_selector("#measured:not(:empty)")
    assert ask(page, small) == "coins"
    graph = bytearray((renewed / "model.onnx").read_bytes())
    graph[len(graph) // 2] ^= 1  # another one of as many bytes
    (tmp_path / "live/model.onnx").write_bytes(graph)
    page, _ = open_page(chromium, host, ready="#trouble:not(:empty)")
    assert "/model.onnx is not the file that was exported; copy the whole folder again" in page.inner_text("#trouble")
    page.context.close()
    host.stop()


def test_two_exports_below_folders_of_a_host_that_redirects_need_no_network(
    chromium, exported: Path, renewed: Path, small: Warm, tmp_path: Path
) -> None:
    for place, source in (("a b/ü/one", exported), ("a b", renewed)):
        lay(source, tmp_path / place, LONG_AGO)
    host = Host(tmp_path, redirects=True)
    home = host.address
    host.address = f"{home}a%20b/"
    outer, _ = open_page(chromium, host, ready=KEPT)
    inner = outer.context.new_page()
    inner.goto(f"{home}a%20b/%C3%BC/one/")
    inner.wait_for_selector(KEPT)
    host.stop()
    for page, answer in ((outer, "coins"), (inner, "discs")):
        page.reload()
        page.wait_for_selector("#measured:not(:empty)")
        assert ask(page, small) == answer
    outer.context.close()


def test_a_full_device_keeps_nothing_of_a_page_that_works_all_the_same(chromium, host: Host, small: Warm) -> None:
    page = chromium.new_context().new_page()
    page.goto(f"{host.address}README.md")
    page.context.new_cdp_session(page).send(
        "Storage.overrideQuotaForOrigin", {"origin": host.address.rstrip("/"), "quotaSize": 3_000_000}
    )
    page.goto(host.address)
    page.wait_for_selector("#measured:not(:empty)")
    kept = page.evaluate(
        """async () => {
          const { installing } = await navigator.serviceWorker.register("service-worker.js");
          if (installing) await new Promise((resolve) => { installing.onstatechange = resolve; });
          return [installing?.state ?? "redundant", await caches.keys()];
        }"""
    )
    assert kept == ["redundant", []]
    assert page.inner_text("#offline") == ""
    assert ask(page, small) == "discs"
    page.context.close()


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("classifier.json", "/classifier.json cannot be fetched (404); copy the whole folder again"),
        ("model.onnx", "/model.onnx cannot be fetched (404); copy the whole folder again"),
        ("ort/ort.wasm.min.js", "/ort/ort.wasm.min.js does not load as a script"),
        ("ort/ort-wasm-simd-threaded.wasm", "ONNX Runtime does not start in this browser"),
        ("pixels.js", "The scripts of this page do not load"),
    ],
)
def test_a_missing_file_is_named(chromium, exported: Path, tmp_path: Path, missing: str, said: str) -> None:
    lay(exported, tmp_path, LONG_AGO)
    (tmp_path / missing).unlink()
    host = Host(tmp_path)
    page, _ = open_page(chromium, host, ready="#trouble:not(:empty)", service_workers="block")
    assert said in page.inner_text("#trouble")
    assert page.inner_text("#status") == ""
    page.context.close()
    host.stop()


def test_a_page_opened_as_a_file_says_what_to_do(chromium, exported: Path) -> None:
    page = chromium.new_page()
    page.goto((exported / "index.html").as_uri())
    page.wait_for_selector("#trouble:not(:empty)")
    assert "does not work from a file" in page.inner_text("#trouble")
    assert "python -m http.server" in page.inner_text("#trouble")
    page.close()


def test_hosts_that_know_no_types_serve_all_but_scripts(chromium, exported: Path, small: Warm) -> None:
    plain = dict.fromkeys((".wasm", ".json", ".onnx", ".webmanifest", ""), "application/octet-stream")
    host = Host(exported, plain)
    page, _ = open_page(chromium, host, service_workers="block")
    assert ask(page, small) == "discs"
    host.stop()
    host = Host(exported, {".js": "text/plain"})
    page, _ = open_page(chromium, host, ready="#trouble:not(:empty)", service_workers="block")
    assert "files ending in .js as text/javascript" in page.inner_text("#trouble")
    page.context.close()
    host.stop()


def test_another_version_of_the_record_is_refused(chromium, exported: Path, tmp_path: Path) -> None:
    lay(exported, tmp_path, LONG_AGO)
    record = json.loads((tmp_path / "classifier.json").read_text("utf-8"))
    (tmp_path / "classifier.json").write_text(json.dumps({**record, "schema_version": 2}))
    host = Host(tmp_path)
    page, _ = open_page(chromium, host, ready="#trouble:not(:empty)", service_workers="block")
    assert "are of two versions; reload this page" in page.inner_text("#trouble")
    page.context.close()
    host.stop()


def test_digests_without_those_of_the_browser_are_the_same(chromium, host: Host) -> None:
    page, _ = open_page(chromium, host, service_workers="block")
    lengths = [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]
    found = page.evaluate(
        """async (lengths) => {
          const { compute } = await import("./digest.js");
          const say = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
          return lengths.map((length) => say(compute(new Uint8Array(length + 1).fill(201).subarray(1))));
        }""",
        lengths,
    )
    assert found == [hashlib.sha256(b"\xc9" * length).hexdigest() for length in lengths]
    page.context.close()
