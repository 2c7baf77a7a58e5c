"""The application: routes, and what each of them does with a call."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from headstart_runtime import __version__
from headstart_runtime.service.asking import ask, read_count, read_rule
from headstart_runtime.service.bodies import HeldBytes, Refusal, hold_body, read_items
from headstart_runtime.service.describing import describe_answers, describe_model
from headstart_runtime.service.explaining import Explanations
from headstart_runtime.service.gate import ApiKeys, Gate
from headstart_runtime.service.inference_protocol import (
    EXTENSIONS,
    HEADER_LENGTH,
    describe_served,
    make_response,
    read_inference,
)
from headstart_runtime.service.metrics import CONTENT_TYPE, Metrics
from headstart_runtime.service.models import Models, ServedModel, UnknownModel
from headstart_runtime.service.openapi import describe_service
from headstart_runtime.service.pages import FILES, read_page
from headstart_runtime.service.settings import ServiceSettings

LOG = logging.getLogger("headstart.serve")
NAME = "headstart"


@dataclass(slots=True)
class Service:
    """The objects that all routes share."""

    models: Models
    settings: ServiceSettings
    metrics: Metrics
    held: HeldBytes
    explanations: Explanations
    draining: bool = False  #: calls are still answered, and those who spread them are told to go elsewhere
    started: bool = False

    def is_ready(self) -> bool:
        """Return whether calls shall come here."""
        return self.started and not self.draining


def make_service(models: list[str], settings: ServiceSettings) -> Service:
    """Return a service with its models loaded.

    Raises:
        UserError: a model cannot be loaded.
    """
    metrics = Metrics()
    held, explanations = HeldBytes(settings.most_held), Explanations(settings.max_decoded)
    return Service(Models(models, settings, metrics.count_batch), settings, metrics, held, explanations)


def make_app(service: Service, keys: tuple[str, ...] = ()) -> FastAPI:
    """Return the ASGI application.

    Args:
        service: with its models.
        keys: API keys; none: every call is answered.
    """

    @asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(service.models.watch(lambda model: service.metrics.count_takeover(model.name)))
        service.started = True
        yield
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await asyncio.to_thread(service.models.close)

    app = FastAPI(
        title=NAME,
        version=__version__,
        lifespan=live,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # its address would be made of a caller's header Host
    )
    app.state.service = service
    app.add_middleware(
        Gate,
        keys=ApiKeys(keys),
        metrics=service.metrics,
        is_draining=lambda: service.draining,
    )
    app.add_exception_handler(HTTPException, _answer_error)
    app.add_exception_handler(Refusal, _answer_refusal)
    app.add_exception_handler(UnknownModel, _answer_unknown)
    _add_state_routes(app, service)
    _add_answer_routes(app, service)
    _add_protocol_routes(app, service)
    if service.settings.page:
        _add_page_routes(app)
    app.openapi = lambda: describe_service(service.models, secured=bool(keys))  # type: ignore[method-assign]
    return app


def respond(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return plain values as a response of JSON."""
    content = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return Response(content, status, headers, media_type="application/json")


async def _answer_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reason = {404: "there is nothing at this address", 405: "this address takes no such method"}
    return respond({"error": reason.get(error.status_code, str(error.detail))}, error.status_code, error.headers)


async def _answer_refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return respond({"error": str(error)}, error.status, headers)


async def _answer_unknown(_: Request, error: Exception) -> Response:
    return respond({"error": str(error)}, 404)


def _add_state_routes(app: FastAPI, service: Service) -> None:
    @app.get("/healthz")
    async def healthz() -> Response:
        return respond({"live": True})

    @app.get("/readyz")
    async def readyz() -> Response:
        ready = service.is_ready()
        return respond({"ready": ready}, 200 if ready else 503, {} if ready else {"Retry-After": "1"})

    @app.get("/metrics")
    async def metrics() -> Response:
        waiting = {model.name: len(model.batcher) for model in service.models}
        return Response(service.metrics.render(waiting, service.held.held), headers={"content-type": CONTENT_TYPE})

    @app.get("/openapi.json")
    async def openapi() -> Response:
        return respond(app.openapi())


