"""The pretrained classifier of a converted network."""

from headstart.backbones.backbone import Backbone
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.classifier import CLASSIFIER, PretrainedClassifier, read_classifier, write_classifier
from headstart_runtime.errors import BackboneError


def read_pretrained_classifier(backbone: Backbone) -> PretrainedClassifier | None:
    """Return the classifier that a backbone was pretrained with; None where it had none that is a plain linear layer.

    Where its file is missing or damaged it loads the weights, once.

    Raises:
        BackboneError: the weights are not there any more, or are not those that were converted.
    """
    file = backbone.folder / CLASSIFIER
    try:
        return read_classifier(file, backbone.layers[-1].width)
    except (OSError, ValueError):
        pass
    from headstart.backbones.zoo import load_facts

    loaded = load_facts(resolve_origin(backbone.name))
    if loaded.weights_sha256 != backbone.weights_sha256:
        raise BackboneError(
            f"the weights of {backbone.name} are no longer those that were converted; remove {backbone.folder} "
            "(headstart cache --prune-to 0GB does) and fit again"
        )
    write_classifier(backbone.folder, loaded.classifier)
    return loaded.classifier
