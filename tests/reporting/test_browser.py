"""The pages in Chromium: wide and narrow, light and dark, on paper, by mouse and keyboard, without script."""

import re
from contextlib import contextmanager

import pytest

from headstart.reporting.write import write_comparison, write_report
from tests.browsers import find_chromium, find_serious
from tests.reporting.example_run import write_example_run
from tests.reporting.example_task_run import write_label_run, write_number_run

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}

#: Text whose contrast with what is behind it is too low (WCAG 2.2, 1.4.3), or that cannot be told.
CONTRAST = """() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (css) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = css;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((c, k) => c * a + under[k] * (1 - a));
  const behind = (element) => {
    const layers = [];
    for (let it = element; it; it = it.parentElement) layers.push(rgba(getComputedStyle(it).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((it) => it.nodeType === 3 && it.textContent.trim());
    if (!own || !element.getClientRects().length || element.closest("script, style, .unseen")) continue;
    const style = getComputedStyle(element);
    const svg = element instanceof SVGElement;
    const under = behind(element);
    const ink = over(rgba(svg ? style.fill : style.color), under);
    const [high, deep] = [light(ink), light(under)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (deep + 0.05);
    if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${element.outerHTML.slice(0, 120)}`);
  }
  return low;
}"""

#: Boxes that stick out of the window and do not lie in one that scrolls.
OVERFLOW = """() => {
  const out = document.documentElement.scrollWidth > innerWidth ? [`page ${document.documentElement.scrollWidth}`] : [];
  for (const it of document.querySelectorAll("body *")) {
    const box = it.getBoundingClientRect();
    if (!box.width || box.right <= innerWidth + 1 || it.closest(".scroll, .skip, .unseen")) continue;
    out.push(it.outerHTML.slice(0, 120));
  }
  return out;
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A report with all that a report can have, one without what may be missing, and two runs side by side."""
    folder = tmp_path_factory.mktemp("browser")
    whole, bare = (
        write_example_run(folder / "whole", given=True, test=80),
        write_example_run(folder / "bare", bare=True, trained=False),
    )
    third = write_example_run(folder / "third", test=80, trained=False)
    return {
        "whole": write_report(whole),
        "bare": write_report(bare),
        "versus": write_comparison(whole, third, folder / "versus.html"),
        "labels": write_report(write_label_run(folder / "labels")),
        "numbers": write_report(write_number_run(folder / "numbers")),
        "two tasks": write_comparison(
            folder / "numbers", write_number_run(folder / "other", noise=14.0), folder / "two.html"
        ),
    }


@pytest.fixture(scope="module")
def chromium():
    found = find_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, pages):
    """Opens a page; at the end nothing may have been complained of, and no request may have left the file."""

    @contextmanager
    def open_(name="whole", *, anchor="", **options):
        context = chromium.new_context(offline=True, **{"viewport": WIDE, **options})
        complaints, left = [], []

        def passed(route) -> None:
            url = route.request.url
            if url.partition("#")[0] == pages[name].as_uri() or url.startswith("data:"):
                route.continue_()
            else:
                left.append(url)
                route.abort()

        context.route("**/*", passed)
        page = context.new_page()
        page.on("console", lambda it: complaints.append(it.text))
        page.on("pageerror", lambda it: complaints.append(str(it)))
        page.goto(pages[name].as_uri() + anchor)
        yield page
        context.close()
        assert complaints == []
        assert left == []

    return open_


