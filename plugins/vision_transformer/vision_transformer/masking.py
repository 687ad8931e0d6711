"""Learning from photos without their labels: most patches are hidden, and the network says what is in them.

He et al., “Masked Autoencoders Are Scalable Vision Learners” (MAE), CVPR 2022: the encoder sees only the patches that
are left, a small decoder puts a learned token in the place of each hidden one and gives the pixels of all; what counts
is the squared difference of the hidden ones. Afterwards the decoder is kept for looking on, and the encoder learns the
classes. Pixels are matched as they are seen, and not normalised by patch, so that what it fills in can be looked at.

Shapes: B photos, N patches of P × P, V of them visible, L leading tokens, W the width, U that of the decoder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trasluz.api import DataError, Note, Record, TrainContext
from trasluz.torchkit.photos.graph import IMAGE, Writer
from trasluz.torchkit.plan import Validation

from .config import VisionTransformerConfig
from .drawing import Pen, draw_layers
from .network import Block, VisionTransformer, sinusoids

DECODER = {"width": 96, "depth": 2, "heads": 3}
"""Small, as what it learns is thrown away: MAE's is an eighth of its encoder."""
VAL_AT_MOST = 256
BATCH = 32
GRAPH, FILE = "reconstruction", "reconstruction.onnx"
VISIBLE, RESTORE, PIXELS = "visible", "restore", "pixels"
WITHOUT_LABEL = ""
"""The target of a photo of which nobody said what it shows."""
FASTER = 1.5
"""Times the learning rate: nothing that is known can be spoilt."""


class MaskedAutoencoder(nn.Module):
    """An encoder that sees some patches, and a decoder that says what the others are.

    Args:
        network: The encoder; its classifier is not used.
        hidden: The share of patches that is hidden.
    """

    def __init__(self, network: VisionTransformer, hidden: float) -> None:
        super().__init__()
        shape = network.shape
        self.network = network
        self.patches = shape.grid**2
        self.visible = max(1, min(self.patches - 1, round(self.patches * (1 - hidden))))
        width = DECODER["width"]
        plan = replace(
            shape, width=width, depth=DECODER["depth"], heads=DECODER["heads"], hidden=4 * width, layer_scale=None
        )
        self.narrow = nn.Linear(shape.width, width)
        self.hidden_token = nn.Parameter(torch.zeros(width))
        self.register_buffer("places", sinusoids(shape.grid, width))
        self.blocks = nn.ModuleList(Block(plan) for _ in range(plan.depth))
        self.norm = nn.LayerNorm(width, eps=shape.epsilon)
        self.pixels = nn.Linear(width, 3 * shape.patch**2)
        nn.init.trunc_normal_(self.hidden_token, std=0.02)

    def decode(self, tokens: Tensor, order: Tensor) -> Tensor:
        """Encoded leading and visible tokens (B, L + V, W) and the order (B, N) → pixels (B, N, 3·P²).

        The first V of an order are the patches that are visible, in the order in which their tokens come.
        """
        leading = self.network.shape.leading
        known = self.narrow(tokens)
        lacking = self.hidden_token.expand(len(known), self.patches - (known.shape[1] - leading), -1)
        shuffled = torch.cat([known[:, leading:], lacking], dim=1)
        back = order.argsort(dim=1)[:, :, None].expand_as(shuffled)
        x = torch.cat([known[:, :leading], shuffled.gather(1, back) + self.places], dim=1)
        for block in self.blocks:
            x = block(x)
        result: Tensor = self.pixels(self.norm(x[:, leading:]))
        return result

    def forward(self, photos: Tensor, order: Tensor) -> Tensor:
        """The mean squared difference of the hidden patches of photos (B, 3, S, S), normalised, under orders (B, N)."""
        shown = order[:, : self.visible]
        tokens = self.network.embedding.patch_tokens(photos)
        some = tokens.gather(1, shown[:, :, None].expand(-1, -1, tokens.shape[2]))
        leading = self.network.embedding.leading_tokens(len(photos))
        aside = torch.arange(leading.shape[1], device=photos.device).expand(len(photos), -1)
        kept = torch.cat([aside, shown + leading.shape[1]], dim=1)
        encoded = self.network.encode(torch.cat([leading, some], dim=1), kept)
        apart = (self.decode(encoded, order) - cut(photos, self.network.shape.patch)).square().mean(dim=2)  # (B, N)
        hidden = order[:, self.visible :]
        return apart.gather(1, hidden).mean()


