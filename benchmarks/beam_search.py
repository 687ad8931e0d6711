"""Beam search by ONNX Runtime beside eager PyTorch: `python benchmarks/beam_search.py [--network transformer]`.

The same search, the same weights and the same cache; only who runs the graph differs. The weights are random, so that
every answer has its full length and both do the same work. Each engine is a process of its own, by turns, for their
spinning threads would fight.

`--beside ctranslate2` adds a third (`pip install ctranslate2`; it is no part of the program): the same weights of a
Transformer, with a search of its own in C++ that has to write as many tokens. Before it is timed, its greedy answers
are held against ours.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

VOCABULARY = 4000


class Tokens:
    """A tokenizer of numbers; the search needs no more."""

    def get_vocab_size(self) -> int:
        return VOCABULARY


def converted(network: Any, folder: Path) -> Path:
    """Write a Transformer of ours (normalisation before, sinusoidal positions) as CTranslate2 has it."""
    import numpy as np
    from ctranslate2.specs import TransformerSpec, common_spec
    from ctranslate2.specs.transformer_spec import TransformerDecoderSpec, TransformerEncoderSpec

    kinds = {"pre_norm": True, "activation": common_spec.Activation.GELU}
    spec = TransformerSpec(
        TransformerEncoderSpec(network.count, network.heads, **kinds),
        TransformerDecoderSpec(network.count, network.heads, **kinds),
    )

    def numbers(tensor: Any) -> Any:
        return tensor.detach().numpy().astype(np.float32)

    def linear(at: Any, *layers: Any) -> None:
        at.weight = np.concatenate([numbers(layer.weight) for layer in layers])
        at.bias = np.concatenate([numbers(layer.bias) for layer in layers])

    def norm(at: Any, layer: Any) -> None:
        at.gamma, at.beta = numbers(layer.weight), numbers(layer.bias)

    def filled(at: Any, layer: Any) -> None:
        norm(at.self_attention.layer_norm, layer.around_attention.norm)
        own = layer.attention
        linear(at.self_attention.linear[0], own.query, own.key, own.value)
        linear(at.self_attention.linear[1], own.out)
        norm(at.ffn.layer_norm, layer.around_forward.norm)
        linear(at.ffn.linear_0, layer.forward_part[0])
        linear(at.ffn.linear_1, layer.forward_part[3])

    table = numbers(network.positions.table)
    for side, embedding, layers, last in (
        (spec.encoder, network.source, network.encoder, network.encoder_norm),
        (spec.decoder, network.target, network.decoder, network.decoder_norm),
    ):
        (side.embeddings[0] if isinstance(side.embeddings, list) else side.embeddings).weight = numbers(
            embedding.weight
        )
        side.position_encodings.encodings = table
        norm(side.layer_norm, last)
        for at, layer in zip(side.layer, layers, strict=True):
            filled(at, layer)
            if side is spec.decoder:
                norm(at.attention.layer_norm, layer.around_cross.norm)
                linear(at.attention.linear[0], layer.cross.query)
                linear(at.attention.linear[1], layer.cross.key, layer.cross.value)
                linear(at.attention.linear[2], layer.cross.out)
    linear(spec.decoder.projection, network.output)
    words = [str(number) for number in range(VOCABULARY)]
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.config.unk_token, spec.config.bos_token, spec.config.eos_token = "1", "2", "3"
    spec.config.decoder_start_token = "2"
    spec.config.add_source_bos = spec.config.add_source_eos = False
    spec.validate()
    spec.optimize()
    folder.mkdir()
    spec.save(str(folder))
    return folder


def by_ctranslate2(given: argparse.Namespace, network: Any, sources: list[list[int]]) -> None:
    """Search with CTranslate2; prints a line of JSON, with the share of greedy tokens that are ours."""
    import ctranslate2
    import torch

    def written(beam: int, texts: list[list[int]]) -> list[list[int]]:
        found = translator.translate_batch(
            [[str(token) for token in text] for text in texts],
            beam_size=beam,
            max_decoding_length=given.length,
            min_decoding_length=given.length,
            length_penalty=0.6,
            max_batch_size=0,
        )
        return [[int(token) for token in each.hypotheses[0]] for each in found]

    with tempfile.TemporaryDirectory() as place:
        translator = ctranslate2.Translator(
            str(converted(network, Path(place) / "model")), intra_threads=given.threads, compute_type="float32"
        )
        with torch.inference_mode():
            ours = torch.full((len(sources), 1), 2)
            for _ in range(given.length):
                logits = network(torch.tensor(sources), torch.tensor([len(s) for s in sources]), ours)[:, -1]
                logits[:, 3] = -1e9  # no end: CTranslate2 is told to write so many
                ours = torch.cat([ours, logits.argmax(-1, keepdim=True)], dim=1)
        theirs = written(1, sources)
        same = sum(a == b for x, y in zip(ours[:, 1:].tolist(), theirs, strict=True) for a, b in zip(x, y, strict=True))
        times = []
        for _ in range(given.rounds):
            begin = time.perf_counter()
            found = written(given.beam, sources)
            times.append(time.perf_counter() - begin)
    tokens = sum(map(len, found))
    line = {"engine": given.one, "tokens": tokens, "tokens_a_second": round(tokens / min(times))}
    print(json.dumps({**line, "greedy_as_ours": round(same / ours[:, 1:].numel(), 3)}), flush=True)


def one(given: argparse.Namespace) -> None:
    """Search with one engine; prints a line of JSON."""
    sys.path[:0] = [str(Path(__file__).parents[1] / "plugins" / "text_seq2seq")]
    import numpy as np
    import torch

    from text_seq2seq.answering import Answerer
    from text_seq2seq.config import TextSeq2SeqConfig
    from text_seq2seq.export import DECODER, ENCODER, export_network, torch_graphs
    from text_seq2seq.networks import make
    from trasluz.core.inference.session import OnnxGraph
    from trasluz.torchkit.device import tune

    tune()
    torch.manual_seed(0)
    config = TextSeq2SeqConfig(network=given.network, width=given.width, layers=given.layers, max_tokens=100)
    network = make(config, sources=VOCABULARY, targets=VOCABULARY).eval()
    facts = {
        **network.facts(),
        "max_tokens": 100,
        "ratio": given.length / 20,
        "beam": given.beam,
        "length_penalty": 0.6,
        "long_texts": "cut",
    }
    with tempfile.TemporaryDirectory() as place:
        if given.one == "ctranslate2":
            draw = np.random.default_rng(0)
            by_ctranslate2(given, network, [draw.integers(4, VOCABULARY, 20).tolist() for _ in range(given.texts)])
            return
        graphs = torch_graphs(network)
        if given.one == "onnx":
            export_network(network, Path(place))
            graphs = tuple(OnnxGraph(Path(place) / name, "cpu") for name in (ENCODER, DECODER))  # type: ignore[assignment]
        answerer = Answerer(*graphs, Tokens(), Tokens(), facts)
        draw = np.random.default_rng(0)
        sources = [draw.integers(4, VOCABULARY, 20).tolist() for _ in range(given.texts)]
        with torch.inference_mode():
            answerer.search(sources[:2])
            times = []
            for _ in range(given.rounds):
                begin = time.perf_counter()
                found = answerer.search(sources)
                times.append(time.perf_counter() - begin)
    tokens = sum(len(each[0][0]) for each in found)
    print(
        json.dumps({"engine": given.one, "tokens": tokens, "tokens_a_second": round(tokens / min(times))}), flush=True
    )


def main() -> None:
    """Search with both, by turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=("rnn", "attention", "transformer"), default="transformer")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--texts", type=int, default=16)
    parser.add_argument("--length", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--one", choices=("onnx", "torch", "ctranslate2"), help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=0, help="of CTranslate2; 0: as it likes")
    parser.add_argument("--beside", choices=("ctranslate2",), help="another engine, by turns with the two")
    given = parser.parse_args()
    if given.beside and given.network != "transformer":
        parser.error("CTranslate2 runs Transformers only")
    if given.one:
        one(given)
        return
    for _ in range(given.turns):
        for engine in ("onnx", "torch", *filter(None, [given.beside])):
            subprocess.run([sys.executable, __file__, *sys.argv[1:], "--one", engine], check=True)


if __name__ == "__main__":
    main()
