"""What can be seen in a Vision Transformer: its patches, what looked at what, and what it learned of places."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from trasluz.api import Explainer, Heatmap, ModelCard, Overlay, Predictor, Sample, SampleItem, Samples
from trasluz.torchkit.photos.explain import LearnedParts, Nearest, WhyThese, over_photo, shown
from trasluz.torchkit.photos.graph import IMAGE, PROBABILITIES
from trasluz.torchkit.photos.squares import middle_square

from .attending import CLASS, RELEVANCE, distances, rollout, to_patches
from .drawing import attention_names
from .seen import FILTERS, SEEN, SHARES, SIMILARITY

FAMILY = "vision-transformer"
ALL_HEADS = "all heads"
RECONSTRUCTION = "reconstruction"
"""The graph of the masked autoencoder."""
FILTERS_ACROSS = 7


class OfThisFamily(Explainer):
    """Applies to all models of this family."""

    def applies(self, card: ModelCard) -> bool:
        """Whether it is one of this family's models."""
        return card.family == FAMILY


class Rollout(OfThisFamily):
    """Attention rolled out over all layers, from the classification token to the photo."""

    id = "vit-rollout"
    title = "Attention through all layers"
    sentence = "Heat over the photo: from which patches the answer took, followed through all layers."

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Overlay:
        """Make the view."""
        layers, outputs = attention(predictor, sample)
        heat = to_patches(rollout(layers)[0], leading(predictor.card))
        best = int(outputs[PROBABILITIES].argmax())
        answer = f"“{predictor.card.labels[best]}”: {outputs[PROBABILITIES][best]:.1%}"
        caption = f"{answer}. From where the answer took, not what spoke for it."
        return over(sample, heat, "Attention through all layers", caption)


class Relevance(OfThisFamily):
    """What speaks for a class, followed back through all layers (Chefer et al., ICCV 2021)."""

    id = "vit-relevance"
    title = "What speaks for a class"
    sentence = "Heat over the photo: the patches whose attention raised the score of a class."

    def applies(self, card: ModelCard) -> bool:
        """Whether the graph of relevance lies beside the model; very large networks have none."""
        return super().applies(card) and any(graph.name == RELEVANCE for graph in card.graphs)

    def choices(self, card: ModelCard) -> Sequence[str]:
        """The classes."""
        return card.labels

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Overlay:
        """Make the view for a class, or for the likeliest one."""
        labels = list(predictor.card.labels)
        if choice is not None and choice not in labels:
            raise ValueError(f"“{choice}” is not one of the model's classes: {', '.join(labels)}.")
        shares = predictor.outputs([sample])[0][PROBABILITIES]
        number = int(shares.argmax()) if choice is None else labels.index(choice)
        feeds = {IMAGE: sample.array(IMAGE)[None], CLASS: np.array([number], np.int64)}
        row = predictor.model.graph(RELEVANCE).run(feeds, [RELEVANCE])[RELEVANCE][0]
        caption = (
            f"“{labels[number]}”: {shares[number]:.1%}. Attention, by how much it raised this class.{beside(sample)}"
        )
        return over(sample, to_patches(row, 0), f"What speaks for “{labels[number]}”", caption)


class ClassAttention(OfThisFamily):
    """What the classification token takes from each patch, in one layer and head."""

    id = "vit-attention"
    title = "Attention, layer by layer"
    sentence = "From which patches the classification token takes in one layer, by one head or all of them."

    def choices(self, card: ModelCard) -> Sequence[str]:
        """Each layer, the last one first, with all heads and with each."""
        shape = card.extra["network"]
        heads = [ALL_HEADS, *(f"head {number}" for number in range(1, shape["heads"] + 1))]
        return [f"layer {layer}, {head}" for layer in range(shape["depth"], 0, -1) for head in heads]

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Overlay:
        """Make the view of a layer and head; of the last layer with all heads where nothing is chosen."""
        choices = self.choices(predictor.card)
        choice = choice or choices[0]
        if choice not in choices:
            raise ValueError(f"“{choice}” is not one of the layers and heads; they are “{choices[0]}” and so on.")
        layer, _, head = choice.removeprefix("layer ").partition(", ")
        weights = attention(predictor, sample)[0][int(layer) - 1]  # (H, T, T)
        row = weights.mean(axis=0)[0] if head == ALL_HEADS else weights[int(head.removeprefix("head ")) - 1, 0]
        aside = leading(predictor.card)
        caption = f"{row[aside:].sum():.0%} from the patches, {row[aside:].max():.1%} from one alone.{beside(sample)}"
        return over(sample, to_patches(row, aside), f"Classification token, {choice}", caption)


