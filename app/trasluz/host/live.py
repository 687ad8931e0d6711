"""What can be asked about what is in no file: a camera's picture, what a microphone hears."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from .calls import UsageError
from .listening import Ear

if TYPE_CHECKING:
    import numpy as np

    from .models import OpenModels


class Live(ABC):
    """This part of the service."""

    def __init__(self) -> None:
        self._ear = Ear()

    @abstractmethod
    def models(self) -> "OpenModels":
        """The models that are open."""

    def predict_image(self, *, model: str, image: "np.ndarray", device: str = "auto") -> dict[str, Any]:
        """Answer a picture that is in no file, such as a camera's: (H, W, 3) uint8 RGB.

        Raises:
            UsageError: If the model answers no pictures.
        """
        from . import answers

        with self.models().use(model, device) as open_model:
            if not str(open_model.card.kind).startswith("image"):
                raise UsageError(f"This model answers {open_model.card.kind}, and a camera gives pictures.")
            return {"prediction": answers.picture(open_model, image), "provider": open_model.provider}

    def hear(
        self, *, model: str, samples: "np.ndarray", rate: int, name: str, seconds: float = 1.0, device: str = "auto"
    ) -> dict[str, Any]:
        """Take the next piece of what a microphone hears, and answer for the moment.

        Args:
            model: A model folder, or a run folder with one.
            samples: (S,) float32 from -1 to 1.
            rate: In Hz.
            name: Of this listening; another one begins anew.
            seconds: How far back the answer looks.

        Returns:
            `prediction`, None while there is none; `quiet`, whether hardly anything was heard; `remembers`, whether the
            model heard each piece once, or the last seconds anew; `provider`.

        Raises:
            UsageError: If the model answers no sounds.
        """
        with self.models().use(model, device) as open_model:
            return self._ear.hear(open_model, samples, rate=rate, name=name, seconds=seconds)
