"""The settings of the problems of long memory."""

from trasluz.api import setting

from .core import CoreConfig


class MemoryConfig(CoreConfig):
    """How the three cells learn to remember."""

    layers: int = setting(
        1,
        title="Layers",
        sentence="How many recurrent layers stand on each other; one is enough to compare the cells.",
        advanced=True,
        ge=1,
        le=8,
    )
    units: int = setting(
        64,
        title="Units",
        sentence="How many numbers each layer remembers, the same for each cell.",
        advanced=True,
        ge=4,
        le=2048,
    )
    dropout: float = setting(
        0.0,
        title="Dropout",
        sentence="The share of numbers between the layers that is left out at each step.",
        advanced=True,
        ge=0,
        lt=1,
    )
    epochs: int = setting(
        60,
        title="Passes",
        sentence="How many times a hundred batches each cell learns from at the most; it ends as soon as it remembers.",
        ge=1,
        le=10_000,
    )
    batch_size: int = setting(
        64,
        title="Batch",
        sentence="How many items are learned from at once.",
        advanced=True,
        ge=1,
        le=4096,
    )
    learning_rate: float = setting(
        3e-3,
        title="Learning rate",
        sentence="How far each step moves the weights at its height; it rises first and then falls to nothing.",
        advanced=True,
        gt=0,
        le=10,
    )
    weight_decay: float = setting(
        0.0,
        title="Weight decay",
        sentence="How strongly the weights are pulled towards zero.",
        advanced=True,
        ge=0,
        le=10,
    )
    patience: int = setting(
        1000,
        title="Patience",
        sentence="Learning stops after this many passes without improvement and keeps the best one.",
        advanced=True,
        ge=1,
        le=1000,
    )
