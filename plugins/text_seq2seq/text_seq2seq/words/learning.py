"""The training itself: stretches of the text go to threads that change one space."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from trasluz.api import FamilyError, Metric, Note, Progress, TrainContext, TrainingStopped

from .config import WordVectorsConfig
from .corpus import BREAK, Corpus
from .kernel import Kernel, Space
from .shares import NOISE_POWER, kept_share

STRETCH = 1024
"""Words of one step, before the frequent ones are thinned; fewer where the vocabulary is small."""
READ_AT_ONCE = 64
"""Stretches that one read of the file gives."""
SMALL_TEXT = 2_000_000
"""Words to learn from, all passes together, up to which one thread is enough."""
LAST_RATE = 1e-4
"""What the learning rate falls to, as a share of what it began with: word2vec's."""
CHECKPOINT, CHECKPOINT_SECONDS = "vectors.safetensors", 60.0
_RESERVE = 15.0


@dataclass(slots=True)
class State:
    """How far a training is; shared by its threads."""

    space: Space
    learned: int = 0
    """Numbers of the file read so far, all passes together."""
    loss: float = 0.0
    measured: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def learn(context: TrainContext, corpus: Corpus, config: WordVectorsConfig) -> Space:
    """Learn vectors for the words of a corpus.

    Raises:
        FamilyError: If the vectors became no numbers.
        TrainingStopped: If the person asked to pause, or stopped before there was anything.
    """
    from trasluz.torchkit import device as devices

    device = devices.resolve(context.device)
    total = corpus.length * config.epochs
    workers = _workers(config, total, device, devices.cores())
    path = context.checkpoint_folder / CHECKPOINT
    state = _begun(path, corpus, config, device)
    if state.learned:
        context.emit(Note(sentence=f"Going on after {state.learned / corpus.length:.2f} passes."))
    noise = noise_table(corpus.counts).to(device)
    kept = kept_share(corpus.counts, config.subsampling)
    clock = _Clock(context, total, config, state.learned)
    threads = torch.get_num_threads()
    stretch = max(32, min(STRETCH, len(corpus.words) // 2))
    try:
        if device.type == "cpu":
            torch.set_num_threads(1 if workers > 1 else threads)
        with ThreadPoolExecutor(workers, initializer=lambda: torch.set_num_threads(1)) as pool:
            kernels = [
                Kernel(
                    state.space,
                    noise,
                    window=config.window,
                    negatives=config.negatives,
                    method=config.method,
                    seed=config.seed * 1_000_003 + number,
                )
                for number in range(workers)
            ]

            def work(number: int, parts: list[np.ndarray], seed: list[int]) -> None:
                _learn_parts(kernels[number], state, parts, kept=kept, rate=clock.rate, seed=seed)

            for number, batch in _batches(corpus, state.learned, total, stretch * READ_AT_ONCE):
                parts = [batch[at : at + stretch] for at in range(0, len(batch), stretch)]
                jobs = [pool.submit(work, w, parts[w::workers], [number, w, config.seed]) for w in range(workers)]
                for job in jobs:
                    job.result()
                state.learned += len(batch)
                clock.tell(state, corpus)
                if clock.over() or context.stopping():
                    break
                clock.keep(path, state, corpus, config)
    finally:
        torch.set_num_threads(threads)
    if context.pausing():
        _checkpoint(path, state, corpus, config)
        raise TrainingStopped("The training pauses; it goes on from where it was.")
    if not bool(torch.isfinite(state.space.read).all()):
        raise FamilyError("The vectors became no numbers; lower the learning rate.")
    return state.space


def noise_table(counts: np.ndarray) -> torch.Tensor:
    """Numbers of words, each as often as its count to the power of ¾ says, at least once."""
    size = min(10_000_000, max(100_000, 20 * len(counts)))
    weights = counts.astype(np.float64) ** NOISE_POWER
    times = np.maximum(1, np.round(weights / weights.sum() * size)).astype(np.int64)
    return torch.from_numpy(np.repeat(np.arange(len(counts)), times))


def _learn_parts(
    kernel: Kernel,
    state: State,
    parts: list[np.ndarray],
    *,
    kept: np.ndarray,
    rate: Callable[[], float],
    seed: list[int],
) -> None:
    chance = np.random.default_rng(seed)
    device = state.space.read.device
    for number, part in enumerate(parts):
        paragraphs = np.cumsum(part == BREAK, dtype=np.int32)
        thinned = (part != BREAK) & (chance.random(len(part), np.float32) < kept[part])
        words = torch.from_numpy(part[thinned].astype(np.int64))
        if len(words) < 2:
            continue
        measure = number % 64 == 0
        loss = kernel.learn(words.to(device), torch.from_numpy(paragraphs[thinned]).to(device), rate(), measure=measure)
        if measure:
            with state.lock:
                state.loss += loss
                state.measured += 1


def _batches(corpus: Corpus, begin: int, total: int, size: int) -> Iterator[tuple[int, np.ndarray]]:
    """The numbers of the file from a place on, pass after pass; each batch lies in one pass."""
    at = begin
    while at < total:
        inside = at % corpus.length
        length = min(size, corpus.length - inside)
        yield at, corpus.stretch(inside, inside + length)
        at += length


def _workers(config: WordVectorsConfig, total: int, device: torch.device, cores: int) -> int:
    if device.type != "cpu":
        return 1
    return config.workers or (1 if total <= SMALL_TEXT else cores)


class _Clock:
    """The learning rate, what is said, and when a checkpoint is due."""

    def __init__(self, context: TrainContext, total: int, config: WordVectorsConfig, before: int) -> None:
        from trasluz.torchkit.pace import Pace

        self._context, self._total, self._config = context, total, config
        self._pace = Pace(1, total, seconds_left=context.seconds_left, reserve=_RESERVE)
        self._last, self._kept, self._step = before, time.monotonic(), 0.0
        self._fraction = self._pace.fraction(before)

    def rate(self) -> float:
        return self._config.learning_rate * max(LAST_RATE, 1 - self._fraction)

    def over(self) -> bool:
        return self._fraction >= 1.0

    def tell(self, state: State, corpus: Corpus) -> None:
        self._pace.stepped(state.learned - self._last)
        self._last = state.learned
        self._fraction = self._pace.fraction(state.learned)
        passes = state.learned / corpus.length
        if self._pace.may_speak() or self.over():
            self._context.emit(
                Progress(
                    stage="Learning",
                    done=state.learned,
                    total=self._total,
                    unit="words",
                    rate=self._pace.rate(),
                    seconds_left=self._left(state.learned),
                    passes=self._config.epochs,
                )
            )
        if state.measured and (passes - self._step >= 0.1 or self.over()):
            self._step = passes
            mean = state.loss / state.measured
            self._context.emit(Metric(name="loss", value=mean, step=passes, split="train"))
            state.loss, state.measured = 0.0, 0
        self._pace.start()

    def _left(self, learned: int) -> float | None:
        rate, limit = self._pace.rate(), self._pace.time_for_training()
        if not rate:
            return None
        left = (self._total - learned) / rate
        return left if limit is None else max(0.0, min(left, limit))

    def keep(self, path: Path, state: State, corpus: Corpus, config: WordVectorsConfig) -> None:
        if time.monotonic() - self._kept >= CHECKPOINT_SECONDS:
            _checkpoint(path, state, corpus, config)
            self._kept = time.monotonic()
            self._pace.start()


def _identity(corpus: Corpus, config: WordVectorsConfig) -> dict[str, object]:
    return {"words": len(corpus.words), "length": corpus.length, **config.model_dump(exclude={"minutes", "workers"})}


def _checkpoint(path: Path, state: State, corpus: Corpus, config: WordVectorsConfig) -> None:
    from trasluz.torchkit import checkpoint

    space = state.space
    checkpoint.write(
        path,
        {
            "identity": _identity(corpus, config),
            "learned": state.learned,
            "read": space.read.cpu(),
            "expected": space.expected.cpu(),
        },
    )


def _begun(path: Path, corpus: Corpus, config: WordVectorsConfig, device: torch.device) -> State:
    """What a checkpoint holds, or a new beginning."""
    from trasluz.torchkit import checkpoint

    try:
        found = checkpoint.read(path)
    except FileNotFoundError:
        words = len(corpus.words)
        return State(Space.random(words, config.dimensions, seed=config.seed, device=device))
    if found["identity"] != _identity(corpus, config):
        raise FamilyError("The checkpoint is of other settings or another text; start the run again.")
    return State(Space(found["read"].to(device), found["expected"].to(device)), learned=int(found["learned"]))
