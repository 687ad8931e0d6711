"""The Vision Transformer by itself: shapes, positions, and the same numbers in ONNX as in PyTorch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from trasluz.torchkit.photos.facts import Preparation
from trasluz.torchkit.photos.squares import as_batch
from vision_transformer.attending import distances, rollout
from vision_transformer.drawing import attention_names, export_model
from vision_transformer.network import Shape, VisionTransformer, at_resolution, rotated, sized
from vision_transformer.relevance import export_relevance

TINY = Shape(size=32, patch=8, width=32, depth=2, heads=2, hidden=48)
SHAPES = {
    "plain": TINY,
    "waves, registers": replace(TINY, positions="sinusoidal", registers=3),
    "rotary, layer scale": replace(TINY, positions="rotary", layer_scale=0.5, registers=1),
    "distilled": replace(TINY, distillation_token=True, reads="class+distillation"),
    "mean": replace(TINY, reads="class+mean", registers=2),
}


def network(shape: Shape, classes: int = 5) -> VisionTransformer:
    torch.manual_seed(0)
    made = VisionTransformer(shape, classes, Preparation(shape.size, (100.0, 110.0, 120.0), (50.0, 60.0, 70.0)))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return made.eval()


def photos(count: int = 3) -> list[np.ndarray]:
    draw = np.random.default_rng(0)
    return [draw.integers(0, 256, (50, 41, 3), dtype=np.uint8) for _ in range(count)]


@pytest.mark.parametrize("name", SHAPES)
def test_the_graph_gives_what_the_network_gives(name: str, tmp_path: Path) -> None:
    made = network(SHAPES[name])
    export_model(made, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    names = ["probabilities", "features", *attention_names(2)]
    found = dict(zip(names, session.run(names, {"image": np.stack(photos())}), strict=True))
    with torch.inference_mode():
        seen = as_batch(photos(), made)
        assert np.allclose(found["probabilities"], made(seen).softmax(1), atol=1e-5)
        assert np.allclose(found["features"], made.features(seen), atol=2e-5)
        for mine, theirs in zip(made.attention(seen), attention_names(2), strict=True):
            assert np.allclose(found[theirs], mine, atol=1e-5)
            assert np.allclose(found[theirs].sum(-1), 1, atol=1e-5)


@pytest.mark.parametrize("name", SHAPES)
def test_the_graph_of_relevance_has_the_gradients_of_pytorch(name: str, tmp_path: Path) -> None:
    """R as Chefer et al. define it, with PyTorch's own gradients of the attention, against the graph."""
    made, number = network(SHAPES[name]), 3
    export_relevance(made, tmp_path / "r.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "r.onnx"), providers=["CPUExecutionProvider"])
    feeds = {"image": np.stack(photos()), "class": np.array([number])}
    found = session.run(["relevance"], feeds)[0]
    seen = as_batch(photos(), made)
    tokens, weights = made.embedding(seen), []
    for block in made.blocks:
        normed = block.before_attention(tokens)
        a = block.attention.weights(normed, made.rotation)
        a.retain_grad()
        weights.append(a)
        v = block.attention._split(normed, made.rotation)[2]
        out = block.attention.out((a @ v).transpose(1, 2).flatten(2))
        tokens = tokens + block._added(out, block.attention_scale)
        inner = torch.nn.functional.gelu(block.widen(block.before_perceptron(tokens)))
        tokens = tokens + block._added(block.narrow(inner), block.perceptron_scale)
    made.classifier(made.read(made.norm(tokens)))[:, number].sum().backward()
    count, leading = tokens.shape[1], made.shape.leading
    relevance = torch.eye(count)
    for a in weights:
        relevance = relevance + (a * a.grad).clamp(min=0).mean(1) @ relevance
    own = relevance - torch.eye(count)
    read = {"class": own[:, :1], "class+distillation": own[:, :2]}.get(made.shape.reads)
    rows = read if read is not None else torch.cat([own[:, :1], own[:, leading:].mean(1, keepdim=True)], 1)
    expected = rows.sum(1)[:, leading:].detach().numpy()
    assert expected.max() > 1e-4
    assert np.allclose(found, expected, atol=1e-5 + 1e-3 * expected.max())


def test_the_fused_attention_is_the_attention_that_is_shown() -> None:
    made = network(TINY)
    block, tokens = made.blocks[0], torch.randn(2, 17, 32)
    _, _, v = block.attention._split(tokens, None)
    by_hand = block.attention.out((block.attention.weights(tokens) @ v).transpose(1, 2).flatten(2))
    assert torch.allclose(block.attention(tokens), by_hand, atol=1e-6)


def test_published_sizes_have_their_published_weights() -> None:
    """Table 1 of DeiT (Ti 5.7 M, S 22 M with the classifier of ImageNet) and of the ViT paper (B 86 M)."""
    for name, millions in (("tiny", 5.7), ("small", 22.1), ("base", 86.6)):
        with torch.device("meta"):
            made = VisionTransformer(sized(name, size=224, patch=16), 1000, Preparation(224, (0,) * 3, (1,) * 3))
        assert sum(p.numel() for p in made.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary"])
def test_it_sees_larger_photos_with_the_same_weights(positions: str) -> None:
    made = network(replace(TINY, positions=positions))
    larger = at_resolution(made, 48)
    assert larger.shape.grid == 6
    assert larger(torch.zeros(1, 3, 48, 48)).shape == (1, 5)
    back = at_resolution(made, 32)
    assert torch.allclose(back(torch.ones(1, 3, 32, 32)), made(torch.ones(1, 3, 32, 32)), atol=1e-6)


def test_what_rotary_positions_say_is_only_the_distance() -> None:
    made = network(replace(TINY, positions="rotary", registers=0))
    q, k = torch.randn(16), torch.randn(16)
    every = rotated(q.expand(1, 1, 17, 16), made.rotation)[0, 0, 1:].reshape(4, 4, 16)
    keys = rotated(k.expand(1, 1, 17, 16), made.rotation)[0, 0, 1:].reshape(4, 4, 16)
    assert torch.allclose(every[0, 1] @ keys[2, 2], every[1, 2] @ keys[3, 3], atol=1e-5)
    assert not torch.allclose(every[0, 1] @ keys[2, 2], every[0, 1] @ keys[3, 3], atol=1e-3)


def test_skipped_layers_keep_the_mean_and_are_all_there_in_use() -> None:
    made = network(TINY)
    made.skip_blocks(0.5)
    assert [block.skipped for block in made.blocks] == [0.0, 0.5]
    x = torch.randn(1, 3, 32, 32)
    assert torch.equal(made(x), made(x))
    block = made.blocks[1].train()
    ones = torch.ones(4000, 1, 1)
    assert float(block._added(ones, None).mean()) == pytest.approx(1, abs=0.1)


def test_rollout_and_distances_of_attention_that_is_known() -> None:
    """Uniform attention stays uniform beside the residual; attention to oneself reaches nowhere."""
    uniform = np.full((2, 5, 5), 0.2)
    rolled = rollout([uniform])
    assert np.allclose(rolled.sum(1), 1)
    assert rolled[0, 0] == pytest.approx(0.6)
    assert rolled[0, 1] == pytest.approx(0.1)
    own = np.eye(5)[None]
    assert distances([own], 1, 8)[0, 0] == pytest.approx(0)
    assert distances([uniform], 1, 8)[0, 0] == pytest.approx((0 + 8 + 8 + 8 * 2**0.5) / 4)
