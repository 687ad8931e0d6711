"""EfficientNet-Lite0, taught a person's own photos."""
