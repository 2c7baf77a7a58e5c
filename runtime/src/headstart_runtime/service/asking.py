"""A call's items through a model's batcher: from the event loop to its threads and back, with a limit on time."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Request

from headstart_runtime.errors import UserError
from headstart_runtime.service.batcher import QueueFull
from headstart_runtime.service.bodies import Refusal
from headstart_runtime.service.models import ServedModel
from headstart_runtime.tasks.task import OutputRule
from headstart_runtime.tasks.threshold_task import make_threshold_rule


def read_rule(text: str | None, model: ServedModel) -> OutputRule:
    """Return the rule by which answers are taken, from a call's threshold; None is the model's own.

    Raises:
        Refusal: it is no probability, or the model has no use for one (400).
    """
    record = model.classifier.record
    try:
        threshold = None if text is None else float(text)
        return make_threshold_rule(threshold, record.task, record.postprocessor, record.space)
    except ValueError:
        raise Refusal(400, "the threshold is no number; wanted a probability, such as 0.3") from None
    except UserError as error:
        raise Refusal(400, str(error)) from None


def read_count(text: str | None, name: str, most: int) -> int:
    """Return a whole number of a call, 1 where none is given; at most ``most``.

    Raises:
        Refusal: it is none, or below 1 (400).
    """
    if text is None:
        return 1
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise Refusal(400, f"{name} is no whole number from 1 on")
    return min(int(text), most)


async def ask(
    request: Request, find: Callable[[], ServedModel], items: Sequence[Any], rule: OutputRule, seconds: float
) -> list[Any]:
    """Return the answers to items, in their order.

    Args:
        request: of the caller: where it is cut, what has not had its turn is dropped.
        find: gives the model, as it is now.
        items: of the call.
        rule: by which they are answered.
        seconds: that it may take.

    Raises:
        Refusal: the queue is full (503), the caller is gone (400), or it took too long (503).
    """
    model = find()
    try:
        futures = model.batcher.submit(items, rule)
    except QueueFull as error:
        raise Refusal(503, str(error), retry_after=error.retry_after) from None
    answers = asyncio.gather(*map(asyncio.wrap_future, futures))
    gone = asyncio.ensure_future(request.receive())  # the body is read: what comes is that the caller is cut off
    try:
        await asyncio.wait((answers, gone), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if answers.done():
            return list(answers.result())
        if gone.done():
            raise Refusal(400, "the caller is gone")
        raise Refusal(503, f"no answer within {seconds:g} s; come again", retry_after=1)
    finally:
        gone.cancel()
        answers.cancel()
