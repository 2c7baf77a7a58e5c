"""What predicting needs, and nothing else: NumPy, Pillow, ONNX Runtime; simplejpeg and OpenVINO where installed."""
