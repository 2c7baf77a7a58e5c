"""The gate before every route: API keys, headers of every answer, the log, numbers. No content is written anywhere."""

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

from headstart_runtime.service.metrics import Metrics

LOG = logging.getLogger("headstart.serve")
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

OPEN = ("/", "/healthz", "/readyz", "/openapi.json", "/v2/health/live", "/v2/health/ready", "/favicon.ico")
OPEN_BELOW = "/page/"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(self), geolocation=()"),
)


class ApiKeys:
    """The keys that open the service; compared in a time that tells nothing of them."""

    def __init__(self, keys: Iterable[str]):
        self._digests = [hashlib.sha256(key.encode()).digest() for key in keys]

    def __bool__(self) -> bool:
        """Return whether a key is needed."""
        return bool(self._digests)

    def open(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Return whether a call's headers have one of the keys."""
        given = b""
        for name, value in headers:
            if name == b"x-api-key":
                given = value
            elif name == b"authorization" and value[:7].lower() == b"bearer ":
                given = value[7:].strip()
        digest = hashlib.sha256(given).digest()
        same = [hmac.compare_digest(digest, own) for own in self._digests]  # all of them, whichever it is
        return any(same)


class Gate:
    """An ASGI application around another."""

    def __init__(self, inside: Application, keys: ApiKeys, metrics: Metrics, *, is_draining: Callable[[], bool]):
        self._inside, self._keys, self._metrics, self._is_draining = inside, keys, metrics, is_draining

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a call."""
        if scope["type"] != "http":
            await self._inside(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *HEADERS]
                if self._is_draining() or status in (408, 413):  # 408 and 413: the rest of the body is not read
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        self._metrics.open_calls.inc()
        try:
            if self._needs_key(scope["path"]) and not self._keys.open(scope["headers"]):
                await _refuse(send_on, 401, "an API key is needed; send it as Authorization: Bearer KEY, or X-API-Key")
            else:
                await self._inside(scope, receive, send_on)
        except Exception as error:  # noqa: BLE001  the server goes on; its message may hold content and is not logged
            LOG.error("%s in %s", type(error).__name__, _describe_place(error))  # noqa: TRY400
            if not status:
                await _refuse(send_on, 500, "the server failed on this call; its log says where")
        finally:
            self._metrics.open_calls.dec()
            seconds, route = time.perf_counter() - began, _name_route(scope)
            self._metrics.count_call(route, status, seconds)
            LOG.info("%s %s %d %.0f ms", scope["method"][:10], route, status, 1000 * seconds)

    def _needs_key(self, path: str) -> bool:
        return bool(self._keys) and path not in OPEN and not path.startswith(OPEN_BELOW)


def _name_route(scope: Message) -> str:
    """Return the route that a call took, with names in braces, so that nothing of a caller is in it."""
    return str(getattr(scope.get("route"), "path", None) or "other")


def _describe_place(error: BaseException) -> str:
    """Return where an error was raised, without its message: files and lines, the innermost last."""
    places, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places[-8:])


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = json.dumps({"error": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
