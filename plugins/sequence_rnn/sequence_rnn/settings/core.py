"""The settings of every task of the family, each declared once."""

from typing import Literal

from trasluz.api import EpochsConfig, again, setting

TaskName = Literal[
    "auto",
    "handwriting",
    "speech",
    "sound-classes",
    "series-classes",
    "series-steps",
    "forecast",
    "characters",
    "long-memory",
]


class CoreConfig(EpochsConfig):
    """How a recurrent network learns, whatever from. A task with settings of its own derives its class from this."""

    task: TaskName = setting(
        "auto",
        title="Task",
        sentence="What the network is to do; your data says it already, so leave this alone unless you want to be "
        "sure.",
        labels={
            "auto": "What the data is for",
            "handwriting": "Read handwriting — a line of ink becomes text",
            "speech": "Write down speech — a recording becomes text",
            "sound-classes": "Tell sounds apart — a recording becomes a class",
            "series-classes": "Tell series apart — a series becomes a class",
            "series-steps": "Label steps — each step of a series gets a label",
            "forecast": "Forecast — the past of a series becomes its future",
            "characters": "Continue text — the characters so far become the next one",
            "long-memory": "Remember for long — which cell still knows after so many steps",
        },
        advanced=True,
    )
    cell: Literal["rnn", "gru", "lstm"] = setting(
        "lstm",
        title="Cell",
        sentence="What each step remembers with. The gates of GRU and LSTM keep what the plain cell soon forgets.",
        labels={
            "rnn": "Plain RNN — one tanh of the present and the past; forgets after a few steps",
            "gru": "GRU — two gates; a quarter cheaper than the LSTM",
            "lstm": "LSTM — a memory cell behind three gates; remembers longest",
        },
    )
    directions: Literal["both", "one"] = setting(
        "both",
        title="Directions",
        sentence="Whether the network also reads from the end.",
        labels={"both": "Both — each step knows what comes after it", "one": "Forward only — half the work"},
    )
    layers: int = setting(
        2,
        title="Layers",
        sentence="How many recurrent layers stand on each other; more need more data.",
        advanced=True,
        ge=1,
        le=8,
    )
    units: int = setting(
        160,
        title="Units",
        sentence="How many numbers each layer remembers in each direction.",
        advanced=True,
        ge=4,
        le=2048,
    )
    dropout: float = setting(
        0.3,
        title="Dropout",
        sentence="The share of numbers between the layers that is left out at each step, so that none is relied on.",
        advanced=True,
        ge=0,
        lt=1,
    )
    epochs: int = again(
        EpochsConfig,
        "epochs",
        60,
        sentence="How often the network goes through all items at the most; it stops earlier when it no longer "
        "improves.",
    )
    batch_size: int = again(EpochsConfig, "batch_size", 8)
    learning_rate: float = again(
        EpochsConfig,
        "learning_rate",
        2e-3,
        sentence="How far each step moves the weights at its height; it rises first and then falls to nothing.",
    )
    weight_decay: float = setting(
        0.01,
        title="Weight decay",
        sentence="How strongly the weights are pulled towards zero.",
        advanced=True,
        ge=0,
        le=10,
    )
    patience: int = setting(
        20,
        title="Patience",
        sentence="Learning stops after this many passes without improvement and keeps the best one.",
        advanced=True,
        ge=1,
        le=1000,
    )
    augmentation: float = setting(
        0.5,
        title="Variation",
        sentence="How much each item is altered anew in each pass, from none (0) to strong (1): ink is slanted, "
        "stretched, thinned; of a sound, stretches of time and of pitch are silenced.",
        advanced=True,
        ge=0,
        le=1,
    )
