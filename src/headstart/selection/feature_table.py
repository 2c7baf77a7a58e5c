"""Features of a run's samples in memory, so that each row of each layer is read from the store once."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.data.samples import Sample
from headstart.engines.engine import Engine
from headstart.extraction.extract import extract, get_feature_space
from headstart.saving import FeatureBranch
from headstart.storage.space import FLOAT_BYTES, FeatureSpace
from headstart.storage.store import Store
from headstart_runtime.arrays import Bools, Floats, Ints
from headstart_runtime.hardware import ComputePrecision
from headstart_runtime.modalities.batch import make_blank

#: Bytes that all tables of a run take at most. With more samples the layers used least recently are given up, and a
#: layer that is larger on its own is read from the store each time it is asked for.
KEPT_BYTES = 128 << 20


@dataclass(eq=False)
class FeatureTable:
    """Rows of one feature space: for each layer a float32 array (N, width), in the order of ``ids``.

    A layer's array is made when it is first asked for, and filled with the rows that are asked for.
    """

    space: FeatureSpace
    ids: Mapping[str, int]  #: a sample's digest -> its row
    layers: dict[str, Floats] = field(default_factory=dict)
    filled: dict[str, Bools] = field(default_factory=dict)  #: (N,) rows that were read, for each layer

    def bytes_of(self, layer: str) -> int:
        """Return the bytes that a layer takes."""
        return len(self.ids) * self.space.width(layer) * FLOAT_BYTES

    def has(self, rows: Ints, layers: Iterable[str]) -> bool:
        """Return whether these rows of these layers are in memory."""
        return all(layer in self.layers and self.filled[layer][rows].all() for layer in layers)

    def take(self, store: Store, layer: str, digests: Sequence[str], rows: Ints) -> Floats:
        """Return some rows (n, width) of a layer, after reading those that were not read before.

        Args:
            store: where features lie.
            layer: its name.
            digests: of n samples.
            rows: (n,) of these samples in the table.
        """
        if layer not in self.layers:
            self.layers[layer] = np.empty((len(self.ids), self.space.width(layer)), np.float32)
            self.filled[layer] = np.zeros(len(self.ids), bool)
        once = np.sort(np.unique(rows, return_index=True)[1])  # equal bytes share a row
        absent = once[~self.filled[layer][rows[once]]]
        if len(absent):
            self.layers[layer][rows[absent]] = store.read(
                self.space, [digests[place] for place in absent.tolist()], layer
            )
            self.filled[layer][rows[absent]] = True
        return self.layers[layer][rows]

    def drop(self, layer: str) -> None:
        """Let go of a layer."""
        self.layers.pop(layer, None)
        self.filled.pop(layer, None)


class FeatureSource:
    """Features of a run's samples by any branch: kept in memory, read from the store, or computed where it has none.

    Not for use from several threads at once.

    Args:
        store: where features lie and go.
        samples: the run's samples; features of others are read each time they are asked for.
        workers: threads that decode where features are computed; 0 for as many as the engine wants.
        listener: is told of the progress of computing.
        kept_bytes: most bytes that are kept in memory.
    """

    def __init__(
        self,
        store: Store,
        samples: Sequence[Sample],
        *,
        workers: int = 0,
        listener: events.Listener = events.ignore,
        kept_bytes: int = KEPT_BYTES,
    ):
        self._store = store
        self._ids = {digest: row for row, digest in enumerate(dict.fromkeys(sample.digest for sample in samples))}
        self._workers = workers
        self._listener = listener
        self._kept_bytes = kept_bytes
        self._engines: dict[tuple[str, ComputePrecision], Engine] = {}
        self._seconds: dict[tuple[str, ComputePrecision], float] = {}  # that an item takes
        self._stored: set[str] = set()  # fingerprints of spaces whose rows are known to be in the store
        self._tables: dict[str, FeatureTable] = {}  # by the space's fingerprint
        self._recent: dict[tuple[str, str], int] = {}  # (space, layer) -> bytes, least recently used first

    @property
    def bytes_kept(self) -> int:
        """Bytes of the rows that are in memory now."""
        return sum(self._recent.values())

    def add_engine(self, backbone: Backbone, engine: Engine, *, stored: bool = False) -> None:
        """Let an engine run the branches of a backbone.

        Args:
            backbone: that the engine runs.
            engine: at the branches' precision.
            stored: whether the features of all samples that will be asked for are in the store.
        """
        self._engines[backbone.fingerprint, engine.precision] = engine
        if stored:
            self._stored.add(get_feature_space(backbone, engine).fingerprint)

    def load(self, branch: FeatureBranch, samples: Sequence[Sample]) -> Floats:
        """Return a branch's features of some samples, float32 (n, D), its layers side by side.

        Raises:
            StoreError: rows cannot be computed or stored.
        """
        engine = self._engines[branch.backbone.fingerprint, branch.precision]
        space = get_feature_space(branch.backbone, engine)
        table = self._tables.setdefault(space.fingerprint, FeatureTable(space, self._ids))
        digests = [sample.digest for sample in samples]
        places = [self._ids.get(digest, -1) for digest in digests]
        rows = None if -1 in places else np.array(places, np.int64)
        if space.fingerprint not in self._stored and not (rows is not None and table.has(rows, branch.layers)):
            self._compute(branch, engine, samples)
        out = np.empty((len(digests), branch.width), np.float32)
        column = 0
        for layer in branch.layers:
            end = column + space.width(layer)
            if rows is not None and self._make_room(table, layer):
                out[:, column:end] = table.take(self._store, layer, digests, rows)
            else:  # straight to where it goes: of many rows a copy takes hundreds of megabytes
                self._store.read(space, digests, layer, out[:, column:end])
            column = end
        return out

    def measure_seconds(self, branch: FeatureBranch) -> float:
        """Return the seconds that a branch's network takes for an item on this machine, with all streams at work.

        Opening and decoding the item come on top. Measured once for each network.
        """
        key = branch.backbone.fingerprint, branch.precision
        if key not in self._seconds:
            engine = self._engines[key]
            blank = make_blank(branch.backbone.spec, engine.batch)
            engine.forward(blank)  # the first pass takes longer
            began = time.perf_counter()
            engine.forward(blank)
            self._seconds[key] = (time.perf_counter() - began) / engine.batch / engine.streams
        return self._seconds[key]

    def _compute(self, branch: FeatureBranch, engine: Engine, samples: Sequence[Sample]) -> None:
        extract(
            samples,
            branch.backbone,
            engine,
            self._store,
            listener=self._listener,
            workers=self._workers,
        )

    def _make_room(self, table: FeatureTable, layer: str) -> bool:
        """Return whether a layer can be kept, after giving up layers that were used less recently."""
        key, wanted = (table.space.fingerprint, layer), table.bytes_of(layer)
        if wanted > self._kept_bytes:
            return False
        self._recent.pop(key, None)
        while self.bytes_kept + wanted > self._kept_bytes:
            fingerprint, oldest = next(iter(self._recent))
            del self._recent[fingerprint, oldest]
            self._tables[fingerprint].drop(oldest)
        self._recent[key] = wanted
        return True