def cut(photos: Tensor, patch: int) -> Tensor:
    """The pixels of each patch: (B, 3, S, S) → (B, N, 3·P²)."""
    return nn.functional.unfold(photos, patch, stride=patch).transpose(1, 2)


def orders(photos: int, patches: int, generator: torch.Generator | None = None) -> Tensor:
    """A random order of the patches for each photo, (B, N)."""
    return torch.rand(photos, patches, generator=generator).argsort(dim=1)


class _Step:
    def __init__(self, network: VisionTransformer, patches: int) -> None:
        self._network, self._patches = network, patches

    def __call__(self, model: nn.Module, batch: Sequence[Tensor]) -> tuple[Tensor, Mapping[str, float]]:
        photos = self._network.normalised(batch[0].permute(0, 3, 1, 2))
        return model(photos, orders(len(photos), self._patches).to(photos.device)), {}


class _Check:
    """The same difference on val photos, with the same patches hidden each time."""

    def __init__(self, context: TrainContext, network: VisionTransformer, patches: int) -> None:
        records = context.dataset.records("val") or context.dataset.records("train")
        self._records: Sequence[Record] = [records[int(i)] for i in _spread(len(records))]
        self._context, self._network, self._patches = context, network, patches
        self._photos: Tensor | None = None

    def _levels(self) -> Tensor:
        from trasluz.torchkit.photos.squares import as_levels

        found = []
        for record in self._records:
            try:
                image = self._context.dataset.read(record).array(IMAGE)
            except DataError:
                continue
            found.append(as_levels(image, self._network.preparation).round().clamp(0, 255).byte())
        if not found:
            raise DataError("None of the val photos could be read; look at the list of problems on the Data page.")
        return torch.stack(found)

    def __call__(self, model: nn.Module) -> Validation:
        if self._photos is None:
            self._photos = self._levels()
        device = next(model.parameters()).device
        draw = torch.Generator().manual_seed(0)
        losses, counts = [], []
        for some in self._photos.split(BATCH):
            order = orders(len(some), self._patches, draw).to(device)
            losses.append(float(model(self._network.normalised(some.to(device)), order)))
            counts.append(len(some))
        return Validation({"difference": float(np.average(losses, weights=counts))})


def pretrain(context: TrainContext, network: VisionTransformer, labels: Sequence[str]) -> MaskedAutoencoder:
    """Let the encoder learn from the train photos without their labels; returns it with its decoder.

    Raises:
        TrainingStopped: If the person asked to pause.
    """
    from trasluz.torchkit import optim
    from trasluz.torchkit.device import resolve
    from trasluz.torchkit.loop import fit
    from trasluz.torchkit.photos.learning import photo_batches
    from trasluz.torchkit.plan import Plan

    config = context.config
    assert isinstance(config, VisionTransformerConfig)
    records = _learned_from(context, config)
    whole = MaskedAutoencoder(network, config.hidden)
    whole.to(device=resolve(context.device))
    # Cropping and mirroring are all that MAE needs: the hiding alters enough.
    plain = config.model_copy(update={"mixing": "none", "erasing": 0.0, "augmentation": min(0.4, config.augmentation)})
    parts = [optim.Part("encoder and decoder", (whole,), config.learning_rate * FASTER)]
    network.classifier.requires_grad_(False)
    outcome = fit(
        context,
        module=whole,
        step=_Step(network, whole.patches),
        batches=photo_batches(context, network.preparation, records, [*labels, WITHOUT_LABEL], plain),
        validate=_Check(context, network, whole.patches),
        optimiser=optim.optimiser(optim.parameter_groups(parts, weight_decay=config.weight_decay), betas=(0.9, 0.95)),
        plan=Plan(
            epochs=max(1, round(config.epochs * config.masked_share)),
            metric="difference",
            higher_is_better=False,
            patience=None,
            schedule=optim.warmup_cosine(config.warmup),
            average=config.averaging or None,
            seed=config.seed,
            stage="Filling in hidden patches",
            unit="photos",
            reserve_seconds=1.0,
            identity={
                "settings": config.model_dump(mode="json", exclude={"minutes", "backbone", "teacher"}),
                "way": f"masked {len(records)}",
                "data": context.dataset.fingerprint,
            },
        ),
    )
    network.classifier.requires_grad_(True)
    first, last = outcome.history[0]["difference"], outcome.metrics["difference"]
    context.emit(
        Note(
            sentence=f"After {outcome.passes:.3g} passes without labels the hidden patches of val photos differ by "
            f"{last:.3f} from what it fills in, in squared standard deviations of the colours; it began with "
            f"{first:.3f}.",
            facts={"first_difference": first, "last_difference": last},
        )
    )
    return whole


