"""Answers photos with the exported graph."""

from trasluz.torchkit.photos.predict import PhotoPredictor

from .export import CLASS_MAPS


class FinetunedCnnPredictor(PhotoPredictor):
    """One photo in, a class with its probability out; `class_maps` (classes, h, w) for the explainers."""

    explaining = (CLASS_MAPS,)
