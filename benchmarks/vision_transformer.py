"""The Vision Transformer's graphs: ONNX Runtime beside eager PyTorch at each batch, and what the attention maps cost.

`python benchmarks/vision_transformer.py [--size mini] [--resolution 64] [--patch 8] [--rounds 7] [--fused]`

With `--fused` also the same graph with attention fused in three ways, and after ONNX Runtime's transformer optimiser.

Everything runs in turns in one process and the least of the rounds counts; each engine gets the same threads. Photos go
in as uint8 of 100 × 100 pixels, and PyTorch prepares them by the program's own code.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "app"), str(ROOT / "plugins" / "vision_transformer")]

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402
from torch.nn import functional  # noqa: E402

from trasluz.torchkit.device import tune  # noqa: E402
from trasluz.torchkit.photos.facts import Preparation  # noqa: E402
from trasluz.torchkit.photos.squares import as_levels  # noqa: E402
from vision_transformer import drawing  # noqa: E402
from vision_transformer.drawing import attention_names, export_model  # noqa: E402
from vision_transformer.network import SIZES, VisionTransformer, sized  # noqa: E402

BATCHES = (1, 4, 16, 32)


def least(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least seconds of each, taken in turns."""
    found = {name: float("inf") for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn:  # the first one warms up
                found[name] = min(found[name], time.perf_counter() - start)
    return found


def session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class FusedPen(drawing.Pen):
    """Writes attention as one node of a kind."""

    kind = ""

    def attention(self, block: object, x: str, rotation: object, name: str) -> str:
        layer, out = block.attention.queries_keys_values, block.attention.out  # type: ignore[attr-defined]
        heads, weight, bias = self.shape.heads, drawing.array(layer.weight), drawing.array(layer.bias)
        if self.kind == "Attention":
            given = [x, self.constant(weight.T), self.constant(bias)]
            return self.linear(out, self.writer.node("Attention", *given, num_heads=heads, domain="com.microsoft"))
        three = zip(np.split(weight, 3), np.split(bias, 3), strict=True)
        parts = [self.affine(rows, those, x) for rows, those in three]
        if self.kind == "MultiHeadAttention":
            return self.linear(out, self.writer.node(self.kind, *parts, num_heads=heads, domain="com.microsoft"))
        return self.linear(out, self.writer.node("Attention", *parts, q_num_heads=heads, kv_num_heads=heads))


def fused(network: VisionTransformer, folder: Path, threads: int) -> Mapping[str, onnxruntime.InferenceSession]:
    """The graph with fused attention, by the way it is fused."""
    import onnx
    from onnx import helper
    from onnxruntime.transformers import optimizer

    found = {}
    for kind, opset in (("Attention", 18), ("MultiHeadAttention", 18), ("Attention of opset 23", 23)):
        pen = type("Pen", (FusedPen,), {"kind": kind})(network)
        read = pen.read(pen.encoded(pen.tokens()), "features")
        head = network.classifier
        logits = pen.writer.node("Gemm", read, pen.constant(head.weight), pen.constant(head.bias), transB=1)
        pen.writer.node("Softmax", logits, result="probabilities", axis=1)
        pen.writer.output("probabilities", ("images", head.out_features))
        pen.writer.output("features", ("images", network.shape.features))
        model = pen.writer.model(kind)
        del model.opset_import[:]
        model.opset_import.extend([helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)])
        onnx.save(model, str(folder / "fused.onnx"))
        found[kind] = session(folder / "fused.onnx", threads)
    heads, width = network.shape.heads, network.shape.width
    best = optimizer.optimize_model(str(folder / "model.onnx"), "vit", num_heads=heads, hidden_size=width, opt_level=0)
    print("the optimiser fused", {k: v for k, v in best.get_fused_operator_statistics().items() if v})
    best.save_model_to_file(str(folder / "optimised.onnx"))
    return found | {"the optimiser": session(folder / "optimised.onnx", threads)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=tuple(SIZES), default="mini")
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--patch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fused", action="store_true")
    asked = parser.parse_args()
    tune(threads=asked.threads)
    shape = sized(asked.size, size=asked.resolution, patch=asked.patch)
    network = VisionTransformer(shape, 10, Preparation(asked.resolution, (123.0,) * 3, (58.0,) * 3)).eval()
    names = attention_names(shape.depth)
    print(f"{asked.size}, {asked.resolution} pixels in patches of {asked.patch}, {asked.threads} thread(s)")
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        export_model(network, Path(folder) / "model.onnx")
        graph = session(Path(folder) / "model.onnx", asked.threads)
        others = fused(network, Path(folder), asked.threads) if asked.fused else {}
        draw = np.random.default_rng(0)
        for batch in BATCHES:
            photos = draw.integers(0, 256, (batch, 100, 100, 3), dtype=np.uint8)

            def eager(photos: np.ndarray = photos) -> object:
                levels = torch.stack([as_levels(photo, network.preparation) for photo in photos])
                return network(network.normalised(levels)).softmax(1)

            def onnx(wanted: tuple[str, ...] = (), photos: np.ndarray = photos) -> object:
                return graph.run(["probabilities", "features", *wanted], {"image": photos})

            calls = {"eager PyTorch": eager, "ONNX Runtime": onnx, "with attention": lambda: onnx(names)}
            for name, other in others.items():
                calls[name] = lambda other=other, photos=photos: other.run(None, {"image": photos})
            took = least(calls, asked.rounds)
            each = {name: 1000 * seconds / batch for name, seconds in took.items()}
            words = ", ".join(f"{name} {value:.2f} ms" for name, value in each.items())
            faster = took["eager PyTorch"] / took["ONNX Runtime"]
            more = took["with attention"] / took["ONNX Runtime"] - 1
            print(f"batch {batch:3}: {words} a photo; ONNX Runtime {faster:.2f}×, attention maps {more:+.0%}")
    attention = network.blocks[0].attention
    tokens = torch.randn(32, shape.leading + shape.grid**2, shape.width)
    made = attention.queries_keys_values(tokens).unflatten(-1, (3, shape.heads, -1)).permute(2, 0, 3, 1, 4).detach()

    def ours() -> object:
        q, k, v = made
        return functional.scaled_dot_product_attention(q, k, v)

    def by_hand() -> object:
        q, k, v = made
        return (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1) @ v

    took = least({"fused": ours, "by hand": by_hand}, asked.rounds)
    print(f"attention alone, 32 photos: fused {1000 * took['fused']:.2f} ms, by hand {1000 * took['by hand']:.2f} ms")


if __name__ == "__main__":
    main()
