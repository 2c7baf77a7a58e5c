"""Connections that do not wait for ever for the head of a call, as uvicorn's own do, and do not keep others out."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.auto import AutoHTTPProtocol


class IdleConnections:
    """Connections that have no call now, the longest so first."""

    def __init__(self, most: int):
        self._most = most
        self._found: dict[Any, None] = {}

    def update(self, connection: Any) -> None:
        """Note a connection that has no call, and forget one that has, or is gone."""
        if connection in connection.connections and not has_call(connection):
            self._found[connection] = None
        else:
            self._found.pop(connection, None)

    def make_room(self, count: int) -> None:
        """Cut the one that is idle for longest, where there are as many connections as may be."""
        if count >= self._most and self._found:
            oldest = next(iter(self._found))
            del self._found[oldest]
            oldest.transport.abort()


def has_call(connection: Any) -> bool:
    """Return whether a connection has a call whose head is there, and which is not answered."""
    return connection.cycle is not None and not connection.cycle.response_complete


def make_protocol(config: Config, seconds: float, most: int) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with a limit on the time from a connection's, or a head's, first byte to its end.

    Where there are as many connections as may be, one that has no call is cut for a new one: whoever only holds
    connections open keeps nobody out.

    Args:
        config: of the server.
        seconds: the limit.
        most: connections at a time.
    """
    base: Any = AutoHTTPProtocol
    idle = IdleConnections(most)

    class HeadTimeout(base):
        """The protocol of one connection."""

        _clock: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._start_clock()
            idle.make_room(len(self.connections))
            idle.update(self)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            idle.update(self)
            if has_call(self):
                self._stop_clock()  # the body has a clock of its own
            elif self._clock is None:
                self._start_clock()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._stop_clock()
            idle.update(self)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_clock()
            super().connection_lost(exc)
            idle.update(self)

        def _start_clock(self) -> None:
            self._clock = self.loop.call_later(seconds, self._cut)

        def _stop_clock(self) -> None:
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None

        def _cut(self) -> None:
            self._clock = None
            if not has_call(self):
                self.transport.abort()

    return HeadTimeout
