"""``headstart.features``."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from headstart import events
from headstart.data.samples import Samples, Subset
from headstart.data.split import Split
from headstart.display.html import html_table
from headstart.display.watch import ShowProgress, watch
from headstart.events import RunLog
from headstart.pipeline.backbones import load_backbones
from headstart.pipeline.choices import check_choices
from headstart.pipeline.dataset import find_train_samples, prepare_dataset, read_samples, split_samples
from headstart.selection.budget import Budget
from headstart.selection.context import RunContext
from headstart.settings import FitSettings, locate_store, parse_duration
from headstart.storage.atomic import replace_bytes
from headstart.storage.store import Store
from headstart.verbs.options import FitOptions
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import BackboneError, SettingError
from headstart_runtime.extras import import_extra, require_extra
from headstart_runtime.items import ITEM
from headstart_runtime.modalities.item import Noun

ALL_LAYERS = "all"
PARQUET = ".parquet"
SUFFIXES = (".npz", PARQUET)
PURPOSE = "writing a Parquet table"


@dataclass(frozen=True, eq=False)
class Features:
    """A row of a frozen network's features for each labelled sample, as ``fit`` learns from."""

    ids: tuple[str, ...]  #: N, unique: a digest of the bytes of the file, numbered for further copies
    names: tuple[str, ...]  #: N, of the files, or of rows of an array
    labels: tuple[str, ...]  #: N, names of classes
    subsets: tuple[str, ...]  #: N: "train", "validation" or "test"
    layers: Mapping[str, Floats]  #: by layer, from the input upwards: float32 (N, D)
    backbone: str
    computed: int  #: samples whose features were not stored yet
    noun: Noun = ITEM  #: the word for a sample

    def __repr__(self) -> str:
        layers = ", ".join(f"{name} {' x '.join(map(str, rows.shape))}" for name, rows in self.layers.items())
        return f"Features({self.noun.count(len(self.ids))}, {self.backbone}, {layers})"

    @property
    def rows(self) -> Floats:
        """The features of the highest layer that was asked for, float32 (N, D)."""
        return list(self.layers.values())[-1]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that occur, sorted."""
        return tuple(sorted(set(self.labels)))

    def save(self, file: str | Path) -> Path:
        """Write the features to a new file, by its ending: .npz or .parquet; return it.

        An ``.npz`` holds ``ids``, ``names``, ``labels``, ``subsets``, ``layers`` and ``rows/LAYER`` for each layer. A
        Parquet table has the columns ``id``, ``name``, ``label``, ``subset`` and a list of numbers for each layer.

        Raises:
            SettingError: another ending, or the file is there.
            MissingExtra: a Parquet table without pyarrow.
        """
        path = check_features_file(Path(file))
        replace_bytes(path, _to_npz(self) if path.suffix.lower() == ".npz" else _to_parquet(self))
        return path

    def _repr_html_(self) -> str:
        shapes = ", ".join(f"{name} {rows.shape[0]:,} x {rows.shape[1]:,}" for name, rows in self.layers.items())
        rows = zip(self.names, self.labels, self.subsets, strict=True)
        return html_table((self.noun.one, "label", "subset"), rows, caption=f"{self.backbone}: {shapes}", most=5)


def features(
    source: Any,
    *,
    layer: str | Sequence[str] | None = None,
    labels: Any = None,
    config: str | Path | None = None,
    listener: events.Listener | None = None,
    progress: ShowProgress = "auto",
    **options: Unpack[FitOptions],
) -> Features:
    """Return the features of labelled data, those that ``fit`` with the same settings learns from.

    What is stored is not computed again; what is computed is stored.

    Args:
        source: labelled data, as ``fit`` takes them.
        layer: the name of a layer, several names, or "all"; the last one when not given. ``headstart.models(NAME,
            layers=True)`` lists them.
        labels: with arrays, a label for each.
        config: a TOML file of settings; keyword arguments win over it.
        listener: is told of progress.
        progress: as of ``fit``.
        **options: settings of ``fit``: ``backbone`` (one name), ``seed``, ``precision``, ``engine``, ``store``, ...

    Raises:
        UserError: data, names or settings that cannot be used.
        HeadstartError: anything else that went wrong; features that were computed are kept.
    """
    settings = FitSettings.load(Path(config) if config is not None else None, **options)
    check_choices(settings)
    with watch(listener, progress) as heard:
        return _extract_features(source, labels, layer, settings, RunLog(heard))


def _extract_features(
    source: Any, labels: Any, layer: str | Sequence[str] | None, settings: FitSettings, log: RunLog
) -> Features:
    with Store(locate_store(settings.store), log) as store, store.mark_in_use():
        context = RunContext(settings, store, Budget(parse_duration(settings.budget)), log)
        read = read_samples(source, labels, context)
        if read.column:
            log(events.Note(f"the {read.noun.many} are read from column {read.column!r}"))
        train = find_train_samples(read, split_samples(read, settings))
        backbones = load_backbones(train, read.modality, context, read)
        if len(backbones.all) > 1:
            raise BackboneError(
                f"backbone {settings.backbone!r} names several; wanted one: features are of one network"
            )
        backbone = backbones.first.backbone
        known = [one.name for one in backbone.layers]
        wanted = _choose_layers(layer, known)
        for name in wanted:
            backbone.layer(name)  # an unknown one is said before the pass
        dataset = prepare_dataset(read, backbones, context, split_samples)
        digests = [sample.digest for sample in dataset.samples.samples]
        (extraction,) = dataset.extractions
        rows = {name: store.read(extraction.space, digests, name) for name in known if name in wanted}
    return _to_features(dataset.samples, dataset.split, rows, backbone.name, extraction.computed)


def _choose_layers(layer: str | Sequence[str] | None, known: Sequence[str]) -> list[str]:
    if layer is None:
        return [known[-1]]
    if layer == ALL_LAYERS:
        return list(known)
    return [layer] if isinstance(layer, str) else list(layer)


def _to_features(samples: Samples, split: Split, rows: dict[str, Floats], backbone: str, computed: int) -> Features:
    subsets = {sample.id: subset.value for subset in Subset for sample in split.samples_in(samples, subset)}
    return Features(
        ids=tuple(sample.id for sample in samples.samples),
        names=tuple(sample.name for sample in samples.samples),
        labels=tuple(samples.describe(sample) for sample in samples.samples),
        subsets=tuple(subsets.get(sample.id, "") for sample in samples.samples),
        layers=rows,
        backbone=backbone,
        computed=computed,
        noun=samples.noun,
    )


def check_features_file(file: Path) -> Path:
    """Return a file that features can be written to.

    Raises:
        SettingError: another ending than ``SUFFIXES``, or the file is there.
        MissingExtra: a Parquet table without pyarrow.
    """
    file = file.expanduser()
    if file.suffix.lower() == PARQUET:
        require_extra("tables", PURPOSE, "pyarrow")
    if file.suffix.lower() not in SUFFIXES:
        raise SettingError(f"out {str(file)!r} ends in neither .npz nor .parquet; choose one of them")
    if file.exists():
        raise SettingError(f"out {str(file)!r} is there already and is not overwritten; name another, or remove it")
    return file


def _to_npz(table: Features) -> bytes:
    columns = {
        "ids": np.array(table.ids),
        "names": np.array(table.names),
        "labels": np.array(table.labels),
        "subsets": np.array(table.subsets),
        "layers": np.array(list(table.layers)),
    }
    buffer = io.BytesIO()
    np.savez(buffer, **columns, **{f"rows/{name}": rows for name, rows in table.layers.items()})  # type: ignore[arg-type]
    return buffer.getvalue()


def _to_parquet(table: Features) -> bytes:
    pyarrow = import_extra("tables", PURPOSE, "pyarrow")
    parquet = import_extra("tables", PURPOSE, "pyarrow.parquet")
    columns: dict[str, Any] = {
        "id": pyarrow.array(table.ids),
        "name": pyarrow.array(table.names),
        "label": pyarrow.array(table.labels),
        "subset": pyarrow.array(table.subsets),
    }
    for name, rows in table.layers.items():
        columns[name] = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(rows.reshape(-1)), rows.shape[1])
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), buffer)
    return buffer.getvalue()
