"""The settings of word vectors, each declared once."""

from typing import Literal

from trasluz.api import TrainConfig, setting


class WordVectorsConfig(TrainConfig):
    """What a person may choose."""

    method: Literal["skip-gram", "cbow"] = setting(
        "skip-gram",
        title="Method",
        sentence="Skip-gram foretells the neighbours from each word, better on small texts; CBOW the word from them.",
        labels={
            "skip-gram": "Skip-gram: each word foretells its neighbours",
            "cbow": "CBOW: the neighbours foretell the word",
        },
    )
    dimensions: int = setting(100, title="Dimensions", sentence="Numbers in each vector.", ge=2, le=2000)
    window: int = setting(
        5,
        title="Window",
        sentence="How many words to each side count as neighbours at the most; each word draws its own number.",
        ge=1,
        le=50,
    )
    epochs: int = setting(
        15, title="Passes", sentence="How often the whole text is read; 5 do for a very long one.", ge=1, le=10_000
    )
    learning_rate: float = setting(
        0.025,
        title="Learning rate",
        sentence="How far each pair moves its vectors at the start; it falls to nearly nothing.",
        advanced=True,
        gt=0,
        le=1,
    )
    negatives: int = setting(
        5,
        title="Noise words",
        sentence="How many words drawn by chance each pair is told apart from.",
        advanced=True,
        ge=1,
        le=100,
    )
    least: int = setting(
        5, title="Least count", sentence="Words seen less often than this get no vector.", ge=1, le=1_000_000
    )
    vocabulary: int = setting(
        500_000,
        title="Vocabulary",
        sentence="How many words get a vector at the most, the most frequent ones.",
        advanced=True,
        ge=10,
        le=5_000_000,
    )
    subsampling: float = setting(
        1e-3,
        title="Subsampling",
        sentence="Words with more than this share of the text are passed over the more often; 0: none.",
        advanced=True,
        ge=0,
        le=1,
    )
    phrases: int = setting(
        0,
        title="Phrases",
        sentence="How often words that belong together are joined: once gives new_york, twice new_york_times.",
        ge=0,
        le=4,
    )
    phrase_threshold: float = setting(
        100.0,
        title="Phrase threshold",
        sentence="How much more often than by chance two words must stand together to be one; higher gives fewer.",
        advanced=True,
        gt=0,
        le=1e9,
    )
    ignore_case: bool = setting(
        True, title="Ignore case", sentence="Large and small letters are the same.", advanced=True
    )
    workers: int = setting(
        0,
        title="Workers",
        sentence="Threads that learn at once; 0: one for small texts, where the same seed gives the same vectors.",
        advanced=True,
        ge=0,
        le=256,
    )
