"""Several processes that answer on one socket, forked once the models are loaded, so that these lie in memory once."""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from types import FrameType

from headstart_runtime.service.settings import ServiceSettings

LOG = logging.getLogger("headstart.serve")
PAUSE = 1.0  #: seconds before a worker that ended by itself is followed by another
_ENDING = (signal.SIGTERM, signal.SIGINT)


def run_workers(work: Callable[[], int], settings: ServiceSettings, listening: socket.socket) -> int:
    """Fork workers, put others in the place of those that end, and end them when this process is told to.

    Args:
        work: what a worker does; its exit code.
        settings: of the service: how many.
        listening: the socket; this process lets go of it when it is told to end, so that no connection waits in vain.

    Returns:
        The exit code: 0 where all ended well.
    """
    told: list[int] = []
    workers: set[int] = set()

    def end(number: int, frame: FrameType | None) -> None:
        told.append(number)
        listening.close()
        for worker in list(workers):
            os.kill(worker, signal.SIGTERM)

    before = {number: signal.signal(number, end) for number in _ENDING}
    code = 0
    try:
        while not told or workers:
            while not told and len(workers) < settings.workers:
                workers.add(worker := _fork(work, before))
                if told:
                    os.kill(worker, signal.SIGTERM)
            try:
                worker, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not worker:
                time.sleep(0.05)
                continue
            workers.discard(worker)
            found = os.waitstatus_to_exitcode(status)
            if not told:
                LOG.warning("worker %d ended with %d; another takes its place", worker, found)
                time.sleep(PAUSE)
            code = code or (1 if told and found else 0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code


def _fork(work: Callable[[], int], before: Iterable[signal.Signals]) -> int:
    """Return the number of a new worker; in the worker itself this does not return."""
    assert hasattr(os, "fork"), "the settings refuse several workers elsewhere"
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    worker = os.fork()
    if worker:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        return worker
    code = 1
    try:
        for number in before:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        code = work()
    finally:
        os._exit(code)
