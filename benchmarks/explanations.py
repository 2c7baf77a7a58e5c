"""Do heat maps show what a classifier goes by? Deletion and insertion against a random map, for families of backbones.

    python benchmarks/explanations.py ../shared/data            # all, 8 to 10 minutes on 2 cores
    python benchmarks/explanations.py ../shared/data --only vgg,vit

Deletion blurs the places that a map calls hottest first and watches the label's probability fall: the lower the mean of
the curve, the better the map. Insertion starts from the blurred photo and brings them back: the higher, the better
(Petsiuk et al., 2018, *RISE*). The random map is the same map with its places shuffled, so that it differs in nothing
but where its values stand. Photos are ones that the classifier gets right. lite0 has its pretrained weights; the other
networks' weights cannot be had without a network, so theirs are random, and the head alone is fitted: what is
explained is then what that classifier computes, not what a pretrained one would. p is of Wilcoxon's signed-rank test
over photos, one-sided. The last line is one JSON object.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image, ImageFilter
from safetensors.torch import save_file
from scipy.stats import wilcoxon

import headstart
import measuring
from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from headstart.engines.engine import forward_all
from headstart.engines.openvino import OpenVinoEngine
from headstart.heads.catalog import fit_head
from headstart.heads.head import TrainingSet
from headstart.saving import EnsembleMember, FeatureBranch, FittedModel, ParityExample, write_model
from headstart.settings import HeadSettings
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.explanation.explainer import Explainer
from headstart_runtime.modalities.image.decode import crop_resize, decode
from headstart_runtime.modalities.image.spec import ImageSpec

EXPLAINED = 32  #: photos
STEPS = 6  #: points of a curve
BLUR = 12  #: the blur's radius is the photo's edge divided by this
EACH = 16  #: photos of a class that a head is fitted on


@dataclass(frozen=True)
class Family:
    """A classifier to explain."""

    name: str
    backbone: str  #: a name of headstart's, or timm's architecture, whose weights are drawn
    data: str
    layers: str = "final"
    head: str = "logistic"


@dataclass(frozen=True)
class Judged:
    """A heat map against a random one."""

    family: str
    backbone: str
    weights: str
    layers: str
    head: str
    method: str
    photos: int
    deletion: float  #: mean of the curve, random map less heat map: above 0 is better
    deletion_p: float
    insertion: float  #: mean of the curve, heat map less random map: above 0 is better
    insertion_p: float
    gain: float  #: both added: how much further apart the two curves of the heat map are
    gain_p: float
    seconds: float  #: of the heat maps, a photo


FAMILIES = (
    Family("EfficientNet, linear probe", "efficientnet_lite0", "cats_vs_dogs"),
    Family("EfficientNet, linear probe", "efficientnet_lite0", "trash"),
    Family("EfficientNet, all layers", "efficientnet_lite0", "trash", layers="all"),
    Family("EfficientNet, MLP head", "efficientnet_lite0", "trash", head="mlp"),
    Family("ResNet", "resnet10t", "trash"),
    Family("MobileNetV2", "mobilenetv2_050", "trash"),
    Family("MobileNetV3", "tf_mobilenetv3_small_100", "trash"),
    Family("DenseNet", "densenet121", "trash"),
    Family("ConvNeXt", "convnext_atto", "trash"),
    Family("VGG", "vgg11", "trash"),
    Family("InceptionV3", "inception_v3", "trash"),
    Family("Xception", "legacy_xception", "trash"),
    Family("ViT", "vit_tiny_patch16_224", "trash"),
    Family("ViT, all layers", "test_vit", "trash", layers="all"),
    Family("Swin", "swin_tiny_patch4_window7_224", "trash"),
)


def network(name: str, folder: Path, data: Path) -> Backbone:
    """A backbone; its weights are drawn where it has none here, and what BatchNorm knows is taken from these photos."""
    if name.startswith("efficientnet_lite"):
        return load_backbone(name, folder)
    torch.manual_seed(0)
    body = timm.create_model(name, pretrained=False)
    norms = [module for module in body.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    if norms:
        for module in norms:
            module.momentum = None
        config = body.pretrained_cfg
        spec = ImageSpec(config["input_size"][-1], 1000, config["mean"], config["std"])
        squares = torch.tensor(photos(data, spec)[0][::4]).permute(0, 3, 1, 2) / 255
        mean, std = (torch.tensor(config[name]).view(1, 3, 1, 1) for name in ("mean", "std"))
        with torch.no_grad():
            body.train()((squares - mean) / std)
    file = folder / f"{name}.safetensors"
    save_file(body.state_dict(), file)
    try:
        return load_backbone(f"timm:{name}@{file}", folder)
    finally:
        file.unlink()


def photos(folder: Path, spec: ImageSpec) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Squares (N, S, S, 3), labels (N,), classes."""
    folder = folder / "train" if (folder / "train").is_dir() else folder
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    squares, labels = [], []
    for label, home in enumerate(classes):
        for file in sorted(home.iterdir())[:EACH]:
            squares.append(crop_resize(decode(file.read_bytes(), spec).pixels, spec))
            labels.append(label)
    return np.stack(squares), np.array(labels), tuple(path.name for path in classes)


