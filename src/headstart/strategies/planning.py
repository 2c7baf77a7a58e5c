"""What a training will take, found within a tenth of the budget, and how many of its epochs fit.

The cheapest training is timed on a few batches. A dearer one of the same network is first priced by arithmetic from
that: by how much more of the network it computes. Only what may fit is timed too.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from headstart import events
from headstart.backbones.backbone import PIXELS
from headstart.engines.work import work_above
from headstart.strategies.material import TIMING, Material
from headstart.strategies.refitting import refits
from headstart.training.cost import Cost, Pace, cost_of, pace_of, trained_per_second

if TYPE_CHECKING:  # it imports PyTorch, which a run of probes has no need of
    from headstart.training.job import Job
    from headstart.training.trial import Speeds

STAGE = "predict cost"
SAFE = 0.85  #: share of the time that is left which a training may be predicted to take
#: Epochs of a training that is to end within a budget, one of a few numbers: a second run, a little faster or slower,
#: plans the same and goes on where the first was killed.
SHORTER = (3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 28, 33, 40)
SURELY = 0.5  #: of a price by arithmetic: what is above the time left even so is not timed
LEAST = 1.0  #: seconds of timing, below which arithmetic has to do


def planned_in_time(job: "Job", material: Material) -> "Job":
    """The training, timed, with fewer epochs where their number is not set and the budget is too short for the usual.

    Planned so, its rate falls to nothing in time; a training that is cut off is worse than a short one.
    """
    if job.known is not None:
        return job
    pace = timed(job, material)
    whole = cost(job, pace)
    if material.clock.budget is None or job.settings.epochs is not None:
        return job
    left, again = SAFE * material.left, refits(material)
    if whole.seconds + again * whole.refit <= left:
        return job
    fewer = (
        job.with_settings(job.task.settings.model_copy(update={"epochs": it}))
        for it in reversed(SHORTER)
        if it < job.epochs
    )
    shorter = [(it, cost(it, pace)) for it in fewer]
    # Once more with all photos is worth more than the second half of the epochs, but not than the first.
    refitted = (
        it for it, price in shorter if again and 2 * it.epochs >= job.epochs and price.seconds + price.refit <= left
    )
    once = (it for it, price in [(job, whole), *shorter] if price.seconds <= left)
    found = next(refitted, None) or next(once, None)
    if found is None:  # it is left out with the figure of a whole one
        least, price = shorter[-1]
        told = f"even {least.epochs} epochs of {job.task.name} would take about {price.seconds:.0f} s"
        material.listener(events.Note(told))
    if found is None or found is job:
        return job
    told = f"{job.task.name} is planned with {found.epochs} epochs: {job.epochs} would take about {whole.seconds:.0f} s"
    material.listener(events.Note(told))
    return found


def timed(job: "Job", material: Material) -> Callable[[], Pace]:
    """Finds how fast this training goes, and tells of it; gives what measures the pace of what is around it, once."""
    listener, clock = material.listener, material.clock
    paces: list[Pace] = []

    def pace() -> Pace:
        if not paces:
            paces.append(pace_of(job))
        return paces[0]

    listener(events.Progress(STAGE, 0, 2, "steps"))
    _ = job.view_trunk  # the network is loaded, cut and compiled: no part of the timing, for training needs it
    listener(events.Progress(STAGE, 1, 2, "steps"))
    began = time.perf_counter()
    try:
        job.timed = _speeds(job, material, pace)
        if job.known is None:
            pace()
    finally:
        clock.timed += time.perf_counter() - began
    listener(events.Progress(STAGE, 2, 2, "steps"))
    if not job.scratch:
        material.timed[below(material, job.task.unfreeze)] = job.timed
    return pace


def below(material: Material, unfreeze: str | None) -> str:
    """The boundary under which all is frozen where a layer and those above it are trained."""
    names = [layer.name for layer in material.backbone.layers]
    at = 0 if unfreeze is None or unfreeze not in names else names.index(unfreeze)
    return names[at - 1] if at else PIXELS


def _speeds(job: "Job", material: Material, pace: Callable[[], Pace]) -> "Speeds":
    """Of a trial, or by arithmetic where there is no time for one or no use in it."""
    name, clock, tell = job.task.name, material.clock, material.listener
    if clock.budget is not None and (rough := _reckoned(job, material)) is not None:
        short = clock.left_for_timing < LEAST
        if short or _too_dear(job, material, rough, pace()):
            why = "no time is left to time it" if short else "it would not fit at half that price"
            tell(events.Note(f"{name} is priced by arithmetic, from what a cheaper training takes: {why}"))
            return rough
    job.allowed = clock.left_for_timing
    found = job.timed
    if found.hopeless:
        slow = ", ".join(found.hopeless)
        tell(events.Note(f"{name} is trained in {found.fastest}: {slow} was given up after a few photos, far slower"))
    if not found.whole:
        tell(events.Note(f"{name} was timed on a few photos only: timing may take {TIMING:.0%} of the budget"))
    return found


def _too_dear(job: "Job", material: Material, rough: "Speeds", pace: Pace) -> bool:
    """Whether even the shortest such training would surely not fit."""
    settings = job.task.settings
    if settings.epochs is None:
        settings = settings.model_copy(update={"epochs": min(SHORTER[0], job.epochs)})
    return SURELY * cost(job.with_settings(settings, rough), pace).seconds > material.left


def _reckoned(job: "Job", material: Material) -> "Speeds | None":
    """The speeds by arithmetic from the cheapest training that was timed on this network; None where none was."""
    try:
        above = work_above(material.backbone)
    except (RuntimeError, KeyError):  # what OpenVINO cannot read is timed
        return None
    known = sorted(material.timed, key=lambda boundary: above[boundary])
    if not known:
        return None
    times = above[below(material, job.task.unfreeze)] / max(above[known[0]], 1.0)
    return material.timed[known[0]].times_as_dear(max(1.0, times))


def cost(job: "Job", pace: Pace | Callable[[], Pace] | None = None) -> Cost:
    """Of one training, with the range test where its rate is to be found."""
    if job.known is not None:
        return cost_of(job)
    found = cost_of(job, pace() if callable(pace) else pace)
    if not job.settings.find_rate or job.settings.rate is not None:
        return found
    from headstart.training.rate_finder import photos_of

    speed = job.trial[job.precision]
    swept = photos_of(job.settings) / trained_per_second(speed.photos, speed.windowed, whole=job.windows.whole)
    return replace(found, seconds=found.seconds + swept)


def cost_of_search(material: Material, job: "Job", presets: int) -> Cost:
    """Of all tries; within a budget of one, for as many are made as fit, and one has to.

    Args:
        material: what is learnt from.
        job: the first try.
        presets: of augmentation that tries may choose, whose activations are kept apart.
    """
    known = job.known
    one = cost(job) if known is None else Cost(sum(known.seconds.values()), known.memory, known.disk)
    tries = material.settings.search
    if material.clock.budget is not None:
        told = f"{tries} tries of {job.task.name} would take about {tries * one.seconds:.0f} s; as many as fit are made"
        material.listener(events.Note(told))
        return one
    return replace(one, seconds=tries * one.seconds, disk=min(tries, presets) * one.disk, refit=0.0)
