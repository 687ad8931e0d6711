"""Answers texts with the exported graphs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trasluz.api import DataError, LoadedModel, Outputs, Prediction, Predictor, Sample

from .answering import Answerer, TooLong
from .pairs import BETWEEN

SOURCE_FILE, TARGET_FILE = "source.tokenizer.json", "target.tokenizer.json"
FORCED_AT_ONCE = 32


def tokenizers(folder: Path) -> tuple[Any, Any]:
    """The tokenizers of source and target in a model folder."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / SOURCE_FILE)), Tokenizer.from_file(str(folder / TARGET_FILE))


def as_outputs(found: Sequence[tuple[str, float]]) -> Outputs:
    """Answers as arrays: `texts` (N, bytes) UTF-8 padded with zeros, `probabilities` (N,)."""
    raw = [text.encode() for text, _ in found]
    texts = np.zeros((len(raw), max(map(len, raw), default=0)), np.uint8)
    for row, each in enumerate(raw):
        texts[row, : len(each)] = np.frombuffer(each, np.uint8)
    return {"texts": texts, "probabilities": np.array([score for _, score in found], np.float64)}


def forced_logits(answerer: Answerer, samples: Sequence[Sample]) -> list[np.ndarray]:
    """Logits (T + 1, V) along the first right answer of each sample."""
    most = int(answerer.facts["max_tokens"])
    sources = [answerer.pieces(str(sample.inputs["text"]))[0] for sample in samples]
    targets = [answerer.target.encode(s.record.target.split(BETWEEN)[0]).ids[:most] for s in samples]
    found: list[np.ndarray] = []
    for at in range(0, len(samples), FORCED_AT_ONCE):
        part = slice(at, at + FORCED_AT_ONCE)
        found += [np.stack(each["logits"]) for each in answerer.forced(sources[part], targets[part], ["logits"])]
    return found


class TextPredictor(Predictor):
    """A text in, the likeliest answers out."""

    def __init__(self, model: LoadedModel) -> None:
        super().__init__(model)
        source, target = tokenizers(model.folder)
        self.answerer = Answerer(model.graph("encoder"), model.graph("decoder"), source, target, model.card.extra)

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Give `texts` and `probabilities` of the best answers to each text."""
        if not samples:
            return []
        try:
            return [as_outputs(found) for found in self.answerer.answers([text_of(sample) for sample in samples])]
        except TooLong as error:
            raise DataError(str(error)) from error

    def checked_outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """The logits along each record's own answer, step by step with the cache."""
        return [{"logits": each} for each in forced_logits(self.answerer, samples)]

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Name the answers."""
        texts = [bytes(row).rstrip(b"\0").decode() for row in outputs["texts"]]
        top = tuple(zip(texts, (min(1.0, float(p)) for p in outputs["probabilities"]), strict=True))
        return Prediction(text=top[0][0], score=top[0][1], top=top)

    def explaining_outputs(self, sample: Sample) -> Outputs:
        """The best answer with attention: `source`, `target` (tokens) and what the graphs name, steps first."""
        answerer = self.answerer
        tokens = answerer.pieces(text_of(sample))[0]
        answer = answerer.search([tokens])[0][0][0]
        wanted = [o.name for o in self.model.graph("decoder").outputs if o.name in ("attention", "self_attention")]
        seen = answerer.forced([tokens], [answer], wanted)[0]
        outputs: dict[str, np.ndarray] = {"source": np.array(tokens), "target": np.array(answer)}
        for name, steps in seen.items():
            longest = max(step.shape[-1] for step in steps)
            padded = [np.pad(s, [(0, 0)] * (s.ndim - 1) + [(0, longest - s.shape[-1])]) for s in steps]
            outputs[name] = np.stack(padded)
        extra = [o.name for o in self.model.graph("encoder").outputs if o.name in ("states", "encoder_attention")]
        started = answerer.start([tokens], extra)
        return outputs | {name: started[name][0] for name in extra}


def text_of(sample: Sample) -> str:
    """The sample's text.

    Raises:
        DataError: If it has none.
    """
    text = sample.inputs.get("text")
    if not isinstance(text, str):
        raise DataError(f"“{sample.record.path}” is no text; this model answers texts.")
    return text
