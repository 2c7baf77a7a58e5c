"""The engines that run a backbone forward: OpenVINO on a CPU, PyTorch on a GPU or where a network does not convert."""
