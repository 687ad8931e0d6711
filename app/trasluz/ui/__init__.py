"""The window: the only room with Qt in it. Nothing of a plugin, of torch or of ONNX Runtime comes in here."""
