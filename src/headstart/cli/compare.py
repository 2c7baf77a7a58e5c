"""``headstart compare SOURCE``."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from headstart.cli.flags import AllSettings, list_given


def compare(
    source: Path,
    /,
    *,
    settings: Annotated[AllSettings | None, Parameter(name="*")] = None,
    config: Path | None = None,
    quiet: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Try several ways to transfer on one split, and compare them sample by sample.

    The same work as headstart fit, the winner saved and tested, and all that was measured on the way: loss and
    accuracy of each arm, pairs on the same samples, accuracy by depth, predicted and real cost. Without --arms,
    --strategy or --budget: both probes and a partial fine-tune. With a budget: what fits into it.

    Given the folder of a finished run instead of data, it shows that run's comparison again and computes nothing.

    Examples:
        headstart compare beetles/
        headstart compare beetles/ --arms scratch,linear-probe,partial-finetune --budget 10m --reveal-test
        headstart compare beetles/ --arms linear-probe,average --backbone efficientnet_lite0,efficientnet_lite1
        headstart compare runs/beetles

    Args:
        source: Labelled data as for headstart fit, or the folder of a finished run.
        settings: How to go about it.
        config: A TOML file of these settings; flags given beside it win.
        quiet: Show nothing but errors and the result.
        json_: Print the result as one JSON object.
    """
    from headstart.cli.comparison import comparison_to_json, describe_comparison
    from headstart.verbs.compare import compare as compare_arms

    compared = compare_arms(source, config=config, progress=not (quiet or json_), **list_given(settings))
    told = json.dumps(comparison_to_json(compared), ensure_ascii=False) if json_ else describe_comparison(compared)
    print(told)
    return 0
