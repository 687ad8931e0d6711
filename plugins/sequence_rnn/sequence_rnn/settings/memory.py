"""The settings of the problems of long memory."""

from typing import Literal

from trasluz.api import again

from .core import CoreConfig


class MemoryConfig(CoreConfig):
    """How the three cells learn to remember."""

    cell: Literal["rnn", "gru", "lstm"] = again(
        CoreConfig,
        "cell",
        "lstm",
        sentence="All three learn and are compared; the one that is chosen here becomes the model.",
    )
    directions: Literal["both", "one"] = again(
        CoreConfig,
        "directions",
        "one",
        sentence="Forward only: how far back a cell remembers is what is asked.",
        when={"directions": []},
    )
    """Never asked for."""
    layers: int = again(
        CoreConfig,
        "layers",
        1,
        sentence="How many recurrent layers stand on each other; one is enough to compare the cells.",
    )
    units: int = again(
        CoreConfig,
        "units",
        64,
        sentence="How many numbers each layer remembers, the same for each cell.",
    )
    dropout: float = again(
        CoreConfig,
        "dropout",
        0.0,
        sentence="The share of numbers between the layers that is left out at each step.",
    )
    epochs: int = again(
        CoreConfig,
        "epochs",
        60,
        sentence="How many times a hundred batches each cell learns from at the most; it ends as soon as it remembers.",
    )
    batch_size: int = again(CoreConfig, "batch_size", 64, sentence="How many items are learned from at once.")
    learning_rate: float = again(CoreConfig, "learning_rate", 3e-3)
    weight_decay: float = again(CoreConfig, "weight_decay", 0.0)
    patience: int = again(CoreConfig, "patience", 1000)
