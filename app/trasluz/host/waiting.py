"""A child that has imported what every training needs before it knows its run."""

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from trasluz.core.data.readers import builtin_sources

_HEAVY = ("torch", "onnxruntime", "onnx", "safetensors.torch", "sklearn.linear_model", "PIL.Image", "accelerate")
_OWN = (
    "trasluz.core.plugins.registry",
    "trasluz.core.data.corrected",
    "trasluz.core.inference.finish",
)
"""What every run does itself, before and after the family's part; the plugins are looked at when the run is known."""


def wait_for_a_run() -> str:
    """Get ready, and return the run's folder; empty where whoever made this child has no need of it any more.

    The folder and the file for this process's own words come as a line of JSON on standard input.
    """
    for name in (*_HEAVY, *_OWN):
        with contextlib.suppress(ImportError):  # the run will say what is missing, and to whom
            __import__(name)
    builtin_sources()
    line = sys.stdin.buffer.readline()
    if not line:
        return ""
    told: dict[str, Any] = json.loads(line)
    with Path(told["log"]).open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    return str(told["folder"])