class PatchAttention(OfThisFamily):
    """What one patch takes from all others."""

    id = "vit-patch-attention"
    title = "What a patch looks at"
    sentence = "Click on a patch: the heat shows from which others it takes, on average over all layers and heads."

    def choices(self, card: ModelCard) -> Sequence[str]:
        """The patches, row by row."""
        grid = card.extra["network"]["size"] // card.extra["network"]["patch"]
        return [f"row {row}, column {column}" for row in range(1, grid + 1) for column in range(1, grid + 1)]

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Overlay:
        """Make the view of a patch; of the one that the classification token looked at most where none is chosen."""
        layers, _ = attention(predictor, sample)
        aside, choices = leading(predictor.card), self.choices(predictor.card)
        if choice is None:
            number = int(rollout(layers)[0, aside:].argmax())
        elif choice in choices:
            number = choices.index(choice)
        else:
            raise ValueError(f"“{choice}” is not one of the patches; they are “{choices[0]}” to “{choices[-1]}”.")
        row = np.mean([weights.mean(axis=0)[aside + number] for weights in layers], axis=0)
        others = row.copy()
        others[aside + number] = 0
        caption = f"It takes {row[aside + number]:.1%} from itself; the mark is where it lies.{beside(sample)}"
        heat = to_patches(others, aside)
        view = over(sample, heat, f"The patch in {choices[number]}", caption)
        return Overlay(view.title, marked(view.image, number, len(heat)), view.heat, view.caption, cells=len(heat))


