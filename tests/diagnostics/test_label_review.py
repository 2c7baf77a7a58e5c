"""Grades that look wrong, and the words for what is doubted."""

import numpy as np
import pytest

from headstart.diagnostics.label_review import Doubt, describe_doubts, find_ordered_suspects

NAMES = ("bad", "fair", "good", "best")


def test_sure_and_far_grades_come_first() -> None:
    chances = np.array(
        [
            [0.02, 0.03, 0.05, 0.90],  # "bad" is three off, and surely so
            [0.26, 0.24, 0.26, 0.24],  # nothing is known of it
            [0.02, 0.90, 0.06, 0.02],  # "good" is next to the right one
            [0.90, 0.06, 0.03, 0.01],  # "bad" is right
            [0.02, 0.03, 0.05, 0.90],  # as the first, but not looked at
        ],
        np.float32,
    )
    known = np.array([True, True, True, True, False])
    found = find_ordered_suspects(list("abcde"), np.array([0, 0, 2, 0, 0]), chances, NAMES, known)
    assert [(one.id, one.given, one.likely) for one in found] == [
        ("a", "bad", "best"),
        ("c", "good", "fair"),
        ("b", "bad", "fair"),
    ]
    assert [one.doubts[0].kind for one in found] == ["too low", "too high", "too low"]
    assert found[0].doubts[0].expected == pytest.approx(2.83)
    strengths = [one.doubts[0].strength for one in found]
    assert strengths == sorted(strengths, reverse=True)
    assert describe_doubts(found[0].doubts, NAMES) == "too low"


def test_what_is_doubted_is_named_where_a_label_has_parts() -> None:
    doubts = [Doubt(0, "missing", 0, 0.9, 2.0), Doubt(2, "too many", 1, 0.1, 2.0), Doubt(1, "missing", 0, 0.8, 1.0)]
    assert describe_doubts(doubts, ("cat", "dog", "cow")) == "missing: cat, dog; too many: cow"
    assert describe_doubts([Doubt(0, "decimal point", 10, 1, 9.0)], ("weight (g)",)) == "decimal point"
    assert describe_doubts([], ("cat", "dog")) == ""
