"""The names that people know networks by, and timm's pretrained weights that each one means. Imports no PyTorch.

Where timm has several weights for one architecture, the choice is

* a licence that allows any use, and plain ImageNet-1k where that is how the network is known;
* the plain loss (``tv_in1k``) for the residual networks: the losses and augmentations of later recipes raise the
  accuracy on ImageNet and lower that of frozen features (Kornblith et al., 2021, *Why Do Better Loss Functions Lead to
  Less Transferable Features?*);
* TensorFlow's weights (``tf_``) where Keras' are the same ones or their siblings: Inception, Xception, NASNet,
  EfficientNet, MobileNetV3;
* ImageNet-21k first for ViT, as published (Steiner et al., 2022): from ImageNet-1k alone it transfers badly;
* the activation that the weights were trained with for CLIP (``quickgelu``).
"""

from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class KnownNetwork:
    """A network that people call by a name of its own."""

    name: str  #: the catalogue's spelling; case and signs don't matter when a user writes it
    tag: str  #: timm's architecture and pretrained tag
    aliases: tuple[str, ...] = ()  #: other names in use; timm's architecture is one without being listed

    @property
    def keys(self) -> set[str]:
        """Everything that means this network, normalised."""
        return {normalise_name(text) for text in (self.name, self.tag, self.tag.partition(".")[0], *self.aliases)}


def normalise_name(name: str) -> str:
    """Return a name in lower case, letters and digits only: ``VGG-16``, ``vgg_16`` and ``VGG16`` are one name."""
    return "".join(sign for sign in name.lower() if sign.isalnum())


KNOWN = (
    *(KnownNetwork(name, f"{name}.tv_in1k") for name in ("vgg11", "vgg13", "vgg16", "vgg19", "vgg16_bn", "vgg19_bn")),
    *(KnownNetwork(f"resnet{depth}", f"resnet{depth}.tv_in1k") for depth in (18, 34, 50, 101, 152)),
    KnownNetwork("resnet50v2", "resnetv2_50.a1h_in1k"),  # the only plain ones; timm has none of 152 layers
    KnownNetwork("resnet101v2", "resnetv2_101.a1h_in1k"),
    KnownNetwork("resnext50_32x4d", "resnext50_32x4d.tv_in1k", ("resnext50",)),
    KnownNetwork("wide_resnet50_2", "wide_resnet50_2.tv_in1k", ("wideresnet50",)),
    KnownNetwork("inception_v3", "inception_v3.tf_in1k"),
    KnownNetwork("inception_resnet_v2", "inception_resnet_v2.tf_in1k"),
    KnownNetwork("xception", "legacy_xception.tf_in1k"),  # the published one; xception41 and on are DeepLab's variants
    KnownNetwork("mobilenet", "mobilenetv1_100.ra4_e3600_r224_in1k", ("mobilenet_v1",)),
    KnownNetwork("mobilenet_v2", "mobilenetv2_100.ra_in1k"),
    KnownNetwork("mobilenet_v3_small", "tf_mobilenetv3_small_100.in1k"),
    KnownNetwork("mobilenet_v3_large", "tf_mobilenetv3_large_100.in1k"),
    *(KnownNetwork(f"densenet{depth}", f"densenet{depth}.tv_in1k") for depth in (121, 161, 169, 201)),
    *(KnownNetwork(f"efficientnet_b{n}", f"tf_efficientnet_b{n}.aa_in1k") for n in range(8)),
    *(KnownNetwork(f"efficientnet_v2_{size}", f"tf_efficientnetv2_{size}.in1k") for size in ("s", "m", "l")),
    *(KnownNetwork(f"efficientnet_v2_b{n}", f"tf_efficientnetv2_b{n}.in1k") for n in range(4)),
    KnownNetwork("nasnet_large", "nasnetalarge.tf_in1k"),
    *(KnownNetwork(f"convnext_{size}", f"convnext_{size}.fb_in1k") for size in ("tiny", "small", "base", "large")),
    KnownNetwork("convnext_xlarge", "convnext_xlarge.fb_in22k_ft_in1k"),  # never trained on ImageNet-1k alone
    KnownNetwork("vit_ti_16", "vit_tiny_patch16_224.augreg_in21k_ft_in1k", ("vit_t_16", "vit_tiny_16", "vit_tiny")),
    KnownNetwork("vit_s_16", "vit_small_patch16_224.augreg_in21k_ft_in1k", ("vit_small_16", "vit_small")),
    KnownNetwork("vit_b_16", "vit_base_patch16_224.augreg_in21k_ft_in1k", ("vit_base_16", "vit_base")),
    KnownNetwork("vit_b_32", "vit_base_patch32_224.augreg_in21k_ft_in1k", ("vit_base_32",)),
    KnownNetwork("vit_l_16", "vit_large_patch16_224.augreg_in21k_ft_in1k", ("vit_large_16", "vit_large")),
    KnownNetwork("deit_tiny", "deit_tiny_patch16_224.fb_in1k", ("deit_ti", "deit_t")),
    KnownNetwork("deit_small", "deit_small_patch16_224.fb_in1k", ("deit_s",)),
    KnownNetwork("deit_base", "deit_base_patch16_224.fb_in1k", ("deit_b",)),
    KnownNetwork("swin_t", "swin_tiny_patch4_window7_224.ms_in1k", ("swin_tiny",)),
    KnownNetwork("swin_s", "swin_small_patch4_window7_224.ms_in1k", ("swin_small",)),
    KnownNetwork("swin_b", "swin_base_patch4_window7_224.ms_in1k", ("swin_base",)),
    KnownNetwork("swin_v2_t", "swinv2_tiny_window8_256.ms_in1k", ("swin_v2_tiny",)),
    KnownNetwork("swin_v2_s", "swinv2_small_window8_256.ms_in1k", ("swin_v2_small",)),
    KnownNetwork("swin_v2_b", "swinv2_base_window8_256.ms_in1k", ("swin_v2_base",)),
    KnownNetwork("dinov2_small", "vit_small_patch14_dinov2.lvd142m", ("dinov2_s", "dinov2_vits14")),
    KnownNetwork("dinov2_base", "vit_base_patch14_dinov2.lvd142m", ("dinov2_b", "dinov2_vitb14")),
    KnownNetwork("dinov2_large", "vit_large_patch14_dinov2.lvd142m", ("dinov2_l", "dinov2_vitl14")),
    KnownNetwork("clip_vit_b_32", "vit_base_patch32_clip_quickgelu_224.openai", ("clip_b_32", "clip_vit_base_patch32")),
    KnownNetwork("clip_vit_b_16", "vit_base_patch16_clip_quickgelu_224.openai", ("clip_b_16", "clip_vit_base_patch16")),
    KnownNetwork(
        "clip_vit_l_14", "vit_large_patch14_clip_quickgelu_224.openai", ("clip_l_14", "clip_vit_large_patch14")
    ),
)

