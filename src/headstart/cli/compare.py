"""``headstart compare PHOTOS``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from headstart.cli.fit import given_in, in_json, made
from headstart.errors import SettingError
from headstart.settings import FitSettings

if TYPE_CHECKING:
    from headstart.cli.comparison import Compared

ARMS = "linear-probe,intermediate-probe,partial-finetune"  #: what is compared where nothing says what


def compare(
    photos: Path,
    /,
    *,
    settings: Annotated[FitSettings | None, Parameter(name="*")] = None,
    config: Path | None = None,
    quiet: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Try several ways to transfer on one split, and compare them photo by photo.

    The same work as headstart fit, the winner saved and tested, and all that was measured on the way: loss and
    accuracy of each arm, pairs on the same photos, accuracy by depth, predicted and real cost. Without --arms,
    --strategy or --budget: both probes and a partial fine-tune. With a budget: what fits into it.

    Given the folder of a finished run instead of photos, it shows that run's comparison again and computes nothing.

    Examples:
        headstart compare photos/
        headstart compare photos/ --arms scratch,linear-probe,partial-finetune --budget 10m --reveal-test
        headstart compare photos/ --arms linear-probe,flips --backbone efficientnet_lite0,efficientnet_lite1
        headstart compare runs/beetles

    Args:
        photos: Labelled photos as for headstart fit, or the folder of a finished run.
        settings: How to go about it.
        config: A TOML file of these settings; flags given beside it win.
        quiet: Show nothing but errors and the result.
        json_: Print the result as one JSON object.
    """
    from headstart.runs.run import open_run
    from headstart.storage.run_layout import RECORD, UNFINISHED

    given = given_in(settings)
    if (photos / RECORD).is_file() or (photos / UNFINISHED).is_file():
        if given or config is not None:
            raise SettingError(
                f"{str(photos)!r} is a run, whose comparison is shown as it was made; leave the settings out, or give "
                "the photos"
            )
        run = open_run(photos)
    else:
        run = made(photos, given | _arms(given, config), config, quiet=quiet or json_)
    from headstart.cli.comparison import in_words, read

    compared = read(run)
    print(json.dumps(_in_json(compared), ensure_ascii=False) if json_ else in_words(compared))
    return 0


def _arms(given: dict[str, Any], config: Path | None) -> dict[str, str]:
    """What is compared where neither flags nor the file say what."""
    chosen = FitSettings.load(config, **given)
    told = chosen.arms or chosen.strategy != "auto" or "strategy" in given or chosen.budget is not None
    return {} if told else {"arms": ARMS}


def _in_json(it: "Compared") -> dict[str, Any]:
    arms = it.run.record["arms"]
    return {
        **in_json(it.run),
        **{name: value for name, value in it.record.items() if name not in ("schema_version", "test")},
        "on_test": it.record["test"],
        "depth": {arm["name"]: arm["depth"] for arm in arms if arm["depth"]},
        "curves": {arm["name"]: arm["curves"] for arm in arms if arm["curves"]},
    }
