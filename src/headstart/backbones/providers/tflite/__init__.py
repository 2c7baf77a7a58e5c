"""TensorFlow Lite files: read and rebuilt as ONNX graphs, without TensorFlow."""
