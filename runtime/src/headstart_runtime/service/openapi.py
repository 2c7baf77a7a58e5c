"""The description of the service by OpenAPI 3.1, with examples that fit the models that are served."""

from collections.abc import Mapping
from typing import Any

from headstart_runtime import __version__
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.service.models import Models, ServedModel

_REASONS = {
    400: "The call cannot be read; `error` says why.",
    401: "An API key is needed.",
    404: "There is no such model, or it does not do this.",
    408: "The body took too long to arrive.",
    413: "The body is too large, or has too many items.",
    415: "Items are not read from this type of content.",
    422: "No item could be read; each answer says why.",
    500: "The server failed on this call.",
    503: "Too much is asked at once: come again after the seconds of `Retry-After`.",
}


def describe_service(models: Models, *, secured: bool) -> dict[str, Any]:
    """Return the document.

    Args:
        models: that are served.
        secured: whether calls need an API key.
    """
    first, names = models.find(), [model.name for model in models]
    known = {} if secured else {"enum": names}  # whoever has no key need not know them
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", **known}}
    paths: dict[str, Any] = {
        "/healthz": {"get": _read("Whether the process lives.", _ref("Live"), open_=True)},
        "/readyz": {"get": _read("Whether it takes calls.", _ref("Ready"), 503, open_=True)},
        "/metrics": {"get": _describe("Numbers in Prometheus's form.", _content("text/plain", {"type": "string"}))},
        "/v1/models": {"get": _read("The models that are served.", _ref("Models"))},
        "/v1/models/{name}": {"parameters": [name], "get": _read("One model.", _ref("Model"), 404)},
        "/v1/predict": {"post": _predict("Answer items by the first model.", first)},
        "/v1/models/{name}/predict": {"parameters": [name], "post": _predict("Answer items by a model.", first)},
        "/v1/models/{name}/explain": {"parameters": [name], "post": _explain(first)},
        "/v2": {"get": _read("The server, by the Open Inference Protocol.", {"type": "object"})},
        "/v2/health/live": {"get": _read("Whether the process lives.", _ref("Live"), open_=True)},
        "/v2/health/ready": {"get": _read("Whether it takes calls.", _ref("Ready"), 503, open_=True)},
        "/v2/models/{name}": {"parameters": [name], "get": _read("A model's tensors.", {"type": "object"}, 404)},
        "/v2/models/{name}/ready": {
            "parameters": [name],
            "get": _read("Whether a model takes calls.", _ref("Ready"), 404, 503),
        },
        "/v2/models/{name}/infer": {"parameters": [name], "post": _infer(first)},
    }
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "headstart",
            "version": __version__,
            "description": "Answers of saved classifiers. Items are sent, never fetched: URLs are refused.",
        },
        "paths": paths,
        "components": {"schemas": _SCHEMAS},
    }
    if secured:
        document["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        document["security"] = [{"bearer": []}, {"header": []}]
        for path in paths.values():
            for operation in (path[method] for method in ("get", "post") if method in path):
                if operation.pop("x-open", False):
                    operation["security"] = []
                else:
                    operation["responses"]["401"] = _failure(401)
    for path in paths.values():
        for operation in (path[method] for method in ("get", "post") if method in path):
            operation.pop("x-open", None)
    return document


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(kind: str, schema: Mapping[str, Any], example: Any = None) -> dict[str, Any]:
    return {kind: {"schema": schema, **({} if example is None else {"example": example})}}


def _failure(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {"description": _REASONS[status], "content": _content("application/json", _ref("Error"))}
    if status == 503:
        found["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
    return found


def _describe(summary: str, content: Mapping[str, Any], *failures: int) -> dict[str, Any]:
    return {
        "summary": summary,
        "responses": {
            "200": {"description": "The answer.", "content": content},
            **{str(status): _failure(status) for status in failures},
        },
    }


def _read(summary: str, schema: Mapping[str, Any], *failures: int, open_: bool = False) -> dict[str, Any]:
    found = _describe(summary, _content("application/json", schema), *failures)
    if 503 in failures:  # not ready: the same form
        found["responses"]["503"]["content"] = _content("application/json", schema)
    return {**found, "x-open": True} if open_ else found


def _body(model: ServedModel) -> dict[str, Any]:
    """Return the body of a call with items, as the modality has them."""
    modality = model.classifier.record.modality
    binary = {"type": "string", "contentMediaType": modality.hints.media or "application/octet-stream"}
    form = {
        "type": "object",
        "properties": {"file": {"type": "array", "items": binary, "minItems": 1}},
        "required": ["file"],
    }
    content = _content("multipart/form-data", form)
    if takes_texts(modality):
        content |= _content("application/json", _ref("Texts"), {"texts": ["the first text", "the second one"]})
        content |= _content("text/plain", {"type": "string", "minLength": 1}, "one text")
    else:
        content |= _content(modality.hints.media or "application/octet-stream", {"type": "string", "format": "binary"})
    return {"required": True, "content": content, "description": f"{modality.noun.heading}, as files or as the body."}


def _predict(summary: str, model: ServedModel) -> dict[str, Any]:
    top = {
        "name": "top",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
        "description": "How many of the likeliest classes each answer lists.",
    }
    threshold = {
        "name": "threshold",
        "in": "query",
        "schema": {"type": "number", "minimum": 0, "maximum": 1},
        "description": "The least probability of the positive class, or of each label, in place of the model's own.",
    }
    answers = _content("application/json", _ref("Answers"))
    found = _describe(summary, answers, 400, 404, 408, 413, 415, 422, 500, 503)
    found["responses"]["422"]["content"] = answers
    return {**found, "parameters": [top, threshold], "requestBody": _body(model)}


def _explain(model: ServedModel) -> dict[str, Any]:
    content = _content("application/json", _ref("Explanation"))
    found = _describe("Show what speaks for an answer.", content, 400, 404, 408, 413, 415, 422, 500, 503)
    return {**found, "requestBody": _body(model)}


def _infer(model: ServedModel) -> dict[str, Any]:
    found = _describe(
        "Answer items by the Open Inference Protocol; of files the data are their bytes in base64.",
        _content("application/json", {"type": "object"}),
        *(400, 404, 408, 413, 415, 500, 503),
    )
    given = "a text" if takes_texts(model.classifier.record.modality) else "aGVhZHN0YXJ0"
    example = {"inputs": [{"name": "items", "datatype": "BYTES", "shape": [1], "data": [given]}]}
    return {**found, "requestBody": {"required": True, "content": _content("application/json", _ref("Infer"), example)}}


_TEXT, _NUMBER = {"type": "string"}, {"type": "number"}
_SCHEMAS: dict[str, Any] = {
    "Error": {"type": "object", "properties": {"error": _TEXT}, "required": ["error"]},
    "Live": {"type": "object", "properties": {"live": {"type": "boolean"}}, "required": ["live"]},
    "Ready": {"type": "object", "properties": {"ready": {"type": "boolean"}}, "required": ["ready"]},
    "Texts": {
        "type": "object",
        "properties": {"texts": {"type": "array", "items": _TEXT, "minItems": 1}},
        "required": ["texts"],
        "additionalProperties": False,
    },
    "Answer": {
        "type": "object",
        "description": "An item's answer; its other keys are the task's, as `headstart predict --json` has them.",
        "properties": {
            "source": _TEXT,
            "text": {"type": ["string", "null"], "description": "The answer for a person."},
            "label": {"type": ["string", "null"]},
            "novelty": {"type": ["number", "null"]},
            "out_of_distribution": {"type": ["boolean", "null"]},
            "error": {"type": ["string", "null"], "description": "Why the item could not be read."},
        },
        "required": ["source", "text", "error"],
    },
    "Answers": {
        "type": "object",
        "properties": {
            "model": _TEXT,
            "version": _TEXT,
            "answers": {"type": "array", "items": {"$ref": "#/components/schemas/Answer"}},
            "error": _TEXT,
        },
        "required": ["model", "version", "answers"],
    },
    "Explanation": {
        "type": "object",
        "properties": {"label": _TEXT, "text": _TEXT, "legend": _TEXT, "method": _TEXT},
        "required": ["label", "text", "legend", "method"],
    },
    "Model": {"type": "object", "properties": {"name": _TEXT, "version": _TEXT, "task": _TEXT}, "required": ["name"]},
    "Models": {
        "type": "object",
        "properties": {"models": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}},
        "required": ["models"],
    },
    "Infer": {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "inputs": {
                "type": "array",
                "minItems": 1,
                "maxItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"const": "items"},
                        "datatype": {"const": "BYTES"},
                        "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1},
                        "data": {"type": "array", "items": _TEXT, "minItems": 1},
                    },
                    "required": ["name", "datatype", "shape", "data"],
                },
            },
        },
        "required": ["inputs"],
    },
}
