"""The recurrent family against what one would write by hand, side by side in one run.

Three questions, each answered by rounds in turns, so that a busy machine is as unfair to one as to the other:

- `threads`: a step of training with one and with two threads, alone and while another process uses a core;
- `inference`: the text of one recording by ONNX Runtime and by torch in eval and inference mode, at batch 1, and how
  many times faster than real time a stream is heard on one core;
- `training`: the program's loop and a minimal loop by hand over the same network, batches and optimiser.

    python benchmarks/recurrent.py threads|inference|training [--rounds 7]
"""

import argparse
import contextlib
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / each) for each in ("app", "plugins/sequence_rnn", "tests/plugins")]

import torch  # noqa: E402
from rnn_stub import StubContext, noises  # noqa: E402

from sequence_rnn.predict import SCORES  # noqa: E402
from sequence_rnn.settings import SpeechConfig  # noqa: E402
from sequence_rnn.sound_front import INPUT, SoundFront  # noqa: E402
from sequence_rnn.streaming import Stream, nothing_heard, whole_steps  # noqa: E402
from sequence_rnn.transcription import TranscriptionLesson  # noqa: E402
from trasluz.torchkit.device import tune  # noqa: E402

SECONDS = 4.0


def lesson_of(folder: Path, **settings: object) -> TranscriptionLesson:
    """A lesson on noise, with the network of the defaults."""
    texts = ["one two three", "four five six seven", "eight nine", "zero one one two"] * 6
    data = noises("speech", texts, rate=16_000, seconds=SECONDS)
    return TranscriptionLesson(StubContext(data, SpeechConfig(**settings), folder), "Speech", SoundFront())


def in_turns(ways: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, round by round."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for each in ways.values():
        each()  # the first time of anything is another one
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
    return found


def told(found: dict[str, list[float]]) -> None:
    """The medians, and their ratio to the first one, round by round."""
    first = next(iter(found.values()))
    for name, seconds in found.items():
        ratio = statistics.median(a / b for a, b in zip(first, seconds, strict=True))
        print(f"  {name:28} {1e3 * statistics.median(seconds):8.1f} ms   {ratio:5.2f} × the speed of the first")


def step_of(lesson: TranscriptionLesson, threads: int) -> Callable[[], float]:
    """One step of training."""
    network = lesson.network().train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)
    batch = next(iter(lesson.batches().epoch(1))).pieces[0]

    def step() -> float:
        torch.set_num_threads(threads)
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        lesson.loss(network, batch)[0].backward()
        optimiser.step()
        return time.perf_counter() - start

    return step


@contextlib.contextmanager
def busy() -> Iterator[None]:
    """Another process that uses a core."""
    other = multiprocessing.get_context("spawn").Process(target=_spin, daemon=True)
    other.start()
    time.sleep(3)
    yield
    other.kill()
    other.join()


def _spin() -> None:
    while True:
        sum(range(100_000))


def threads(folder: Path, rounds: int) -> None:
    """One thread against two."""
    lesson = lesson_of(folder)
    ways = {"one thread": step_of(lesson, 1), "two threads": step_of(lesson, 2)}
    print("A step of training, batch 8, 4 s of sound each, alone:")
    told(in_turns(ways, rounds))
    with busy():
        print("The same while another process uses a core:")
        told(in_turns(ways, rounds))


def inference(folder: Path, rounds: int) -> None:
    """ONNX Runtime against torch, and a stream against the clock; all on one core."""
    import onnxruntime

    torch.set_num_threads(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    for directions in ("both", "one"):
        lesson = lesson_of(folder, directions=directions)
        network = lesson.network().eval().to(memory_format=torch.channels_last)
        file = lesson.write(network, folder)["model"]
        session = onnxruntime.InferenceSession(str(folder / file), options, providers=["CPUExecutionProvider"])
        sample = lesson.context.dataset.read(lesson.records[0])
        waveform = sample.array(INPUT)
        how = super(type(lesson), lesson).extra(network).get("streaming")
        feeds = lesson.front.feed(sample, lesson.facts) | (nothing_heard(how) if how else {})

        def by_torch(network=network, lesson=lesson, sample=sample) -> float:  # type: ignore[no-untyped-def]
            start = time.perf_counter()
            with torch.inference_mode():
                x = lesson.front.exactly(sample, lesson.facts)
                network(x, torch.tensor([lesson.steps(lesson.records[0])]))
            return time.perf_counter() - start

        def by_graph(session=session, feeds=feeds) -> float:  # type: ignore[no-untyped-def]
            start = time.perf_counter()
            session.run([SCORES], feeds)
            return time.perf_counter() - start

        print(f"One recording of {SECONDS:g} s at batch 1, directions={directions}, one core:")
        told(in_turns({"torch, inference mode": by_torch, "ONNX Runtime": by_graph}, rounds))
        if how:

            def by_chunks(session=session, how=how, waveform=waveform) -> float:  # type: ignore[no-untyped-def]
                start = time.perf_counter()
                stream = Stream(lambda n, f: dict(zip(n, session.run(n, f), strict=True)), how, [SCORES])
                for at in range(0, len(waveform), 4_000):
                    stream.hear(waveform[at : at + 4_000])
                stream.end()
                return time.perf_counter() - start

            assert len(whole_steps(waveform, how)) >= len(waveform)
            seconds = statistics.median(in_turns({"stream": by_chunks}, rounds)["stream"])
            print(f"  a stream in chunks of a quarter of a second: {SECONDS / seconds:.0f} × faster than real time")


def training(folder: Path, rounds: int) -> None:
    """A pass of the program's loop against a pass by hand, with the same batches made ahead by the same threads."""
    from trasluz.torchkit import loop, optim
    from trasluz.torchkit.plan import Plan, Validation

    tune(threads=1)
    lesson = lesson_of(folder, augmentation=0.0)

    def by_hand() -> float:
        torch.manual_seed(0)
        network = lesson.network().train().to(memory_format=torch.channels_last)
        optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
        start = time.perf_counter()
        for batch in lesson.batches().epoch(1):
            optimiser.zero_grad(set_to_none=True)
            loss, _ = lesson.loss(network, batch.pieces[0])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
        return time.perf_counter() - start

    def by_the_program() -> float:
        torch.manual_seed(0)
        network = lesson.network().to(memory_format=torch.channels_last)
        with tempfile.TemporaryDirectory() as place:
            lesson.context.checkpoint_folder = Path(place)  # type: ignore[attr-defined]
            groups = optim.parameter_groups([optim.Part("network", (network,), 1e-3)], weight_decay=0.01)
            start = time.perf_counter()
            loop.fit(
                lesson.context,  # type: ignore[arg-type]
                module=network,
                step=lesson.loss,
                batches=lesson.batches(),
                validate=lambda _: Validation({"loss": 0.0}),
                optimiser=optim.optimiser(groups),
                plan=Plan(epochs=1, validate_first=False, clip=5.0, threads=1),
            )
            return time.perf_counter() - start

    print("A pass over 24 recordings of 4 s in batches of 8, one thread:")
    told(in_turns({"a minimal loop by hand": by_hand, "the program's loop": by_the_program}, rounds))


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["threads", "inference", "training"])
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        {"threads": threads, "inference": inference, "training": training}[given.what](Path(folder), given.rounds)


if __name__ == "__main__":
    main()
