"""The settings of a model of the next character."""

from typing import Literal

from trasluz.api import again, setting

from .core import CoreConfig


class CharactersConfig(CoreConfig):
    """How a network learns to write."""

    directions: Literal["both", "one"] = again(
        CoreConfig,
        "directions",
        "one",
        sentence="Forward only: what comes next is not known yet.",
        when={"directions": []},
    )
    """Never asked for."""
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
    units: int = again(
        CoreConfig,
        "units",
        256,
        sentence="How many numbers each layer remembers; more learn more of the text, and take longer.",
    )
    dropout: float = again(CoreConfig, "dropout", 0.1)
    epochs: int = again(
        CoreConfig,
        "epochs",
        20,
        sentence="How often the network reads the whole text at the most; it stops earlier when it no longer improves.",
    )
    batch_size: int = again(
        CoreConfig,
        "batch_size",
        32,
        title="Streams",
        sentence="In how many streams the text is read side by side; fewer where the text is short.",
    )
    learning_rate: float = again(CoreConfig, "learning_rate", 4e-3)
    patience: int = again(CoreConfig, "patience", 4)
