"""What is learned from, and how well the network foresees the val text while it learns.

Shapes: N characters, B rows, T steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from trasluz.api import DataError, Note, Previewed, Split, TrainContext

from .sampling import drawn, weights
from .symbols import START, Symbols, composed, symbols_of

if TYPE_CHECKING:
    from torch import nn

    from trasluz.torchkit.plan import Validation

    from .network import CharacterNetwork

MOST_CHARACTERS = 200_000_000
"""Characters that are learned from at the most; they are held in memory as two bytes each."""
CHECKED, WINDOW, WARM, TOGETHER = 200_000, 1024, 256, 32
"""The network is checked on so many characters, in windows that are read in after so many that are not counted."""
SAMPLE = 160
NAMED = 12


@dataclass(frozen=True, slots=True)
class Text:
    """One side of the data: its characters as numbers, and where its passages begin."""

    numbers: np.ndarray
    starts: tuple[int, ...]


def read_symbols(context: TrainContext) -> Symbols:
    """Find the characters of the train text, and say which were set aside."""
    symbols, aside = symbols_of(_limited(_texts(context, "train")))
    if not symbols.characters:
        raise DataError("The texts hold no character; there is nothing to learn.")
    context.emit(
        Note(
            sentence=f"The text is written with {len(symbols.characters)} different characters.",
            facts={"characters": list(symbols.characters)},
        )
    )
    if aside:
        named = " ".join(f"“{c}” ({n}×)" for c, n in aside[:NAMED]) + (" …" if len(aside) > NAMED else "")
        context.emit(
            Note(
                sentence=f"{len(aside)} characters are so rare that they are set aside and stand for “any other”: "
                f"{named}",
                facts={"aside": [list(each) for each in aside]},
            )
        )
    return symbols


def read_text(context: TrainContext, split: Split, symbols: Symbols) -> Text:
    """Read one side of the data; what cannot be read is named and left out."""
    parts, starts, count = list[np.ndarray](), list[int](), 0
    for text in _limited(_texts(context, split, tell=split == "train")):
        numbers = symbols.numbers(text).astype(np.uint16)
        if len(numbers):
            parts.append(numbers)
            starts.append(count)
            count += len(numbers)
    if split == "train" and context.dataset.count("train") and count >= MOST_CHARACTERS:
        context.emit(Note(sentence=f"Only the first {count:,} characters are learned from.", level="warning"))
    return Text(np.concatenate(parts) if parts else np.zeros(0, np.uint16), tuple(starts))


def _texts(context: TrainContext, split: Split, *, tell: bool = False) -> Iterator[str]:
    for record in context.dataset.records(split):
        try:
            text = context.dataset.read(record).inputs["text"]
        except DataError as error:
            if tell:
                context.emit(Note(sentence=f"{error} It was left out.", level="warning", facts={"path": record.path}))
            continue
        if isinstance(text, str) and text:
            yield composed(text)


def _limited(texts: Iterator[str]) -> Iterator[str]:
    count = 0
    for text in texts:
        yield text
        count += len(text)
        if count >= MOST_CHARACTERS:
            return


class Check:
    """Measures the network on the val text, in windows side by side, and lets it write a few lines.

    A window is read in over the characters before it; the judgement at the end reads each passage from a fresh state
    instead, so its figure is a hair higher.
    """

    def __init__(self, text: Text, symbols: Symbols, seed: int) -> None:
        self._symbols, self._seed = symbols, seed
        numbers = text.numbers[:CHECKED].astype(np.int64)
        self._windows = [
            (np.concatenate([[START], numbers])[max(0, at - WARM) : at + WINDOW + 1], min(at, WARM))
            for at in range(0, len(numbers), WINDOW)
        ]

    def __call__(self, network: "nn.Module") -> "Validation":
        """Give `bits_per_character`, `perplexity` and `loss` (nats), and a sample of its writing."""
        from trasluz.torchkit.plan import Validation

        inner: CharacterNetwork = getattr(network, "module", network)
        nats = nats_of(inner, self._windows)
        text = "".join(islice(written(inner, self._symbols, self._seed), SAMPLE))
        return Validation(
            {"bits_per_character": nats / np.log(2), "perplexity": float(np.exp(min(nats, 700.0))), "loss": nats},
            [Previewed(path="written from nothing", target="", text=text)],
        )


def nats_of(network: "CharacterNetwork", windows: Sequence[tuple[np.ndarray, int]]) -> float:
    """The mean nats of a character over windows: symbols (T + 1,), and how many of them are only read in."""
    import torch
    from torch.nn import functional

    device = network.head.weight.device
    total, count = 0.0, 0
    ordered = sorted(windows, key=lambda each: len(each[0]))
    for at in range(0, len(ordered), TOGETHER):
        part = ordered[at : at + TOGETHER]
        longest = len(part[-1][0])
        rows = np.full((len(part), longest), -1, np.int64)
        targets = np.full((len(part), longest), -1, np.int64)
        for row, target, (window, warm) in zip(rows, targets, part, strict=True):
            row[: len(window)] = window
            target[warm : len(window) - 1] = window[warm + 1 :]
        x = torch.from_numpy(rows.clip(0)[:, :-1]).to(device)
        y = torch.from_numpy(targets[:, :-1]).to(device)
        with torch.no_grad():
            scores, _ = network(x)
        total += float(functional.cross_entropy(scores.flatten(0, 1), y.flatten(), ignore_index=-1, reduction="sum"))
        count += int((y >= 0).sum())
    return total / max(1, count)


def written(network: "CharacterNetwork", symbols: Symbols, seed: int, temperature: float = 0.8) -> Iterator[str]:
    """Let the network itself write, character by character, from nothing."""
    import torch

    draw = np.random.default_rng(seed)
    device = network.head.weight.device
    number, state = START, None
    while True:
        with torch.no_grad():
            scores, state = network(torch.tensor([[number]], device=device), state)
            likely = torch.log_softmax(scores[0, -1], 0).cpu().numpy()
        number, _ = drawn(weights(likely, temperature), draw)
        yield symbols.names[number]
