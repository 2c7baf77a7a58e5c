"""An export for the web: what is refused, and its page in Chromium, which needs no network on the second visit."""

from collections.abc import Callable
from pathlib import Path

import pytest

import headstart
from headstart.deployment.browser import find_browser
from headstart.deployment.ort_web import read_ort_web
from headstart.deployment.proof import ProofError
from headstart_runtime.errors import SettingError
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.optional_facets import find_web_page
from tests.browsers import find_serious
from tests.conftest import Warm
from tests.deployment.conftest import Break
from tests.deployment.web_pages import Host, hand_over, open_page, read_answer


@pytest.mark.parametrize("name", ["text", "sound"])
def test_other_kinds_of_items_are_refused_in_a_line(name: str) -> None:
    many = get_modality(name).noun.many
    with pytest.raises(SettingError, match=f"there is no web page that reads {many} yet; export to another format"):
        find_web_page(get_modality(name))


def test_without_onnxruntime_web_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match=r"needs onnxruntime-web, .*npm pack onnxruntime-web.*--ort-web"):
        read_ort_web(None)
    with pytest.raises(SettingError, match=r"does not have all of ort\.wasm\.min\.mjs"):
        read_ort_web(tmp_path)
    (tmp_path / "onnxruntime-web-1.tgz").write_bytes(b"no package")
    with pytest.raises(SettingError, match="cannot be read: not a package of npm"):
        read_ort_web(None)
    for name in ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"):
        (tmp_path / name).write_bytes(b"/*! ONNX Runtime Web v1.9.0 */")
    with pytest.raises(SettingError, match=r"has onnxruntime-web 1\.9\.0, too old"):
        read_ort_web(tmp_path)


def test_the_newest_package_and_folders_of_npm_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "node_modules/onnxruntime-web/dist"
    installed.mkdir(parents=True)
    for name in ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"):
        (installed / name).write_bytes(b"/*! ONNX Runtime Web v1.30.0 */")
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    found = read_ort_web(None)
    assert found.facts["version"] == "1.30.0"
    assert not [name for name in found.files if name.endswith(".mjs")]


def test_without_chromium_nothing_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.deployment.browser.shutil.which", lambda name: None)
    monkeypatch.setattr("headstart.deployment.browser._PLACES", ())
    with pytest.raises(SettingError, match="proved in headless Chromium, and there is none here"):
        find_browser("an export for the web is proved")


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.browser
@pytest.mark.slow
def test_photos_are_answered(chromium, host: Host, small: Warm, width: int, scheme: str) -> None:
    page, complaints = open_page(
        chromium, host, viewport={"width": width, "height": 740}, color_scheme=scheme, service_workers="block"
    )
    assert find_serious(page) == []
    page.set_input_files("#file", next((small.photos / "discs").glob("*.jpg")))
    assert read_answer(page) == "discs"
    assert page.evaluate("document.activeElement.id") == "result"
    assert "discs" in page.inner_text("#status")
    assert find_serious(page) == []
    hand_over(page, "drop", next((small.photos / "checks").glob("*.png")))
    page.wait_for_selector("#result:not([hidden]) #answer-words:text-is('checks')")
    hand_over(page, "paste", next((small.photos / "stripes").glob("*.jpg")))
    page.wait_for_selector("#result:not([hidden]) #answer-words:text-is('stripes')")
    page.set_input_files("#file", {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"no photo"})
    page.wait_for_selector("#trouble:not(:empty)")
    assert "x.jpg: this is no photo" in page.inner_text("#trouble")
    page.click("#camera")
    page.wait_for_selector("#viewer:not([hidden]) #shoot:focus")
    page.keyboard.press("Enter")
    assert read_answer(page)
    assert page.is_hidden("#viewer")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [one for one in complaints if "service" not in one.lower()] == []
    page.context.close()


@pytest.mark.browser
@pytest.mark.slow
def test_the_second_visit_asks_nothing_of_the_network(chromium, host: Host, small: Warm) -> None:
    page, complaints = open_page(chromium, host)
    page.wait_for_selector("#offline:not(:empty)")
    host.asked.clear()
    page.reload()
    page.wait_for_selector("#measured:not(:empty)")
    assert set(host.asked) <= {"/service-worker.js"}, "the browser itself looks whether there is a new version"
    host.stop()
    page.reload()
    page.wait_for_selector("#measured:not(:empty)")
    page.set_input_files("#file", next((small.photos / "discs").glob("*.jpg")))
    assert read_answer(page) == "discs"
    assert complaints == []
    page.context.close()


@pytest.mark.browser
@pytest.mark.slow
def test_each_task_has_its_form(chromium, host: Host) -> None:
    page, _ = open_page(chromium, host, service_workers="block")
    found = page.evaluate(
        """async () => {
          const { makeAnswer } = await import("./headstart.js");
          const { describeAnswer } = await import("./answers.js");
          const names = ["low", "middle", "high"];
          const arrays = {
            classification: { probabilities: [0.2, 0.5, 0.3], prediction_set: [0, 1, 1] },
            multilabel: { probabilities: [0.7, 0.5, 0.1], labels: [1, 1, 0] },
            ordinal: { probabilities: [0.2, 0.5, 0.3], rank: [1n], range: [1n, 2n], prediction_set: [0, 1, 1] },
            regression: { value: [1, 2.5, 3], interval: [0, 2, 2, 3, 2, 4], out_of_distribution: [1] },
          };
          return Object.entries(arrays).map(([task, outputs]) => {
            const answer = makeAnswer(outputs, { task, names, units: ["", "g", ""] });
            const told = describeAnswer(answer, { classes: names, thresholds: { low: 0.5 } });
            return [told.words, told.more, told.details.length, answer.out_of_distribution, answer];
          });
        }"""
    )
    (one, set_of, *_), labels, (grade, between, *_), numbers = found
    assert (one, set_of) == ("middle", "50.0 %; not sure, it may be any of: middle, high")
    assert labels[0] == "low, middle"
    assert (grade, between) == ("middle", "most likely middle to high")
    assert numbers[3] is True
    assert numbers[4]["interval"]["middle"] == [2, 3]
    page.context.close()


@pytest.mark.parametrize(
    ("name", "old", "new", "step"),
    [
        pytest.param("pixels.js", "target[to] = rgba[from];", "target[to] = rgba[from + 2];", "decode", id="blue"),
        pytest.param("pixels.js", '"from-image"', '"flipY"', "decode", id="upside down"),
        pytest.param("headstart.js", "order[0];", "order[1];", "postprocessing", id="another class"),
    ],
)
@pytest.mark.browser
@pytest.mark.slow
def test_a_broken_contract_is_refused(
    name: str,
    old: str,
    new: str,
    step: str,
    small: Warm,
    options: dict[str, Path],
    tmp_path: Path,
    break_format: Callable[[str, Break], None],
) -> None:
    def damage(folder: Path) -> None:
        code = (folder / name).read_text()
        assert old in code
        (folder / name).write_text(code.replace(old, new))

    break_format("web", damage)
    with pytest.raises(ProofError) as refused:
        headstart.export(small.run, to="web", out=tmp_path / "made", **options)
    assert refused.value.step == step
    assert not list(tmp_path.iterdir())