class Patches(OfThisFamily):
    """The patches that the photo is cut into."""

    id = "vit-patches"
    title = "The patches"
    sentence = "The photo as the network gets it: the square in its middle, brought to its size and cut into patches."

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Overlay:
        """Make the view."""
        shape = predictor.card.extra["network"]
        side, patch = shape["size"], shape["patch"]
        levels = small_square(sample.array(IMAGE), side)
        grid, scale = side // patch, max(1, round(640 / side))
        gap = max(2, scale * patch // 10)
        tile = scale * patch
        picture = np.full((grid * (tile + gap) - gap,) * 2 + (3,), 128, np.uint8)
        big = levels.repeat(scale, axis=0).repeat(scale, axis=1)
        for row in range(grid):
            for column in range(grid):
                down, across = row * (tile + gap), column * (tile + gap)
                picture[down : down + tile, across : across + tile] = big[
                    row * tile : (row + 1) * tile, column * tile : (column + 1) * tile
                ]
        tokens = grid * grid + leading(predictor.card)
        return Overlay(
            title=self.title,
            image=picture,
            heat=np.zeros((0, 0), np.float32),
            caption=f"{grid} × {grid} patches of {patch} × {patch} pixels; {tokens} tokens with the network's own.",
        )


class HeadDistances(OfThisFamily):
    """How far each head of each layer looks in this photo."""

    id = "vit-distances"
    title = "How far the heads look"
    sentence = "The mean distance between a patch and those that it takes from, for each head of each layer, in pixels."

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Heatmap:
        """Make the view."""
        shape = predictor.card.extra["network"]
        found = distances(attention(predictor, sample)[0], leading(predictor.card), shape["patch"])
        return Heatmap(
            title=f"Mean attention distance, of {shape['size']} pixels",
            values=np.sort(found, axis=1).astype(np.float32),
            row_labels=[str(number) for number in range(1, len(found) + 1)],
            column_labels=[str(number) for number in range(1, found.shape[1] + 1)],
            row_title="layer",
            column_title="heads, the nearest first",
        )


class PositionSimilarity(OfThisFamily):
    """How alike the positions of patches are."""

    id = "vit-positions"
    title = "What it knows of places"
    sentence = "For each patch a small map: how alike the positions of all patches are to its own."

    def applies(self, card: ModelCard) -> bool:
        """Whether positions are added to the patches."""
        return super().applies(card) and SEEN in card.files and card.extra["network"]["positions"] != "rotary"

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Heatmap:
        """Make the view; it is the same for each photo."""
        found = of_file(predictor, SIMILARITY).astype(np.float32)
        grid = round(len(found) ** 0.5)
        lowest = float(found.min())
        mosaic = np.full((grid * (grid + 1) - 1,) * 2, lowest, np.float32)
        for number, row in enumerate(found):
            down, across = (each * (grid + 1) for each in divmod(number, grid))
            mosaic[down : down + grid, across : across + grid] = row.reshape(grid, grid)
        return Heatmap(
            title=f"Similarity of positions, from {lowest:.2f} to 1",
            values=mosaic,
            row_title="rows of patches",
            column_title="columns of patches",
        )


class PatchFilters(OfThisFamily):
    """The principal components of the patch embedding."""

    id = "vit-filters"
    title = "What patches look for"
    sentence = "The patterns by which patches are told apart first: principal components of the patch embedding."

    def applies(self, card: ModelCard) -> bool:
        """Whether they lie beside the model."""
        return super().applies(card) and SEEN in card.files

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Overlay:
        """Make the view; it is the same for each photo."""
        found, shares = of_file(predictor, FILTERS), of_file(predictor, SHARES)
        scale = max(1, 80 // found.shape[1])
        side, gap = scale * found.shape[1], 8
        rows = -(-len(found) // FILTERS_ACROSS)
        whole = np.full((rows * (side + gap) - gap, FILTERS_ACROSS * (side + gap) - gap, 3), 255, np.uint8)
        for number, pattern in enumerate(found):
            levels = 127.5 + 127.5 * pattern / max(float(np.abs(pattern).max()), 1e-12)
            down, across = (each * (side + gap) for each in divmod(number, FILTERS_ACROSS))
            tile = levels.round().astype(np.uint8).repeat(scale, axis=0).repeat(scale, axis=1)
            whole[down : down + side, across : across + side] = tile
        return Overlay(
            title=self.title,
            image=whole,
            heat=np.zeros((0, 0), np.float32),
            caption=f"Row by row, the first tells most apart; together {shares.sum():.0%}. Grey is nothing.",
        )


class Reconstruction(OfThisFamily):
    """What a masked autoencoder makes of the patches that it does not see."""

    id = "vit-reconstruction"
    title = "What it fills in"
    sentence = "Most patches of the photo are hidden, and the network says what is in them, as it learned to."

    def applies(self, card: ModelCard) -> bool:
        """Whether it learned without labels first."""
        return super().applies(card) and any(graph.name == RECONSTRUCTION for graph in card.graphs)

    def choices(self, card: ModelCard) -> Sequence[str]:
        """Ways of hiding."""
        return tuple(f"other patches, {number}" for number in range(1, 6))

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Samples:
        """Make the view: the photo, what is left of it, and what is filled in."""
        shape, choices = predictor.card.extra["network"], self.choices(predictor.card)
        if choice is not None and choice not in choices:
            raise ValueError(f"“{choice}” is not one of {', '.join(choices)}.")
        side, patch = shape["size"], shape["patch"]
        grid = side // patch
        draw = np.random.default_rng(0 if choice is None else choices.index(choice) + 1)
        order = draw.permutation(grid * grid)
        count = max(1, round(len(order) * (1 - float(predictor.card.extra["hidden"]))))
        feeds = {
            IMAGE: sample.array(IMAGE)[None],
            "visible": order[:count].astype(np.int64),
            "restore": order.argsort().astype(np.int64),
        }
        made = predictor.model.graph(RECONSTRUCTION).run(feeds, ["pixels"])["pixels"][0]  # (N, 3·P²)
        photo = small_square(sample.array(IMAGE), side)
        filled = made.reshape(grid, grid, 3, patch, patch).transpose(0, 3, 1, 4, 2).reshape(side, side, 3)
        seen = np.zeros(grid * grid, bool)
        seen[order[:count]] = True
        shown_here = np.kron(seen.reshape(grid, grid), np.ones((patch, patch), bool))[:, :, None]
        whole = np.where(shown_here, photo, filled.round().astype(np.uint8))
        scale = max(1, 256 // side)
        items = [
            SampleItem(name=name, image=np.ascontiguousarray(image.repeat(scale, axis=0).repeat(scale, axis=1)))
            for name, image in (
                ("the picture", photo),
                ("what it sees", np.where(shown_here, photo, np.uint8(128))),
                ("what it fills in", whole),
            )
        ]
        return Samples(
            title=self.title,
            items=items,
            caption=f"It sees {count} of {len(order)} patches; the others are its guess.",
        )


class NearestPhotos(Nearest):
    """The training photos most like the photo."""

    id = "vit-nearest-photos"
    family = FAMILY


class WhatLearned(LearnedParts):
    """Which parts learned."""

    id = "vit-learned"
    sentence = "The parts of the network, and which of them learned from the photos."
    family = FAMILY


class WhyThisStart(WhyThese):
    """Where the data stood when the start was chosen."""

    id = "vit-start-table"
    title = "Why this start"
    sentence = "How much data there was, how far it is from ImageNet, and the start that goes with that place."
    family = FAMILY


def beside(sample: Sample) -> str:
    """That it does not see all of a photo, where the photo is no square: the end of a caption."""
    height, width = sample.array(IMAGE).shape[:2]
    return "" if height == width else " It sees the middle square."


def attention(predictor: Predictor, sample: Sample) -> tuple[list[np.ndarray], Any]:
    """The attention of all layers, (H, T, T) each, and all outputs."""
    outputs = predictor.explaining_outputs(sample)
    return [outputs[name] for name in attention_names(predictor.card.extra["network"]["depth"])], outputs


def leading(card: ModelCard) -> int:
    """Tokens before the patches."""
    shape = card.extra["network"]
    return 1 + int(shape["distillation_token"]) + int(shape["registers"])


def over(sample: Sample, heat: np.ndarray, title: str, caption: str) -> Overlay:
    """Heat of the patches over the photo."""
    image = sample.array(IMAGE)
    return Overlay(title=title, image=shown(image), heat=over_photo(heat, *image.shape[:2]), caption=caption)


def small_square(image: np.ndarray, side: int) -> np.ndarray:
    """The middle square as the network gets it: (side, side, 3) uint8."""
    from PIL import Image

    rows, columns = middle_square(*image.shape[:2])
    square = Image.fromarray(np.ascontiguousarray(image[rows, columns]))
    return np.asarray(square.resize((side, side), Image.Resampling.BILINEAR))


def marked(image: np.ndarray, number: int, grid: int) -> np.ndarray:
    """A copy of the photo with a frame round one of the patches of its middle square."""
    picture = image.copy()
    rows, columns = middle_square(*image.shape[:2])
    side = (rows.stop - rows.start) / grid
    row, column = divmod(number, grid)
    top, left = round(rows.start + row * side), round(columns.start + column * side)
    bottom, right = round(rows.start + (row + 1) * side), round(columns.start + (column + 1) * side)
    line = max(1, round(side / 16))
    for colour, inset in ((255, 0), (0, line)):
        for edge in (
            (slice(top + inset, top + inset + line), slice(left + inset, right - inset)),
            (slice(bottom - inset - line, bottom - inset), slice(left + inset, right - inset)),
            (slice(top + inset, bottom - inset), slice(left + inset, left + inset + line)),
            (slice(top + inset, bottom - inset), slice(right - inset - line, right - inset)),
        ):
            picture[edge] = colour
    return picture


def of_file(predictor: Predictor, name: str) -> np.ndarray:
    """What lies beside the model under a name."""
    with np.load(predictor.model.folder / predictor.card.files[SEEN], allow_pickle=False) as kept:
        found: np.ndarray = kept[name]
    return found


EXPLAINERS: tuple[Explainer, ...] = (
    Relevance(),
    Rollout(),
    ClassAttention(),
    PatchAttention(),
    Patches(),
    HeadDistances(),
    PositionSimilarity(),
    PatchFilters(),
    Reconstruction(),
    NearestPhotos(),
    WhatLearned(),
    WhyThisStart(),
)
