"""Similarity of samples to those that a network was pretrained on, measured without their labels.

The network's own classifier is asked what it sees. Of samples like those it learnt from it is sure, of others it is
not: the mean entropy of its answers. (Hendrycks & Gimpel 2017, A Baseline for Detecting Misclassified and
Out-of-Distribution Examples, arXiv:1610.02136, use the same answers' largest probability.)
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.classifier import PretrainedClassifier
from headstart_runtime.arrays import Doubles

Similarity = Literal["similar", "between", "different"]

#: Shares of ln K. Means over 200 training samples of lite0 (K = 1,000): ants and bees 0.25, cats and dogs 0.44, trash
#: 0.53, brain scans 0.64, handwritten digits 0.80. The thresholds lie half way between cats and trash, and between
#: trash and scans; five sets are few, so what lies near them is called "between" or nearly so.
SIMILAR, DIFFERENT = 0.48, 0.58
LEAST_CLASSES = 1000  #: of the pretraining; below, being sure is no sign: there is little to be unsure between


@dataclass(frozen=True, slots=True)
class DomainSimilarity:
    """Answers of a pretrained classifier to some samples."""

    samples: int  #: N
    classes: int  #: K of the pretraining
    entropy: float  #: nats, mean over the samples; 0 is sure, ln K is no idea
    share: float  #: ``entropy`` over ln K, 0 to 1

    @property
    def similarity(self) -> Similarity:
        """The similarity, by the entropy."""
        return "similar" if self.share < SIMILAR else "different" if self.share > DIFFERENT else "between"


def measure_similarity(classifier: PretrainedClassifier, features: NDArray[np.float32]) -> DomainSimilarity:
    """Ask a network's own classifier.

    Args:
        classifier: K classes.
        features: (N, D) of the last layer, N at least 1.
    """
    mean = float(entropy(log_softmax(classifier.logits(features))).mean())
    return DomainSimilarity(
        samples=len(features),
        classes=classifier.classes,
        entropy=mean,
        share=mean / float(np.log(classifier.classes)),
    )


def log_softmax(logits: NDArray[np.float32]) -> Doubles:
    """Return log probabilities, float64 (N, K), of logits (N, K)."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def entropy(log_probabilities: Doubles) -> Doubles:
    """Return the entropies (N,), nats, of log probabilities (N, K)."""
    return np.asarray(-(np.exp(log_probabilities) * log_probabilities).sum(axis=1))
