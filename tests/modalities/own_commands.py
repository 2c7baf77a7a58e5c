"""What the verbs that answer elsewhere say: the service and its page, exports, the small command."""

import contextlib
import io
import json
import warnings
from pathlib import Path

from headstart_runtime.command import main as small
from headstart_runtime.service.app import make_app, make_service
from headstart_runtime.service.settings import ServiceSettings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of starlette about its own client
    from starlette.testclient import TestClient

REFUSED = (  #: calls that are answered by a sentence: path, body, type
    ("predict", b"", "application/octet-stream"),
    ("predict", b"[", "application/json"),
    ("predict", b"3", "application/json"),
    ("predict", b'{"url": "http://a.b/c"}', "application/json"),
    ("predict", b'{"items": [3]}', "application/json"),
    ("predict", b'{"items": ["/etc/passwd"]}', "application/json"),
    ("predict", b"a=b", "application/x-www-form-urlencoded"),
    ("predict", b"--x--\r\n", "multipart/form-data; boundary=x"),
    ("predict", b"\xff\xd8\xff\xe0 none", "image/jpeg"),
    ("models/run/explain", b"\xff\xd8\xff\xe0 none", "application/octet-stream"),
)


def read_service(model: Path, item: bytes, kind: str) -> dict[str, str]:
    """Return what a service says, by its route: page, description, an answer, refusals."""
    service = make_service([str(model)], ServiceSettings(watch=0, engine="onnxruntime"))
    told = {}
    with TestClient(make_app(service)) as client:
        for route in (
            "/",
            "/openapi.json",
            "/v1/models",
            "/v2",
            f"/v2/models/{next(iter(service.models)).name}",
            "/metrics",
        ):
            told[route] = client.get(route).text
        told["answer"] = client.post("/v1/predict", content=item, headers={"Content-Type": kind}).text
        for place, (route, body, given) in enumerate(REFUSED):
            told[f"refused {place}"] = client.post(f"/v1/{route}", content=body, headers={"Content-Type": given}).text
    return {name: json_lines(text) for name, text in told.items()}


def json_lines(text: str) -> str:
    """Return a text, JSON with a line for each value."""
    with contextlib.suppress(ValueError):
        return json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    return text


def run_small(*arguments: str) -> str:
    """Return what headstart-predict prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), contextlib.suppress(SystemExit):
        small.main(arguments)
    return said.getvalue()
