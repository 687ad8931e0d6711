"""What can be seen of speech: the words where they were heard, over the waveform and over the spectrogram."""

from collections.abc import Sequence

from trasluz.api import Audio, Explainer, Heatmap, ModelCard, Predictor, Sample, Span
from trasluz.api.spectrogram import log_levels, rate_for

from .decoding import aligned
from .predict import SCORES, TranscriptionPredictor
from .sound import resampled
from .sound_front import INPUT

FAMILY = "sequence-rnn"
WORDS, CHARACTERS = "words", "characters"
MOST_COLUMNS = 600
"""Of a spectrogram; a longer one is seen in wider columns."""


class SpokenText(Explainer):
    """The waveform with the words where the network heard them."""

    id = "spoken-text"
    title = "When it heard each word"
    sentence = "The recording, to be played, with each word where the network heard it: the likeliest way to write it."

    def applies(self, card: ModelCard) -> bool:
        """Whether the model writes down sound."""
        return hears_text(card)

    def choices(self, card: ModelCard) -> Sequence[str]:
        """Words or characters."""
        return WORDS, CHARACTERS

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Audio:
        """Make the view."""
        waveform, rate = sample.array(INPUT), int(sample.array("rate"))
        placed = heard(predictor, sample, len(waveform) / rate)
        spans = placed if choice == CHARACTERS else in_words(placed)
        return Audio(title=self.title, samples=waveform, rate=rate, spans=[s for s in spans if s.text.strip()])


class SpokenSpectrogram(Explainer):
    """The spectrogram with the characters under the moments in which they were heard."""

    id = "spoken-spectrogram"
    title = "What it heard"
    sentence = "Pitch over time as the network hears it, high above and low below, with each character where it begins."

    def applies(self, card: ModelCard) -> bool:
        """Whether the model writes down sound."""
        return hears_text(card)

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Heatmap:
        """Make the view: (bands, columns), the highest band first."""
        waveform, rate = sample.array(INPUT), int(sample.array("rate"))
        seconds = len(waveform) / rate
        wanted = rate_for([rate])
        levels = log_levels(resampled(waveform, rate, wanted), wanted)[::-1]  # (M, F)
        wide = -(-levels.shape[1] // MOST_COLUMNS)
        cut = levels[:, : levels.shape[1] // wide * wide]
        values = cut.reshape(len(levels), -1, wide).mean(axis=2)
        labels = [""] * values.shape[1]
        for span in heard(predictor, sample, seconds):
            labels[min(len(labels) - 1, int(span.start / seconds * len(labels)))] = (
                "␣" if span.text == " " else span.text
            )
        return Heatmap(
            title=self.title, values=values, column_labels=labels, row_title="pitch", column_title=f"{seconds:.2f} s"
        )


def hears_text(card: ModelCard) -> bool:
    """Whether a model of this family writes down sound."""
    return card.family == FAMILY and "alphabet" in card.extra and "step" in card.extra.get("facts", {})


def heard(predictor: Predictor, sample: Sample, seconds: float) -> list[Span]:
    """Each character of the answer with the time in which it was heard; empty where nothing was."""
    assert isinstance(predictor, TranscriptionPredictor)
    scores = predictor.explaining_outputs(sample)[SCORES]
    text, _ = predictor.read(scores)
    starts = aligned(scores, predictor.alphabet.numbers(text))
    step = float(predictor.card.extra["facts"]["step"])
    ends = [min(b, a + 4) for a, b in zip(starts, [*starts[1:], len(scores)], strict=True)]
    spans = zip(starts, ends, text, strict=True) if starts else ()
    return [Span(min(a * step, seconds), min(b * step, seconds), character) for a, b, character in spans]


def in_words(characters: Sequence[Span]) -> list[Span]:
    """Characters joined to words at the blanks."""
    words: list[list[Span]] = [[]]
    for span in characters:
        if span.text == " ":
            words.append([])
        else:
            words[-1].append(span)
    return [Span(word[0].start, word[-1].end, "".join(s.text for s in word)) for word in words if word]
