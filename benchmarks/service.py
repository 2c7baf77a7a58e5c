"""How many items a second the service answers to 16 clients, beside what ``predict`` does on the same items.

    python benchmarks/service.py RUN ITEMS [--clients 16] [--seconds 8] [--rounds 3] [--count 400] [--litserve PYTHON]

Load comes from another process over loopback; each client waits for its answer before it asks again. Measured round by
round, each way after the other: ``predict`` on OpenVINO (``alone``; ``beside``: while the same generator asks a sink of
its own as often as the service was asked, so that it costs what it costs there), the service (``serve``), the service
on ONNX Runtime, a plain FastAPI with an ONNX Runtime session that answers one item at a time, and LitServe around the
same classifier with batches of 16, where a Python that has it is named. Ratios are medians over the rounds, p50 and p99
of all answers. ``overload`` asks with ten times the clients of a queue of 16. The last line is one JSON object.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

import measuring
from headstart_runtime import load
from headstart_runtime.folder_items import walk_items
from headstart_runtime.inference.model_format import find_model

SERVING = Path(__file__).resolve().parent / "serving"
START = 60  #: seconds in which a server must answer
SERVE = ("-m", "headstart_runtime.command.serve")


def main() -> None:
    """Runs the benchmark."""
    given = measuring.arguments(
        __doc__ or "",
        ("run", {"type": Path}),
        ("items", {"type": Path}),
        ("--clients", {"type": int, "default": 16}),
        ("--seconds", {"type": float, "default": 8.0}),
        ("--rounds", {"type": int, "default": 3}),
        ("--count", {"type": int, "default": 400}),
        ("--litserve", {"default": "", "help": "a Python that has litserve"}),
    )
    with tempfile.TemporaryDirectory() as folder:
        items = _copy_items(given.run, given.items, given.count, Path(folder))
        result = measure(find_model(given.run), items, given)
    measuring.finish(__file__, result, keep=given.keep)


def _copy_items(run: Path, source: Path, count: int, folder: Path) -> Path:
    """Copy items of a folder, evenly drawn, into one where the generator finds them; return that."""
    modality = load(run).record.modality
    found = sorted(walk_items(source, modality, []))
    for number, at in enumerate(np.linspace(0, len(found) - 1, min(count, len(found))).astype(int)):
        shutil.copy(found[at], folder / f"{number:05d}{found[at].suffix}")
    return folder


def measure(model: Path, items: Path, given: Any) -> dict[str, Any]:
    """Return the figures of all ways."""
    files = sorted(items.iterdir())
    classifier = load(model, "openvino")
    classifier.predict(files[:48])
    commands: dict[str, Sequence[str]] = {
        "serve": (sys.executable, *SERVE, str(model), "--port"),
        "serve_onnxruntime": (sys.executable, *SERVE, str(model), "--engine", "onnxruntime", "--port"),
        "plain": (sys.executable, str(SERVING / "plain_server.py"), str(model)),
    }
    if given.litserve:
        commands["litserve"] = (given.litserve, str(SERVING / "lit_server.py"), str(model))
    rates: dict[str, list[float]] = {}
    waits: dict[str, list[float]] = {}
    asking: dict[str, list[float]] = {}
    for number in range(given.rounds):
        for name, command in commands.items():
            with serve(command) as port:
                ask(port, items, given.clients, min(2.0, given.seconds))
                seen = ask(port, items, given.clients, given.seconds)
            if set(seen["statuses"]) != {"200"}:
                raise SystemExit(f"{name} answered {seen['statuses']}")
            rates.setdefault(name, []).append(len(seen["milliseconds"]) / seen["seconds"])
            waits.setdefault(name, []).extend(seen["milliseconds"])
            asking.setdefault(name, []).append(seen["processor_seconds"] / len(seen["milliseconds"]))
        rates.setdefault("alone", []).append(predict_for(classifier, files, given.seconds))
        with start(load_command(0, items, given.clients, given.seconds + 2, rates["serve"][-1])) as generator:
            time.sleep(0.5)
            rates.setdefault("beside", []).append(predict_for(classifier, files, given.seconds))
            seen = json.loads(generator.communicate()[0])
        asking.setdefault("beside", []).append(seen["processor_seconds"] / len(seen["milliseconds"]))
        print(f"round {number}: { {name: round(found[-1], 1) for name, found in rates.items()} }", flush=True)
    result: dict[str, Any] = {"items": len(files), "clients": given.clients}
    for name, found in rates.items():
        result[f"{name}_per_second"] = round(measuring.median(found), 1)
    for name in commands:
        result[f"{name}_p50_ms"], result[f"{name}_p99_ms"] = (
            round(float(np.percentile(waits[name], at)), 1) for at in (50, 99)
        )
    result["asking_ms"] = {name: round(1000 * measuring.median(found), 3) for name, found in asking.items()}
    for name in ("beside", "alone", *commands):
        if name != "serve":
            pairs = zip(rates["serve"], rates[name], strict=True)
            result[f"serve_to_{name}"] = round(measuring.median([ours / theirs for ours, theirs in pairs]), 3)
    result["one_client"] = measure_one(commands, items, given.seconds / 2)
    result["overload"] = measure_overload(commands["serve"], items, given.seconds)
    return result


def measure_one(commands: dict[str, Sequence[str]], items: Path, seconds: float) -> dict[str, float]:
    """Return the milliseconds of an answer, p50, where one client asks."""
    found = {}
    for name, command in commands.items():
        with serve(command) as port:
            ask(port, items, 1, min(1.0, seconds))
            found[name] = round(float(np.percentile(ask(port, items, 1, seconds)["milliseconds"], 50)), 1)
    return found


def measure_overload(command: Sequence[str], items: Path, seconds: float) -> dict[str, Any]:
    """Return what ten times as many clients as the queue has places see, and the server's memory before and after."""
    with serve((*command[:-1], "--queue", "16", "--port")) as port:
        ask(port, items, 160, min(2.0, seconds))
        before = read_memory(port)
        seen = ask(port, items, 160, seconds)
        after = read_memory(port)
        calm = ask(port, items, 1, min(1.0, seconds))["statuses"]
    return {"statuses": seen["statuses"], "memory_before_mb": before, "memory_after_mb": after, "recovers": calm}


