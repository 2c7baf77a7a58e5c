"""``headstart.predict``."""

import os
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import cast

from headstart.display.html import html_table
from headstart.errors import UserError
from headstart.inference.classifier import PhotoLike, Prediction, load
from headstart.inference.predictors import InferenceEngineChoice
from headstart.modalities.image.load import is_one_photo


class Predictions(list[Prediction]):
    """Predictions in the order of the photos; a photo that could not be read has an ``error`` and no label."""

    def _repr_html_(self) -> str:
        rows = [
            (one.source, one.label, f"{one.probability:.1%}" if one.error is None else None, describe_remarks(one))
            for one in self
        ]
        return html_table(("photo", "label", "probability", ""), rows)


def describe_remarks(prediction: Prediction) -> str:
    """Return what else there is to say of an answer: an error, a photo unlike those of training, a repair."""
    unfamiliar = "unlike the training photos" if prediction.out_of_distribution else None
    return "; ".join(filter(None, (prediction.error, unfamiliar, prediction.repaired, prediction.note)))


def predict(
    model: str | os.PathLike[str],
    photos: PhotoLike | Iterable[PhotoLike],
    *,
    engine: InferenceEngineChoice = "auto",
) -> Predictions:
    """Return what photos show, by a saved classifier: a prediction for each, in order.

    Args:
        model: a saved classifier, its folder, or the run.
        photos: a photo (a path, the bytes of a file, an open file, a PIL image, an array), a folder, which is searched
            in depth, or several of them.
        engine: what answers: "auto", "onnxruntime" or "openvino".

    Raises:
        UserError: a classifier that cannot be used, or a folder without photos. A photo that cannot be read is no
            error: its prediction says so.
    """
    classifier = load(model, engine)
    several = [cast("PhotoLike", photos)] if is_one_photo(photos) else cast("Iterable[PhotoLike]", photos)
    skipped: list[str] = []
    files = expand_folders(several, skipped)
    found = Predictions(classifier.stream(list(files) if isinstance(several, Sized) else files))
    if not found and (skipped or several):
        others = f" ({len(skipped)} other files, such as {skipped[0]!r})" if skipped else ""
        raise UserError(f"no photos found in {str(photos)[:300]}{others}; give files, or folders with photos")
    return found


def expand_folders(photos: Iterable[PhotoLike], skipped: list[str]) -> Iterator[PhotoLike]:
    """Yield photos; in place of a folder those whose bytes are a photo's, in natural order.

    Args:
        photos: photos and folders.
        skipped: the names of what else lies in folders are added.
    """
    from headstart.data.unlabelled import find_photos

    for photo in photos:
        # os.path: Path.is_dir raises for names that are too long
        if isinstance(photo, str | os.PathLike) and os.path.isdir(photo):  # noqa: PTH112
            folder, others = Path(photo), list[str]()
            for path in find_photos(folder, others):
                # the name as the user wrote it, "./a.jpg" included
                yield os.path.join(photo, path.relative_to(folder))  # noqa: PTH118
            skipped += [os.path.join(photo, name) for name in others]  # noqa: PTH118
        else:
            yield photo