def _add_answer_routes(app: FastAPI, service: Service) -> None:
    async def predict(request: Request, name: str | None) -> Response:
        find = _finder(service, name)
        query = request.query_params
        async with hold_body(request, service.settings, service.held) as body:
            model = find()
            kind = request.headers.get("content-type", "")
            items = read_items(body, kind, model.classifier.record.modality, service.settings.max_items)
            top = read_count(query.get("top"), "top", len(model.classifier.classes))
            rule = read_rule(query.get("threshold"), model)
            answers = await ask(request, find, items, rule, service.settings.timeout)
        failed = _count(service, model, answers)
        found = describe_answers(model, answers, top)
        if failed == len(answers):
            first = answers[0]
            return respond({"error": f"{first.source}: {first.error}", **found}, 422)
        return respond(found)

    @app.get("/v1/models")
    async def list_models() -> Response:
        return respond({"models": [describe_model(model) for model in service.models]})

    @app.get("/v1/models/{name}")
    async def show_model(request: Request) -> Response:
        return respond(describe_model(service.models.find(request.path_params["name"])))

    @app.post("/v1/predict")
    async def predict_by_first(request: Request) -> Response:
        return await predict(request, None)

    @app.post("/v1/models/{name}/predict")
    async def predict_by_name(request: Request) -> Response:
        return await predict(request, request.path_params["name"])

    @app.post("/v1/models/{name}/explain")
    async def explain(request: Request) -> Response:
        find = _finder(service, request.path_params["name"])
        async with hold_body(request, service.settings, service.held) as body:
            model = find()
            kind = request.headers.get("content-type", "")
            (item,) = read_items(body, kind, model.classifier.record.modality, 1)
            return respond(await service.explanations.explain(model, item))


def _finder(service: Service, name: str | None) -> Callable[[], ServedModel]:
    """Return what finds a model as it is then; it is looked for once at once, before a body is read."""
    service.models.find(name)
    return lambda: service.models.find(name)


def _count(service: Service, model: ServedModel, answers: list[Any]) -> int:
    """Count the answers, and return how many of the items could not be read."""
    failed = sum(answer.error is not None for answer in answers)
    service.metrics.count_items(model.name, len(answers) - failed, failed)
    return failed


def _add_protocol_routes(app: FastAPI, service: Service) -> None:
    @app.get("/v2")
    async def describe() -> Response:
        return respond({"name": NAME, "version": __version__, "extensions": list(EXTENSIONS)})

    @app.get("/v2/health/live")
    async def live() -> Response:
        return respond({"live": True})

    @app.get("/v2/health/ready")
    async def ready() -> Response:
        return respond({"ready": service.is_ready()}, 200 if service.is_ready() else 503)

    @app.get("/v2/models/{name}")
    async def describe_one(request: Request) -> Response:
        return respond(describe_served(service.models.find(request.path_params["name"])))

    @app.get("/v2/models/{name}/ready")
    async def one_ready(request: Request) -> Response:
        model = service.models.find(request.path_params["name"])
        return respond({"name": model.name, "ready": service.is_ready()}, 200 if service.is_ready() else 503)

    @app.post("/v2/models/{name}/infer")
    async def infer(request: Request) -> Response:
        find = _finder(service, request.path_params["name"])
        async with hold_body(request, service.settings, service.held) as body:
            model = find()
            call = read_inference(body, request.headers.get(HEADER_LENGTH), model, service.settings.max_items)
            answers = await ask(request, find, call.items, dict, service.settings.timeout)
        _count(service, model, answers)
        content, length = make_response(call, answers, model)
        if length is None:
            return Response(content, media_type="application/json")
        headers = {HEADER_LENGTH: str(length)}
        return Response(content, headers=headers, media_type="application/octet-stream")


def _add_page_routes(app: FastAPI) -> None:
    @app.get("/")
    async def page() -> Response:
        return read_page("index.html")

    @app.get("/page/{file}")
    async def page_file(request: Request) -> Response:
        if request.path_params["file"] not in FILES:
            raise HTTPException(404)
        return read_page(request.path_params["file"])
