"""What all tests share: a store in which the network is converted already, photos to draw, a finished run."""

import ctypes
import gc
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray
from PIL import Image

import headstart
from headstart.runs.run import Run
from headstart.storage import results
from headstart.training import benchmark_record
from tests.costs import Costs

results.WORTH = float("inf")  # nothing is known from before: tests change code that no digest sees
benchmark_record.SECONDS = 0.05  # of trials whose outcome no test asks for; those of the trial itself set their own

# Two workers with two threads each on two cores: threads that wait must not spin on the core that others need.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads spin whatever that says
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # tests import ONNX Runtime themselves
os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # one for each core of each worker keeps what others could use
os.environ["HF_HUB_OFFLINE"] = "1"  # here, not in a fixture: its client asks once, when a test file imports it

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
CLASSES = ("checks", "discs", "stripes")

#: photos(folder, classes=..., each=..., seed=...) -> the folder
Photos = Callable[..., Path]


#: A command in a process of its own that writes its exit code and the packages it imported into a file.
WATCHED = """
import json, sys
from headstart.cli.main import run
code = run(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    json.dump([code, sorted({name.partition(".")[0] for name in sys.modules})], file)
"""


@dataclass(frozen=True)
class Warm:
    """What one fit made for all tests of a session; never to be written to, except that the store may grow."""

    name: str  #: of the network, as ``backbone`` takes it
    architecture: str  #: timm's name
    store: Path  #: the network is converted and proved in it; the store that tests have where they name none
    photos: Path  #: the drawn photos that it was fitted on
    run: Path  #: the finished run, with a report

    @property
    def imports(self) -> Path:
        """A JSON file: exit code and imported packages of the process that made the run; lite0's run only."""
        return self.run.with_name(f"{self.run.name}-imports.json")

    def new_store(self, folder: Path) -> Path:
        """A new store in which the network is converted and nothing is stored; this one may be written to meanwhile."""
        for network in (self.store / "networks").glob(f"{self.architecture}-*"):
            shutil.copytree(network, folder / "networks" / network.name)
        return folder

    def fit(self, source: object = None, **settings: object) -> Run:
        """A fit of one's own, of the same photos where no others are given; without a report if none is asked for."""
        given = {"backbone": self.name, "report": False, **settings}
        return headstart.fit(self.photos if source is None else source, **given)

    def words(self, *more: object, source: object = None) -> list[str]:
        """The same as a command line, without the program's name."""
        given = self.photos if source is None else source
        return [*map(str, ("fit", given, "--backbone", self.name, "--no-report", *more))]


Small = Warm  #: as the fixture ``small`` gives it


def picture(kind: str, chance: np.random.Generator, size: tuple[int, int]) -> NDArray[np.uint8]:
    """One drawn photo, (H, W, 3): a texture that its class alone has, in any colours and place, under noise."""
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    step = chance.integers(10, 18)
    x, y = x + chance.integers(step), y + chance.integers(step)
    shape = {
        "checks": (x // step + y // step) % 2,
        "discs": ((x % (2 * step) - step) ** 2 + (y % (2 * step) - step) ** 2 < (0.7 * step) ** 2) * 1.0,
        "stripes": (x + 0.4 * y) // (step / 2) % 2,
    }[kind]
    dark, light = chance.integers(0, 100, 3), chance.integers(150, 256, 3)
    pixels = dark + shape[:, :, None] * (light - dark) + chance.normal(0, 12, (height, width, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def draw_photos(folder: Path, *, classes: Sequence[str] = CLASSES, each: int = 14, seed: int = 0) -> Path:
    """A folder of easily told classes: JPEG and PNG files of 96 to 200 pixels. Another seed, other photos."""
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            form = "jpeg" if number % 3 else "png"
            suffix = "jpg" if number % 3 else "png"
            file = folder / name / f"{seed}-{number:03d}.{suffix}"
            file.write_bytes(_draw_file(CLASSES[label % len(CLASSES)], (seed, label, number), form))
    return folder


@lru_cache(maxsize=1000)  # the same ones are asked for again and again, and each takes 4 ms to draw
def _draw_file(kind: str, seeds: tuple[int, ...], form: str) -> bytes:
    chance = np.random.default_rng(seeds)
    width, height = (int(edge) for edge in chance.integers(96, 201, 2))
    file = io.BytesIO()
    Image.fromarray(picture(kind, chance, (width, height))).save(file, form)
    return file.getvalue()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Costs(), "costs")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What collecting imports stays to the end: no search for garbage goes through it, then or while tests run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this session that all workers share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True, scope="module")
def _memory_is_given_back() -> Iterator[None]:
    """What a file's tests took and let go goes back to the system, where the C library can be asked for that."""
    yield
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture(autouse=True)
def _own_store(shared_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the store of the person who runs it."""
    monkeypatch.setenv("HEADSTART_STORE", str(shared_folder / "store"))


@pytest.fixture(scope="session")
def warm(shared_folder: Path) -> Warm:
    """A store with lite0 and a finished run; made once, in a process of its own that says what it imported."""
    folders = shared_folder / "store", shared_folder / "photos", shared_folder / "run"
    made = Warm("efficientnet_lite0", "tf_efficientnet_lite0", *folders)
    with FileLock(shared_folder / "warm.lock"):
        if not (made.run / "run.json").exists():
            draw_photos(made.photos)
            command = [sys.executable, "-c", WATCHED, made.imports, "fit", made.photos, "--out", made.run, "--quiet"]
            environment = {**os.environ, "HEADSTART_STORE": str(made.store)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="session")
def small(shared_folder: Path) -> Warm:
    """The same of a network of 32 pixels (``tests/small_network.py``), on which a fit takes a third of a second.

    For what asks for a network, not for lite0. A child of a test knows it by its name, for it is converted; one that
    trains it is started as ``python -m tests.small_network``.
    """
    from tests import small_network

    weights = shared_folder / "small.safetensors"
    folders = shared_folder / "store", shared_folder / "small-photos", shared_folder / "small-run"
    made = Warm(small_network.name_of(weights), small_network.ARCHITECTURE, *folders)
    with FileLock(shared_folder / "small.lock"):
        if not (made.run / "run.json").exists():
            small_network.write_weights(weights)
            draw_photos(made.photos)
            made.fit(store=made.store, out=made.run, report=True)
    return made


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    """Draws a folder of photos; under ``tmp_path`` when the folder is given by its name."""

    def make(folder: str | Path = "photos", **options: object) -> Path:
        return draw_photos(tmp_path / folder, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def shared_data() -> Path:
    """The real photos beside the repository; the test is skipped where there are none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared photos are not here")
    return SHARED_DATA
