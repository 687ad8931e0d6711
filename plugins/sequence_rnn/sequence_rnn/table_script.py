"""What the programs that go with models of series have in common: their imports, and how tables are read."""

from pathlib import Path

IMPORTS = """\
import csv
import json
import re
import sys
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import numpy as np
import onnxruntime
"""


def with_tables(program: str) -> str:
    """The source of a program with its imports and the reading of tables in their places."""
    source = (Path(__file__).parent / "plain_table.py").read_text(encoding="utf-8")
    functions = source[source.index("MISSING = ") :].rstrip().replace("  # noqa: SIM115", "")
    imports = IMPORTS if "groupby" in program else IMPORTS.replace("from itertools import groupby\n", "")
    return program.replace("@IMPORTS@\n", imports).replace("@TABLES@\n", f"{functions}\n\n")
