"""Estimators for scikit-learn: a frozen network as a transformer, and the whole job as a classifier.

``make_pipeline(FeatureExtractor("efficientnet_lite0"), SVC())`` learns from items: paths, bytes or arrays.
"""

from headstart.extras import require_extra

require_extra("sklearn", "headstart.sklearn")

from headstart.sklearn.classifier import Classifier  # noqa: E402
from headstart.sklearn.extractor import FeatureExtractor  # noqa: E402

__all__ = ["Classifier", "FeatureExtractor"]
