"""The readers that come with the program."""

from trasluz.api import DatasetSource


def builtin_sources() -> list[DatasetSource]:
    """The readers of the layouts that the program knows without a plugin."""
    from .forecasts import Forecasts
    from .handwriting import HandwrittenLines
    from .image_classes import ImageClasses
    from .plain_text import PlainText
    from .series_classes import SeriesClasses, SeriesSteps
    from .sound_classes import SoundClasses
    from .speech import Speech
    from .text_pairs import TextPairs

    series = [SeriesClasses(), SeriesSteps(), Forecasts()]
    return [ImageClasses(), TextPairs(), PlainText(), HandwrittenLines(), SoundClasses(), Speech(), *series]
