"""Reading of JSON and arrays that anybody may have damaged: whatever is wrong with the bytes is one kind of error."""

import io
import json
import math
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Readers of the header of a ``.npy`` by its version; the third differs from the second in its text encoding alone.
_READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
    (3, 0): np.lib.format.read_array_header_2_0,
}


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


class ParsedArrays:
    """The arrays of an ``.npz``, each unpacked when it is asked for; nothing is unpickled."""

    def __init__(self, content: bytes) -> None:
        """Open the bytes of the file.

        Raises:
            ValueError: it is damaged.
        """
        try:
            self._arrays = np.load(io.BytesIO(content), allow_pickle=False)
            refuse_false_shapes(self._arrays.zip)
        except Exception as error:  # NumPy, zipfile, zlib and the tokenizer of headers have each their own
            raise ValueError(describe_parse_error(error)) from error

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all arrays."""
        return tuple(self._arrays.files)

    def read(self, name: str) -> NDArray[Any]:
        """Return an array.

        Raises:
            ValueError: there is none of that name, or it is damaged.
            MemoryError: it is too large for this machine.
        """
        try:
            array = self._arrays[name]
        except MemoryError:
            raise
        except Exception as error:
            raise ValueError(describe_parse_error(error)) from error
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name} is no array")  # noqa: TRY004 (what is damaged is one kind of error)
        return array


def refuse_false_shapes(archive: zipfile.ZipFile) -> None:
    """Refuse arrays whose headers speak of more values than there are, before memory is asked for.

    Args:
        archive: an open ``.npz``.

    Raises:
        ValueError: there is one.
        Exception: whatever a damaged archive or header makes of it.
    """
    for member in archive.infolist():
        with archive.open(member) as stream:
            if not member.filename.endswith(".npy"):
                continue
            version = np.lib.format.read_magic(stream)
            if version not in _READ_HEADER:
                raise ValueError(f"{member.filename} has version {version}, which is not known")
            shape, _, kind = _READ_HEADER[version](stream)
            if not kind.hasobject and stream.tell() + math.prod(shape) * kind.itemsize > member.file_size:
                raise ValueError(f"{member.filename} is shorter than its header says, {shape} of {kind}")


def describe_parse_error(error: BaseException) -> str:
    """Return an error of a library in a few words."""
    return str(error.args[0] if isinstance(error, KeyError) and error.args else error) or type(error).__name__
