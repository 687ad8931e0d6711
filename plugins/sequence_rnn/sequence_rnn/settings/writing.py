"""The settings of the tasks that write down what an item says."""

from trasluz.api import setting

from .core import CoreConfig


class TranscriptionConfig(CoreConfig):
    """How lines or recordings become text."""

    beam: int = setting(
        12,
        title="Beam",
        sentence="How many beginnings of the text are kept while it is read; 1 takes the likeliest character of each "
        "step and uses no language model.",
        advanced=True,
        ge=1,
        le=256,
    )
    language_model: str = setting(
        "own",
        title="Language model",
        sentence="What tells likely from unlikely spelling: “own” learns it from your transcripts, “none” does "
        "without, and the path of a text file learns from that file and your transcripts.",
        advanced=True,
        max_length=4096,
    )
    continue_from: str = setting(
        "",
        title="Continue from",
        sentence="The folder of an earlier run or model to learn on from, so that a few lines of a new hand are "
        "enough; its network is kept, and its alphabet grows where yours is larger.",
        max_length=4096,
    )
