"""The table of classes under a score: what is there is shown, what is not is counted."""

import numpy as np

from headstart.cli.fit_summary import MOST_CLASSES, describe_parts
from headstart.evaluation.grouping import Targets
from headstart.tasks.classification.evaluation import score_predictions
from headstart_runtime.modalities.item import Noun

PHOTO = Noun("photo", "photos")


def test_classes_without_photos_take_no_rows_and_have_a_dash_not_a_zero() -> None:
    """Two classes of thirty, the last ones; one photo is taken for a class that is not there."""
    names = [f"class {number}" for number in range(30)]
    labels = np.array([28, 28, 29, 29])
    said = np.eye(30)[[28, 7, 29, 29]]
    lines = describe_parts(score_predictions("given", Targets.independent(labels), said, names), PHOTO).splitlines()
    rows = {line[:8]: line.split() for line in lines if line.startswith("class ") and "photos" not in line}
    assert set(rows) == {"class 7 ", "class 28", "class 29"}
    assert rows["class 7 "][2:] == ["0", "0.0%", "-"]
    assert rows["class 28"][2:5] == ["2", "100.0%", "50.0%"]
    assert lines[-1] == "27 classes have no photo here, and none was taken for one"


def test_of_many_classes_the_rest_is_counted() -> None:
    names = [f"class {number:03}" for number in range(MOST_CLASSES + 5)]
    labels = np.arange(len(names))
    text = describe_parts(score_predictions("test", Targets.independent(labels), np.eye(len(names)), names), PHOTO)
    assert text.endswith("... and 5 more classes")
