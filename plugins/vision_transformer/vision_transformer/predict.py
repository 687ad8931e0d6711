"""Answers photos with the exported graph."""

from trasluz.api import LoadedModel
from trasluz.torchkit.photos.predict import PhotoPredictor

from .drawing import attention_names


class VisionTransformerPredictor(PhotoPredictor):
    """One photo in, a class with its probability out; the attention of all layers for the explainers."""

    def __init__(self, model: LoadedModel) -> None:
        super().__init__(model)
        self.explaining = attention_names(int(model.card.extra["network"]["depth"]))
