"""Charts of how a network was trained: its loss and accuracy by epoch, and the test that found its rate."""

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.reporting.charts.spec import (
    Axis,
    Lines,
    Mark,
    NotRecorded,
    Series,
    format_percent,
    format_quantity,
    to_floats,
)
from headstart.reporting.records import Records


def training_curves_chart(records: Records) -> tuple[Lines, ...]:
    """Loss and accuracy by epoch, two charts for each arm that trained a network.

    Raises:
        NotRecorded: no network was trained.
    """
    trained = [arm for arm in records.run["arms"] if arm["curves"]]
    if not trained:
        raise NotRecorded(
            f"this run trained no network, so it has no curves; its arms are {join_arm_names(records)}. "
            "Train one with --arms linear-probe,partial-finetune"
        )
    return tuple(chart for arm in trained for chart in (_losses(arm), _accuracies(arm)))


def _losses(arm: Mapping[str, Any]) -> Lines:
    epochs, best = arm["curves"], arm["best_epoch"]
    losses = {it["number"]: f"{it['validation_loss']:.3f}" for it in epochs}
    last = epochs[-1]["number"]
    alt = (
        f"{arm['name']}: the validation loss {_course(losses, epochs[0]['number'], best)}; the last of "
        f"{format_quantity(last, 'epoch')} has {losses[last]}."
    )
    series = (
        _by_epoch("training, changed views", epochs, "train_loss"),
        _by_epoch("validation", epochs, "validation_loss", best),
        _by_epoch("validation, calibrated (chooses the epoch)", epochs, "calibrated_loss"),
    )
    title = f"Loss of {arm['name']}"
    return Lines(title, alt, _epochs(epochs), Axis("loss (nats per photo)"), series, (_kept(best),))


def _accuracies(arm: Mapping[str, Any]) -> Lines:
    epochs, best = arm["curves"], arm["best_epoch"]
    shares = {it["number"]: format_percent(it["validation_accuracy"]) for it in epochs}
    alt = f"{arm['name']}: the validation accuracy {_course(shares, epochs[0]['number'], best)}."
    series = (
        _by_epoch("training, changed views", epochs, "train_accuracy"),
        _by_epoch("validation", epochs, "validation_accuracy", best),
    )
    title = f"Accuracy of {arm['name']}"
    return Lines(title, alt, _epochs(epochs), Axis("accuracy", "share"), series, (_kept(best),))


def _course(written_at: Mapping[int, str], first: int, best: int) -> str:
    """How a score went, by epoch, up to the one that is kept."""
    if best == first:
        return f"is {written_at[first]} before the first step, which is kept, for no epoch was better"
    return f"goes from {written_at[first]} before the first step to {written_at[best]} at epoch {best}, which is kept"


def _by_epoch(name: str, epochs: Sequence[Mapping[str, Any]], field: str, best: int | None = None) -> Series:
    known = [it for it in epochs if it[field] is not None]
    x, y = to_floats(it["number"] for it in known), to_floats(it[field] for it in known)
    marked = tuple(place for place, it in enumerate(known) if it["number"] == best)
    return Series(name, x, y, style="dots", marked=marked)


def _epochs(epochs: Sequence[Mapping[str, Any]]) -> Axis:
    return Axis("epoch (0: before the first step)", "count", low=0, high=max(1, epochs[-1]["number"]))


def _kept(best: int) -> Mark:
    return Mark(best, f"epoch {best} is kept")


def rate_finder_chart(records: Records) -> tuple[Lines, ...]:
    """The loss while the rate grows, a chart for each range test.

    Raises:
        NotRecorded: no rate was looked for.
    """
    found = [(arm["name"], arm["rate_curve"]) for arm in records.run["arms"] if arm.get("rate_curve")]
    if not found:
        raise NotRecorded("this run made no range test of the learning rate; fit with --find-rate to have one")
    return tuple(_range_test(name, curve) for name, curve in found)


def _range_test(name: str, curve: Mapping[str, Any]) -> Lines:
    rates, losses, chosen = curve["rates"], curve["losses"], curve["suggestion"]
    end = "until the loss blew up" if curve["stopped"] else "and the loss never blew up"
    alt = (
        f"{name}: the rate grew from {rates[0]:.1e} to {rates[-1]:.1e}, {end}; the lowest loss was "
        f"{min(losses):.3f} nats, and the rate chosen is {chosen:.1e}."
    )
    return Lines(
        title=f"Range test of the learning rate, {name}",
        alt=alt,
        x=Axis("learning rate at the top", "rate", log=True),
        y=Axis("training loss, smoothed (nats per photo)"),
        series=(Series("loss", to_floats(rates), to_floats(losses)),),
        marks=(Mark(chosen, f"chosen: {chosen:.1e}"),),
    )


def join_arm_names(records: Records) -> str:
    """For people."""
    return ", ".join(arm["name"] for arm in records.run["arms"])
