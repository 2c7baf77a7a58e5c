"""Feature extraction: the backbone stays frozen, a head is fitted on its last layer.

The baseline of transfer learning: Donahue et al. 2014 (DeCAF); Sharif Razavian et al. 2014 (CNN Features
off-the-shelf).
"""

from headstart.data.samples import Part
from headstart.evaluation.evaluation import evaluate
from headstart.heads.catalog import fit_head
from headstart.strategies.strategy import Arm, Material

LAYER = "final"
AUTO = ("logistic", "lda", "ridge")  #: the heads that cost seconds


def linear_probe(material: Material) -> list[Arm]:
    """An arm for each head that the settings name."""
    heads = AUTO if material.settings.head == "auto" else (material.settings.head,)
    return [_arm(material, head) for head in heads]


def _arm(material: Material, head: str) -> Arm:
    fitted = fit_head(head, material.task(LAYER, Part.TRAIN), material.settings)
    held_out = material.task(LAYER, Part.VALIDATION)
    return Arm(
        strategy="linear-probe",
        backbone=material.backbone.name,
        layer=LAYER,
        head=head,
        chosen=fitted.chosen,
        path=fitted.path,
        validation=evaluate(
            "validation", held_out.labels, fitted.head.probabilities(held_out.features), material.samples.classes
        ),
        seconds=fitted.seconds,
        fitted=fitted.head,
    )
