"""The finished models beside a run, which another run may learn from."""

from pathlib import Path

from trasluz.api.model import CARD_NAME

from .folder import RunFolder


def models_in(runs: Path) -> list[Path]:
    """The model folders of the runs in a folder, the newest first; none where it cannot be read."""
    found: list[tuple[float, Path]] = []
    try:
        for place in runs.iterdir():
            model = RunFolder(place).model_folder
            try:
                found.append(((model / CARD_NAME).stat().st_mtime, model))
            except OSError:
                continue  # no run, or no model yet
    except OSError:
        return []
    return [model for _, model in sorted(found, reverse=True)]
