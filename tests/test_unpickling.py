"""What reads pickles calls nothing but what it is given; the readers' own tests have whole files."""

import io
import os
import pickle
from collections import OrderedDict
from decimal import Decimal
from pathlib import Path

import pytest

from headstart.unpickling import RefusedPickle, read_pickle, refuse_damage

KNOWN = {("collections", "OrderedDict"): dict}


class Caller:
    """Calls a function when it is unpickled."""

    def __init__(self, *call: object):
        self.call = call

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


class Referring(pickle.Pickler):
    def persistent_id(self, obj: object) -> object:
        return ("elsewhere", 7) if isinstance(obj, bytes) else None


def test_a_stream_is_read_pickle_by_pickle() -> None:
    stream = io.BytesIO(pickle.dumps([1]) + pickle.dumps(OrderedDict(a=2), protocol=2) + b"rest")
    assert (read_pickle(stream, {}), read_pickle(stream, KNOWN), stream.read()) == ([1], {"a": 2}, b"rest")


@pytest.mark.parametrize("protocol", range(2, 6))
def test_another_name_is_refused_before_anything_is_called(tmp_path: Path, protocol: int) -> None:
    for value in (Caller(os.mkdir, (str(tmp_path / "called"),)), Caller(exec, ("x = 1",)), Decimal(1)):
        with pytest.raises(RefusedPickle, match=r"it would call .*, which no array needs"):
            read_pickle(io.BytesIO(pickle.dumps(value, protocol=protocol)), KNOWN)
    assert not (tmp_path / "called").exists()


def test_a_function_of_ours_cannot_be_altered() -> None:
    altering = b"\x80\x02ccollections\nOrderedDict\n}X\x05\x00\x00\x00_callNsb."
    with pytest.raises(RefusedPickle, match="alter a function"):
        read_pickle(io.BytesIO(altering), KNOWN)


def test_references_are_given_to_who_asked_for_them() -> None:
    stream = io.BytesIO()
    Referring(stream).dump([b"key"])
    assert read_pickle(io.BytesIO(stream.getvalue()), {}, lambda reference: reference) == [("elsewhere", 7)]
    with pytest.raises(RefusedPickle, match="outside"):
        read_pickle(io.BytesIO(stream.getvalue()), {})


def test_numbers_of_values_far_beyond_how_many_there_are_are_refused() -> None:
    with pytest.raises(RefusedPickle, match="damaged"):
        read_pickle(io.BytesIO(b"\x80\x02]r\xff\xff\xff\x7f."), {})


def test_errors_of_damaged_bytes_are_one_kind_but_no_memory_is_not() -> None:
    with pytest.raises(RefusedPickle, match="damaged: "), refuse_damage():
        read_pickle(io.BytesIO(b"\x80"), {})
    with pytest.raises(MemoryError), refuse_damage():
        raise MemoryError
