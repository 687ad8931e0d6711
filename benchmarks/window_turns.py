"""How long the turns of the window's event loop take: while a training runs, and scrolling through many photos.

A turn is what the window's thread does between waking up and waiting again; a person sees one of more than 16 ms as a
frame that is missing. A timer of 2 ms is held against the clock. A real window on a real project, its host and its
training in processes of their own:

    python benchmarks/window_turns.py training [FOLDER] [--seconds 60]
    python benchmarks/window_turns.py gallery [--photos 100000] [--seconds 60]

`training` finetunes on FOLDER (without one, on the sample that comes with the program), shows the Train page and
moves between the pages now and then. `gallery` writes that many tiny photos, opens them as a project, and scrolls up
and down the whole gallery, a notch of the wheel every 20 ms with leaps in between. Offscreen unless QT_QPA_PLATFORM
says otherwise.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "app"), str(Path(__file__).resolve().parent)]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "app"), *filter(None, [os.environ.get("PYTHONPATH")])])

if TYPE_CHECKING:
    from trasluz.ui.window import Window

FRAME, BEAT_MS = 0.016, 2


class Turns:
    """How long each turn kept a heartbeat waiting, in seconds, from now on.

    Qt does not say when it wakes for a timer or for another process, so the beats of a timer are held against the
    clock: what comes later than its time was kept waiting by a turn that long, or by the system.
    """

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.seconds: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.seconds.append(max(0.0, now - self._last - BEAT_MS / 1000))
        self._last = now

    def told(self) -> str:
        """What a reader wants to know of them."""
        turns = sorted(self.seconds)
        short = sum(turn < FRAME for turn in turns)
        at = turns[min(len(turns) - 1, int(0.99 * len(turns)))]
        return (
            f"{len(turns)} turns, {100 * short / len(turns):.2f} % under 16 ms (aim: 99 %); "
            f"99 % under {1000 * at:.1f} ms, the longest {1000 * turns[-1]:.0f} ms"
        )


def main() -> None:
    """Measure one of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("training", "gallery"))
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["TRASLUZ_HOME"] = str(Path(name) / "home")
        if asked.what == "training":
            training(asked.folder or _sample(Path(name)), asked.seconds)
        else:
            from index_100k import make

            make(Path(name) / "photos", asked.photos)
            gallery(Path(name) / "photos", asked.seconds)


def training(data: Path, seconds: float) -> None:
    """The window while a finetuning learns."""
    from PySide6.QtCore import QTimer

    from trasluz.core.runs import queue

    window = _opened(data)
    session = window.session
    settings = {"strategy": "few-layers", "epochs": 200, "patience": 200}
    session.start_run(family="finetuned-cnn", settings=settings)
    window.go("train")
    _until(lambda: session.run is not None and session.run.running)
    _pass(5.0)  # torch is imported, the first numbers come
    turns = Turns()
    for page in ("train", "data", "train", "model", "train"):
        QTimer.singleShot(0, lambda page=page: window.go(page))
        _pass(seconds / 5)
    print(f"while a finetuning runs: {turns.told()}")
    queue.pause(session.run.folder.path)  # leaves nothing behind that works
    _until(lambda: not session.run.running)
    window.close()
    window.end()


def gallery(data: Path, seconds: float) -> None:
    """The gallery of all photos, scrolled."""
    from trasluz.ui.widgets.photo_grid import PhotoGrid

    window = _opened(data)
    window.go("data")
    _pass(2.0)
    (grid,) = [each for each in window.findChildren(PhotoGrid) if each.isVisible()]
    bar = grid.verticalScrollBar()
    turns, end, notch = Turns(), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        notch += 1
        there = (notch * 7919) % max(1, bar.maximum()) if notch % 100 == 0 else bar.value() + bar.singleStep() * 3
        bar.setValue(there if there < bar.maximum() else 0)
        _pass(0.02)
    status = Path("/proc/self/status").read_text()
    most = int(status.split("VmHWM:")[1].split()[0]) / 1024
    count = window.session.summary.total
    print(f"scrolling through {count:,} photos: {turns.told()}; the window's process {most:.0f} MB")
    window.close()
    window.end()


def _opened(data: Path) -> "Window":
    from trasluz.ui.app import application, settings
    from trasluz.ui.window import Window

    application()
    window = Window(settings())
    window.resize(1280, 800)
    window.show()
    window.begin()
    window.session.open_data(data)
    _until(lambda: window.session.summary is not None, 600)
    return window


def _until(there: Any, most: float = 120.0) -> None:
    end = time.monotonic() + most
    while not there():
        if time.monotonic() > end:
            raise SystemExit("It took too long; the window did not come so far.")
        _pass(0.05)


def _pass(seconds: float) -> None:
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def _sample(place: Path) -> Path:
    from trasluz.core.data.samples import build_sample

    return build_sample("surfaces", place / "surfaces")


if __name__ == "__main__":
    main()