_BY_KEY = {key: known for known in KNOWN for key in known.keys}


def find_known(name: str) -> KnownNetwork | None:
    """Return the network that a name means, in any case and spelling; None when it is none that people know."""
    return _BY_KEY.get(normalise_name(name))


def match_names(pattern: str) -> list[KnownNetwork]:
    """Return networks that a pattern with ``*`` and ``?`` fits, or that have it in a name; in any case and spelling."""
    wild = any(sign in pattern for sign in "*?[")
    plain = "".join(sign for sign in pattern.lower() if sign.isalnum() or (wild and sign in "*?"))
    wanted = plain if wild else f"*{plain}*"
    if "[" in pattern:  # what is between brackets would change its meaning
        return [known for known in KNOWN if fnmatchcase(known.name, pattern.lower())]
    return [known for known in KNOWN if any(fnmatchcase(key, wanted) for key in known.keys)]


def suggest_names(name: str, others: tuple[str, ...] = (), most: int = 3) -> list[str]:
    """Return names most like one that is not known, the nearest first: of this table, and of some others."""
    names = {key: known.name for key, known in _BY_KEY.items()} | {normalise_name(other): other for other in others}
    close = get_close_matches(normalise_name(name), list(names), n=2 * most, cutoff=0.6)  # aliases: one name, many keys
    return list(dict.fromkeys(names[key] for key in close))[:most]


def to_wildcard(pattern: str) -> str:
    """Return a pattern with ``*`` and ``?`` in lower case as it is, anything else as part of a name."""
    return pattern.lower() if any(sign in pattern for sign in "*?[") else f"*{pattern.lower()}*"
