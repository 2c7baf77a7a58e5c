"""``headstart explain MODEL PHOTO... --out FOLDER``."""

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.cli.answers import DECLINED
from headstart.display.lines import print_to_stderr
from headstart.errors import DataError, SettingError, UserError

if TYPE_CHECKING:
    from headstart.explanation.explainer import Explainer

EDGE = 480  #: height of a picture, pixels


def explain(model: Path, photos: list[str], /, *, out: Path, label: str | None = None) -> int:
    """Show where a saved classifier looked.

    For each photo a picture is written: the photo beside its heat map. Yellow speaks for the label most; what stays
    dark does not. Nothing is overwritten. Where photos are read, such pictures are known and skipped. A photo that
    cannot be read gets a line with its error, and the rest go on; the exit code is then 2.

    Examples:
        headstart explain runs/beetles/model new.jpg --out why
        headstart explain runs/beetles/model inbox/ --out why --label stag

    Args:
        model: A saved classifier: a run's model folder, or the run.
        photos: Files, folders (searched in depth), or - for a list on standard input, in lines or ended by null bytes.
        out: The folder for the pictures.
        label: The class to explain; without it, the likeliest of each photo.
    """
    from headstart.cli.predict import files_of, tell_left_out
    from headstart.explanation.explainer import Explainer

    if out.exists() and not out.is_dir():
        raise SettingError(f"--out {str(out)!r} is a file; name a folder for the pictures")
    explainer = Explainer(model)
    seen = failed = 0
    left_out: list[str] = []
    for photo in files_of(photos, left_out):
        seen += 1
        try:
            print(_explained(explainer, photo, out, label), flush=True)
        except DataError as error:
            failed += 1
            print(f"{photo}: error: {str(error).removeprefix(f'{photo}: ')}", flush=True)
    sys.stdout.flush()
    tell_left_out(left_out)
    if not seen and "-" not in photos:
        raise UserError(f"no photos found in {', '.join(photos)}; give files, or folders with photos")
    if failed:
        print_to_stderr(f"headstart: {failed} of {seen} photos could not be read; their lines say why")
    return 2 if failed else 0


def _explained(explainer: "Explainer", photo: str, out: Path, label: str | None) -> str:
    """Writes the picture; gives the line that says so."""
    import numpy as np
    from PIL import Image

    from headstart.data.own_output import mark_folder, save_picture
    from headstart.explanation.explainer import overlay_heat
    from headstart.modalities.image.load import load_image
    from headstart.storage.atomic import replace_bytes

    heat = explainer.heat(photo, label)
    pixels = load_image(photo, explainer.record.spec)
    width = max(1, round(EDGE * pixels.shape[1] / pixels.shape[0]))
    scaled = np.asarray(Image.fromarray(pixels).resize((width, EDGE), Image.Resampling.BILINEAR))
    drawn = Image.fromarray(np.concatenate([scaled, overlay_heat(scaled, heat)], axis=1))
    mark_folder(out)
    file = _free(out, Path(photo).stem)
    replace_bytes(file, save_picture(drawn, "JPEG", quality=90))
    declined = DECLINED if heat.out_of_distribution else ""
    return f"{photo}: {heat.label} {heat.probability:.1%}{declined}, {file}"


def _free(folder: Path, stem: str) -> Path:
    """A file that is not there yet."""
    numbered = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(file for name in numbered if not (file := folder / f"{name}.jpg").exists())
