"""Estimators for scikit-learn: a frozen network as a transformer, and the whole job for each task.

``make_pipeline(FeatureExtractor("efficientnet_lite0"), SVC())`` learns from items: paths, bytes or arrays.
"""

from headstart_runtime.extras import require_extra

require_extra("sklearn", "headstart.sklearn")

from headstart.sklearn.classifier import Classifier  # noqa: E402
from headstart.sklearn.extractor import FeatureExtractor  # noqa: E402
from headstart.sklearn.multilabel import MultilabelClassifier  # noqa: E402
from headstart.sklearn.ordinal import OrdinalClassifier  # noqa: E402
from headstart.sklearn.regressor import Regressor  # noqa: E402

__all__ = ["Classifier", "FeatureExtractor", "MultilabelClassifier", "OrdinalClassifier", "Regressor"]
