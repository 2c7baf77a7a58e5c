"""The page of an export: files of all kinds, several photos, folders, names that are no plain words."""

import io
import json
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

import headstart
from headstart.cli.main import run
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.optional_facets import find_web_page
from tests.browsers import find_serious
from tests.conftest import Warm
from tests.deployment.web_pages import Host, open_page, read_answer


def encode(photo: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    photo.save(stream, kind, **options)
    return stream.getvalue()


def make_png(width: int, height: int, bits: int, content: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(content)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def draw() -> Image.Image:
    return Image.effect_noise((96, 80), 60).convert("RGB")


def claim(jpeg: bytes, edge: int) -> bytes:
    at = jpeg.index(b"\xff\xc0")
    return jpeg[: at + 5] + struct.pack(">HH", edge, edge) + jpeg[at + 9 :]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("TIFF", lambda: encode(draw(), "TIFF")),
        ("JPEG 2000", lambda: encode(draw(), "JPEG2000")),
        ("damaged PNG", lambda: encode(draw(), "PNG")[:-3000]),
        ("PNG of more than 100 million pixels", lambda: make_png(12_000, 10_000, 8, b"")),
        (None, lambda: encode(draw(), "PNG")),
        (None, lambda: encode(draw(), "JPEG")[:-300]),
        (None, lambda: b"no photo"),
    ],
)
def test_kinds_that_browsers_need_not_read_are_known(kind: str | None, content) -> None:
    assert find_web_page(get_modality("image")).name_unread(content()) == kind


@pytest.mark.browser
@pytest.mark.slow
def test_photos_that_browsers_do_not_read_are_left_out_of_the_proof(
    small: Warm, options: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items = tmp_path / "items"
    items.mkdir()
    for number, kind in enumerate(["TIFF", "TIFF", "JPEG2000", "PNG", "JPEG"]):
        (items / f"{number}.{kind.lower()}").write_bytes(encode(draw(), kind))
    words = ["export", small.run, "--to", "web", "--out", tmp_path / "made", "--items", items]
    assert run([str(word) for word in [*words, "--ort-web", options["ort_web"]]]) == 0
    told = "left out: 3 photos of a kind that is not read there (1 JPEG 2000, 2 TIFF)"
    assert told in capsys.readouterr().out
    proof = json.loads((tmp_path / "made/proof.json").read_text("utf-8"))
    assert proof["unread"] == {"JPEG 2000": 1, "TIFF": 2}
    assert (proof["held_out"]["items"], proof["held_out"]["refused"]) == (2, 0)
    assert f"* {told}" in (tmp_path / "made/README.md").read_text("utf-8")
    only = headstart.export(small.run, to="web", out=tmp_path / "only", items=[items / "0.tiff"], **options)
    assert only.proof.held_out is None
    assert "none of your own photos is compared" in (only.folder / "README.md").read_text("utf-8")


REFUSED = {
    "a.tiff": (
        lambda: encode(draw(), "TIFF"),
        "this is a TIFF or a camera’s raw file, which this browser does not read",
    ),
    "a.heic": (
        lambda: b"\0\0\0\x18ftypheic" + bytes(90),
        "this is a HEIC, which this browser does not read; save it as",
    ),
    "a.svg": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "this is a drawing (SVG)"),
    "half.png": (lambda: encode(draw(), "PNG")[:-3000], "this PNG is damaged or cut off"),
    "empty.jpg": (lambda: b"", "this file is empty"),
    "no-pixels.png": (lambda: make_png(0, 0, 16, b""), "this photo has no pixels"),
    "claim.png": (lambda: make_png(20_000, 20_000, 16, b""), "20000 x 20000 pixels, more than 100 million"),
    "claim.jpg": (lambda: claim(encode(draw(), "JPEG"), 20_000), "20000 x 20000 pixels, more than 100 million"),
    "short.png": (lambda: make_png(500, 500, 16, bytes(100)), "this PNG is damaged or cut off"),
}
READ = {
    "moving.gif": lambda: encode(draw(), "GIF", save_all=True, append_images=[draw()]),
    "moving.webp": lambda: encode(draw(), "WEBP", save_all=True, append_images=[draw()]),
    "dot.png": lambda: encode(Image.new("RGB", (1, 1)), "PNG"),
    "tail.jpg": lambda: encode(draw(), "JPEG") + bytes(50_000),
    "bomb.png": lambda: make_png(20, 20, 16, bytes(200_000_000)),  # far more than its photo has
}


@pytest.mark.browser
@pytest.mark.slow
def test_files_of_all_kinds_are_read_or_refused_in_a_sentence(chromium, host: Host) -> None:
    page, complaints = open_page(chromium, host, service_workers="block")
    for name, (content, said) in REFUSED.items():
        page.set_input_files("#file", {"name": name, "mimeType": "image/x", "buffer": content()})
        page.wait_for_selector(f"#trouble:has-text('{name}: ')", timeout=10_000)
        assert said in page.inner_text("#trouble"), name
    for name, content in READ.items():
        page.set_input_files("#file", {"name": name, "mimeType": "image/x", "buffer": content()})
        assert read_answer(page), name
        assert page.inner_text("#notes") == "", name
    assert [one for one in complaints if "service" not in one.lower()] == []
    page.context.close()


def drop(page, *paths: Path) -> None:
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": list(map(str, paths)), "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 150, "y": 150, "data": data})


