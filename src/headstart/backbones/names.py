"""The names that people know networks by, and timm's pretrained weights that each one means. Imports no PyTorch.

Where timm has several weights for one architecture, the choice is

* a licence that allows any use, and plain ImageNet-1k where that is how the network is known;
* plain cross-entropy (``tv_in1k``) for the residual networks: the losses and augmentations of later recipes raise the
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
class Known:
    """A network that people call by a name of its own."""

    name: str  #: the catalogue's spelling; case and signs don't matter when a user writes it
    tag: str  #: timm's architecture and pretrained tag
    aliases: tuple[str, ...] = ()  #: other names in use; timm's architecture is one without being listed

    @property
    def keys(self) -> set[str]:
        """Everything that means this network, normalised."""
        return {normalised(text) for text in (self.name, self.tag, self.tag.partition(".")[0], *self.aliases)}


def normalised(name: str) -> str:
    """Lower case, letters and digits only: ``VGG-16``, ``vgg_16`` and ``VGG16`` are one name."""
    return "".join(sign for sign in name.lower() if sign.isalnum())


KNOWN = (
    *(Known(name, f"{name}.tv_in1k") for name in ("vgg11", "vgg13", "vgg16", "vgg19", "vgg16_bn", "vgg19_bn")),
    *(Known(f"resnet{depth}", f"resnet{depth}.tv_in1k") for depth in (18, 34, 50, 101, 152)),
    Known("resnet50v2", "resnetv2_50.a1h_in1k"),  # the only plain ones; timm has none of 152 layers
    Known("resnet101v2", "resnetv2_101.a1h_in1k"),
    Known("resnext50_32x4d", "resnext50_32x4d.tv_in1k", ("resnext50",)),
    Known("wide_resnet50_2", "wide_resnet50_2.tv_in1k", ("wideresnet50",)),
    Known("inception_v3", "inception_v3.tf_in1k"),
    Known("inception_resnet_v2", "inception_resnet_v2.tf_in1k"),
    Known("xception", "legacy_xception.tf_in1k"),  # the published one; xception41 and on are DeepLab's variants
    Known("mobilenet", "mobilenetv1_100.ra4_e3600_r224_in1k", ("mobilenet_v1",)),
    Known("mobilenet_v2", "mobilenetv2_100.ra_in1k"),
    Known("mobilenet_v3_small", "tf_mobilenetv3_small_100.in1k"),
    Known("mobilenet_v3_large", "tf_mobilenetv3_large_100.in1k"),
    *(Known(f"densenet{depth}", f"densenet{depth}.tv_in1k") for depth in (121, 161, 169, 201)),
    *(Known(f"efficientnet_b{n}", f"tf_efficientnet_b{n}.aa_in1k") for n in range(8)),
    *(Known(f"efficientnet_v2_{size}", f"tf_efficientnetv2_{size}.in1k") for size in ("s", "m", "l")),
    *(Known(f"efficientnet_v2_b{n}", f"tf_efficientnetv2_b{n}.in1k") for n in range(4)),
    Known("nasnet_large", "nasnetalarge.tf_in1k"),
    *(Known(f"convnext_{size}", f"convnext_{size}.fb_in1k") for size in ("tiny", "small", "base", "large")),
    Known("convnext_xlarge", "convnext_xlarge.fb_in22k_ft_in1k"),  # never trained on ImageNet-1k alone
    Known("vit_ti_16", "vit_tiny_patch16_224.augreg_in21k_ft_in1k", ("vit_t_16", "vit_tiny_16", "vit_tiny")),
    Known("vit_s_16", "vit_small_patch16_224.augreg_in21k_ft_in1k", ("vit_small_16", "vit_small")),
    Known("vit_b_16", "vit_base_patch16_224.augreg_in21k_ft_in1k", ("vit_base_16", "vit_base")),
    Known("vit_b_32", "vit_base_patch32_224.augreg_in21k_ft_in1k", ("vit_base_32",)),
    Known("vit_l_16", "vit_large_patch16_224.augreg_in21k_ft_in1k", ("vit_large_16", "vit_large")),
    Known("deit_tiny", "deit_tiny_patch16_224.fb_in1k", ("deit_ti", "deit_t")),
    Known("deit_small", "deit_small_patch16_224.fb_in1k", ("deit_s",)),
    Known("deit_base", "deit_base_patch16_224.fb_in1k", ("deit_b",)),
    Known("swin_t", "swin_tiny_patch4_window7_224.ms_in1k", ("swin_tiny",)),
    Known("swin_s", "swin_small_patch4_window7_224.ms_in1k", ("swin_small",)),
    Known("swin_b", "swin_base_patch4_window7_224.ms_in1k", ("swin_base",)),
    Known("swin_v2_t", "swinv2_tiny_window8_256.ms_in1k", ("swin_v2_tiny",)),
    Known("swin_v2_s", "swinv2_small_window8_256.ms_in1k", ("swin_v2_small",)),
    Known("swin_v2_b", "swinv2_base_window8_256.ms_in1k", ("swin_v2_base",)),
    Known("dinov2_small", "vit_small_patch14_dinov2.lvd142m", ("dinov2_s", "dinov2_vits14")),
    Known("dinov2_base", "vit_base_patch14_dinov2.lvd142m", ("dinov2_b", "dinov2_vitb14")),
    Known("dinov2_large", "vit_large_patch14_dinov2.lvd142m", ("dinov2_l", "dinov2_vitl14")),
    Known("clip_vit_b_32", "vit_base_patch32_clip_quickgelu_224.openai", ("clip_b_32", "clip_vit_base_patch32")),
    Known("clip_vit_b_16", "vit_base_patch16_clip_quickgelu_224.openai", ("clip_b_16", "clip_vit_base_patch16")),
    Known("clip_vit_l_14", "vit_large_patch14_clip_quickgelu_224.openai", ("clip_l_14", "clip_vit_large_patch14")),
)

_BY_KEY = {key: known for known in KNOWN for key in known.keys}


def known_as(name: str) -> Known | None:
    """The network that a name means, in any case and spelling; None when it is none that people know."""
    return _BY_KEY.get(normalised(name))


def matching(pattern: str) -> list[Known]:
    """Networks that a pattern with ``*`` and ``?`` fits, or that have it in a name; in any case and spelling."""
    wild = any(sign in pattern for sign in "*?[")
    plain = "".join(sign for sign in pattern.lower() if sign.isalnum() or (wild and sign in "*?"))
    wanted = plain if wild else f"*{plain}*"
    if "[" in pattern:  # what is between brackets would change its meaning
        return [known for known in KNOWN if fnmatchcase(known.name, pattern.lower())]
    return [known for known in KNOWN if any(fnmatchcase(key, wanted) for key in known.keys)]


def close_to(name: str, others: tuple[str, ...] = (), most: int = 3) -> list[str]:
    """Names most like one that is not known, the nearest first: of this table, and of some others."""
    names = {key: known.name for key, known in _BY_KEY.items()} | {normalised(other): other for other in others}
    close = get_close_matches(normalised(name), list(names), n=2 * most, cutoff=0.6)  # aliases: one name, many keys
    return list(dict.fromkeys(names[key] for key in close))[:most]
