"""Files that are there whole or not at all, as the runtime writes them, and the stamps of folders."""

import os
from contextlib import suppress
from pathlib import Path

from headstart_runtime.whole_files import new_folder as new_folder
from headstart_runtime.whole_files import remove_drafts as remove_drafts
from headstart_runtime.whole_files import replace_bytes as replace_bytes
from headstart_runtime.whole_files import replace_text as replace_text


def stamp(folder: Path) -> None:
    """Set the time of a folder that is used now: pruning goes by that. Nothing happens where there is none.

    ``Path.touch`` would make a file in its place.
    """
    with suppress(OSError):
        os.utime(folder)
