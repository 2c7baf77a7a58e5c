"""Patterns that read classes off names."""

import pytest

from headstart.settings import DataSettings, FitSettings
from headstart.settings.class_pattern import read_class_pattern
from headstart_runtime.errors import SettingError


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        (r"^(.*)_\d+", "images/great_pyrenees_12.jpg", ("great_pyrenees", "")),
        (r"(?P<label>[a-z]+)\.", "a/s01_happy.png", ("happy", "")),
        (r"(?P<group>s\d+)_(?P<label>[a-z]+)", "a/s01_happy.png", ("happy", "s01")),
        (r"(?P<group>s\d+)_([a-z]+)", "a/s01_happy.png", ("happy", "s01")),
        (r"([a-z]+)_(?P<group>s\d+)", "a/happy_s01.png", ("happy", "s01")),
        (r"/([^/]+)/", "a/cats/1.png", ("cats", "")),
        (r"^(a)", "a/b.png", ("", "")),
        (r"(?P<label>a)?b", "b.png", ("", "")),
    ],
)
def test_a_pattern_reads_class_and_group(pattern, path, expected):
    assert read_class_pattern(pattern).read(path) == expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a", "class_pattern '[(]a' is not a regular expression .*; wanted one such as"),
        ("a", "has 0 parts in brackets; wanted one, the class, or one named label, such as"),
        ("(a)(b)", "has 2 parts in brackets; wanted one"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern, message):
    with pytest.raises(SettingError, match=message):
        FitSettings.load(class_pattern=pattern)
    assert DataSettings(class_pattern="(a)").given() == {"class_pattern": "(a)"}
