"""Learning to write against a minimal PyTorch loop: `python benchmarks/characters_loop.py TEXT.txt [--steps 60]`.

The same streams, the same network size, the same optimiser; the program's own loop (with its events, its checkpoints,
its checks for numbers that are none) and twenty lines of PyTorch take turns in one process, on one thread. Reported
are characters a second of processor time, the best of three turns each.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[1] / "plugins" / "sequence_rnn"))

from sequence_rnn.characters.network import CharacterNetwork, step
from sequence_rnn.characters.streams import Streams
from sequence_rnn.characters.symbols import symbols_of
from trasluz.torchkit import optim
from trasluz.torchkit.loop import fit
from trasluz.torchkit.plan import Plan, Validation


class Minimal(nn.Module):
    """What a tutorial writes."""

    def __init__(self, symbols: int, units: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, 64)
        self.lstm = nn.LSTM(64, units, 2, batch_first=True)
        self.head = nn.Linear(units, symbols)

    def forward(self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None) -> tuple[torch.Tensor, tuple]:
        out, state = self.lstm(self.embedding(x), state)
        return self.head(out), state


class Silent:
    """A run that nobody listens to, which ends after so many steps."""

    device = "cpu"

    def __init__(self, folder: Path) -> None:
        self.checkpoint_folder = folder

    def emit(self, event: object) -> None: ...

    def stopping(self) -> bool:
        return False

    def pausing(self) -> bool:
        return False

    def seconds_left(self) -> None:
        return None


class Few(Streams):
    """The first batches of a pass."""

    few = 0

    def __len__(self) -> int:
        return self.few


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("text", type=Path)
    words.add_argument("--steps", type=int, default=40)
    words.add_argument("--units", type=int, default=256)
    asked = words.parse_args()
    torch.set_num_threads(1)
    text = asked.text.read_text(encoding="utf-8")
    symbols, _ = symbols_of([text])
    numbers = symbols.numbers(text)
    characters = asked.steps * 64 * 128

    def streams() -> Few:
        Few.few = asked.steps
        found = Few(numbers, [0], rows=64, steps=128, seed=0)
        found._batches = asked.steps
        return found

    def minimal() -> float:
        torch.manual_seed(0)
        network = Minimal(symbols.size, asked.units)
        optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
        begun, state = time.process_time(), None
        for batch in streams().epoch(0):
            _, x, y, _ = batch.pieces[0]
            scores, after = network(x, state)
            state = tuple(each.detach() for each in after)
            loss = functional.cross_entropy(scores.flatten(0, 1), y.flatten())
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
        return characters / (time.process_time() - begun)

    def ours() -> float:
        with tempfile.TemporaryDirectory() as folder:
            network = CharacterNetwork(symbols.size, asked.units, layers=2, cell="lstm", dropout=0.1, rows=64)
            groups = optim.parameter_groups([optim.Part("network", (network,), 2e-3)], weight_decay=0.01)
            begun = time.process_time()
            fit(
                Silent(Path(folder)),  # type: ignore[arg-type]
                module=network,
                step=step,
                batches=streams(),
                validate=lambda _network: Validation({"loss": 0.0}),
                optimiser=optim.optimiser(groups),
                plan=Plan(epochs=1, clip=5.0, validate_first=False),
            )
            return characters / (time.process_time() - begun)

    turns = [(minimal(), ours()) for _ in range(3)]
    best = SimpleNamespace(minimal=max(a for a, _ in turns), ours=max(b for _, b in turns))
    print(f"2 × {asked.units} LSTM, {symbols.size} symbols, 64 streams of 128, {asked.steps} steps a turn, one thread")
    print(f"minimal loop  {best.minimal:9,.0f} characters a second of processor time")
    print(f"Trasluz       {best.ours:9,.0f}, {best.ours / best.minimal:.2f} ×")


if __name__ == "__main__":
    main()
