"""The family: from plain text to vectors of its words."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trasluz.api import (
    Dataset,
    Explainer,
    FamilyError,
    Kind,
    LoadedModel,
    ModelCard,
    ModelFamily,
    Note,
    Outputs,
    Prediction,
    Predictor,
    Progress,
    Sample,
    Suggestion,
    TrainContext,
    Trained,
)

from .config import WordVectorsConfig
from .explain import FAMILY, Analogy, NearWords, WordMap
from .predict import WORDS_FILE, WordPredictor
from .windows import Windows

VECTORS_FILE = "vectors.bin"
NUMBERS_FILE = "words.int32"
METHODS = {"skip-gram": "Skip-gram", "cbow": "CBOW"}
_LARGEST = 2**31 - 2**20
"""Bytes of one ONNX file."""


class WordVectorsFamily(ModelFamily):
    """Words that are used alike get vectors that are alike."""

    id = FAMILY
    title = "Word vectors"
    sentence = "Gives each word of a text a vector, near to those of words that are used alike (word2vec)."
    kinds = (Kind.TEXT,)
    config = WordVectorsConfig
    headline = "accuracy"
    precisions = ("fp32",)  # there is nothing in the graph but a table; its numbers are the model

    def train(self, context: TrainContext) -> Trained:
        """Count the words, learn their vectors, and write them."""
        from trasluz.api.vector_files import save_vectors
        from trasluz.api.vectors import WordVectors

        from . import corpus as texts
        from .graph import FILE, write
        from .learning import learn

        config = context.config
        assert isinstance(config, WordVectorsConfig)

        def report(stage: str, done: int) -> None:
            context.emit(Progress(stage=stage, done=done, unit="words"))

        file = context.checkpoint_folder / NUMBERS_FILE
        corpus = texts.build(context.dataset, config, file, report)
        joined = f", {corpus.phrases:,} of them phrases" if corpus.phrases else ""
        context.emit(
            Note(sentence=f"{len(corpus.words):,} words get a vector{joined}; the text has {corpus.total:,} of them.")
        )
        size = 8 * len(corpus.words) * config.dimensions
        if size > _LARGEST:
            raise FamilyError(
                f"{len(corpus.words):,} words of {config.dimensions:,} numbers do not fit into one ONNX file; lower "
                "“Vocabulary” or “Dimensions”."
            )
        space = learn(context, corpus, config)
        read, expected = (table.cpu().numpy() for table in (space.read, space.expected))
        file.unlink(missing_ok=True)
        folder = context.model_folder
        write(read, expected, folder / FILE)
        (folder / WORDS_FILE).write_text("".join(f"{word}\n" for word in corpus.words), encoding="utf-8", newline="\n")
        save_vectors(WordVectors(corpus.words, read), folder / VECTORS_FILE)
        return Trained(
            title=f"{METHODS[config.method]}, {len(corpus.words):,} words, {config.dimensions} dimensions",
            graphs={"vectors": FILE},
            reference=_reference(read, expected, corpus.words),
            preprocessing={
                "before_the_graph": "words of letters and digits"
                + (", in small letters" if config.ignore_case else "")
                + "; each by its line in words.txt, from 0",
                "in_the_graph": "the mean of a row's vectors; cosines with all words",
            },
            files={"words": WORDS_FILE, "vectors": VECTORS_FILE},
            extra={
                "words": len(corpus.words),
                "dimensions": config.dimensions,
                "counted": corpus.total,
                "item": "place",  # what it is judged on is no passage of the data
            },
            worth="In each place of the text it chose among ten words; by chance one in ten is right",
        )

    def arranged(self, dataset: Dataset, settings: Mapping[str, Any]) -> Dataset:
        """Places in the text, each with a choice of words."""
        return dataset if isinstance(dataset, Windows) else Windows(dataset, settings)

    def predictor(self, model: LoadedModel) -> Predictor:
        """Make the predictor of a loaded model."""
        return WordPredictor(model)

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score choices: `accuracy`, the share of places where the right word was chosen."""
        if not targets or len(predictions) != len(targets):
            raise ValueError(f"{len(predictions)} answers cannot be scored against {len(targets)} targets")
        right = sum(prediction.text == target for prediction, target in zip(predictions, targets, strict=True))
        return {"accuracy": right / len(targets)}

    def script(self, card: ModelCard) -> str:
        """The source of `predict.py`."""
        from .script import script

        return script()

    def keepable(self, card: ModelCard) -> str:
        """The vectors, for the encoders and decoders of texts."""
        return "vectors" if "vectors" in card.files else ""

    def keep(self, model: Path, card: ModelCard, *, name: str, library: Path) -> Suggestion:
        """Keep the vectors under a name."""
        from .kept import keep

        return keep(model, card, name=name, library=library)

    def explainers(self) -> Sequence[Explainer]:
        """Nearest words, the map, analogies."""
        return (NearWords(), WordMap(), Analogy())


def _reference(read: Any, expected: Any, words: Sequence[str]) -> Callable[[Sequence[Sample]], Sequence[Outputs]]:
    """The same by PyTorch."""
    from text_seq2seq.predict import text_of

    from .answering import asked, chosen

    numbers = {word: number for number, word in enumerate(words)}

    def outputs(samples: Sequence[Sample]) -> Sequence[Outputs]:
        import torch

        table, targets = torch.from_numpy(read), torch.from_numpy(expected)
        unit = torch.nn.functional.normalize(table, dim=1)
        found: list[Outputs] = []
        for sample in samples:
            given, choices = asked(text_of(sample), numbers)
            mean = table[given].mean(dim=0) if given else torch.zeros(table.shape[1])
            if choices:
                answer = {"likely": chosen((targets @ mean).numpy(), choices, numbers)}
            else:
                answer = {"cosines": (unit @ torch.nn.functional.normalize(mean, dim=0)).numpy()}
            found.append({"mean": mean.numpy(), **answer})
        return found

    return outputs