def _learned_from(context: TrainContext, config: VisionTransformerConfig) -> Sequence[Record]:
    """The train photos, and those of the folder without labels where there is one."""
    records = context.dataset.records("train")
    if not config.unlabelled.strip():
        return records
    more = context.dataset.unlabelled(Path(config.unlabelled.strip()))
    sentence = f"It learns without labels from {len(more):,} photos of “{config.unlabelled.strip()}” too."
    context.emit(Note(sentence=sentence, facts={"unlabelled": len(more), "labelled": len(records)}))
    return [*records, *more]


def export_reconstruction(whole: MaskedAutoencoder, path: Path) -> None:
    """Write the graph that fills in hidden patches.

    `image` (images, height, width, 3) uint8, `visible` (V,) int64: the patches that are seen, `restore` (N,) int64:
    where each patch lies among the visible and then the hidden ones → `pixels` (images, N, 3·P²), levels from 0 to 255,
    channel by channel.
    """
    writer = Writer()
    pen = Pen(whole.network, writer)
    shape, width = whole.network.shape, DECODER["width"]
    writer.input(VISIBLE, np.int64, ("visible_patches",))
    writer.input(RESTORE, np.int64, (whole.patches,))
    seen = pen.with_leading(writer.node("Gather", pen.patch_tokens(), VISIBLE, axis=1))
    rotation = None
    if whole.network.rotation is not None:
        aside = pen.integers(*range(shape.leading))
        moved = writer.node("Add", VISIBLE, pen.integers(shape.leading))
        rows = writer.node("Concat", aside, moved, axis=0)
        cosine, sine = (pen.constant(each) for each in whole.network.rotation)
        rotation = writer.node("Gather", cosine, rows, axis=0), writer.node("Gather", sine, rows, axis=0)
    known = pen.linear(whole.narrow, pen.encoded(seen, rotation=rotation))
    end = np.iinfo(np.int64).max
    leading = pen.some(known, 0, shape.leading)
    visible = pen.some(known, shape.leading, int(end))
    photos = writer.node("Shape", known, start=0, end=1)
    size = writer.node("Concat", photos, pen.integers(whole.patches, width), axis=0)
    lacking = writer.node("Expand", pen.constant(whole.hidden_token), size)
    shuffled = writer.node("Concat", visible, lacking, axis=1)  # more hidden ones than needed; the rest is not taken
    placed = writer.node("Add", writer.node("Gather", shuffled, RESTORE, axis=1), pen.constant(whole.places))
    x = draw_layers(pen, list(whole.blocks), writer.node("Concat", leading, placed, axis=1))
    made = pen.linear(whole.pixels, pen.norm(whole.norm, pen.some(x, shape.leading, int(end))))
    mean, std = (np.repeat(np.array(each, np.float32), shape.patch**2) for each in _colours(whole.network))
    levels = writer.node("Add", writer.node("Mul", made, pen.constant(std)), pen.constant(mean))
    positive = writer.node("Max", levels, pen.constant(np.zeros(1, np.float32)))
    writer.node("Min", positive, pen.constant(np.full(1, 255, np.float32)), result=PIXELS)
    writer.output(PIXELS, ("images", whole.patches, 3 * shape.patch**2))
    writer.save(path, "Masked autoencoder")


def _colours(network: VisionTransformer) -> tuple[Any, Any]:
    return network.preparation.mean, network.preparation.std


def _spread(count: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, VAL_AT_MOST)).round()).astype(int)
