"""``headstart features SOURCE --out FILE``."""

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from headstart.settings import DataSettings, Precision


def features(
    source: Path,
    /,
    *,
    out: Path,
    data: Annotated[DataSettings | None, Parameter(name="*")] = None,
    backbone: str | None = None,
    layer: str | None = None,
    seed: int = 0,
    split_from: Path | None = None,
    precision: Precision = "auto",
    engine: str = "auto",
    workers: int = 0,
    store: Path | None = None,
    quiet: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Write what a frozen network says of each sample: rows of numbers, ids, names, labels and subsets.

    They are the features that headstart fit learns from with the same settings. What is stored is not computed again.

    Examples:
        headstart features beetles/ --out features.npz
        headstart features beetles/ --out features.parquet --backbone efficientnet_lite2 --layer all

    Args:
        source: Labelled data: a folder, a table, an archive or an .npz.
        out: A new file, .npz or .parquet. Never overwritten.
        data: How data and labels are read.
        backbone: The network, one name; that of the modality when not given.
        layer: A layer's name, several separated by commas, or all; the last one when not given.
        seed: Of the split, which the column of subsets tells.
        split_from: A run whose split is kept.
        precision: Arithmetic of the forward pass.
        engine: What runs the network.
        workers: Threads for decoding; 0 means one per core.
        store: The store's folder; HEADSTART_STORE or the platform's cache folder when not given.
        quiet: Show nothing but errors and the result.
        json_: Print the result as one JSON object.
    """
    from headstart.verbs.features import check_features_file
    from headstart.verbs.features import features as extract_features

    check_features_file(out)
    options: dict[str, Any] = {"data": data} if data is not None else {}
    names = [name.strip() for name in layer.split(",")] if layer is not None and "," in layer else layer
    found = extract_features(
        source,
        layer=names,
        backbone=backbone,
        seed=seed,
        split_from=split_from,
        precision=precision,
        engine=engine,
        workers=workers,
        store=store,
        progress=not (quiet or json_),
        **options,
    )
    file = found.save(out)
    shapes = {name: list(rows.shape) for name, rows in found.layers.items()}
    if json_:
        record = {"file": str(file), "backbone": found.backbone, "computed": found.computed, "layers": shapes}
        print(json.dumps(record, ensure_ascii=False))
    else:
        told = ", ".join(f"{name} {count:,} x {width:,}" for name, (count, width) in shapes.items())
        print(f"features of {len(found.ids):,} {found.noun.form(len(found.ids))} by {found.backbone}, {told}: {file}")
    return 0