def predict_for(classifier: Any, files: Sequence[Path], seconds: float) -> float:
    """Return the items a second of ``predict``, from their bytes, all of them again and again."""
    contents = [file.read_bytes() for file in files]
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        done += sum(answer.error is None for answer in classifier.predict(contents))
    return done / (time.perf_counter() - began)


def load_command(port: int, items: Path, clients: int, seconds: float, pace: float | None = None) -> list[str]:
    """Return the command of the generator."""
    words = ["127.0.0.1", port, "/v1/predict", clients, seconds, items, *([] if pace is None else [pace])]
    return [sys.executable, str(SERVING / "load.py"), *map(str, words)]


def ask(port: int, items: Path, clients: int, seconds: float) -> dict[str, Any]:
    """Return what clients saw that asked for so many seconds."""
    done = subprocess.run(load_command(port, items, clients, seconds), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def start(command: Sequence[str], **options: Any) -> Iterator["subprocess.Popen[str]"]:
    """Run a process while the context lasts."""
    process = subprocess.Popen(
        list(command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, process_group=0, **options
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with suppress(ProcessLookupError):  # LitServe leaves processes behind that go on polling
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def serve(command: Sequence[str]) -> Iterator[int]:
    """Run a server while the context lasts; give its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with start([*command, str(port)]) as process:
        until = time.monotonic() + START
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                _get(port, "/healthz")
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"{' '.join(map(str, command))} did not start") from None
                time.sleep(0.05)
        _PROCESSES[port] = process.pid
        yield port


_PROCESSES: dict[int, int] = {}


def _get(port: int, path: str) -> None:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).read()
    except urllib.error.HTTPError as error:
        if error.code != 404:  # LitServe has another one
            raise


def read_memory(port: int) -> float | None:
    """Return the megabytes that a server holds now; None where the system does not tell."""
    try:
        text = Path(f"/proc/{_PROCESSES[port]}/status").read_text("utf-8")
    except OSError:
        return None
    return round(int(text.partition("VmRSS:")[2].split()[0]) / 1024, 1)


if __name__ == "__main__":
    main()
