"""``headstart advise SOURCE``."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from headstart.cli.tables import format_table, wrap_paragraph
from headstart.settings import DataSettings

if TYPE_CHECKING:
    from headstart.selection.advisor import StrategyAdvice

WIDTH = 110  #: columns that a line may take


def advise(
    source: Path,
    /,
    *,
    data: Annotated[DataSettings | None, Parameter(name="*")] = None,
    backbone: str | None = None,
    seed: int = 0,
    cost: Annotated[bool, Parameter(negative="")] = False,
    store: Path | None = None,
    quiet: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Say which way to transfer the field's rule expects to do best, from a look at 200 of the samples.

    The rule goes by how many samples there are of each class, and by how familiar they are to the pretrained network.
    It is a rule of thumb: a comparison on your data decides. Nothing is trained and nothing of yours is changed.

    Examples:
        headstart advise beetles/
        headstart advise beetles/ --backbone efficientnet_lite2 --json

    Args:
        source: Labelled data: a folder, a table, an archive or an .npz.
        data: How data and labels are read.
        backbone: The network, one name; that of the modality when not given.
        seed: Of the split; the samples looked at are among those that fit with this seed trains on.
        cost: Time a few steps of training to predict what it takes; computes the features of all samples first.
        store: The store's folder; HEADSTART_STORE or the platform's cache folder when not given.
        quiet: Show nothing but errors and the result.
        json_: Print the result as one JSON object.
    """
    from headstart.verbs.advise import advise as form_advice

    options: dict[str, Any] = {"data": data} if data is not None else {}
    quiet = quiet or json_
    advice = form_advice(source, backbone=backbone, seed=seed, store=store, cost=cost, progress=not quiet, **options)
    words = ["headstart", "fit", str(source), "--arms", ",".join(list_arms(advice))]
    words += ["--backbone", backbone] if backbone is not None else []
    words += ["--seed", str(seed)] if seed else []
    words += ["--store", str(store)] if store is not None else []
    given = data.given() if data is not None else {}
    words += [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]
    command = shlex.join(words)
    if json_:
        print(json.dumps({**advice.to_json(), "next": command}, ensure_ascii=False))
    else:
        print(f"{describe_advice(advice)}\nnext:  {command}")
    return 0


def list_arms(advice: "StrategyAdvice") -> list[str]:
    """Return what is worth comparing: the baseline, the expected strategy and the runner-up, each once."""
    return list(dict.fromkeys(("linear-probe", advice.expected, advice.runner_up)))


def describe_advice(advice: "StrategyAdvice") -> str:
    """Return advice as a person reads it."""
    expected = f"expect most of {advice.expected} ({advice.gain}), then of {advice.runner_up}"
    sections = [
        format_table(("measured on training samples", ""), _facts(advice)),
        _layers(advice),
        f"{wrap_paragraph(expected, WIDTH)}\n{wrap_paragraph(advice.reason, WIDTH)}",
        format_table(("strategy", "takes about"), [(name, _seconds(advice, name)) for name in advice.seconds]),
        "\n".join(f"not measured: {it}" for it in advice.facts.unknown),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _facts(advice: "StrategyAdvice") -> list[tuple[str, str]]:
    facts = advice.facts
    rows = [
        (
            "training samples",
            f"{facts.samples:,} in {facts.classes} {facts.noun if facts.classes == 1 else facts.nouns}",
        ),
        (f"of each {facts.noun}", f"median {facts.per_class_median:.0f}, fewest {facts.per_class_min}"),
    ]
    if (said := facts.domain) is not None:
        rows += [
            ("how unsure the network is of them", f"{said.share:.0%} of the most there is ({said.entropy:.2f} nats)"),
            ("samples that were measured", f"{said.samples}"),
        ]
    return rows


def _layers(advice: "StrategyAdvice") -> str:
    scores = [(it.layer, f"{it.accuracy:.1%}", f"{it.log_loss:.3f}") for it in advice.facts.layers]
    return format_table(("a quick head on", advice.facts.measure, "log loss"), scores) if scores else ""


def _seconds(advice: "StrategyAdvice", name: str) -> str:
    seconds = advice.seconds[name]
    if seconds is None:
        return "not known: this network's graph cannot be counted; --cost times a few steps"
    told = f"{seconds:.0f} s" if seconds >= 1 else "under 1 s"
    return (
        f"{told}, by arithmetic, perhaps half or twice that; --cost times a few steps"
        if name in advice.approximate
        else told
    )
