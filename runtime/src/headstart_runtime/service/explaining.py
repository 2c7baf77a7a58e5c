"""Explanations of answers over HTTP: one at a time, in a thread of their own, where the package onnx is there."""

import base64
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any

from headstart_runtime.errors import UserError
from headstart_runtime.inference.model_format import ModelRecord
from headstart_runtime.modalities.item import NamedItem
from headstart_runtime.service.bodies import Refusal
from headstart_runtime.service.models import ServedModel
from headstart_runtime.service.sizes import refuse_large

MOST_WAITING = 4  #: explanations that wait; one takes tenths of a second


def find_no_explanation(record: ModelRecord) -> str | None:
    """Return why a model's answers are not explained here; None where they are."""
    if record.task.explanation is None or record.modality.explanation is None:
        return f"answers of {record.task.title} to {record.modality.noun.many} are not explained"
    return None if find_spec("onnx") else "explanations need the package 'onnx'; install it with: pip install onnx"


class Explanations:
    """The explainers of the models, each opened when it is first asked for."""

    def __init__(self, max_decoded: float) -> None:
        """Prepare.

        Args:
            max_decoded: megabytes that an item may take while it is decoded.
        """
        self._max_decoded = max_decoded
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="explain")
        self._open: dict[str, tuple[str, Any]] = {}  #: name -> version, explainer
        self._places = threading.Semaphore(MOST_WAITING)

    async def explain(self, model: ServedModel, item: NamedItem) -> dict[str, Any]:
        """Return what speaks for the answer to an item: a small copy under a map, or a text in pieces.

        Raises:
            Refusal: the model's answers are not explained (404), the item cannot be read (422), or too many wait (503).
        """
        import asyncio

        obstacle = find_no_explanation(model.classifier.record)
        if obstacle is not None:
            raise Refusal(404, obstacle)
        if not self._places.acquire(blocking=False):
            raise Refusal(503, "too many explanations wait; come again", retry_after=1)
        work = self._pool.submit(self._explain, model, item)
        work.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(work)

    def _explain(self, model: ServedModel, item: NamedItem) -> dict[str, Any]:
        try:
            explainer = self._find(model)
            item = refuse_large(item, model.classifier.record.modality, self._max_decoded)
            heat = explainer.explain(item)
            pieces: Sequence[Any] = explainer.list_marked(item, heat)
            shown = None if pieces else explainer.illustrate(item, heat)
        except UserError as error:
            raise Refusal(422, str(error)) from None
        found = {"label": heat.label, "text": heat.shown, "legend": explainer.legend, "method": heat.method}
        if shown is None:
            return {**found, "pieces": [[piece.text, round(piece.weight, 3)] for piece in pieces]}
        content = base64.b64encode(shown.content).decode()
        return {**found, "media_type": shown.media_type, "content": content}

    def _find(self, model: ServedModel) -> Any:
        version, explainer = self._open.get(model.name, ("", None))
        if version != model.version:
            from headstart_runtime.explanation.choose_explainer import open_explainer

            explainer = open_explainer(model.classifier.folder)
            self._open[model.name] = model.version, explainer
        if explainer.record.graph_sha256 != model.classifier.record.graph_sha256:
            self._open.pop(model.name)
            raise Refusal(503, "the model is being replaced; come again", retry_after=1)
        return explainer