def fitted(family: Family, backbone: Backbone, data: Path, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Saves a classifier whose head is fitted on these photos; gives the squares and labels that it gets right."""
    squares, labels, classes = photos(data, backbone.spec)
    layers = tuple(it.name for it in backbone.layers) if family.layers == "all" else (family.layers,)
    engine = OpenVinoEngine(backbone, "f32")
    rows = forward_all(engine, {"pixels": squares})
    features = np.concatenate([rows[name] for name in layers], axis=1)
    task = TrainingSet(features, labels.astype(np.int64), len(classes), np.arange(len(labels)), False, 0)
    head = fit_head(family.head, task, HeadSettings(c_points=8)).head
    branch, answer = FeatureBranch(backbone, "openvino", "f32", layers), EnsembleMember((0,), head)
    example = ParityExample(partial(np.asarray, squares[0]), (features[0],))
    write_model(FittedModel(make_class_space(classes), (branch,), (answer,)), folder, [example])
    right = np.flatnonzero(head.logits(features).argmax(axis=1) == labels)
    chosen = np.random.default_rng(0).permutation(right)[:EXPLAINED]
    return squares[chosen], labels[chosen]


def ladder(values: np.ndarray, square: np.ndarray) -> Iterator[np.ndarray]:
    """The photo with more and more of its hottest places blurred, then the blurred photo with them brought back."""
    size = len(square)
    blurred = np.asarray(Image.fromarray(square).filter(ImageFilter.GaussianBlur(size / BLUR)))
    order = np.argsort(-values.ravel(), kind="stable")
    rank = np.empty(values.size)
    rank[order] = np.arange(values.size) / values.size
    row = np.arange(size) * values.shape[0] // size
    column = np.arange(size) * values.shape[1] // size
    places = rank.reshape(values.shape)[np.ix_(row, column)][:, :, None]
    shares = np.arange(1, STEPS + 1) / (STEPS + 1)
    for share in shares:
        yield np.where(places < share, blurred, square)
    for share in shares:
        yield np.where(places < share, square, blurred)


def judged(family: Family, data: Path, folder: Path, stored: Path) -> Judged:
    """Fits, explains and judges."""
    backbone = network(family.backbone, stored, data / family.data)
    squares, labels = fitted(family, backbone, data / family.data, folder)
    explainer = Explainer(folder)
    began = time.perf_counter()
    heats = [explainer.explain(square, explainer.labels[label]) for square, label in zip(squares, labels, strict=True)]
    seconds = (time.perf_counter() - began) / len(heats)
    classifier, chance = headstart.load(folder), np.random.default_rng(0)
    scores = []
    for heat, square, label in zip(heats, squares, labels, strict=True):
        shuffled = chance.permutation(heat.values.ravel()).reshape(heat.values.shape)
        steps = [step for values in (heat.values, shuffled) for step in ladder(values, square)]
        scores.append([it.uncalibrated[label] for it in classifier.predict(steps)])
    means = np.array(scores).reshape(len(heats), 2, 2, STEPS).mean(axis=3)
    deletion, insertion = means[:, 1, 0] - means[:, 0, 0], means[:, 0, 1] - means[:, 1, 1]
    return Judged(
        family.name,
        backbone.architecture,
        "pretrained" if family.backbone.startswith("efficientnet_lite") else "random",
        family.layers,
        family.head,
        heats[0].method,
        len(heats),
        float(deletion.mean()),
        float(wilcoxon(deletion, alternative="greater").pvalue),
        float(insertion.mean()),
        float(wilcoxon(insertion, alternative="greater").pvalue),
        float((deletion + insertion).mean()),
        float(wilcoxon(deletion + insertion, alternative="greater").pvalue),
        seconds,
    )


def main() -> None:
    given = measuring.arguments(
        __doc__ or "", ("data", {"type": Path, "help": "shared photos"}), ("--only", {"default": ""})
    )
    wanted = [name for name in given.only.split(",") if name]
    results = []
    with tempfile.TemporaryDirectory() as name:
        for index, family in enumerate(FAMILIES):
            if wanted and not any(it in family.backbone for it in wanted):
                continue
            began = time.perf_counter()
            result = judged(family, given.data, Path(name) / str(index), Path(name))
            results.append(replace(result, **{key: round(getattr(result, key), 5) for key in NUMBERS}))
            print(
                f"{result.family} ({result.backbone}, {result.weights} weights), {result.method}: deletion "
                f"{result.deletion:+.3f} (p {result.deletion_p:.1e}), insertion {result.insertion:+.3f} "
                f"(p {result.insertion_p:.1e}), both {result.gain:+.3f} "
                f"(p {result.gain_p:.1e}), {result.seconds:.3f} s a photo; {time.perf_counter() - began:.0f} s",
                flush=True,
            )
    measuring.finish(__file__, {"results": [asdict(it) for it in results]}, keep=given.keep)


NUMBERS = ("deletion", "insertion", "gain", "seconds")

if __name__ == "__main__":
    main()
