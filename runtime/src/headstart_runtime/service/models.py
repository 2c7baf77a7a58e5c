"""The models of a server, by name; one whose folder has another model now is taken over, without a lost call."""

import asyncio
import logging
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart_runtime.errors import HeadstartError, SettingError, bounded, nearest
from headstart_runtime.inference.classifier import Classifier, load
from headstart_runtime.inference.model_format import RECORD, find_model
from headstart_runtime.service.batcher import Batcher
from headstart_runtime.service.settings import ServiceSettings
from headstart_runtime.service.sizes import limit_sizes

LOG = logging.getLogger("headstart.serve")
PATIENCE = 60  #: looks at a model that cannot be loaded, before it is only looked at when its file changes

Told = Callable[[str, int], None]  #: name of a model, size of a batch


class UnknownModel(Exception):
    """There is no model of that name here."""


@dataclass(frozen=True, slots=True, eq=False)
class ServedModel:
    """One model as it was loaded, and what answers with it."""

    name: str
    path: Path  #: as it was given
    classifier: Classifier
    batcher: Batcher
    seen: tuple[int, ...]  #: what the file system said of model.json just before it was loaded

    @property
    def version(self) -> str:
        """A short text that is another one for another model."""
        record = self.classifier.record
        return f"{record.graph_sha256[:8]}{record.head_sha256[:4]}"


class Models:
    """The models that are served. Looked up and replaced on the event loop's thread."""

    def __init__(self, given: Sequence[str], settings: ServiceSettings, told: Told = lambda *_: None):
        """Load the models and start their engines.

        Args:
            given: folders, each perhaps with a name before it: ``NAME=FOLDER``.
            settings: of the service.
            told: called with the size of each batch.

        Raises:
            UserError: none is given, one cannot be loaded, or two have one name.
        """
        self._settings, self._told = settings, told
        self._tries: dict[str, int] = {}
        self._served: dict[str, ServedModel] = {}
        for name, path in name_models(given).items():
            self._served[name] = self._load(name, path)

    def __iter__(self) -> Any:
        """Iterate over the models, in the order they were given."""
        return iter(self._served.values())

    def find(self, name: str | None = None) -> ServedModel:
        """Return the model of a name; the first one where none is named.

        Raises:
            UnknownModel: there is none.
        """
        if name is None:
            return next(iter(self._served.values()))
        if name not in self._served:
            raise UnknownModel(bounded(f"no model {name!r}; {nearest(name, list(self._served))}", 300))
        return self._served[name]

    def _load(self, name: str, path: Path) -> ServedModel:
        seen = look_at(path)
        classifier = load(path, self._settings.engine)  # type: ignore[arg-type]  # it checks the name
        batcher = Batcher(
            lambda: limit_sizes(classifier.make_worker(), classifier.record.modality, self._settings.max_decoded),
            capacity=self._settings.queue,
            wait=self._settings.wait / 1000,
            told=lambda size: self._told(name, size),
        )
        assert batcher.worker  # its engine runs before a call comes
        return ServedModel(name, path, classifier, batcher, seen)

    async def watch(self, changed: Callable[[ServedModel], None] = lambda _: None) -> None:
        """Look for new models for ever, and take them over.

        Args:
            changed: called with each model that was taken over.
        """
        while self._settings.watch:
            await asyncio.sleep(self._settings.watch)
            for model in list(self._served.values()):
                if replaced := await self._renew(model):
                    changed(replaced)

    async def _renew(self, model: ServedModel) -> ServedModel | None:
        """Return the model that took the place of another; None where there is no other, or it cannot be loaded."""
        seen = look_at(model.path)
        if not seen or seen == model.seen:
            self._tries.pop(model.name, None)
            return None
        tries = self._tries.get(model.name, 0)
        if tries >= PATIENCE and tries % PATIENCE:  # a copy that broke off: seldom from now on
            self._tries[model.name] = tries + 1
            return None
        try:
            fresh = await asyncio.to_thread(self._load, model.name, model.path)
        except Exception as error:  # noqa: BLE001  perhaps it is being copied; whatever an engine raises, others go on
            if not tries:
                reason = error if isinstance(error, HeadstartError) else type(error).__name__
                LOG.warning("model %s: a new one cannot be loaded yet, the old one goes on: %s", model.name, reason)
            self._tries[model.name] = tries + 1
            return None
        self._tries.pop(model.name, None)
        self._served[model.name] = fresh
        LOG.info("model %s: version %s took the place of %s", model.name, fresh.version, model.version)
        threading.Thread(target=model.batcher.close, name="retire", daemon=True).start()  # what it has it answers
        return fresh

    def close(self) -> None:
        """Answer all that waits, and end the threads."""
        for model in self._served.values():
            model.batcher.close()


def look_at(path: Path) -> tuple[int, ...]:
    """Return what the file system says of a model's record; () where there is none now."""
    try:
        found = os.stat(find_model(path.expanduser()) / RECORD)  # noqa: PTH116
    except (OSError, HeadstartError):
        return ()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def name_models(given: Sequence[str]) -> Mapping[str, Path]:
    """Return the folders by their names: that before "=", or else that of the run or the folder.

    Raises:
        SettingError: none is given, a name cannot stand in an address, or two are the same.
    """
    found: dict[str, Path] = {}
    for text in given:
        name, sign, rest = text.partition("=")
        if not sign or os.path.exists(text):  # noqa: PTH110 (Path.exists raises for names that are too long)
            path = Path(text)
            whole = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 (resolves no links)
            name = whole.parent.name if whole.name == "model" else whole.name
            name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "model"
        else:
            path = Path(rest)
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", name):
            raise SettingError(f"a model cannot be called {name[:100]!r}; wanted letters, digits and . _ -")
        if name in found:
            raise SettingError(f"two models are called {name!r}; name them: one=FOLDER other=FOLDER")
        found[name] = path
    if not found:
        raise SettingError("no model is given; name the folder of a saved classifier, or of its run")
    return found
