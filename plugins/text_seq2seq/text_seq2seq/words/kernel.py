"""One step of word2vec over a stretch of text, as a few matrix products.

The usual program walks from word to word and from context to context with vectors of a hundred numbers. Here a stretch
is cut into blocks of neighbouring words. All pairs of a block, within and without the window, are one product of two
small matrices, and a mask leaves the pairs that count; each word's vectors are fetched once for all of its pairs. The
words of a block share what is drawn as noise (Ji et al. 2016, “Parallelizing word2vec in shared and distributed
memory”), weighted so that each pair has as much of it as `negatives` says. Vectors change once a stretch, all at once.

What is summed up was worked out before anything changed, so a word that is met very often in one stretch, or drawn as
noise, would be thrown past its place. So the learning rates of all its pairs add up to so much at the most (`_shares`).

Shapes: L words of a stretch, K blocks of B words, W words to each side, N drawn as noise, D numbers, V words known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

BLOCK = 16
"""B: more wastes arithmetic on pairs out of the window, less wastes it on small products."""
NOISE = {"skip-gram": 32, "cbow": 8}
"""N for a block: a word of skip-gram has six times as many pairs, and a word of noise should not count for too many."""
MOST_READ, MOST_EXPECTED = 4.0, 1.0
"""What the learning rates of a word add up to at the most in one stretch, as it is read and as it is expected."""
NOBODY = -1
"""The paragraph of what stands beyond a stretch."""


@dataclass(slots=True)
class Space:
    """The two vectors of each word: as it is read, and as it is expected.

    Attributes:
        read: (V, D), the vectors that are kept.
        expected: (V, D).
    """

    read: Tensor
    expected: Tensor

    @classmethod
    def random(cls, words: int, dimensions: int, *, seed: int, device: torch.device) -> "Space":
        """As word2vec begins: small random numbers, and zeros."""
        drawn = torch.rand(words, dimensions, generator=torch.Generator().manual_seed(seed))
        return cls(((drawn - 0.5) / dimensions).to(device), torch.zeros(words, dimensions, device=device))


class Kernel:
    """Changes a space by stretches of text. Several threads may use one space, each with a kernel of its own.

    Args:
        space: What is changed.
        noise: (M,) numbers of words as often as they are to be drawn.
        window: W, the most words to each side; each word draws its own from 1 to W.
        negatives: Noise words for each pair.
        method: `skip-gram`: each word foretells each of its neighbours; `cbow`: the mean of the neighbours foretells
            the word.
        seed: Of windows and noise.
    """

    def __init__(
        self,
        space: Space,
        noise: Tensor,
        *,
        window: int,
        negatives: int,
        method: Literal["skip-gram", "cbow"],
        seed: int,
    ) -> None:
        self._space, self._noise = space, noise
        self._window, self._negatives, self._method = window, negatives, method
        self._drawn = NOISE[method]
        device = space.read.device
        self._chance = torch.Generator(device).manual_seed(seed)
        away = torch.arange(BLOCK + 2 * window, device=device)[None] - torch.arange(BLOCK, device=device)[:, None]
        away = (away - window).abs()
        self._loads = [torch.zeros(len(space.read), device=device) for _ in range(2)]  # of reading, of expecting
        self._away = torch.where(away > 0, away, window + 1).to(torch.int16)  # (B, B + 2 W); no word foretells itself

    @torch.inference_mode()
    def learn(self, words: Tensor, paragraphs: Tensor, rate: float, *, measure: bool = False) -> float:
        """Learn from a stretch.

        Args:
            words: (L,) int64 numbers of words.
            paragraphs: (L,) int32: words of different ones are no neighbours.
            rate: The learning rate.
            measure: Whether to work out the loss.

        Returns:
            The mean loss of a pair, the one that was seen and its noise; 0 where it is not measured.
        """
        window, length = self._window, len(words)
        blocks = -(-length // BLOCK)
        after = blocks * BLOCK - length
        centres = torch.nn.functional.pad(words, (0, after)).view(blocks, BLOCK)
        inside = torch.nn.functional.pad(paragraphs, (0, after), value=NOBODY).view(blocks, BLOCK)
        around = torch.nn.functional.pad(words, (window, window + after))
        beside = torch.nn.functional.pad(paragraphs, (window, window + after), value=NOBODY - 1)
        # Windows of the text that overlap by 2 W words, (K, B + 2 W), without a copy.
        near = around.unfold(0, BLOCK + 2 * window, BLOCK)
        reach = torch.randint(
            1, window + 1, (blocks, BLOCK, 1), generator=self._chance, dtype=torch.int16, device=words.device
        )
        mask = (self._away <= reach) & (inside[:, :, None] == beside.unfold(0, BLOCK + 2 * window, BLOCK)[:, None])
        drawn = torch.randint(len(self._noise), (blocks, self._drawn), generator=self._chance, device=words.device)
        noise = self._noise[drawn]
        learn = self._skip_gram if self._method == "skip-gram" else self._cbow
        return learn(centres, around, near, mask.float(), noise, rate, measure)

    def _skip_gram(  # noqa: PLR0917 - the parts of a stretch
        self, centres: Tensor, around: Tensor, near: Tensor, mask: Tensor, noise: Tensor, rate: float, measure: bool
    ) -> float:
        read, expected = self._space.read, self._space.expected
        width = read.shape[1]
        x = _rows(read, centres)  # (K, B, D)
        # Neighbours lie in memory once; the blocks look at overlapping parts.
        y = expected.index_select(0, around).unfold(0, near.shape[1], BLOCK).transpose(1, 2)  # (K, B + 2 W, D)
        z = _rows(expected, noise)  # (K, N, D)
        seen = torch.bmm(x, y.transpose(1, 2))  # (K, B, B + 2 W)
        unseen = torch.bmm(x, z.transpose(1, 2))  # (K, B, N)
        pairs = mask.sum(dim=2, keepdim=True)  # (K, B, 1)
        share = self._negatives / self._drawn
        loss = _loss(seen, mask, unseen, pairs * share) if measure else 0.0
        up = seen.neg_().sigmoid_().mul_(mask).mul_(rate)  # 1 − σ(x·y)
        down = unseen.sigmoid_().mul_(pairs * (-share * rate))  # −σ(x·z), as often as each word has pairs
        to_x = torch.bmm(up, y).baddbmm_(down, z)
        to_y = torch.bmm(up.transpose(1, 2), x)
        to_z = torch.bmm(down.transpose(1, 2), x)
        ones = torch.ones_like(noise, dtype=to_x.dtype)
        met = _folded(mask.sum(dim=1), len(around))
        mine = _shares(self._loads[0], [(centres, pairs[:, :, 0] * ((1 + self._negatives) * rate))], MOST_READ)
        others = _shares(
            self._loads[1],
            [(around, met * rate), (noise, ones * (pairs.sum(dim=1) * (share * rate)))],
            MOST_EXPECTED,
        )
        for table, numbers, change, part in (
            (read, centres, to_x, mine[0]),
            (expected, around, _folded(to_y, len(around)), others[0]),
            (expected, noise, to_z, others[1]),
        ):
            table.index_add_(0, numbers.flatten(), change.view(-1, width).mul_(part))
        return loss

    def _cbow(  # noqa: PLR0917 - the parts of a stretch
        self, centres: Tensor, around: Tensor, near: Tensor, mask: Tensor, noise: Tensor, rate: float, measure: bool
    ) -> float:
        read, expected = self._space.read, self._space.expected
        width = read.shape[1]
        pairs = mask.sum(dim=2, keepdim=True)  # (K, B, 1)
        some = (pairs > 0).float()
        near_x = read.index_select(0, around).unfold(0, near.shape[1], BLOCK).transpose(1, 2)  # (K, B + 2 W, D)
        x = torch.bmm(mask / pairs.clamp_min(1), near_x)
        y = _rows(expected, centres)  # (K, B, D)
        z = _rows(expected, noise)  # (K, N, D)
        seen = (x * y).sum(dim=2, keepdim=True)  # (K, B, 1)
        unseen = torch.bmm(x, z.transpose(1, 2))  # (K, B, N)
        share = self._negatives / self._drawn
        loss = _loss(seen, some, unseen, some * share) if measure else 0.0
        up = seen.neg_().sigmoid_().mul_(some).mul_(rate)
        down = unseen.sigmoid_().mul_(some * (-share * rate))
        to_x = (up * y).baddbmm_(down, z)
        to_y = up * x
        to_z = torch.bmm(down.transpose(1, 2), x)
        # As word2vec does: each neighbour gets the whole change of the mean, not its share of it.
        to_near = torch.bmm(mask.transpose(1, 2), to_x)
        ones = torch.ones_like(noise, dtype=to_x.dtype)
        met = _folded(mask.sum(dim=1), len(around))
        mine = _shares(self._loads[0], [(around, met * ((1 + self._negatives) * rate))], MOST_READ)
        others = _shares(
            self._loads[1],
            [(centres, some[:, :, 0] * rate), (noise, ones * (some.sum(dim=1) * (share * rate)))],
            MOST_EXPECTED,
        )
        for table, numbers, change, part in (
            (read, around, _folded(to_near, len(around)), mine[0]),
            (expected, centres, to_y, others[0]),
            (expected, noise, to_z, others[1]),
        ):
            table.index_add_(0, numbers.flatten(), change.view(-1, width).mul_(part))
        return loss


def _shares(load: Tensor, uses: Sequence[tuple[Tensor, Tensor]], most: float) -> list[Tensor]:
    """Which share of its change each word gets, so that its learning rates add up to `most`.

    Args:
        load: (V,) zeros, to count in; zeros again afterwards.
        uses: Numbers of words with the sum of the rates of each, (K, n) both.
        most: What they may add up to.

    Returns:
        For each use (K n, 1).
    """
    for numbers, rates in uses:
        load.index_add_(0, numbers.flatten(), rates.flatten())
    found = [
        load.index_select(0, numbers.flatten()).div_(most).clamp_min_(1.0).reciprocal_()[:, None] for numbers, _ in uses
    ]
    for numbers, _ in uses:
        load.index_fill_(0, numbers.flatten(), 0.0)
    return found


def _folded(parts: Tensor, length: int) -> Tensor:
    """What the blocks say of the words around them, (K, B + 2 W) or (K, B + 2 W, D), added up by place: (length,).

    A word stands in the surroundings of more than one block; so the rows of the table are changed once for it.
    """
    blocks, width, *rest = parts.shape
    steps = -(-width // BLOCK)
    found = parts.new_zeros((blocks + steps - 1) * BLOCK, *rest)
    for step in range(steps):
        part = parts[:, step * BLOCK : (step + 1) * BLOCK]
        found[step * BLOCK : (step + blocks) * BLOCK].view(blocks, BLOCK, *rest)[:, : part.shape[1]] += part
    return found[:length]


def _rows(table: Tensor, numbers: Tensor) -> Tensor:
    """(K, B) numbers → (K, B, D); several times as fast as indexing on a CPU."""
    return table.index_select(0, numbers.flatten()).view(*numbers.shape, -1)


def _loss(seen: Tensor, mask: Tensor, unseen: Tensor, weight: Tensor) -> float:
    """−log σ(x·y) − Σ log σ(−x·z), by pair."""
    soft = torch.nn.functional.softplus
    total = (soft(-seen) * mask).sum() + (soft(unseen) * weight).sum()
    return float(total / mask.sum().clamp_min(1))
