"""How well strangers are declined: every set of photos as the familiar one, all other sets as its strangers.

    python benchmarks/novelty.py ../shared/data                   # folders of photos in it; digits are drawn beside
    python benchmarks/novelty.py ../shared/data --store STORE     # features are kept there
    python benchmarks/novelty.py ../shared/data --features DIR    # NAME.npz of features, instead of photos
    python benchmarks/novelty.py DATA --no-digits                 # of the folders alone

Features are lite0's. A score is fitted on four fifths of a set and asked about the rest and about photos of the other
sets; ten splits by seed. Where parts are given, it is fitted on the given train part too, and asked about test photos
that were changed. Near strangers: one class of a set is left out and asked about. The last line is one JSON object.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageFilter
from scipy.stats import rankdata

import measuring
from drawn.handwritten import write_scans
from headstart import events
from headstart.data.groups import encode_groups
from headstart.data.read import read_source
from headstart.data.samples import Subset
from headstart.engines.engine import forward_all
from headstart.events import RunLog
from headstart.extraction.extract import extract, load_batch
from headstart.pipeline.backbones import load_backbones
from headstart.selection.budget import Budget
from headstart.selection.context import RunContext
from headstart.settings import FitSettings
from headstart.storage.store import Store
from headstart.uncertainty.novelty_fits import fit_score, select_layers
from headstart_runtime.inference.novelty import Novelty

SPLITS, TEST, ACCEPTANCE, CHANGED = 10, 0.2, 0.95, 150
STRANGERS = 600  #: most photos of a set that are asked about as strangers


@dataclass(frozen=True)
class Photos:
    """A set of photos as features."""

    features: list[np.ndarray]  #: for each layer read (N, D)
    labels: np.ndarray
    groups: np.ndarray
    given: np.ndarray  #: (N,) which are in the given test part; none where no parts are given
    changed: dict[str, list[np.ndarray]]  #: kind of change -> features of the first photos that may be tested

    def of(self, rows: np.ndarray) -> list[np.ndarray]:
        """The features of these rows."""
        return [layer[rows] for layer in self.features]


@dataclass(frozen=True)
class Pair:
    """How strangers are told; means over splits."""

    familiar: str
    strangers: str
    auroc: float
    declined: float  #: share of the strangers
    least: float  #: AUROC of the worst split


def changes(chance: np.random.Generator) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    def image(change: Callable[[Image.Image], Image.Image]) -> Callable[[np.ndarray], np.ndarray]:
        return lambda pixels: np.asarray(change(Image.fromarray(pixels)).convert("RGB"))

    def noisy(pixels: np.ndarray) -> np.ndarray:
        return np.clip(pixels + chance.normal(0, 50, pixels.shape), 0, 255).astype(np.uint8)

    return {
        "unchanged": lambda pixels: pixels,
        "blurred, 2 pixels": image(lambda it: it.filter(ImageFilter.GaussianBlur(2))),
        "blurred, 4 pixels": image(lambda it: it.filter(ImageFilter.GaussianBlur(4))),
        "noise, 50 of 255": noisy,
        "rotated by 90 degrees": lambda pixels: np.ascontiguousarray(np.rot90(pixels)),
        "grey": image(lambda it: it.convert("L")),
        "three tenths as bright": lambda pixels: (pixels * 0.3).astype(np.uint8),
        "negative": lambda pixels: 255 - pixels,
    }


def extracted(folder: Path, store: Store) -> Photos:
    log, settings = RunLog(events.ignore), FitSettings.load()
    samples = read_source(folder, listener=log, strict=False)
    network = load_backbones(samples.samples, samples.modality, RunContext(settings, store, Budget(None), log)).first
    done = extract(samples.samples, network.backbone, network.chosen.engine, store)
    kept = [it for it in samples.samples if not (found := done.issues.get(it.digest)) or not found.broken]
    layers = select_layers(network.backbone)
    given = np.array([it.subset is Subset.TEST for it in kept])
    tested = [it for it, test in zip(kept, given, strict=True) if test or not given.any()]
    order = np.random.default_rng(0).permutation(len(tested))[:CHANGED]
    pixels = load_batch([tested[index] for index in order], network.backbone.spec, CHANGED)["pixels"]
    changed: dict[str, list[np.ndarray]] = {}
    for name, change in changes(np.random.default_rng(0)).items() if given.any() else ():
        views = np.stack([change(one) for one in pixels])
        found = forward_all(network.chosen.engine, {"pixels": views})
        changed[name] = [found[layer] for layer in layers]
    digests = [it.digest for it in kept]
    groups = encode_groups(kept)
    labels = np.array([it.target for it in kept], np.int64)
    return Photos([store.read(done.space, digests, layer) for layer in layers], labels, groups, given, changed)


def split(photos: Photos, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to fit on and to test on; groups stay together."""
    names = np.random.default_rng(seed).permutation(np.unique(photos.groups))
    test = np.isin(photos.groups, names[: round(TEST * len(names))])
    return np.flatnonzero(~test), np.flatnonzero(test)


def fitted(photos: Photos, rows: np.ndarray, seed: int) -> Novelty:
    return fit_score(
        photos.of(rows),
        photos.labels[rows],
        photos.groups[rows],
        branches=(0, 1),
        acceptance=ACCEPTANCE,
        seed=seed,
    )


