"""``headstart explain MODEL PHOTO... --out FOLDER``."""

import sys
from pathlib import Path

from headstart.cli.answers import UNFAMILIAR
from headstart.cli.predict import list_files, report_skipped
from headstart.display.lines import print_to_stderr
from headstart.errors import UserError


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
    from headstart.verbs.explain import explain_each

    seen = failed = 0
    skipped: list[str] = []
    for explained in explain_each(model, list_files(photos, skipped), out=out, label=label):
        seen += 1
        if explained.heat is None:
            failed += 1
            print(f"{explained.source}: error: {explained.error}", flush=True)
        else:
            heat = explained.heat
            remark = UNFAMILIAR if heat.out_of_distribution else ""
            print(f"{explained.source}: {heat.label} {heat.probability:.1%}{remark}, {explained.picture}", flush=True)
    sys.stdout.flush()
    report_skipped(skipped)
    if not seen and "-" not in photos:
        raise UserError(f"no photos found in {', '.join(photos)}; give files, or folders with photos")
    if failed:
        print_to_stderr(f"headstart: {failed} of {seen} photos could not be read; their lines say why")
    return 2 if failed else 0
