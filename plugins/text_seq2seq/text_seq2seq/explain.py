"""What can be seen: how a text is cut, where the decoder looked, and what else it might have answered."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from trasluz.api import Alignment, Bars, Explainer, ModelCard, Points, Predictor, RichText, Sample, Tree

from .predict import TextPredictor, text_of
from .tokens import END, shown

FAMILY = "text-seq2seq"
MEAN = "mean of all heads"
TEMPERATURES = ("temperature 0.5", "temperature 1.0", "temperature 1.5")
DRAWS = 32


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


class Search(Explainer):
    """The beginnings that the beam search followed."""

    id = "search"
    title = "How it was searched"
    sentence = "The beginnings of answers that the beam search followed, token by token, with their probabilities."

    def applies(self, card: ModelCard) -> bool:
        """Whether it is one of this family's models."""
        return card.family == FAMILY

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Tree:
        """Make the view; the best answer is marked."""
        assert isinstance(predictor, TextPredictor)
        answerer = predictor.answerer
        tokens = answerer.pieces(text_of(sample))[0]
        best = [*answerer.search([tokens])[0][0][0], END]
        numbers: dict[tuple[int, ...], int] = {}
        parents, labels, scores = list[int](), list[str](), list[float]()
        for beginning, score in answerer.followed(tokens):
            if beginning not in numbers:
                numbers[beginning] = len(labels)
                parents.append(numbers.get(beginning[:-1], -1))
                named = shown([answerer.target.id_to_token(beginning[-1])])[0]
                labels.append("(end)" if beginning[-1] == END else named)
                scores.append(float(np.exp(score)))
        marked = [numbers[way] for n in range(len(best)) if (way := tuple(best[: n + 1])) in numbers]
        beam = answerer.facts["beam"]
        caption = f"At each step the {beam} likeliest beginnings go on; the pointer shows how likely each is."
        return Tree(self.title, labels, parents, scores, marked, "%", caption)


class TextMap(Explainer):
    """The encoder's states of whole texts on a plane."""

    id = "text-map"
    title = "Map of texts"
    sentence = "What the encoder makes of the text among texts that the model was judged by: what it takes for alike."

    def applies(self, card: ModelCard) -> bool:
        """Whether the texts are still with the model; an exported one has none."""
        return card.family == FAMILY and "texts" in card.private

    def choices(self, card: ModelCard) -> Sequence[str]:
        """How the many dimensions become two."""
        return ("PCA", "t-SNE")

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Points:
        """Make the view; the colour is the length of the text in words."""
        from trasluz.torchkit.maps import flat

        from .states import Encoded

        assert isinstance(predictor, TextPredictor)
        kept = Encoded.load(predictor.model.folder / predictor.card.private["texts"])
        own = Encoded.of(predictor.answerer, [text_of(sample)])
        texts = [*own.texts, *kept.texts]
        placed = flat(np.concatenate([own.means, kept.means]), "t-SNE" if choice == "t-SNE" else "PCA")
        return Points(self.title, placed, texts, _by_length(texts), marked=(0,))


class Drawn(Explainer):
    """Answers drawn by chance."""

    id = "drawn"
    title = "Answers drawn by chance"
    sentence = "Token by token from the model's own probabilities; the lower the temperature, the likelier the answer."

    def applies(self, card: ModelCard) -> bool:
        """Whether it is one of this family's models."""
        return card.family == FAMILY

    def choices(self, card: ModelCard) -> Sequence[str]:
        """Temperatures."""
        return TEMPERATURES

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Bars:
        """Make the view: the same draws each time, with how many of them gave each answer."""
        assert isinstance(predictor, TextPredictor)
        answerer = predictor.answerer
        tokens = answerer.pieces(text_of(sample))[0]
        temperature = float((choice or TEMPERATURES[1]).split()[-1])
        found = answerer.drawn([tokens] * DRAWS, temperature=temperature, rng=np.random.default_rng(0))
        counts = Counter(answerer.together([answer[0][0]]) for answer in found).most_common(10)
        return Bars(self.title, [text or "␣" for text, _ in counts], [count / DRAWS for _, count in counts])


def _by_length(texts: Sequence[str]) -> list[str]:
    """The name of each text's group: of like many words, or characters where there are no words."""
    words = [len(text.split()) for text in texts]
    unit = "words" if np.median(words) > 2 else "characters"
    lengths = np.array(words if unit == "words" else [len(text) for text in texts])
    bounds = np.unique(np.quantile(lengths, (0.25, 0.5, 0.75)).astype(int))
    names = [f"up to {bounds[0]} {unit}", *(f"up to {bound} {unit}" for bound in bounds[1:]), f"more {unit}"]
    return [names[int(place)] for place in np.searchsorted(bounds, lengths)]


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
