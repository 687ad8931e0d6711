"""The first painted frame of the window against that of an empty PySide6 window, side by side in one run.

Both are measured from the start of their process to the moment when the frame is on the screen. The window's first
frame is its place with the grounds of its bars, in the colours of the theme; bars and start page come with the next
frame, whose moment is told too. What comes later (session, host, plugins) is not waited for.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EMPTY = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
class Window(QWidget):
    def paintEvent(self, event):
        QTimer.singleShot(0, tell)
def tell():
    Path(sys.argv[1]).write_text(repr(time.time()))
    QApplication.exit(0)
app = QApplication(sys.argv[:1])
window = Window()
window.resize(1280, 800)
window.show()
app.exec()
"""


def empty(report: Path) -> list[str]:
    """The command of the empty window."""
    return [sys.executable, "-c", EMPTY, str(report)]


def ours(_report: Path) -> list[str]:
    """What the command `trasluz` does; it finds the report's path in its environment."""
    return [sys.executable, "-c", "from trasluz.cli import main; main([])"]


def measure(command: list[str], report: Path, home: Path) -> list[float]:
    """Seconds from the start of the process to its first painted frame, and to the complete page where it tells."""
    report.unlink(missing_ok=True)
    environment = os.environ | {"TRASLUZ_FIRST_FRAME": str(report), "TRASLUZ_HOME": str(home)}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    # both as they are for a person from the second start on: compiled once
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(home / "bytecode")
    source = str(Path(__file__).resolve().parent.parent / "app")
    environment["PYTHONPATH"] = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    start = time.time()
    subprocess.run(command, check=True, env=environment, timeout=120)
    return [float(line) - start for line in report.read_text().split()]


def compare(rounds: int) -> dict[str, float]:
    """Medians, taken in turns after a warm-up, and the ratio of the first frames."""
    taken: dict[str, list[list[float]]] = {"empty": [], "trasluz": []}
    with tempfile.TemporaryDirectory() as folder:
        report, home = Path(folder) / "frame", Path(folder) / "home"
        for round_number in range(rounds + 1):
            for name, command in (("empty", empty(report)), ("trasluz", ours(report))):
                moments = measure(command, report, home)
                if round_number:
                    taken[name].append(moments)
    # machines are noisy: the ratio of pairs that ran one after the other
    ratios = [b[0] / a[0] for a, b in zip(taken["empty"], taken["trasluz"], strict=True)]
    return {
        "empty": statistics.median(m[0] for m in taken["empty"]),
        "first_frame": statistics.median(m[0] for m in taken["trasluz"]),
        "start_page": statistics.median(m[-1] for m in taken["trasluz"]),
        "ratio": statistics.median(ratios),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = compare(given.rounds)
    if given.json:
        print(json.dumps(found))
    else:
        print(f"empty window, first frame  {found['empty'] * 1000:6.0f} ms")
        print(f"Trasluz, first frame       {found['first_frame'] * 1000:6.0f} ms")
        print(f"Trasluz, start page        {found['start_page'] * 1000:6.0f} ms")
        print(f"ratio of the first frames  {found['ratio']:6.2f}     (aim: at most 1.5)")
    sys.exit(0 if found["ratio"] <= 1.5 else 1)
