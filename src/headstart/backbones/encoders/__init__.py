"""Transformer encoders of tokens, built of their weights: BERT and its kin, as ONNX and as PyTorch."""
