"""How one item of a file that holds many is named outside of any dataset: `FILE#part`."""

from pathlib import Path


def file_and_part(given: str) -> tuple[Path, str]:
    """Cut `FILE#part`; a file whose own name has such a mark comes first."""
    whole = Path(given).expanduser()
    if "#" not in given or whole.exists():
        return whole, ""
    name, _, part = given.rpartition("#")
    return Path(name).expanduser(), part
