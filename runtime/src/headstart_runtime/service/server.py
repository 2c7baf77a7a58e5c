"""The server: it listens, drains on SIGTERM, and forks workers where several are asked for."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn

from headstart_runtime.errors import SettingError
from headstart_runtime.service.app import Service, make_app, make_service
from headstart_runtime.service.connections import make_protocol
from headstart_runtime.service.settings import ServiceSettings, read_api_keys

LOG = logging.getLogger("headstart.serve")
KEEP_ALIVE = 60  #: seconds for which a connection without a call is kept
BACKLOG = 2048
MOST_HEAD = 32_768  #: bytes of a call's head
SWITCH = 0.001  #: seconds for which a thread that computes may keep the loop from running
LAST_CALL = 0.2  #: seconds after the last connection is accepted
OTHER_FILES = 256  #: that a server opens beside its connections
LAST = 5  #: seconds beyond a call's own limit, for what is in flight


class Server(uvicorn.Server):
    """uvicorn's server that goes on answering for a while after it was told to end."""

    def __init__(self, config: uvicorn.Config, service: Service):
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what comes within ``drain`` seconds, each with "Connection: close"; then what is in flight.

        Connections that wait to be accepted are accepted before the socket is closed, or they would be cut; whoever
        came last has ``LAST_CALL`` seconds for its call.
        """
        self._service.draining = True
        LOG.info("ending: calls that are under way are answered")
        if not self.force_exit:
            await asyncio.sleep(self._service.settings.drain)
            waiting = [connection for listening in sockets or () for connection in _accept_all(listening)]
            for server in self.servers:
                server.close()
            loop = asyncio.get_running_loop()
            for connection in waiting:
                with suppress(OSError):
                    await loop.connect_accepted_socket(self._make_protocol, connection, ssl=self.config.ssl)
            await asyncio.sleep(LAST_CALL)
        await super().shutdown(sockets)

    def _make_protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol


def _accept_all(listening: socket.socket) -> list[socket.socket]:
    """Accept all connections that wait."""
    found = []
    with suppress(OSError):  # there is none any more
        listening.listen(0)
        while True:
            found.append(listening.accept()[0])
            found[-1].setblocking(False)
    return found


def serve(models: Sequence[str], settings: ServiceSettings, announce: Callable[[str], None] = lambda _: None) -> int:
    """Serve models until SIGTERM or Ctrl-C.

    Args:
        models: folders, each perhaps with a name before it: ``NAME=FOLDER``.
        settings: of the service.
        announce: told where it listens, once it does.

    Returns:
        The exit code.

    Raises:
        UserError: a model, a key, a certificate or an address that cannot be used.
    """
    settings.check_files()
    start_logging()
    keys = read_api_keys(settings.api_keys)
    listening = open_socket(settings)
    try:
        service = make_service(list(models), settings)
        address = describe_address(listening, settings)
        names = ", ".join(model.name for model in service.models)
        announce(f"serving {names} on {address}{'' if keys else '; anybody who reaches it may ask'}")
        if settings.workers == 1:
            return run_worker(service, settings, keys, listening)
        from headstart_runtime.service.workers import run_workers

        return run_workers(lambda: run_worker(service, settings, keys, listening), settings, listening)
    finally:
        listening.close()


def run_worker(service: Service, settings: ServiceSettings, keys: tuple[str, ...], listening: socket.socket) -> int:
    """Answer calls in this process until it is told to end; return the exit code."""
    sys.setswitchinterval(SWITCH)
    allow_files(settings.connections + OTHER_FILES)
    config = uvicorn.Config(
        make_app(service, keys),
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=settings.connections,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=int(settings.timeout + settings.body_timeout) + LAST,
        h11_max_incomplete_event_size=MOST_HEAD,
        ssl_certfile=settings.cert,
        ssl_keyfile=settings.key,
        proxy_headers=False,
        lifespan="on",
        ws="none",
    )
    try:
        config.load()
    except (OSError, ValueError) as error:  # of the certificate
        raise SettingError(f"the certificate or its key cannot be used: {error}") from None
    config.http_protocol_class = make_protocol(config, settings.body_timeout, settings.connections)
    server = Server(config, service)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:  # uvicorn raises the signal once more when it has ended: that shall do no harm
            signal.signal(number, _ignore)
        server.run(sockets=[listening])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0 if server.started else 1


def allow_files(count: int) -> None:
    """Let this process open so many files at a time, connections among them, or as many as the system lets it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing: the server has ended already."""


def open_socket(settings: ServiceSettings) -> socket.socket:
    """Return a socket that listens.

    Raises:
        SettingError: the address cannot be used.
    """
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
        listening.set_inheritable(True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingError(
            f"{settings.host}:{settings.port} cannot be listened on: {reason}; name another --port"
        ) from None
    return listening


def describe_address(listening: socket.socket, settings: ServiceSettings) -> str:
    """Return the address of a server as a browser takes it."""
    host, port = listening.getsockname()[:2]
    return f"{'https' if settings.cert else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def start_logging() -> None:
    """Have a line on standard error for each call, without anything of its content."""
    for name, level in (("headstart.serve", logging.INFO), ("uvicorn.error", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.propagate = False
        if not logger.handlers:
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
            logger.addHandler(handler)
