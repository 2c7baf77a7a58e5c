"""Arguments of the commands that messages propose, so that they can be pasted into a shell."""

import os
import re
import shlex


def quote_argument(value: object) -> str:
    """Return a path, a column or another value as one argument of a command.

    In double quotes, which every shell knows, where these are enough; on POSIX else as ``shlex.quote`` has it.
    """
    text = str(value)
    safe = r"[\w@%+=:,./\\~-]+" if os.name == "nt" else r"[\w@%+=:,./-]+"
    if re.fullmatch(safe, text) and not text.startswith("-"):
        return text
    special = '"' if os.name == "nt" else '"$`\\!'
    if os.name == "nt" or not any(sign in text for sign in special):
        return f'"{text}"'
    return shlex.quote(text)
