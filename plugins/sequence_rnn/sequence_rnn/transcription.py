"""What handwriting and speech share: an alphabet, CTC, its decoding, and how good a transcript is.

Shapes: B items, T steps, K characters with the blank of CTC before them.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from trasluz.api import (
    DataError,
    Explainer,
    LoadedModel,
    ModelCard,
    Prediction,
    Predictor,
    Record,
    Sample,
    TrainContext,
)

from .alphabet import FORM, alphabet_of, composed, steps_needed
from .continuing import earlier_model, take_over
from .decoding import beam_search, greedy
from .edits import confusions, edit_counts, error_rates
from .explain import transcription_explainers
from .front import FrontEnd
from .item_lesson import Answers, ItemLesson
from .predict import SCORES, TranscriptionPredictor
from .settings import CoreConfig, TranscriptionConfig
from .spelling import BONUS, chosen_weight, language_model
from .tasks.task import Task
from .telling import tell_alphabet, tell_padding, tell_short, tell_unknown

if TYPE_CHECKING:
    from torch import Tensor

    from trasluz.torchkit.batches import Batches
    from trasluz.torchkit.graph import GraphWriter

    from .decoding import CharacterModel
    from .lesson import Lesson
    from .network import Transcriber

LANGUAGE_FILE = "language_model.json"
MIXED_UP = 200
"""Confusions that are told."""
TRIED = 100
"""Val items on which the weight of the language model is chosen."""
SHORTCUT = 0.1
"""How much the shortcut's loss counts (Retsinas et al. 2022, section 3.3)."""


