"""ONNX Runtime: open graphs on a device, check them against PyTorch, judge, answer, and take away."""
