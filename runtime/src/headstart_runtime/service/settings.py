"""Every knob of the service, once: flags of ``headstart serve`` and ``headstart-serve`` are made of these fields."""

import inspect
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from headstart_runtime.errors import SettingError

KEYS_VARIABLE = "HEADSTART_API_KEYS"  #: of the environment: API keys with blanks or commas between them
SHORTEST_KEY = 8  #: characters


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Settings of a server.

    Args:
        host: The address to listen on; 0.0.0.0 takes calls from other machines.
        port: The port to listen on; 0 takes a free one, which is printed.
        engine: What answers: auto, onnxruntime or openvino. auto takes OpenVINO for all items where it can, as for a
            stream.
        api_keys: A file with API keys, one a line. Calls then need one, as "Authorization: Bearer KEY" or "X-API-Key:
            KEY". The environment's HEADSTART_API_KEYS does the same.
        cert: A file with the certificate of TLS (PEM); needs --key.
        key: A file with the private key of TLS (PEM).
        max_body: The most megabytes of one call's body.
        max_items: The most items of one call.
        max_decoded: The most megabytes that one item may take while it is decoded, as its header tells.
        queue: The most items of a model that wait for an answer; further calls are told to come again (503).
        wait: The most milliseconds for which an item is held back so that others share its batch; nothing is held
            back while the machine is idle.
        timeout: The most seconds from a call's end to its answer.
        body_timeout: The most seconds that the head of a call, and then its body, may take to arrive.
        max_memory: The most megabytes of bodies held at a time, over all calls; further calls are told to come again.
        connections: The most connections at a time; beyond it the one that has asked nothing for longest is cut.
        drain: Seconds after SIGTERM in which calls are still taken, while /readyz says no.
        watch: Seconds between two looks for a new model in the folder; 0 does not look.
        workers: Processes that answer, forked once the models are loaded.
        page: Serve the page to try models on, at /.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    engine: str = "auto"
    api_keys: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    max_body: float = 32.0
    max_items: int = 64
    max_decoded: float = 512.0
    queue: int = 256
    wait: float = 5.0
    timeout: float = 30.0
    body_timeout: float = 20.0
    max_memory: float = 512.0
    connections: int = 1024
    drain: float = 0.5
    watch: float = 1.0
    workers: int = 1
    page: bool = True

    def __post_init__(self) -> None:
        """Check values.

        Raises:
            SettingError: one cannot be used.
        """
        for name, least, most in (
            ("port", 0, 65535),
            ("max_body", 0.001, 2048),
            ("max_items", 1, 100_000),
            ("max_decoded", 0.001, 1_048_576),
            ("queue", 1, 1_000_000),
            ("wait", 0, 1000),
            ("timeout", 0.01, 86_400),
            ("body_timeout", 0.01, 86_400),
            ("max_memory", 0.001, 1_048_576),
            ("connections", 1, 1_000_000),
            ("drain", 0, 600),
            ("watch", 0, 86_400),
            ("workers", 1, 256),
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and least <= value <= most):
                raise SettingError(f"--{name.replace('_', '-')} is {value:g}; wanted {least:g} to {most:g}")
        if (self.cert is None) != (self.key is None):
            raise SettingError("--cert and --key belong together; give both or none")
        if self.workers > 1 and not hasattr(os, "fork"):
            raise SettingError("several workers need a system that can fork; start several servers instead")

    def check_files(self) -> None:
        """Raise a SettingError where a file that is named is not there."""
        for name in ("api_keys", "cert", "key"):
            file = getattr(self, name)
            if file is not None and not os.path.isfile(file):  # noqa: PTH113 (Path.is_file raises for long names)
                raise SettingError(f"--{name.replace('_', '-')} {str(file)[:300]!r}: no such file")

    @property
    def most_bytes(self) -> int:
        """The most bytes of a body."""
        return int(self.max_body * 1e6)

    @property
    def most_held(self) -> int:
        """The most bytes of all bodies at a time; one body always has its place."""
        return max(int(self.max_memory * 1e6), self.most_bytes)


def describe_settings() -> Mapping[str, str]:
    """Return for each field of ``ServiceSettings`` what it says of itself."""
    text = re.sub(r"\n {8,}", " ", (inspect.getdoc(ServiceSettings) or "").partition("Args:\n")[2])
    named = (line.strip().partition(": ") for line in text.splitlines() if line.strip())
    told = {name: help_ for name, _, help_ in named}
    return {one.name: told[one.name] for one in fields(ServiceSettings)}


def read_api_keys(file: Path | None) -> tuple[str, ...]:
    """Return the API keys of a file, a line each, and of the environment; none: every call is answered.

    Blank lines and those that begin with # are none.

    Raises:
        SettingError: the file cannot be read or has none, or a key is too short or no plain text.
    """
    keys = re.split(r"[\s,]+", os.environ.get(KEYS_VARIABLE, "").strip())
    if file is not None:
        try:
            lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
        except (OSError, ValueError) as error:
            raise SettingError(f"--api-keys {str(file)[:300]!r} cannot be read: {error}") from None
        found = [line for line in lines if line and not line.startswith("#")]
        if not found:
            raise SettingError(f"--api-keys {str(file)[:300]!r} has no key; write one in each line")
        keys += found
    keys = [key for key in keys if key]
    for number, key in enumerate(keys, 1):
        if len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
            raise SettingError(
                f"API key {number} is not usable; wanted {SHORTEST_KEY} or more plain characters without blanks"
            )
    return tuple(dict.fromkeys(keys))
