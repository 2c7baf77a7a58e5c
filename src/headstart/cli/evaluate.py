"""``headstart evaluate MODEL SOURCE``."""

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from headstart.settings import DataSettings


def evaluate(
    model: Path,
    source: Path,
    /,
    *,
    data: Annotated[DataSettings | None, Parameter(name="*")] = None,
    quiet: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    engine: str = "auto",
    threshold: float | None = None,
) -> int:
    """Score a saved classifier on labelled data: all of them, whatever part they lie in.

    Classes are matched by name. What the classifier was fitted on flatters it: give it new data.

    Examples:
        headstart evaluate runs/beetles/model new-beetles/
        headstart evaluate runs/scans/model new-scans/ --threshold 0.2

    Args:
        model: A saved classifier: a run's model folder, or the run.
        source: Labelled data: a folder, a table, an archive or an .npz.
        data: How data and labels are read.
        quiet: Show nothing but errors and the result.
        json_: Print the result as one JSON object.
        engine: What answers: auto, onnxruntime or openvino; see headstart predict.
        threshold: Score answers by this threshold of the positive class, or of each of several labels, in place of the
            model's own; see headstart predict.
    """
    from headstart.cli.fit_summary import describe_parts, describe_score
    from headstart.verbs.evaluate import evaluate as score_model
    from headstart_runtime.inference.model_format import find_model, read_model

    options: dict[str, Any] = {"data": data} if data is not None else {}
    answering: Any = engine  # its name is checked where it is loaded
    result = score_model(model, source, engine=answering, threshold=threshold, progress=not (quiet or json_), **options)
    if json_:
        print(json.dumps(result.to_json(), ensure_ascii=False))
        return 0
    noun = read_model(find_model(model)).modality.noun
    table = describe_parts(result, noun)
    print("\n" + "\n".join(filter(None, [describe_score(result, noun), ", ".join(result.list_more())])))
    if table:
        print(f"\n{table}")
    return 0
