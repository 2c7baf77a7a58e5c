"""``headstart fit SOURCE``."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from headstart.cli.flags import AllSettings, list_given


def fit(
    source: Path,
    /,
    *,
    settings: Annotated[AllSettings | None, Parameter(name="*")] = None,
    config: Path | None = None,
    quiet: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Make a tested classifier from labelled data.

    SOURCE is a folder with a folder per class (perhaps inside train, validation and test), a table (.csv, .tsv,
    .parquet) with the columns path and label, an archive of either (.zip, .tar, .tar.gz), or an .npz with arrays and
    labels. Nothing of it is changed.

    The run's folder gets model/ (the classifier), evaluation.json, comparison.json and leaderboard.md (what was tried),
    split.json, ledger.jsonl (what became of every file), settings.toml (repeat with --config) and run.json. Stopped
    half way? The same command goes on from there.

    Examples:
        headstart fit beetles/
        headstart fit beetles/ --out runs/beetles --head auto --class-weights balanced
        headstart fit labels.csv --backbone efficientnet_lite2 --seed 1
        headstart fit beetles/ --split-from runs/beetles

    Args:
        source: Labelled data: a folder, a table, an archive or an .npz.
        settings: How to go about it.
        config: A TOML file of these settings; flags given beside it win.
        quiet: Show nothing but errors and the result.
        json_: Print the result as one JSON object.
    """
    from headstart.cli.fit_summary import describe_run, run_to_json
    from headstart.verbs.fit import fit as fit_run

    run = fit_run(source, config=config, progress=not (quiet or json_), **list_given(settings))
    print(json.dumps(run_to_json(run), ensure_ascii=False) if json_ else describe_run(run))
    return 0
