"""The files of the page to try models on, all from this package."""

from functools import cache
from importlib.resources import files

from fastapi import Response

FILES = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "answers.js": "text/javascript; charset=utf-8",
    "intake.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@cache
def _read(name: str) -> bytes:
    return (files("headstart_runtime.service") / "page" / name).read_bytes()


def read_page(name: str) -> Response:
    """Return a file of the page."""
    return Response(_read(name), headers={"content-type": FILES[name], "cache-control": "no-cache"})
