"""The first frame, and what the window's process may never hold."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = ("pyqtgraph", "qtawesome", "pydantic", "numpy", "PIL", "torch", "onnxruntime", "sklearn", "skimage", "sqlite3")

AT_FIRST_FRAME = """
import json, sys
from trasluz.ui import app
from trasluz.ui.window import Window
from PySide6.QtWidgets import QApplication
made = app.application()
window = Window(app.settings())
window.first_frame.connect(window.furnish)
window.furnished.connect(lambda: (print(json.dumps(sorted(sys.modules))), made.exit(0)))
window.show()
made.exec()
"""


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {"QT_QPA_PLATFORM": "offscreen", "TRASLUZ_HOME": str(home)}


def test_nothing_heavy_is_imported_before_the_start_page_is_there(trasluz_home: Path) -> None:
    import json

    done = subprocess.run(
        [sys.executable, "-c", AT_FIRST_FRAME],
        capture_output=True,
        text=True,
        env=_environment(trasluz_home),
        timeout=60,
        check=True,
    )
    loaded = json.loads(done.stdout.strip().splitlines()[-1])
    roots = {name.partition(".")[0] for name in loaded}
    assert roots.isdisjoint(HEAVY)
    assert not [name for name in loaded if name.startswith(("trasluz.host", "trasluz.api", "trasluz.core.hostlink"))]
    assert {"PySide6.QtCore", "PySide6.QtGui", "PySide6.QtWidgets"} <= set(loaded)
    assert not {name for name in loaded if name.startswith("PySide6.Qt")} - {
        "PySide6.QtCore",
        "PySide6.QtGui",
        "PySide6.QtWidgets",
    }


def test_the_moment_of_the_first_frame_can_be_measured(trasluz_home: Path, tmp_path: Path) -> None:
    report = tmp_path / "frame"
    start = time.time()
    environment = _environment(trasluz_home) | {"TRASLUZ_FIRST_FRAME": str(report)}
    subprocess.run([sys.executable, "-m", "trasluz"], env=environment, timeout=60, check=True)
    frame, page = (float(line) for line in report.read_text().split())
    assert start < frame < page < time.time()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux shows what a process maps")
def test_the_process_of_the_window_maps_no_torch_and_no_onnx_runtime(trasluz_home: Path, photos: Path) -> None:
    """A real window on real data, its host warm and asked: the heavy things are all on the other side."""
    script = """
import sys, time
from pathlib import Path
from trasluz.ui import app
from trasluz.ui.pictures import settle
from trasluz.ui.window import Window
app.application()
window = Window(app.settings())
window.show()
settle(lambda: True)
app.begin(window, [Path(sys.argv[1])])
session = window.session
assert settle(lambda: session.summary is not None and bool(session.catalogue)), "no data came"
for page in ("data", "plugins", "lessons", "data"):
    window.go(page)
    settle(lambda: session.quiet)
print("READY", flush=True)
settle(lambda: False, patience=60)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(photos)],
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(trasluz_home),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "READY"
        maps = Path(f"/proc/{process.pid}/maps").read_text()
    finally:
        process.kill()
        process.wait()
    files = {line.split(maxsplit=5)[5] for line in maps.splitlines() if len(line.split(maxsplit=5)) == 6}
    assert any("QtWidgets" in name for name in files)
    for word in ("libtorch", "/torch/", "onnxruntime", "sklearn", "skimage", "libcudart", "safetensors", "/scipy/"):
        assert not [name for name in files if word in name], word
