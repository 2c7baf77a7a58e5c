"""Connections that do not wait for ever for the head of a call, which uvicorn's own do."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.auto import AutoHTTPProtocol


def make_protocol(config: Config, seconds: float) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with a limit on the time from a connection's, or a head's, first byte to its end.

    Args:
        config: of the server.
        seconds: the limit.
    """
    base: Any = AutoHTTPProtocol

    class HeadTimeout(base):
        """The protocol of one connection."""

        _clock: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._start_clock()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_clock()  # the head is there; the body has a clock of its own
            elif self._clock is None:
                self._start_clock()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._stop_clock()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_clock()
            super().connection_lost(exc)

        def _start_clock(self) -> None:
            self._clock = self.loop.call_later(seconds, self._cut)

        def _stop_clock(self) -> None:
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None

        def _cut(self) -> None:
            self._clock = None
            if self.cycle is None or self.cycle.response_complete:
                self.transport.abort()

    return HeadTimeout
