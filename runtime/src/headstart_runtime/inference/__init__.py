"""Prediction with a saved classifier: NumPy, Pillow, ONNX Runtime; simplejpeg and OpenVINO where installed."""