@pytest.mark.browser
@pytest.mark.slow
def test_several_photos_are_answered_in_a_list(chromium, host: Host, small: Warm, tmp_path: Path) -> None:
    page, _ = open_page(chromium, host, service_workers="block", viewport={"width": 360, "height": 740})
    discs = sorted((small.photos / "discs").glob("*.jpg"))[:3]
    other = {"name": "=x.tiff", "mimeType": "image/tiff", "buffer": encode(draw(), "TIFF")}
    given = [{"name": path.name, "mimeType": "image/jpeg", "buffer": path.read_bytes()} for path in discs]
    page.set_input_files("#file", [*given, other])
    page.wait_for_selector("#summary:has-text('3 discs')")
    assert page.inner_text("#summary").endswith("1 not read")
    assert "4 photos given." in page.inner_text("#status")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert find_serious(page) == []
    page.focus("#rows tr:nth-child(2) button")
    page.keyboard.press("Enter")
    assert read_answer(page) == "discs"
    with page.expect_download() as download:
        page.click("#save")
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert lines[0] == "file,answer,checks,discs,stripes,prediction_set,out_of_distribution,note"
    assert [line.split(",")[:2] for line in lines[1:]] == [*([path.name, "discs"] for path in discs), ["'=x.tiff", ""]]
    folder = tmp_path / "mine"
    for number, path in ((10, discs[0]), (2, discs[1])):
        (folder / "deep").mkdir(parents=True, exist_ok=True)
        (folder / f"deep/{number}.jpg").write_bytes(path.read_bytes())
    (folder / ".hidden").write_bytes(b"x")
    drop(page, folder)
    page.wait_for_selector("#summary:has-text('5 discs')")
    assert page.locator("#rows th").all_inner_texts()[4:] == ["mine/deep/2.jpg", "mine/deep/10.jpg"]
    page.click("#clear")
    assert page.is_hidden("#several")
    (tmp_path / "nothing").mkdir()
    drop(page, tmp_path / "nothing")
    page.wait_for_selector("#trouble:has-text('There is no photo in what was dropped')")
    page.context.close()


@pytest.mark.browser
@pytest.mark.slow
def test_names_are_shown_as_they_are(chromium, host: Host) -> None:
    page, _ = open_page(chromium, host, service_workers="block")
    found = page.evaluate(
        """async () => {
          const { describeAnswer } = await import("./answers.js");
          const { makeAnswer } = await import("./headstart.js");
          const list = (one) => [...one.querySelectorAll("tbody th")].map((cell) => cell.textContent);
          const read = (told) => told.details.map(list);
          const odd = ["<b>x</b>", "constructor", "__proto__", "\u05d0\u05d1", "\u202eright"];
          const make = (arrays, task, names, units) => makeAnswer(arrays, { task, names, units });
          const shares = { probabilities: [0.1, 0.3, 0.2, 0.3, 0.1], prediction_set: [0, 1, 0, 1, 1] };
          const one = make(shares, "classification", odd);
          const told = describeAnswer(one, { classes: odd, thresholds: {} });
          const grades = ["9", "3", "1"];
          const grade = make({ probabilities: [0.2, 0.5, 0.3], rank: [1n] }, "ordinal", grades);
          const many = Array.from({ length: 1000 }, (_, at) => `n${at}`);
          const equal = { probabilities: many.map(() => 0.001), prediction_set: many.map(() => 1) };
          const all = make(equal, "classification", many);
          const numbers = make({ value: [1, 2], interval: [0, 1, 1, 3] }, "regression", ["a", "b"], ["g", ""]);
          return {
            odd: [read(told), told.more, told.details[0].querySelectorAll("b").length],
            grades: read(describeAnswer(grade, { classes: grades, thresholds: {} })),
            many: describeAnswer(all, { classes: many, thresholds: {} }).more.length,
            numbers: describeAnswer(numbers, { classes: ["a", "b"], thresholds: {} }).words,
          };
        }"""
    )
    (rows,), more, bold = found["odd"]
    assert rows == ["constructor", "\u05d0\u05d1", "__proto__", "<b>x</b>", "\u202eright"]
    assert more.endswith("constructor, \u2068\u05d0\u05d1\u2069, \u2068\u202eright\u2069")
    assert bold == 0
    assert found["grades"] == [["9", "3", "1"]]
    assert found["many"] < 200
    assert found["numbers"] == "a 1 g, b 2"
    page.context.close()


@pytest.mark.browser
@pytest.mark.slow
def test_the_module_answers_in_workers_and_refuses_what_is_no_photo(chromium, host: Host, small: Warm) -> None:
    page, _ = open_page(chromium, host, service_workers="block")
    worker = """import { load } from "/headstart.js";
      onmessage = async ({ data }) => postMessage((await (await load()).predict(data)).label);"""
    page.route("**/worker.js", lambda route: route.fulfill(body=worker, content_type="text/javascript"))
    photo = next((small.photos / "discs").glob("*.jpg")).read_bytes()
    page.route("**/photo.jpg", lambda route: route.fulfill(body=photo, content_type="image/jpeg"))
    found = page.evaluate(
        """async () => {
          const { load } = await import("/headstart.js");
          const photo = await (await fetch("/photo.jpg")).blob();
          const worker = new Worker("/worker.js", { type: "module" });
          const said = new Promise((resolve, reject) => {
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = reject;
          });
          worker.postMessage(photo);
          const classifier = await load();
          const sources = [photo, await createImageBitmap(photo), null, "text", new Image()];
          const ask = (source) => classifier.predict(source).then(({ label }) => label, ({ name }) => name);
          const answers = sources.map(ask);
          return [await said, ...(await Promise.all(answers))];
        }"""
    )
    assert found == ["discs", "discs", "discs", *["HeadstartError"] * 3]
    page.context.close()
