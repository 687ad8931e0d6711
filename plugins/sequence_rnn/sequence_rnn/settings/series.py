"""The settings of the tasks on time series."""

from typing import Literal

from trasluz.api import again, setting

from .core import CoreConfig


class SeriesConfig(CoreConfig):
    """How labelled series are learned from."""

    layers: int = again(CoreConfig, "layers", 1)
    units: int = again(CoreConfig, "units", 64)
    epochs: int = again(CoreConfig, "epochs", 200)
    batch_size: int = again(CoreConfig, "batch_size", 16)
    patience: int = again(CoreConfig, "patience", 60)
    augmentation: float = again(CoreConfig, "augmentation", 0.0)


class ForecastConfig(CoreConfig):
    """How a series is forecast."""

    cell: Literal["rnn", "gru", "lstm"] = again(CoreConfig, "cell", "gru")
    directions: Literal["both", "one"] = again(CoreConfig, "directions", "one")
    layers: int = again(CoreConfig, "layers", 1)
    units: int = again(CoreConfig, "units", 48)
    epochs: int = again(CoreConfig, "epochs", 80)
    batch_size: int = again(CoreConfig, "batch_size", 32)
    patience: int = again(CoreConfig, "patience", 20)
    augmentation: float = again(CoreConfig, "augmentation", 0.2)
    horizon: int = setting(
        0,
        title="Horizon",
        sentence="How many steps ahead are forecast; 0 takes what is usual for the rhythm: 12 months, 14 days, 24 "
        "hours, and less where the series is short.",
        unit="steps",
        ge=0,
        le=10_000,
    )
    window: int = setting(
        0,
        title="Window",
        sentence="How many steps of the past the network sees; 0 takes two seasons or three horizons, and at most "
        "what the series has.",
        unit="steps",
        ge=0,
        le=100_000,
    )
    columns: str = setting(
        "",
        title="Columns",
        sentence="Which columns are forecast, with commas between; all of numbers where empty. The others are seen all "
        "the same.",
        max_length=4096,
    )
    way: Literal["direct", "recursive"] = setting(
        "direct",
        title="Way",
        sentence="Whether all steps ahead come at once, or one after the other with each fed back as the next input.",
        labels={
            "direct": "Direct — all steps at once; errors do not add up",
            "recursive": "Recursive — one step, fed back, and again; one network for any horizon",
        },
        advanced=True,
    )
    season: int = setting(
        0,
        title="Season",
        sentence="After how many steps the pattern comes round; 0 takes the calendar's (12 months, 7 days, 24 hours) "
        "where the train part shows it, and 1 is none.",
        unit="steps",
        advanced=True,
        ge=0,
        le=100_000,
    )
    difference: Literal["auto", "season", "last", "level", "none"] = setting(
        "auto",
        title="Difference from",
        sentence="From what the network learns the way to the future: the value a season before, the last value, the "
        "level of late, or the mean of the window.",
        labels={
            "auto": "What forecast the train part best",
            "season": "The same step of the last season",
            "last": "The last value",
            "level": "The level — a mean in which recent values count more",
            "none": "The mean of the window",
        },
        advanced=True,
    )
    scale: Literal["auto", "linear", "logarithm"] = setting(
        "auto",
        title="Scale",
        sentence="Whether growth is added or multiplied; a logarithm suits values above 0 whose swings grow with them.",
        labels={
            "auto": "As the train part shows",
            "linear": "Linear — so much more",
            "logarithm": "Logarithm — so many times more",
        },
        advanced=True,
    )
    calendar: bool = setting(
        True,
        title="Calendar",
        sentence="Whether the network knows the time of the year, the day of the week and the time of the day.",
        advanced=True,
    )
    coverage: float = setting(
        0.8,
        title="Interval",
        sentence="The share of values that should lie within the intervals of a forecast; what share did is checked.",
        advanced=True,
        ge=0.5,
        le=0.99,
    )