class Transcription(Task):
    """Learns to write down what an item says. A task adds its front end."""

    headline: ClassVar[str] = "cer"
    higher_is_better: ClassVar[bool] = False
    pictured: ClassVar[bool] = True
    config = TranscriptionConfig

    front: FrontEnd

    def lesson(self, context: TrainContext) -> "Lesson[Transcriber]":
        """Learn to write."""
        return TranscriptionLesson(context, self.title, self.front)

    def varied(
        self, samples: Sequence[Sample], config: CoreConfig, draws: Sequence[np.random.Generator]
    ) -> Sequence[np.ndarray] | None:
        """As the front end shows them."""
        return self.front.pictured(samples, config, draws)

    def predictor(self, model: LoadedModel) -> Predictor:
        """Give the predictor of a loaded model."""
        return TranscriptionPredictor(model, partial(self.front.feed, facts=model.card.extra["facts"]))

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score `cer` and `wer`."""
        return error_rates([p.text for p in predictions], targets)

    def details(
        self, card: ModelCard, names: Sequence[str], predictions: Sequence[Prediction], targets: Sequence[str]
    ) -> Mapping[str, Any]:
        """The errors of each item by characters, which is taken for which, and what the model cannot write."""
        answers = [prediction.text for prediction in predictions]
        return {
            "errors": [edit_counts(answer, target) for answer, target in zip(answers, targets, strict=True)],
            "confusions": [[t, r, n] for (t, r), n in confusions(answers, targets).most_common(MIXED_UP)],
            "notes": tell_unknown(names, targets, card.extra["alphabet"]),
        }

    def explainers(self) -> Sequence[Explainer]:
        """What can be seen in a model that transcribes."""
        return transcription_explainers()


class TranscriptionLesson(ItemLesson["Transcriber"]):
    """Learns by CTC to write characters."""

    metric = "cer"
    tolerance = 5e-3  # of log-probabilities, which go down to minus fifty and more
    compared = (SCORES,)
    config: TranscriptionConfig

    def __init__(self, context: TrainContext, title: str, front: FrontEnd) -> None:
        super().__init__(context, title, front)
        self.earlier = earlier_model(self.config.continue_from, context.dataset.kind)
        if self.earlier:
            self.config = self.config.model_copy(update=dict(self.earlier.shape))
            self.measured_first = True
        else:
            self.short_first = 1
        self.texts = [composed(record.target) for record in self.records]
        self.alphabet = self.earlier.alphabet.larger(self.texts) if self.earlier else alphabet_of(self.texts)
        if not self.alphabet.characters:
            raise DataError("The transcripts hold no character; there is nothing to learn.")
        everything = self.records
        self.records = [record for record in everything if self._alignable(record)]
        tell_short(context, [r for r in everything if not self._alignable(r)], len(everything), self.plural)
        tell_alphabet(context, [r.path for r in everything], self.texts, self.alphabet, earlier=self.earlier)

    def _alignable(self, record: Record) -> bool:
        """Whether CTC can write an item's text in the steps that it has."""
        return 0 < steps_needed(self.alphabet.numbers(composed(record.target))) <= self.steps(record)

    # learning

    def network(self) -> "Transcriber":
        """Stem, core and head; an earlier model's weights where one is continued."""
        from .network import Transcriber, core_of

        stem = self.front.stem(self.facts)
        network = Transcriber(stem, core_of(self.config, stem.outputs), self.alphabet.size, self.config.dropout)  # type: ignore[arg-type]
        if self.earlier:
            take_over(network, self.earlier, self.alphabet)
        return network

    def batches(self) -> "Batches[Record, Any]":
        """As of every item; how much of them is padding is said."""
        batches = super().batches()
        tell_padding(self.context, batches, [self.steps(record) for record in self.records], self.plural)
        return batches

    def target(self, record: Record) -> list[int]:
        """The numbers of its characters."""
        return self.alphabet.numbers(composed(record.target))

    def targets(self, several: Sequence[Sequence[int]]) -> "tuple[Tensor, ...]":
        """The characters of all items one after another, and (B,) how many each has."""
        import torch

        return torch.tensor([n for each in several for n in each]), torch.tensor([len(each) for each in several])

    def loss(self, network: "Transcriber", batch: "tuple[Tensor, ...]") -> "tuple[Tensor, dict[str, float]]":
        """CTC, and in training that of the shortcut."""
        from .network import ctc_loss

        x, steps, targets, sizes = batch
        scores, short = network(x, steps)
        loss = ctc_loss(scores, steps, targets, sizes)
        if short is None:
            return loss, {}
        # The curve shows the loss of the way that is exported; the shortcut only helps it along.
        return loss + SHORTCUT * ctc_loss(short, steps, targets, sizes), {}

    def answers(self, network: "Transcriber", x: "Tensor", steps: "Tensor", records: Sequence[Record]) -> Answers:
        """What is read greedily."""
        from .network import ctc_loss

        scores, _ = network(x, steps)
        targets, sizes = (each.to(x.device) for each in self.targets([self.target(record) for record in records]))
        weight = float(sizes.sum())
        loss = float(ctc_loss(scores, steps, targets, sizes)) * weight
        values = scores.float().cpu().numpy()
        read = [greedy(each[:count])[0] for each, count in zip(values, steps.tolist(), strict=True)]
        return Answers([self.alphabet.text(numbers) for numbers in read], loss, weight)

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> Mapping[str, float]:
        """`cer` and `wer`."""
        return error_rates(answers, truths)

    def outcome(self, metrics: Mapping[str, float]) -> str:
        """The share of wrong characters."""
        return f"{metrics['cer']:.1%} of the characters wrong, without a language model"

    # the model

    def write_answer(self, writer: "GraphWriter", network: "Transcriber", features: str, remembered: str) -> None:
        """Log-probabilities of the characters."""
        scores = writer.node("LogSoftmax", writer.linear(network.head, remembered), result=SCORES, axis=2)
        writer.output(scores, ("items", "steps", network.head.out_features))

    def files(self, network: "Transcriber", folder: Path) -> Mapping[str, str]:
        """The language model, where one helps; how it is to be used is decided here."""
        scores, truths = self._tried(network)
        model = language_model(self.config.language_model, self.texts)
        beam = self.config.beam
        weight = chosen_weight(self.context, scores, truths, self.alphabet, model=model, beam=beam, plural=self.plural)
        if weight <= 0:
            model = None
        self._decoding = {"beam": beam, "weight": weight, "bonus": weight * BONUS}
        answers = [self._read(each, model) for each in scores]
        self._confusions = confusions(answers, truths).most_common(MIXED_UP)
        if model is None:
            return {}
        model.save(folder / LANGUAGE_FILE)
        return {"language_model": LANGUAGE_FILE}

    def extra(self, network: "Transcriber") -> Mapping[str, Any]:
        """The alphabet, the way of decoding, the confusions."""
        return {
            **super().extra(network),
            "alphabet": list(self.alphabet.characters),
            "normalised": FORM,
            "decoding": self._decoding,
            "confusions": [[truth, read, count] for (truth, read), count in self._confusions],
        }

    def _read(self, scores: np.ndarray, model: "CharacterModel | None") -> str:
        how = self._decoding
        characters = self.alphabet.characters
        return beam_search(scores, characters, how["beam"], model=model, weight=how["weight"], bonus=how["bonus"])[0]

    def _tried(self, network: "Transcriber") -> tuple[list[np.ndarray], list[str]]:
        """The log-probabilities of val items from all over, and their texts."""
        val, reference = self.context.dataset.records("val"), self.reference(network)
        scores, truths = list[np.ndarray](), list[str]()
        for record in [val[i] for i in range(0, len(val), max(1, len(val) // TRIED))][:TRIED]:
            try:
                scores.append(reference([self.context.dataset.read(record)])[0][SCORES])
                truths.append(record.target)
            except DataError:
                continue  # the judgement names it
        return scores, truths
