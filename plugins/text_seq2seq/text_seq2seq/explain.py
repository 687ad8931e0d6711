"""What can be seen: how a text is cut, where the decoder looked, and what else it might have answered."""

from collections.abc import Sequence

import numpy as np

from trasluz.api import Alignment, Bars, Explainer, ModelCard, Predictor, RichText, Sample

from .predict import TextPredictor, text_of
from .tokens import shown

FAMILY = "text-seq2seq"
MEAN = "mean of all heads"


class Looked(Explainer):
    """Attention from the answer to the source."""

    id = "alignment"
    title = "Where it looked"
    sentence = "For each token of the answer, how much it took from each token of the text."

    def applies(self, card: ModelCard) -> bool:
        """Whether the network has attention."""
        return card.family == FAMILY and card.extra.get("network") in ("attention", "transformer")

    def choices(self, card: ModelCard) -> Sequence[str]:
        """The heads of a Transformer, layer by layer, and their mean."""
        return _heads(card)

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Alignment:
        """Make the view."""
        outputs = predictor.explaining_outputs(sample)
        weights = outputs["attention"]  # (T, S), or (T, L, A, S)
        if weights.ndim == 4:
            weights = _chosen(weights, choice)
        assert isinstance(predictor, TextPredictor)
        named = [predictor.answerer.source.id_to_token(int(t)) for t in outputs["source"]]
        answered = [predictor.answerer.target.id_to_token(int(t)) for t in outputs["target"]]
        return Alignment(self.title, shown(named), [*shown(answered), "(end)"], weights)


class SelfLooked(Explainer):
    """Attention inside the Transformer's encoder."""

    id = "self-attention"
    title = "How the text reads itself"
    sentence = "For each token of the text, how much it took from the others, head by head in the encoder."

    def applies(self, card: ModelCard) -> bool:
        """Whether it is a Transformer."""
        return card.family == FAMILY and card.extra.get("network") == "transformer"

    def choices(self, card: ModelCard) -> Sequence[str]:
        """The heads, layer by layer, and their mean."""
        return _heads(card)

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Alignment:
        """Make the view."""
        outputs = predictor.explaining_outputs(sample)
        weights = _chosen(outputs["encoder_attention"].transpose(2, 0, 1, 3), choice)  # (S, L, A, S) → (S, S)
        assert isinstance(predictor, TextPredictor)
        named = shown([predictor.answerer.source.id_to_token(int(t)) for t in outputs["source"]])
        return Alignment(self.title, named, named, weights)


class Cut(Explainer):
    """The tokens of a text."""

    id = "tokens"
    title = "How the text is cut"
    sentence = "The tokens that the network reads; unknown ones are marked."

    def applies(self, card: ModelCard) -> bool:
        """Whether it is one of this family's models."""
        return card.family == FAMILY

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> RichText:
        """Make the view."""
        assert isinstance(predictor, TextPredictor)
        found = predictor.answerer.source.encode(text_of(sample))
        unknown = sum(number == 1 for number in found.ids)
        # Neighbours in two shades, so that the cuts are seen; an unknown token in the strongest.
        strengths = [-1.0 if number == 1 else 0.35 if at % 2 else 0.1 for at, number in enumerate(found.ids)]
        caption = f"{len(found.ids)} tokens" + (f", {unknown} of them unknown" if unknown else "") + "."
        return RichText(self.title, shown(found.tokens), strengths, caption)


class Others(Explainer):
    """The n-best answers of the beam search."""

    id = "n-best"
    title = "What else it might have answered"
    sentence = "The finished answers of the beam search with their probabilities by token."

    def applies(self, card: ModelCard) -> bool:
        """Whether it is one of this family's models."""
        return card.family == FAMILY

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Bars:
        """Make the view."""
        found = predictor.predict([sample])[0]
        return Bars(self.title, [text for text, _ in found.top], [score for _, score in found.top], found.text)


def _heads(card: ModelCard) -> list[str]:
    if card.extra.get("network") != "transformer":
        return []
    layers, _, heads, *_ = card.extra["cache"]["cache"]
    return [MEAN, *(f"layer {n + 1}, head {a + 1}" for n in range(layers) for a in range(heads))]


def _chosen(weights: np.ndarray, choice: str | None) -> np.ndarray:
    """One head of (T, L, A, S), or the mean of all."""
    if choice is None or choice == MEAN:
        found: np.ndarray = weights.mean(axis=(1, 2))
        return found
    layer, head = (int(word.split()[1]) - 1 for word in choice.split(", "))
    return weights[:, layer, head]
