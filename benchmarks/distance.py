"""How far folders of photos are from ImageNet: `python benchmarks/distance.py FOLDER… [--photos 150]`.

For each folder (searched through) the distance that the strategy table goes by, and its least and greatest over
thirty draws of ten photos.
"""

import argparse
import tempfile
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


def main() -> None:
    """Measure each folder and print a line for it."""
    import numpy as np

    from trasluz.core.data.images import read_image
    from trasluz.core.inference.session import OnnxGraph
    from trasluz.torchkit.photos.distance import MEANS, SQUARES, distance, export_statistics

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--photos", type=int, default=150)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        graph = OnnxGraph(export_statistics(Path(place))[0], device="cpu")
        for folder in given.folders:
            rng = np.random.default_rng(0)
            paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
            chosen = [paths[i] for i in rng.permutation(len(paths))[: given.photos]]
            found = [graph.run({"image": read_image(path)[None]}, (MEANS, SQUARES)) for path in chosen]
            means, squares = (np.concatenate([each[name] for each in found]) for name in (MEANS, SQUARES))
            line = f"{folder.name:24} {len(chosen):4} photos  {distance(means, squares):.3f}"
            if len(chosen) >= 10:
                draws = [rng.permutation(len(chosen))[:10] for _ in range(30)]
                ten = [distance(means[draw], squares[draw]) for draw in draws]
                line += f"  with 10: {min(ten):.3f} to {max(ten):.3f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
