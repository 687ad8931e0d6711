"""Make the virtual environment with the pinned dependencies: `python packaging/environment.py .venv [--dev]`."""

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Make or complete the environment and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dev", action="store_true", help="with what the tests need")
    given = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036 - this is the one file that an older Python may meet
        print(f"Trasluz needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 1
    python = given.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        print(f"Making a virtual environment in {given.folder}", flush=True)
        venv.create(given.folder, with_pip=True, upgrade_deps=False)
    extra = "[dev]" if given.dev else ""
    print("Installing the dependencies; the first time this takes some minutes", flush=True)
    return subprocess.call(
        [
            *(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--constraint", str(ROOT / "constraints.txt"), "--editable", f"{ROOT}{extra}"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
