"""What an export says of classes and items that are called anything."""

import pytest

from headstart.deployment.contents import MOST_LETTERS, _clean, _show_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cat", "cat"),
        ("a\n# b\r\nc", "a # b c"),
        ("<script>alert(1)</script> & co", "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co"),
        ("![x](y) *z* `w` | v", r"!\[x\](y) \*z\* \`w\` \| v"),
    ],
)
def test_names_of_classes_are_words_of_a_line(name: str, shown: str) -> None:
    assert _show_name(name) == shown


def test_a_class_of_a_very_long_name_is_cut() -> None:
    assert len(_show_name("x" * 5000)) <= 200


@pytest.mark.parametrize("name", ["é" * 10 + ".png", "x" * 251 + ".png", "a b\n😀.png"])
def test_golden_items_have_names_that_any_disk_takes(name: str) -> None:
    assert _clean(name).endswith(".png") or _clean(name) == "png"
    assert len(_clean(name)) <= MOST_LETTERS
