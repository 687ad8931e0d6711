"""The first painted frame of the window against that of an empty PySide6 window, side by side in one run.

Both are measured from the start of their process. The window does everything that it does for a person up to that
frame; what comes later (session, host, plugins) is not waited for.
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
from PySide6.QtWidgets import QApplication, QWidget
class Window(QWidget):
    def paintEvent(self, event):
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


def measure(command: list[str], report: Path, home: Path) -> float:
    """Seconds from the start of the process to its first painted frame."""
    environment = os.environ | {"TRASLUZ_FIRST_FRAME": str(report), "TRASLUZ_HOME": str(home)}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    # both as they are for a person from the second start on: compiled once
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(home / "bytecode")
    source = str(Path(__file__).resolve().parent.parent / "app")
    environment["PYTHONPATH"] = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    start = time.time()
    subprocess.run(command, check=True, env=environment, timeout=120)
    return float(report.read_text()) - start


def compare(rounds: int) -> dict[str, float]:
    """Medians of both, taken in turns after a warm-up, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        report, home = Path(folder) / "frame", Path(folder) / "home"
        taken: dict[str, list[float]] = {"empty": [], "trasluz": []}
        for round_number in range(rounds + 1):
            for name, command in (("empty", empty(report)), ("trasluz", ours(report))):
                seconds = measure(command, report, home)
                if round_number:
                    taken[name].append(seconds)
    medians = {name: statistics.median(found) for name, found in taken.items()}
    # machines are noisy: the ratio of pairs that ran one after the other
    ratios = [b / a for a, b in zip(taken["empty"], taken["trasluz"], strict=True)]
    return {**medians, "ratio": statistics.median(ratios)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = compare(given.rounds)
    if given.json:
        print(json.dumps(found))
    else:
        print(f"empty window  {found['empty'] * 1000:6.0f} ms")
        print(f"Trasluz       {found['trasluz'] * 1000:6.0f} ms")
        print(f"ratio         {found['ratio']:6.2f}  (aim: at most 1.5)")
    sys.exit(0 if found["ratio"] <= 1.5 else 1)
