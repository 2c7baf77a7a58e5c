"""Items as bodies of calls, and a service that does not start."""

from pathlib import Path

import numpy as np
import pytest

from headstart.deployment.service_process import ServiceProcess, make_body
from headstart_runtime.errors import SaveError
from headstart_runtime.modalities.item import NamedItem
from headstart_runtime.modalities.modality import get_modality


def test_files_and_bytes_are_sent_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"photo")
    photos = get_modality("image")
    for item in (file, str(file), b"photo", NamedItem("a", file)):
        assert make_body(photos, item) == (b"photo", "application/octet-stream")


def test_texts_are_sent_as_json() -> None:
    texts = get_modality("text")
    assert make_body(texts, "wörds") == (b'{"texts": ["w\\u00f6rds"]}', "application/json")
    assert make_body(texts, b"words") == (b"words", "text/plain")


def test_what_cannot_be_sent_is_none(tmp_path: Path) -> None:
    photos = get_modality("image")
    assert make_body(photos, np.zeros((4, 4, 3), np.uint8)) is None
    assert make_body(photos, tmp_path / "missing.jpg") is None
    assert make_body(photos, b"") is None
    assert make_body(photos, b"12345", most=4) is None


@pytest.mark.slow
def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match=r"the service does not start: .*missing"):
        ServiceProcess(["missing"], tmp_path)
