"""The settings of a model of the next character."""

from trasluz.api import setting

from .core import CoreConfig


class CharactersConfig(CoreConfig):
    """How a network learns to write."""

    truncation: int = setting(
        64,
        title="Truncation",
        sentence="Over how many characters the error is sent back in time; what lies further back is remembered, but "
        "not learned from (truncated backpropagation through time).",
        ge=1,
        le=4096,
        unit="characters",
    )
    how_far: bool = setting(
        False,
        title="How far back can it learn?",
        sentence="Also teach a plain RNN, a GRU and an LSTM the same, briefly, and measure how much of the gradient is "
        "left after so many steps back in time.",
    )
    units: int = setting(
        256,
        title="Units",
        sentence="How many numbers each layer remembers; more learn more of the text, and take longer.",
        advanced=True,
        ge=4,
        le=2048,
    )
    dropout: float = setting(
        0.1,
        title="Dropout",
        sentence="The share of numbers between the layers that is left out at each step, so that none is relied on.",
        advanced=True,
        ge=0,
        lt=1,
    )
    epochs: int = setting(
        20,
        title="Passes",
        sentence="How often the network reads the whole text at the most; it stops earlier when it no longer improves.",
        ge=1,
        le=10_000,
    )
    batch_size: int = setting(
        32,
        title="Streams",
        sentence="In how many streams the text is read side by side; fewer where the text is short.",
        advanced=True,
        ge=1,
        le=4096,
    )
    learning_rate: float = setting(
        4e-3,
        title="Learning rate",
        sentence="How far each step moves the weights at its height; it rises first and then falls to nothing.",
        advanced=True,
        gt=0,
        le=10,
    )
    patience: int = setting(
        4,
        title="Patience",
        sentence="Learning stops after this many passes without improvement and keeps the best one.",
        advanced=True,
        ge=1,
        le=1000,
    )