@pytest.mark.parametrize("name", ["whole", "bare", "versus", "labels", "numbers", "two tasks"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_is_cut_off_or_too_faint(opened, name, scheme, size) -> None:
    with opened(name, viewport=size, color_scheme=scheme) as page:
        page.evaluate("for (const it of document.querySelectorAll('details')) it.open = true")
        assert page.evaluate(OVERFLOW) == []
        assert page.evaluate(CONTRAST) == []
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark == (scheme == "dark")


@pytest.mark.parametrize("name", ["whole", "bare", "versus", "labels", "numbers", "two tasks"])
def test_nothing_keeps_people_from_using_it(opened, name) -> None:
    with opened(name) as page:
        page.evaluate("for (const it of document.querySelectorAll('details')) it.open = true")
        assert find_serious(page) == []


def visible(page) -> list[str]:
    return page.eval_on_selector_all(
        ".gallery", "all => all.filter((it) => it.getClientRects().length).map((it) => it.id)"
    )


def cells(page) -> list[str]:
    return page.eval_on_selector_all(".matrix a", "all => all.map((it) => it.getAttribute('aria-controls'))")


def test_a_click_on_a_cell_shows_its_photos(opened) -> None:
    with opened() as page:
        (first,) = visible(page)
        for id_ in [it for it in cells(page) if it != first][:4]:
            link = page.locator(f".matrix a[aria-controls={id_}]")
            link.click()
            assert visible(page) == [id_]
            assert link.get_attribute("aria-expanded") == "true"
            assert page.locator(".matrix a[aria-expanded=true]").count() == 1
            shown = page.locator(f"#{id_} li:visible")
            assert shown.count() == int(link.inner_text())
            picture = page.locator(f"#{id_} .pic").first
            assert re.match(r'url\("data:image/jpeg', picture.evaluate("it => getComputedStyle(it).backgroundImage"))
            assert picture.bounding_box()["height"] > 60


def test_cells_by_keyboard(opened) -> None:
    with opened(reduced_motion="reduce") as page:
        ids = cells(page)
        for key, id_ in (("Enter", ids[0]), ("Space", ids[-1])):
            page.locator(f".matrix a[aria-controls={id_}]").focus()
            page.keyboard.press(key)
            assert visible(page) == [id_]
        before = page.evaluate("scrollY")
        page.keyboard.press("Space")
        assert page.evaluate("scrollY") == before
        page.locator(f".matrix a[aria-controls={ids[0]}]").focus()
        page.keyboard.press("ArrowDown")
        focused = page.evaluate("document.activeElement.getAttribute('aria-controls')")
        assert focused in ids
        assert focused != ids[0]


def test_without_script(opened) -> None:
    with opened(java_script_enabled=False) as page:
        assert page.locator(".gallery:visible").count() == 1
        link = page.locator(".matrix a[aria-expanded=false]").last
        link.click()
        assert page.locator(".gallery:visible").count() == 1
        assert page.locator(f"#{link.get_attribute('aria-controls')}").is_visible()
        page.locator("summary", has_text="All settings").click()
        assert page.locator("td code", has_text='"group"').first.is_visible()


def test_a_link_to_a_cell_opens_it(opened) -> None:
    with opened() as page:
        last = cells(page)[-1]
    with opened(anchor=f"#{last}") as page:
        assert visible(page) == [last]
        page.locator(f".matrix a[aria-controls={cells(page)[0]}]").click()
        assert visible(page) == [cells(page)[0]]


def test_the_first_key_leads_past_the_navigation(opened) -> None:
    with opened() as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.locator(".skip").bounding_box()["x"] >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.keyboard.press("Tab")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style == "solid"


def test_all_that_scrolls_can_be_scrolled_by_keyboard(opened) -> None:
    with opened(viewport=NARROW) as page:
        stuck = page.eval_on_selector_all(
            "body *",
            "all => all.filter((it) => /auto|scroll/.test(getComputedStyle(it).overflowX) && it.tabIndex < 0)"
            ".map((it) => it.outerHTML.slice(0, 100))",
        )
        assert stuck == []


def test_on_paper(opened) -> None:
    with opened(color_scheme="dark") as page:
        folded = page.locator("details:not([open])").count()
        assert folded > 2
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not page.locator("nav.sections").is_visible()
        assert page.evaluate(CONTRAST) == []
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details:not([open])").count() == folded
        assert page.pdf(format="A4")[:4] == b"%PDF"


def test_less_motion(opened) -> None:
    with opened(reduced_motion="reduce") as page:
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
