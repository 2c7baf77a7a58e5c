"""Estimators for scikit-learn: a frozen network as a transformer, and the whole job as a classifier.

``make_pipeline(FeatureExtractor("efficientnet_lite0"), SVC())`` learns from items: paths, bytes or arrays.
"""

from headstart.sklearn.classifier import Classifier
from headstart.sklearn.extractor import FeatureExtractor

__all__ = ["Classifier", "FeatureExtractor"]
