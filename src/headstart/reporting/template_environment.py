"""Environments of the report's templates; their code is kept beside them, as Python keeps a module's.

Compiling the templates took longer than filling them in.
"""

import marshal
import sys
from contextlib import suppress
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from types import CodeType

import jinja2
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

from headstart.storage.atomic import replace_bytes
from headstart_runtime.errors import StoreError

TEMPLATES = Path(__file__).parent / "templates"


def make_environment(*, escape: bool) -> Environment:
    """Return an environment of the templates, in which a value that is missing is an error.

    Args:
        escape: whether whatever is put into a template is escaped as HTML needs it.
    """
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=escape,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=TemplateCode(TEMPLATES, escape=escape),
    )


class TemplateCode(BytecodeCache):
    """Compiled templates in ``__pycache__`` beside them; nothing is written where Python writes none of its own.

    A file begins with what it was made by and from: another Python, Jinja, environment or text makes it anew.
    """

    def __init__(self, folder: Path, *, escape: bool):
        self._folder, self._escape = folder, escape

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """Return the name of the file that holds a template's code."""
        return f"{name}.{'escaped' if self._escape else 'bare'}"

    def load_bytecode(self, bucket: Bucket) -> None:
        """Set the code of a bucket, if it is there and fits."""
        try:
            content = self._locate(bucket).read_bytes()
        except OSError:
            return
        head = _make_head(bucket)
        if content.startswith(head):
            with suppress(EOFError, ValueError, TypeError):
                code = marshal.loads(content[len(head) :])  # noqa: S302
                bucket.code = code if isinstance(code, CodeType) else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a bucket, where that can be: the report needs it not."""
        if not sys.dont_write_bytecode:
            with suppress(OSError, StoreError):
                replace_bytes(self._locate(bucket), _make_head(bucket) + marshal.dumps(bucket.code))

    def _locate(self, bucket: Bucket) -> Path:
        return Path(cache_from_source(str(self._folder / f"{bucket.key}.py")))


def _make_head(bucket: Bucket) -> bytes:
    return MAGIC_NUMBER + f"{jinja2.__version__} {bucket.checksum}\n".encode()
