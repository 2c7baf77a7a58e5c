"""Providers of pretrained networks, by scheme; another package adds its own under an entry point of this group."""

from headstart.backbones.provider import Provider
from headstart.backbones.providers.checkpoint import CheckpointProvider
from headstart.backbones.providers.embedded import EMBEDDED
from headstart.backbones.providers.hf import HuggingFaceProvider
from headstart.backbones.providers.mel_picture import MelPictureProvider
from headstart.backbones.providers.timm import TimmProvider
from headstart.backbones.providers.yamnet import YamnetProvider
from headstart_runtime.errors import BackboneError
from headstart_runtime.plugins import Registry
from headstart_runtime.protocol_checks import expect_members

GROUP = "headstart.providers"
#: In the order in which a name is offered to them.
PROVIDERS: dict[str, Provider] = {
    provider.scheme: provider
    for provider in (
        CheckpointProvider(),
        *EMBEDDED,
        MelPictureProvider(),
        YamnetProvider(),
        TimmProvider(),
        HuggingFaceProvider(),
    )
}

REGISTRY: Registry[Provider] = Registry(
    GROUP,
    "provider of networks",
    PROVIDERS,
    expect_members(Provider),
    name_in="scheme",
    unknown=BackboneError,
)


def find_provider(scheme: str) -> Provider:
    """Return the provider of a scheme.

    Raises:
        BackboneError: there is none, as where its package is not installed any more.
        PluginError: it cannot be used.
    """
    return REGISTRY.get(scheme)
