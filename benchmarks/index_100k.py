"""How long a hundred thousand photos take to open, and how much memory: `python benchmarks/index_100k.py [COUNT]`.

Makes tiny JPEGs, all different, in a temporary folder; then each step in a process of its own, so that the peak is
that step's alone. "floor" is the peak of a process that only imports what the step needs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLASSES = 100


def make(root: Path, count: int) -> None:
    """Write the photos: one real JPEG with a comment of its own in each, which is what decoding and hashing see."""
    import io

    import numpy as np
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(buffer, "JPEG")
    jpeg = buffer.getvalue()
    for c in range(CLASSES):
        (root / f"class-{c:03}").mkdir(parents=True)
    for i in range(count):
        comment = f"photo {i}".encode()
        marker = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        (root / f"class-{i % CLASSES:03}" / f"{i:06}.jpg").write_bytes(jpeg[:2] + marker + jpeg[2:])


def step(name: str, root: Path, at: Path) -> dict[str, float]:
    """Do one step and return its seconds and the process's peak in MB."""
    from trasluz.core.data.index import Index
    from trasluz.core.data.readers import builtin_sources

    sources = builtin_sources()
    start = time.perf_counter()
    if name in ("build", "again"):
        Index.build(root, at, sources)
    elif name == "open":
        index = Index.open(at)
        index.summary()
    elif name == "pages":
        index = Index.open(at)
        total = index.page_count()
        for offset in range(0, total, total // 100):
            index.page(offset=offset, limit=100)
    elif name == "records":
        records = Index.open(at).records("train")
        sum(1 for _ in records)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak_mb": peak()}


def peak() -> float:
    """The most memory that this process held so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss is inherited from the parent on Linux
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Run all steps and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=100_000)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.step:
        print(json.dumps(step(parsed.step, parsed.folder / "photos", parsed.folder / "index.sqlite")))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        start = time.perf_counter()
        make(folder / "photos", parsed.count)
        print(f"{parsed.count:,} photos written in {time.perf_counter() - start:.1f} s")
        for name in ("floor", "build", "again", "open", "pages", "records"):
            command = [sys.executable, __file__, str(parsed.count), "--step", name, "--folder", temporary]
            done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(f"{name:8} {done['seconds']:8.2f} s   peak {done['peak_mb']:6.0f} MB")
        print(f"index    {(folder / 'index.sqlite').stat().st_size / 2**20:.1f} MB on disk")


if __name__ == "__main__":
    main()
