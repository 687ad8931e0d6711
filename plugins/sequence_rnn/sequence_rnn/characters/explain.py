"""What can be seen in a model of the next character, from the named outputs of its graph."""

from collections.abc import Sequence

import numpy as np

from trasluz.api import Bars, Explainer, Heatmap, ModelCard, Predictor, RichText, Sample

from ..explain import HiddenStates
from ..reach import FarBack
from .export import SCORES
from .predict import text_of
from .sampling import weights
from .symbols import Symbols, composed, top_of, visible
from .units import named

SHOWN = 600
"""Characters of a text that are shown, the last ones."""
_ROWS, _COLUMNS = 24, 120


def _applies(card: ModelCard) -> bool:
    return card.family == "sequence-rnn" and "characters" in card.extra


class UnitsOverText(Explainer):
    """One unit of a recurrent layer, as colour under each character."""

    id = "units-over-text"
    title = "A unit over the text"
    sentence = "What one unit holds in mind after each character; units are listed by what they follow most closely."

    def applies(self, card: ModelCard) -> bool:
        """Whether the units were sorted in training."""
        return _applies(card) and bool(self.choices(card))

    def choices(self, card: ModelCard) -> Sequence[str]:
        """The units by what they follow, the closest first."""
        return list(named(card.extra.get("units", {})))

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> RichText:
        """Colour the text by the unit; from -1 to 1, as a unit's output is."""
        units = named(predictor.card.extra["units"])
        if choice is not None and choice not in units:
            raise ValueError(f"“{choice}” is none of the units: {', '.join(units)}.")
        chosen = choice or max(units, key=lambda name: abs(units[name][2]))
        depth, unit, correlation = units[chosen]
        text = text_of(sample)
        values = predictor.explaining_outputs(sample)[f"hidden_{depth}"][1:, unit - 1]  # after each character
        way = "rises with" if correlation > 0 else "falls with"
        return RichText(
            title=f"Layer {depth}, unit {unit}",
            pieces=list(text[-SHOWN:]),
            strengths=[float(v) for v in values[-SHOWN:].clip(-1, 1)],
            caption=f"It {way} {chosen.partition(':')[0]} (correlation {correlation:+.2f} on the val text)",
        )


class Surprise(Explainer):
    """How surprised the model was by each character."""

    id = "surprise"
    title = "What surprised it"
    sentence = "The ground under a character is the stronger the less it was expected."

    def applies(self, card: ModelCard) -> bool:
        """Whether it is a model of characters."""
        return _applies(card)

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> RichText:
        """Colour each character by its bits, 8 bits at full strength."""
        text = text_of(sample)
        numbers = Symbols(tuple(predictor.card.extra["characters"])).numbers(text)
        scores = predictor.explaining_outputs(sample)[SCORES][:-1]
        bits = -scores[np.arange(len(numbers)), numbers] / np.log(2)
        return RichText(
            title=self.title,
            pieces=list(text[-SHOWN:]),
            strengths=[float(v) for v in (bits[-SHOWN:] / 8).clip(0, 1)],
            caption=f"{float(bits.mean()):.2f} bits a character; full colour is 8 bits, one chance in 256",
        )


class NextCharacter(Explainer):
    """The distribution of the next character."""

    id = "next-character"
    title = "What comes next"
    sentence = "How likely each character is after the text."

    def applies(self, card: ModelCard) -> bool:
        """Whether it is a model of characters."""
        return _applies(card)

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Bars:
        """The twelve likeliest."""
        names = Symbols(tuple(predictor.card.extra["characters"])).names
        top = top_of(names, weights(predictor.explaining_outputs(sample)[SCORES][-1]), 12)
        return Bars(title=self.title, labels=[name for name, _ in top], values=[value for _, value in top], unit="%")


class StepByStep(Explainer):
    """The distribution of the next character at each step of a text."""

    id = "step-by-step"
    title = "What it expected, step by step"
    sentence = "Each column is a step of the text, each row a character: how likely the model held it there."

    def applies(self, card: ModelCard) -> bool:
        """Whether it is a model of characters."""
        return _applies(card)

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Heatmap:
        """Rows are the characters that were likely anywhere."""
        names = Symbols(tuple(predictor.card.extra["characters"])).names
        text = composed(text_of(sample))[-_COLUMNS:]
        shares = np.exp(predictor.explaining_outputs(sample)[SCORES])[:-1][-len(text) :]  # (T, K)
        rows = sorted(np.argsort(-shares.max(0))[:_ROWS].tolist(), key=lambda n: names[n])
        return Heatmap(
            title=self.title,
            values=shares[:, rows].T,
            row_labels=[visible(names[n]) for n in rows],
            row_title="character",
            column_title="step",
            column_labels=[visible(c) for c in text],
        )


def character_explainers() -> tuple[Explainer, ...]:
    """The views of models that write characters."""
    return UnitsOverText(), NextCharacter(), StepByStep(), Surprise(), HiddenStates(), FarBack()
