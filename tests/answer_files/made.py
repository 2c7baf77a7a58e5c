"""A saved classifier of drawn photos, many small photos, and their answers read back."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
from PIL import Image

from headstart_runtime.answer_files.records import AnswerSource, WrittenAnswers
from headstart_runtime.answer_files.source import make_answer_source
from headstart_runtime.answer_files.write import write_answers
from headstart_runtime.inference.classifier import Classifier


def draw_many(folder: Path, count: int, bad: tuple[int, ...] = ()) -> list[Path]:
    """Draw photos of one colour each; some are none, though they are called so."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number}.png" for number in range(count)]
    for number, file in enumerate(files):
        Image.new("RGB", (40, 40), (number * 7 % 256, number * 3 % 256, 90)).save(file)
        if number in bad:
            file.write_bytes(b"no photo")
    return files


def source_of(classifier: Classifier, *items: Any) -> AnswerSource:
    """Return files, folders and the like as a source."""
    return make_answer_source(classifier.record.modality, list(items))


def write(classifier: Classifier, out: Path, *items: Any, **options: Any) -> WrittenAnswers:
    """Answer files, folders and the like, three to a part where nothing else is said."""
    return write_answers(classifier, source_of(classifier, *items), out, **{"part_items": 3, **options})


def read_rows(out: Path) -> list[dict[str, Any]]:
    """Return the rows of a file, or of all parts, in order."""
    files = sorted(out.glob("part-*.parquet")) if out.is_dir() else [out]
    return [row for file in files for row in parquet.read_table(file).to_pylist()]
