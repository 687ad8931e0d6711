"""ONNX Runtime: open graphs on a device, answer, judge, check against PyTorch, and take away."""
