"""What the person decided about their plugins: `plugins.json` in their folder, never half written."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trasluz.core import places
from trasluz.core.atomic import write_whole


class Decision(BaseModel):
    """About one plugin: whether it shall run, and the hash of the content that was trusted."""

    model_config = ConfigDict(extra="ignore")

    enabled: bool = True
    trusted: str = ""


class Decisions(BaseModel):
    """About all plugins, by id."""

    model_config = ConfigDict(extra="ignore")

    format: int = 1
    plugins: dict[str, Decision] = Field(default_factory=dict)

    def of(self, plugin: str) -> Decision:
        """What was decided about a plugin; nothing decided is enabled and untrusted."""
        return self.plugins.get(plugin, Decision())


def decisions() -> Decisions:
    """Read what was decided. A damaged file is nobody's consent: all that came from outside is untrusted again."""
    try:
        return Decisions.model_validate_json(_path().read_bytes())
    except (OSError, ValidationError):
        return Decisions()


@contextmanager
def deciding() -> Iterator[Decisions]:
    """Change the decisions; they are written when the block ends without an error.

    The window and a command may decide at the same moment, so reading and writing happen under one lock.
    """
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock"), timeout=30):
        found = decisions()
        yield found
        write_whole(path, json.dumps(found.model_dump(), indent=2, sort_keys=True))


def _path() -> Path:
    return places.user_folder() / "plugins.json"
