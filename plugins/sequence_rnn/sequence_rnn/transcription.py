"""What handwriting and speech share: an alphabet, CTC, its decoding, and how good a transcript is.

Shapes: B items, T steps, K characters with the blank of CTC before them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from trasluz.api import (
    DataError,
    Explainer,
    LoadedModel,
    ModelCard,
    Note,
    Outputs,
    Prediction,
    Predictor,
    Record,
    Sample,
    TrainContext,
    Trained,
    TrainingStopped,
)

from .alphabet import FORM, Alphabet, alphabet_of, composed, rare, steps_needed
from .config import SequenceRnnConfig
from .continuing import Earlier, earlier_model, take_over
from .decoding import beam_search
from .edits import confusions, error_rates
from .explain import transcription_explainers
from .front import FrontEnd, keeper
from .learning_ctc import Check, as_targets, step
from .predict import SCORES, TranscriptionPredictor
from .script import transcription_script
from .spelling import BONUS, chosen_weight, language_model
from .tasks.task import Task

if TYPE_CHECKING:
    from torch import Tensor

    from trasluz.torchkit.batches import Batches

    from .network import Transcriber

GRAPH_FILE, WEIGHTS_FILE, LANGUAGE_FILE = "model.onnx", "network.safetensors", "language_model.json"
TOLERANCE = 5e-3
"""Of log-probabilities, which go down to minus fifty and more."""
SHORT_FIRST = 1
NAMED = 5
TRIED = 100
"""Val items on which the weight of the language model is chosen."""
NOT_LEARNED = {"minutes", "beam", "language_model", "task"}


class Transcription(Task):
    """Learns to write down what an item says. A task adds its front end."""

    headline: ClassVar[str] = "cer"
    higher_is_better: ClassVar[bool] = False
    title: ClassVar[str]

    front: FrontEnd

    # training

    def train(self, context: TrainContext) -> Trained:
        """Learn, choose the weight of the language model, export."""
        from .network import Transcriber, core_of

        config = context.config
        assert isinstance(config, SequenceRnnConfig)
        earlier = earlier_model(config.continue_from, self.kind)
        everything = context.dataset.records("train")
        facts = self.front.facts(everything)
        texts = [composed(record.target) for record in everything]
        alphabet = earlier.alphabet.larger(texts) if earlier else alphabet_of(texts)
        if not alphabet.characters:
            raise DataError("The transcripts hold no character; there is nothing to learn.")
        records = self._alignable(context, everything, alphabet, facts)
        self._tell_alphabet(context, list(zip((r.path for r in everything), texts, strict=True)), alphabet, earlier)
        shaped = config.model_copy(update=dict(earlier.shape)) if earlier else config
        stem = self.front.stem(facts)
        from trasluz.torchkit.seed import seed_everything

        seed_everything(config.seed)
        network = Transcriber(self.front.stem(facts), core_of(shaped, stem.outputs), alphabet.size, config.dropout)
        if earlier:
            take_over(network, earlier, alphabet)
        self._fit(context, network, records, alphabet, facts)
        network = network.cpu().eval()
        return self._exported(context, network, alphabet, facts, config=shaped, texts=texts)

    def _alignable(
        self, context: TrainContext, records: Sequence[Record], alphabet: Alphabet, facts: Mapping[str, Any]
    ) -> list[Record]:
        """Those whose text CTC can write in the steps that they have; the others are named."""
        kept, short = list[Record](), list[Record]()
        for record in records:
            needed = steps_needed(alphabet.numbers(composed(record.target)))
            (kept if 0 < needed <= self.front.steps(record, facts) else short).append(record)
        if short:
            named = ", ".join(f"“{r.path}”" for r in short[:NAMED]) + (" …" if len(short) > NAMED else "")
            sentence = (
                f"{len(short)} of {len(records)} {self.front.plural} are too short for their text and were left out: "
                f"{named}. Look whether their text belongs to them."
            )
            context.emit(Note(sentence=sentence, level="warning", facts={"too_short": [r.path for r in short]}))
        if not kept:
            raise DataError(
                f"None of the {self.front.plural} is long enough for its text; do the texts belong to them?"
            )
        return kept

    def _tell_alphabet(
        self, context: TrainContext, items: list[tuple[str, str]], alphabet: Alphabet, earlier: Earlier | None
    ) -> None:
        new = f", {alphabet.size - earlier.alphabet.size} of them new" if earlier else ""
        shown = "".join("␣" if c == " " else c for c in alphabet.characters)
        context.emit(
            Note(
                sentence=f"The alphabet has {len(alphabet.characters)} characters{new}: {shown}",
                facts={"alphabet": list(alphabet.characters), "normalised": FORM},
            )
        )
        seldom = rare(items)
        if seldom:
            named = ", ".join(f"“{c}” ({n}×, in “{where}”)" for c, n, where in seldom[:NAMED])
            more = f" and {len(seldom) - NAMED} more" if len(seldom) > NAMED else ""
            sentence = (
                f"Hardly ever written, so hardly learned: {named}{more}. Slips of the pen, or worth more examples?"
            )
            context.emit(Note(sentence=sentence, facts={"rare": [list(each) for each in seldom]}))
        known = set(alphabet.characters)
        for record in context.dataset.records("val"):
            unknown = sorted(set(composed(record.target)) - known)
            if unknown:
                sentence = (
                    f"“{record.path}” is judged by, and holds “{''.join(unknown)}”, which nothing that is learned from "
                    "holds: it can only be read wrong."
                )
                context.emit(Note(sentence=sentence, level="warning", facts={"unknown": unknown, "path": record.path}))
                break

    def _fit(
        self,
        context: TrainContext,
        network: "Transcriber",
        records: Sequence[Record],
        alphabet: Alphabet,
        facts: Mapping[str, Any],
    ) -> None:
        import torch

        from trasluz.torchkit import optim
        from trasluz.torchkit.device import resolve
        from trasluz.torchkit.loop import fit
        from trasluz.torchkit.plan import Plan

        config = context.config
        assert isinstance(config, SequenceRnnConfig)
        network.to(device=resolve(context.device), memory_format=torch.channels_last)
        parts = [optim.Part("network", (network,), config.learning_rate)]
        batches = self._batches(context, records, alphabet, facts)
        self._tell_padding(context, batches, records, facts)
        outcome = fit(
            context,
            module=network,
            step=step,
            batches=batches,
            validate=Check(self.front, context, alphabet, facts),
            optimiser=optim.optimiser(optim.parameter_groups(parts, weight_decay=config.weight_decay)),
            plan=Plan(
                epochs=config.epochs,
                metric="cer",
                patience=config.patience,
                clip=5.0,
                schedule=optim.warmup_cosine(0.1),
                seed=config.seed,
                stage="Learning",
                unit=self.front.plural,
                validate_first=bool(config.continue_from.strip()),
                identity={
                    "settings": config.model_dump(mode="json", exclude=NOT_LEARNED),
                    "data": context.dataset.fingerprint,
                },
            ),
        )
        if not outcome.metrics:
            raise TrainingStopped
        ended = {
            "passes": "all passes were made",
            "patience": f"it had not improved for {config.patience} passes",
            "time": "the time limit was near",
            "asked": "you asked it to stop",
        }[outcome.ended]
        sentence = (
            f"Learning ended because {ended}. Best after {outcome.best_step:.3g} passes: {outcome.metrics['cer']:.1%} "
            "of the characters wrong, without a language model."
        )
        context.emit(Note(sentence=sentence, facts={"ended": outcome.ended, "best_pass": outcome.best_step}))

    def _batches(
        self, context: TrainContext, records: Sequence[Record], alphabet: Alphabet, facts: Mapping[str, Any]
    ) -> "Batches[Record, Any]":
        from trasluz.torchkit.batches import Batches

        config = context.config
        assert isinstance(config, SequenceRnnConfig)
        kept = keeper(self.front, context, facts)

        def load(record: Record, draw: np.random.Generator) -> tuple[np.ndarray, list[int]]:
            return self.front.varied(kept(record), config.augmentation, draw), alphabet.numbers(composed(record.target))

        def collate(loaded: Sequence[tuple[np.ndarray, list[int]]]) -> "tuple[Tensor, ...]":
            return (*self.front.together([each for each, _ in loaded], facts), *as_targets([n for _, n in loaded]))

        def aside(record: Record, error: DataError) -> None:
            context.emit(Note(sentence=f"{error} It was left out.", level="warning", facts={"path": record.path}))

        return Batches(
            records,
            load=load,
            collate=collate,
            batch_size=min(config.batch_size, len(records)),
            seed=config.seed,
            lengths=[self.front.steps(record, facts) for record in records],
            short_first=0 if config.continue_from.strip() else SHORT_FIRST,
            on_problem=aside,
        )

    def _tell_padding(
        self,
        context: TrainContext,
        batches: "Batches[Record, Any]",
        records: Sequence[Record],
        facts: Mapping[str, Any],
    ) -> None:
        lengths = np.array([self.front.steps(record, facts) for record in records])
        order = batches.order(SHORT_FIRST)
        size = batches.batch_size
        computed = sum(
            int(b.max()) * len(b) for b in (lengths[order[i : i + size]] for i in range(0, len(order), size))
        )
        share = 1 - float(lengths.sum()) / max(1, computed)
        sentence = f"Batches are made of {self.front.plural} of like length: {share:.0%} of the work is padding."
        context.emit(Note(sentence=sentence, facts={"padding": share}))

    # after training

    def _exported(
        self,
        context: TrainContext,
        network: "Transcriber",
        alphabet: Alphabet,
        facts: Mapping[str, Any],
        *,
        config: SequenceRnnConfig,
        texts: Sequence[str],
    ) -> Trained:
        from safetensors.torch import save_file

        reference = self._reference(network, facts)
        val = context.dataset.records("val")
        chosen = [val[i] for i in range(0, len(val), max(1, len(val) // TRIED))][:TRIED]
        scores, truths = list[np.ndarray](), list[str]()
        for record in chosen:
            try:
                scores.append(reference([context.dataset.read(record)])[0][SCORES])
                truths.append(record.target)
            except DataError:
                continue  # the judgement names it
        model = language_model(context.config.language_model, texts)  # type: ignore[attr-defined]
        weight = chosen_weight(
            context, scores, truths, alphabet, model=model, beam=config.beam, plural=self.front.plural
        )
        files = {"weights": WEIGHTS_FILE}
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, context.model_folder / WEIGHTS_FILE)
        if model is not None and weight > 0:
            model.save(context.model_folder / LANGUAGE_FILE)
            files["language_model"] = LANGUAGE_FILE
        else:
            model = None
        self._write_graph(network, context.model_folder / GRAPH_FILE, facts)
        answers = [
            beam_search(s, alphabet.characters, config.beam, model=model, weight=weight, bonus=weight * BONUS)[0]
            for s in scores
        ]
        taken = confusions(answers, truths).most_common(200)
        return Trained(
            title=f"{self.title}, {config.layers} × {config.cell.upper()}",
            graphs={"model": GRAPH_FILE},
            files=files,
            reference=reference,
            preprocessing=self.front.preprocessing(facts),
            extra={
                "alphabet": list(alphabet.characters),
                "normalised": FORM,
                "facts": dict(facts),
                "shape": {name: getattr(config, name) for name in ("cell", "directions", "layers", "units")},
                "decoding": {"beam": config.beam, "weight": weight, "bonus": weight * BONUS},
                "confusions": [[truth, read, count] for (truth, read), count in taken],
            },
            tolerance=TOLERANCE,
            compared=(SCORES,),
        )

    def _reference(
        self, network: "Transcriber", facts: Mapping[str, Any]
    ) -> Callable[[Sequence[Sample]], list[Outputs]]:
        import torch

        def outputs(samples: Sequence[Sample]) -> list[Outputs]:
            found: list[Outputs] = []
            with torch.inference_mode():
                for sample in samples:
                    features = network.stem(self.front.exactly(sample, facts))
                    seen = network.layers_seen(features, torch.tensor([features.shape[1]]))
                    found.append({name: values[0].numpy() for name, values in seen.items()})
            return found

        return outputs

    def _write_graph(self, network: "Transcriber", path: Path, facts: Mapping[str, Any]) -> None:
        from trasluz.torchkit.graph import GraphWriter

        writer = GraphWriter()
        x = writer.node("Transpose", self.front.write(writer, network.stem, facts), perm=[1, 0, 2])  # (T, B, D)
        for depth, ways in enumerate(network.core.layers, start=1):
            x = writer.recurrent(list(ways), x)
            name = writer.node("Transpose", x, result=f"hidden_{depth}", perm=[1, 0, 2])
            writer.output(name, ("items", "steps", network.core.outputs))
        scores = writer.node("LogSoftmax", writer.linear(network.head, name), result=SCORES, axis=2)
        writer.output(scores, ("items", "steps", network.head.out_features))
        writer.save(path, self.title)

    # answering

    def predictor(self, model: LoadedModel) -> Predictor:
        """Give the predictor of a loaded model."""
        return TranscriptionPredictor(model, partial(self.front.feed, facts=model.card.extra["facts"]))

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score `cer` and `wer`."""
        return error_rates([p.text for p in predictions], targets)

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        return transcription_script(self.kind)

    def explainers(self) -> Sequence[Explainer]:
        """What can be seen in a model that transcribes."""
        return transcription_explainers()