def auroc(familiar: np.ndarray, strangers: np.ndarray) -> float:
    """Chance that a stranger scores higher than a familiar photo."""
    ranks = rankdata(np.concatenate([familiar, strangers]))[len(familiar) :]
    return float((ranks.sum() - len(ranks) * (len(ranks) + 1) / 2) / (len(familiar) * len(strangers)))


def pairs(sets: dict[str, Photos], name: str, splits: int) -> tuple[list[Pair], dict[str, float]]:
    """A familiar set against all others, and the shares of its own test photos that are accepted."""
    found: dict[str, list[tuple[float, float]]] = {}
    shares = []
    for seed in range(splits):
        train, test = split(sets[name], seed)
        novelty = fitted(sets[name], train, seed)
        own = novelty.score(sets[name].of(test))
        shares.append(float((own <= 1).mean()))
        for other, photos in sets.items():
            if other != name:
                rows = np.random.default_rng(seed).permutation(len(photos.labels))[:STRANGERS]
                said = novelty.score(photos.of(rows))
                found.setdefault(other, []).append((auroc(own, said), float((said > 1).mean())))
    accepted = {"mean": float(np.mean(shares)), "spread": float(np.std(shares))}
    made = []
    for other, rows in found.items():
        tell, declined = np.array(rows).T
        made.append(Pair(name, other, float(tell.mean()), float(declined.mean()), float(tell.min())))
    return made, accepted


def as_given(sets: dict[str, Photos], name: str) -> dict[str, float]:
    """The given parts: test photos accepted, and of each other set the AUROC and the share declined."""
    photos = sets[name]
    novelty = fitted(photos, np.flatnonzero(~photos.given), 0)
    own = novelty.score(photos.of(np.flatnonzero(photos.given)))
    result = {"accepted": float((own <= 1).mean())}
    for other in [it for it in sets if it != name]:
        said = novelty.score(sets[other].features)
        result |= {f"{other} auroc": auroc(own, said), f"{other} declined": float((said > 1).mean())}
    for change, rows in photos.changed.items():
        result[f"declined {change}"] = float((novelty.score(rows) > 1).mean())
    return result


def class_left_out(photos: Photos) -> list[float]:
    """AUROC for each class as the stranger of the others: (C,)."""
    train, test = split(photos, 0)
    found = []
    for label in np.unique(photos.labels):
        novelty = fitted(photos, train[photos.labels[train] != label], 0)
        said = novelty.score(photos.of(test))
        stranger = photos.labels[test] == label
        found.append(auroc(said[~stranger], said[stranger]))
    return found


def from_file(file: Path) -> Photos:
    with np.load(file, allow_pickle=False) as arrays:
        features = [arrays[f"layer_{layer}"] for layer in ("stage5", "final")]
        labels = arrays["labels"].astype(np.int64)
        names = arrays["groups"] if "groups" in arrays else np.arange(len(labels))
        groups = np.unique(names, return_inverse=True)[1].astype(np.int64)
        return Photos(features, labels, groups, arrays["parts"] == "test", {})


def load(data: Path, store: Path | None, features: Path | None, *, digits: bool) -> dict[str, Photos]:
    if features:
        return {file.stem: from_file(file) for file in sorted(features.glob("*.npz"))}
    with TemporaryDirectory() as folder:
        home = Store(store or Path(folder) / "store")
        sets = {it.name: extracted(it, home) for it in sorted(data.iterdir()) if it.is_dir()}
        return {**sets, "digits": extracted(write_scans(Path(folder) / "digits"), home)} if digits else sets


def main() -> None:
    given = measuring.arguments(
        __doc__ or "",
        ("data", {"type": Path}),
        ("--store", {"type": Path}),
        ("--features", {"type": Path}),
        ("--splits", {"type": int, "default": SPLITS}),
        ("--no-digits", {"action": "store_true"}),
    )
    sets = load(given.data, given.store, given.features, digits=not given.no_digits)
    found: list[Pair] = []
    accepted, parts, near = {}, {}, {}
    for name, photos in sets.items():
        made, accepted[name] = pairs(sets, name, given.splits)
        found += made
        near[name] = class_left_out(photos)
        if photos.given.any():
            parts[name] = as_given(sets, name)
        print(f"{name}: accepted {accepted[name]['mean']:.3f} +- {accepted[name]['spread']:.3f}", flush=True)
        for pair in made:
            print(f"  {pair.strangers:14} AUROC {pair.auroc:.3f} (least {pair.least:.3f}) declined {pair.declined:.3f}")
        print(f"  class left out: {', '.join(f'{value:.2f}' for value in near[name])}")
        print("".join(f"  given parts, {what}: {value:.3f}\n" for what, value in parts.get(name, {}).items()), end="")
    result = {
        "acceptance": ACCEPTANCE,
        "splits": given.splits,
        "pairs": [asdict(pair) for pair in found],
        "accepted": accepted,
        "given": parts,
        "class_left_out": near,
    }
    measuring.finish(__file__, result, keep=given.keep)


if __name__ == "__main__":
    main()
