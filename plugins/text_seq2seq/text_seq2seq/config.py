"""The settings of a text-to-text model, each declared once."""

from typing import Literal

from trasluz.api import EpochsConfig, again, setting

Network = Literal["rnn", "attention", "transformer"]
Tokens = Literal["auto", "characters", "words", "subwords"]


class TextSeq2SeqConfig(EpochsConfig):
    """What a person may choose."""

    network: Network = setting(
        "attention",
        title="Network",
        sentence="Encoder–decoder without attention, with attention, or a Transformer; each step explains the next.",
        labels={
            "rnn": "Encoder–decoder: all that was read is squeezed into one state",
            "attention": "With attention: the decoder looks back at each token",
            "transformer": "Transformer: attention alone, no recurrence",
        },
    )
    start: str = setting(
        "scratch",
        title="Start",
        sentence="Learn from nothing, or go on from a pretrained network: a Marian translator (opus-mt), T5 or one of "
        "its kin. Its tokens and its shape then replace those chosen here. One of the hub is downloaded when training "
        "starts; only its name leaves this computer.",
        labels={"scratch": "From nothing"},
        others={"folder": "A pretrained network in a folder", "hub:": "A model of the hub"},
        placeholder="Helsinki-NLP/opus-mt-en-es",
        advanced=True,
        min_length=1,
    )
    source: str = setting(
        "", title="Source", sentence="The column that is asked; the first one where nothing is said.", column=True
    )
    target: str = setting(
        "", title="Target", sentence="The column that is answered; the next one where nothing is said.", column=True
    )
    tokens: Tokens = setting(
        "auto",
        title="Tokens",
        sentence="Into what a text is cut: characters for spellings, words for small vocabularies, else subwords.",
        labels={"auto": "As fits the texts", "characters": "Characters", "words": "Words", "subwords": "Subwords"},
    )
    target_tokens: Tokens = setting(
        "auto",
        title="Tokens of the answer",
        sentence="The same for the answer, where it is of another kind: letters to phonemes, for example.",
        labels={"auto": "As fits the texts", "characters": "Characters", "words": "Words", "subwords": "Subwords"},
        advanced=True,
    )
    subword_method: Literal["bpe", "unigram"] = setting(
        "bpe",
        title="Subwords by",
        sentence="Byte-pair encoding merges what is often side by side; unigram keeps the pieces that tell most.",
        labels={"bpe": "Byte-pair encoding", "unigram": "Unigram language model"},
        advanced=True,
    )
    vocabulary: int = setting(
        4000,
        title="Vocabulary",
        sentence="How many words or subwords are known at the most; rarer ones are spelled or unknown.",
        advanced=True,
        ge=100,
        le=64_000,
    )
    joint: bool = setting(
        False,
        title="One vocabulary",
        sentence="Source and target share their tokens and vectors; for languages that share words and letters.",
        advanced=True,
    )
    ignore_case: Literal["auto", "yes", "no"] = setting(
        "auto",
        title="Ignore case",
        sentence="Read the source without regard to large and small letters; by itself where only one kind was seen.",
        labels={"auto": "Where only one kind was seen", "yes": "Yes", "no": "No"},
        advanced=True,
    )
    width: int = setting(256, title="Width", sentence="Numbers in each hidden state.", ge=8, le=2048, multiple_of=8)
    layers: int = setting(
        2, title="Layers", sentence="How many layers encoder and decoder have each.", ge=1, le=12, advanced=True
    )
    cell: Literal["rnn", "gru", "lstm"] = setting(
        "lstm",
        title="Cell",
        sentence="The recurrent cell: plain, gated (GRU), or with a memory of its own (LSTM).",
        labels={"rnn": "Plain", "gru": "GRU", "lstm": "LSTM"},
        advanced=True,
    )
    attention: Literal["additive", "dot", "general"] = setting(
        "general",
        title="Attention score",
        sentence="How a decoder state is held against an encoder state.",
        labels={"additive": "Additive (Bahdanau)", "dot": "Dot product (Luong)", "general": "General (Luong)"},
        advanced=True,
    )
    heads: int = setting(4, title="Heads", sentence="Attention heads of the Transformer.", ge=1, le=16, advanced=True)
    norm: Literal["pre", "post"] = setting(
        "pre",
        title="Normalisation",
        sentence="Before each part, which trains calmly, or after it as in the paper, which needs a warm-up.",
        labels={"pre": "Before", "post": "After"},
        advanced=True,
    )
    positions: Literal["sinusoidal", "learned", "rotary"] = setting(
        "sinusoidal",
        title="Positions",
        sentence="How the Transformer knows the order of tokens.",
        labels={"sinusoidal": "Sinusoidal", "learned": "Learned", "rotary": "Rotary"},
        advanced=True,
    )
    tied: bool = setting(
        True,
        title="Tied vectors",
        sentence="The vectors of target tokens are also those that the answer is chosen by.",
        advanced=True,
    )
    vectors: str = setting(
        "none",
        title="Word vectors",
        sentence="Begin with vectors learned from more text than there are pairs; for tokens that are words.",
        labels={"none": "None: random numbers"},
        others={"folder": "A model of word vectors in a folder", "file:": "A file of vectors"},
        placeholder="/path/to/vectors.bin",
        advanced=True,
        min_length=1,
    )
    vectors_for: Literal["source", "target", "both"] = setting(
        "source",
        title="Vectors for",
        sentence="Which side begins with the word vectors: that of their language.",
        labels={"source": "The text that is read", "target": "The answer", "both": "Both, of one language"},
        advanced=True,
    )
    dropout: float = setting(
        0.2, title="Dropout", sentence="The share of numbers left out at random while learning.", ge=0, lt=0.9
    )
    label_smoothing: float = setting(
        0.1,
        title="Label smoothing",
        sentence="A share of certainty is spread over all tokens, so that the model stays modest.",
        ge=0,
        lt=0.5,
        advanced=True,
    )
    scheduled_sampling: float = setting(
        0.0,
        title="Scheduled sampling",
        sentence="The share of given right tokens that the model's own guesses replace while it learns, in every step.",
        ge=0,
        le=0.5,
        advanced=True,
    )
    schedule: Literal["cosine", "constant"] = setting(
        "cosine",
        title="Schedule",
        sentence="How the learning rate falls after the warm-up.",
        labels={"cosine": "Half a cosine", "constant": "Not at all"},
        advanced=True,
    )
    warmup: float = setting(
        0.05, title="Warm-up", sentence="The share of the run in which the learning rate rises.", ge=0, le=0.5,
        advanced=True,
    )  # fmt: skip
    average: float = setting(
        0.999,
        title="Averaging",
        sentence="What the moving average of the weights keeps at each step; 0: no averaging.",
        ge=0,
        lt=1,
        advanced=True,
    )
    precision: Literal["auto", "fp32", "bf16"] = setting(
        "auto",
        title="Precision",
        sentence="Half precision is faster on a GPU; on a CPU it is only with matrix units for it.",
        labels={"auto": "As the device likes it", "fp32": "Single", "bf16": "Half (bfloat16)"},
        advanced=True,
    )
    patience: int = setting(
        6,
        title="Patience",
        sentence="Passes without a better score after which it stops.",
        ge=1,
        le=1000,
        advanced=True,
    )
    batch_size: int = again(
        EpochsConfig,
        "batch_size",
        256,
        sentence="How many pairs are learned from at once at the most; fewer where a pass would have few steps.",
    )
    batch_tokens: int = setting(
        0,
        title="Batch by tokens",
        sentence="How many tokens, padding among them, a batch holds in place of a number of pairs; 0: count pairs.",
        advanced=True,
        ge=0,
        le=10_000_000,
    )
    accumulate: int = setting(
        1,
        title="Pieces of a batch",
        sentence="In how many pieces a batch is worked on, their gradients added up: large batches in little memory.",
        advanced=True,
        ge=1,
        le=256,
    )
    max_tokens: int = setting(
        200,
        title="Longest text",
        sentence="Tokens of one text; longer pairs are not learned from.",
        ge=2,
        le=1000,
        advanced=True,
    )
    long_texts: Literal["split", "cut", "refuse"] = setting(
        "split",
        title="Longer texts in use",
        sentence="What happens to a text that is longer than that: answered piece by piece, cut off, or refused.",
        labels={"split": "Piece by piece", "cut": "Cut off", "refuse": "Refused, with a sentence"},
        advanced=True,
    )
    beam: int = setting(
        4, title="Beam", sentence="How many answers are followed at once; 1 takes the likeliest token.", ge=1, le=32
    )
    length_penalty: float = setting(
        0.6,
        title="Length penalty",
        sentence="How much long answers are favoured in the choice between finished ones; 0: not at all.",
        ge=0,
        le=2,
        advanced=True,
    )
    drop_duplicates: bool = setting(
        True,
        title="Leave out copies",
        sentence="Learn from a pair once, however often it is there.",
        advanced=True,
    )
    drop_script: bool = setting(
        False,
        title="Leave out other scripts",
        sentence="Do not learn from pairs of which a side is mostly in letters that hardly occur on that side.",
        advanced=True,
    )
    drop_identical: bool = setting(
        False,
        title="Leave out equal sides",
        sentence="Do not learn from pairs with the same text twice.",
        advanced=True,
    )
    drop_ratio: float = setting(
        9.0,
        title="Length ratio",
        sentence="Do not learn from pairs of which one side has this many times the other's characters; 0: keep all.",
        ge=0,
        le=1000,
        advanced=True,
    )
    drop_leaks: bool = setting(
        True,
        title="Leave out leaks",
        sentence="Do not learn from pairs whose source is also judged or tested by.",
        advanced=True,
    )
