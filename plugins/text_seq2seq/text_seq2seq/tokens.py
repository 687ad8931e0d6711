"""How texts are cut into tokens: characters, words or subwords, learned from the training part alone.

Each tokenizer is one `tokenizer.json` that the `tokenizers` package reads without torch. Cutting can be undone
exactly: a word's first token carries the space before it as “▁” (Kudo and Richardson, SentencePiece, 2018).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, UNKNOWN, START, END = 0, 1, 2, 3
SPECIAL: Final = ("<pad>", "<unk>", "<s>", "</s>")
SPACE: Final = "▁"
CLOSED: Final = 300
"""A side with fewer different words than this, and many of each, has a closed vocabulary: phonemes, tags, numbers."""

Cut = Literal["characters", "words", "subwords"]


def fitting(texts: Sequence[str]) -> Cut:
    """What fits the texts: characters for single words and for many digits, words where there are few, else subwords.

    Args:
        texts: Some thousand texts of one side.
    """
    words = Counter(word for text in texts for word in text.split())
    total = sum(words.values())
    digits, letters = (sum(map(test, "".join(texts))) for test in (str.isdigit, str.isalpha))
    if total <= 1.5 * len(texts) or 3 * digits > letters:
        return "characters"
    if len(words) <= CLOSED and total >= 20 * len(words):
        return "words"
    return "subwords"


def one_case(texts: Iterable[str]) -> bool:
    """Whether there are letters of one case only: all small or all large."""
    small = large = False
    for text in texts:
        small = small or text != text.upper()
        large = large or text != text.lower()
        if small and large:
            return False
    return small or large


def learned(
    texts: Iterable[str], cut: Cut, *, vocabulary: int, method: str = "bpe", ignore_case: bool = False
) -> "Tokenizer":
    """Learn a tokenizer from texts.

    Args:
        texts: One or both sides of the training part.
        cut: Into what.
        vocabulary: How many tokens at the most, the special ones among them. All characters are kept.
        method: `bpe` (Sennrich et al. 2016) or `unigram` (Kudo 2018), for subwords.
        ignore_case: Whether letters are made small first.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    special: list[Any] = list(SPECIAL)
    if cut == "characters":
        made = Tokenizer(models.WordLevel(unk_token=SPECIAL[UNKNOWN]))
        made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
        made.decoder = decoders.Fuse()
        trainer: Any = trainers.WordLevelTrainer(vocab_size=64_000, special_tokens=special, show_progress=False)
    else:
        spaces = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always")
        if cut == "words":
            made = Tokenizer(models.WordLevel(unk_token=SPECIAL[UNKNOWN]))
            made.pre_tokenizer = pre_tokenizers.Sequence([spaces, pre_tokenizers.Punctuation("isolated")])
            trainer = trainers.WordLevelTrainer(vocab_size=vocabulary, special_tokens=special, show_progress=False)
        elif method == "unigram":
            made = Tokenizer(models.Unigram())
            made.pre_tokenizer = spaces
            trainer = trainers.UnigramTrainer(
                vocab_size=vocabulary, special_tokens=special, unk_token=SPECIAL[UNKNOWN], show_progress=False
            )
        else:
            made = Tokenizer(models.BPE(unk_token=SPECIAL[UNKNOWN]))
            made.pre_tokenizer = spaces
            trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=special, show_progress=False)
        made.decoder = decoders.Metaspace(replacement=SPACE, prepend_scheme="always")
    if ignore_case:
        made.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    else:
        made.normalizer = normalizers.NFC()
    made.train_from_iterator(texts, trainer)
    return made


def shown(tokens: Sequence[str]) -> list[str]:
    """Tokens for a person: the mark of a space in front is left out where that leaves something."""
    return [(token[1:] or "␣") if token.startswith(SPACE) else "␣" if token == " " else token for token in tokens]
