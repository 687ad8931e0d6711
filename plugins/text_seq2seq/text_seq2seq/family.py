"""The family: from pairs of texts to two ONNX graphs and two tokenizers."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import (
    Dataset,
    Explainer,
    Kind,
    LoadedModel,
    ModelCard,
    ModelFamily,
    Outputs,
    Prediction,
    Predictor,
    Sample,
    Suggestion,
    TrainContext,
    Trained,
)

from .config import TextSeq2SeqConfig
from .explain import Cut, Drawn, Looked, Others, Search, SelfLooked, TextMap
from .pairs import Directed
from .predict import SOURCE_FILE, TARGET_FILE, TextPredictor, as_outputs, text_of
from .states import FILE as TEXTS_FILE

if TYPE_CHECKING:
    from .training import Learned

TITLES = {"rnn": "Encoder–decoder", "attention": "Encoder–decoder with attention", "transformer": "Transformer"}


class TextSeq2Seq(ModelFamily):
    """An encoder reads a text, a decoder writes the answer."""

    id = "text-seq2seq"
    title = "Text to text"
    sentence = "Turns one text into another, translations, spellings, dates, learned from pairs."
    kinds = (Kind.TEXT_PAIRS,)
    config = TextSeq2SeqConfig
    headline = "chrf"
    compares = "network"
    precisions = ("fp32",)  # ONNX Runtime 1.31 ends the process when it opens their fp16 graphs

    def train(self, context: TrainContext) -> Trained:
        """Learn tokenizers and network, and write the graphs."""
        from .export import DECODER, ENCODER, export_network
        from .metrics import signatures
        from .training import facts, learn

        config = context.config
        assert isinstance(config, TextSeq2SeqConfig)
        data = Directed(context.dataset, config.model_dump())
        learned = learn(context, data, config)
        export_network(learned.network, context.model_folder)
        learned.source.save(str(context.model_folder / SOURCE_FILE))
        learned.target.save(str(context.model_folder / TARGET_FILE))
        config = learned.config
        extra = facts(learned, config)
        _keep_texts(learned, data, extra, context.model_folder)
        return Trained(
            title=f"{TITLES[config.network]}, {learned.cut[0]} to {learned.cut[1]}",
            graphs={"encoder": ENCODER, "decoder": DECODER},
            reference=_reference(learned, extra),
            preprocessing={
                "before_the_graphs": "NFC, single spaces; cut by the tokenizer of the source",
                "after_the_graphs": "beam search over the decoder's steps; put together by the tokenizer of the target",
            },
            files={"source": SOURCE_FILE, "target": TARGET_FILE},
            meanings={
                ENCODER: "Reads a text, once: its tokens in, what the network makes of them out. In the ONNX format.",
                DECODER: "Writes the answer, run once for each of its tokens; what it remembers goes in and comes out.",
                SOURCE_FILE: "How a text is cut into tokens.",
                TARGET_FILE: "How the tokens of the answer are put together.",
            },
            private={"texts": TEXTS_FILE},
            extra={**extra, "columns": [data.source, data.target]},
            signatures=signatures(),
            licence=learned.licence,
            compared=("logits",),
        )

    def arranged(self, dataset: Dataset, settings: Mapping[str, Any]) -> Dataset:
        """Columns as the settings say, with all right answers to a source together."""
        return dataset if isinstance(dataset, Directed) else Directed(dataset, settings)

    def predictor(self, model: LoadedModel) -> Predictor:
        """Make the predictor of a loaded model."""
        return TextPredictor(model)

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score answers: `chrf`, `bleu`, `exact_match`, `token_error_rate`."""
        from .metrics import scores

        return scores([prediction.text for prediction in predictions], targets)

    def script(self, card: ModelCard) -> str:
        """The source of `predict.py`."""
        from .script import script

        return script()

    def suggestions(self, library: Path) -> Mapping[str, Sequence[Suggestion]]:
        """The word vectors that the person kept."""
        from .words.kept import suggestions

        return {"vectors": suggestions(library)}

    def explainers(self) -> Sequence[Explainer]:
        """Where it looked, how the text is cut, what else it might have answered."""
        return (Looked(), SelfLooked(), Cut(), Others(), Search(), Drawn(), TextMap())


def _keep_texts(learned: "Learned", data: Directed, extra: Mapping[str, Any], folder: Path) -> None:
    """Encode some of the texts that the model is judged by, for the map."""
    from .answering import Answerer
    from .export import torch_graphs
    from .states import Encoded, evenly

    answerer = Answerer(*torch_graphs(learned.network), learned.source, learned.target, {**extra, "long_texts": "cut"})
    texts = evenly([source for source, _ in data.pairs("val" if data.count("val") else "train")])
    Encoded.of(answerer, texts).save(folder / TEXTS_FILE)


def _reference(learned: "Learned", extra: Mapping[str, Any]) -> Callable[[Sequence[Sample]], Sequence[Outputs]]:
    """PyTorch's own: the logits of teacher forcing, all steps at once, and the answers of the same search."""
    import numpy as np

    from .answering import Answerer
    from .export import torch_graphs
    from .pairs import BETWEEN
    from .training import collated

    answerer = Answerer(*torch_graphs(learned.network), learned.source, learned.target, extra)

    def outputs(samples: Sequence[Sample]) -> Sequence[Outputs]:
        import torch

        most = int(extra["max_tokens"])
        coded = [
            (
                answerer.pieces(text_of(sample))[0],
                learned.target.encode(sample.record.target.split(BETWEEN)[0]).ids[:most],
            )
            for sample in samples
        ]
        source, lengths, target = collated(coded)
        with torch.inference_mode():
            logits = learned.network(source, lengths, target[:, :-1]).float().numpy()
        answers = answerer.answers([text_of(sample) for sample in samples])
        return [
            {**as_outputs(found), "logits": np.asarray(logits[row, : len(coded[row][1]) + 1])}
            for row, found in enumerate(answers)
        ]

    return outputs
