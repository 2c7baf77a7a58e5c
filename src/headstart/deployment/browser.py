"""A headless Chromium: found where it is installed, started on one address, ended with all that it wrote."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from headstart_runtime.errors import SettingError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
)
#: It asks nobody but this machine, and keeps nothing.
_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-proxy-server",
    "--mute-audio",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def find_browser(purpose: str) -> str:
    """Return the path of a Chromium.

    Args:
        purpose: what wants one, as a sentence begins: "an export for the web is proved".

    Raises:
        SettingError: there is none.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None) or next(filter(os.path.isfile, _PLACES), None)
    if found is None:
        raise SettingError(
            f"{purpose} in headless Chromium, and there is none here ({', '.join(NAMES)}); install one, such as "
            "Debian's package chromium"
        )
    return found


class Browser:
    """A running Chromium, with a profile of its own."""

    def __init__(self, path: str, address: str):
        self._profile = tempfile.TemporaryDirectory(prefix="headstart-browser-", ignore_cleanup_errors=True)
        self._said = Path(self._profile.name, "said")
        # As root, and in most containers, its sandbox cannot be set up; it opens one page, of this machine.
        lone = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
        command = [path, *_FLAGS, *lone, f"--user-data-dir={self._profile.name}/profile", address]
        try:
            with self._said.open("wb") as said:
                self._process = subprocess.Popen(  # noqa: S603  a browser that is installed here
                    command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=os.name == "posix"
                )
        except OSError as error:
            self._profile.cleanup()
            raise SettingError(f"{path} cannot be started: {error.strerror or error}") from None

    def explain_end(self) -> str | None:
        """Return the last line that it said where it has ended; None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        lines = self._said.read_text("utf-8", "replace").strip().splitlines()
        return f"code {code}{f': {lines[-1][:200]}' if lines else ''}"

    def close(self) -> None:
        """End it, its own children too, and remove its profile."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._profile.cleanup()
