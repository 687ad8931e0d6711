"""What can be seen in a recurrent model, from the named outputs of its graph."""

from collections.abc import Sequence

import numpy as np

from trasluz.api import Curve, Explainer, Heatmap, Matrix, ModelCard, Predictor, Sample, Series

from .predict import SCORES

FAMILY = "sequence-rnn"
ROWS_AT_MOST = 40


class HiddenStates(Explainer):
    """The outputs of a recurrent layer, unit by unit, over the steps."""

    id = "hidden-states"
    title = "What it remembers"
    sentence = "Each row is a unit of a recurrent layer, each column a step: what the network holds in mind and when."

    def applies(self, card: ModelCard) -> bool:
        """Whether the graph names its layers' outputs."""
        return card.family == FAMILY and bool(self.choices(card))

    def choices(self, card: ModelCard) -> Sequence[str]:
        """The layers."""
        names = [o.name for g in card.graphs for o in g.outputs if o.name.startswith("hidden_")]
        return [f"layer {name.removeprefix('hidden_')}" for name in names]

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Heatmap:
        """Make the view of a layer, or of the last one."""
        choices = list(self.choices(predictor.card))
        if choice is not None and choice not in choices:
            raise ValueError(f"“{choice}” is none of the model's layers: {', '.join(choices)}.")
        chosen = choice or choices[-1]
        values = predictor.explaining_outputs(sample)[f"hidden_{chosen.removeprefix('layer ')}"]  # (T, N·H)
        return Heatmap(
            title=f"What {chosen} remembers",
            values=values.T,
            row_title="unit",
            column_title="step",
        )


class CharacterPositions(Explainer):
    """The probability of each character at each step (Graves et al. 2006, figure 1)."""

    id = "character-positions"
    title = "Where it read each character"
    sentence = "Which character the network sees at which step; between the characters it says nothing (the blank)."

    def applies(self, card: ModelCard) -> bool:
        """Whether the model writes characters by CTC."""
        return card.family == FAMILY and "alphabet" in card.extra

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Heatmap:
        """Make the view: rows are the characters that are likely anywhere, in the order in which they come."""
        shares = np.exp(predictor.explaining_outputs(sample)[SCORES])  # (T, K)
        likely = [k for k in np.argsort(-shares.max(0))[:ROWS_AT_MOST] if shares[:, k].max() > 0.1 and k]
        likely.sort(key=lambda k: int(shares[:, k].argmax()))
        names = ["blank", *predictor.card.extra["alphabet"]]
        return Heatmap(
            title="Characters over positions",
            values=shares[:, [*likely, 0]].T,
            row_labels=[*("␣" if names[k] == " " else names[k] for k in likely), "blank"],
            row_title="character",
            column_title="step",
        )


class CharacterConfusions(Explainer):
    """Which character is taken for which, on the val items."""

    id = "character-confusions"
    title = "What it mixes up"
    sentence = "Which character was read for which on the items it was judged by; ∅ is a missing or invented one."

    def applies(self, card: ModelCard) -> bool:
        """Whether they were counted."""
        return card.family == FAMILY and bool(card.extra.get("confusions"))

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Matrix:
        """Make the view; it is the same for each item."""
        found = {(t, r): n for t, r, n in predictor.card.extra["confusions"]}
        weight: dict[str, int] = {}
        for (truth, read), count in found.items():
            weight[truth] = weight.get(truth, 0) + count
            weight[read] = weight.get(read, 0) + count
        names = sorted(weight, key=lambda c: (-weight[c], c))[:20]
        values = np.array([[found.get((t, r), 0) for r in names] for t in names])
        shown = [{"": "∅", " ": "␣"}.get(c, c) for c in names]
        return Matrix(
            title=self.title, values=values, rows=shown, columns=shown, row_title="written", column_title="read"
        )


class Listening(Explainer):
    """How much each moment counted for the answer: the weights of the attention pooling."""

    id = "listening"
    title = "When it listened"
    sentence = "How much each moment of the recording counted; the dashed line is all moments counting alike."

    def applies(self, card: ModelCard) -> bool:
        """Whether the graph says what it attended to."""
        names = {o.name for g in card.graphs for o in g.outputs}
        return card.family == FAMILY and "attention" in names and "step" in card.extra.get("facts", {})

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Curve:
        """Make the view: the share of each step, over seconds."""
        weights = predictor.explaining_outputs(sample)["attention"].astype(float)  # (T,)
        seconds = (np.arange(len(weights)) + 0.5) * float(predictor.card.extra["facts"]["step"])
        return Curve(
            title=self.title,
            series=[Series("attention", seconds, weights)],
            x_title="seconds",
            y_title="share of the answer",
            unit="%",
            baselines={"even": 1 / len(weights)},
        )


def classification_explainers() -> tuple[Explainer, ...]:
    """The views of models that tell classes apart."""
    return Listening(), HiddenStates()


def transcription_explainers() -> tuple[Explainer, ...]:
    """The views of models that write characters."""
    from .explain_speech import SpokenSpectrogram, SpokenText
    from .reading_along import ReadAlong

    return ReadAlong(), SpokenText(), SpokenSpectrogram(), CharacterPositions(), HiddenStates(), CharacterConfusions()
