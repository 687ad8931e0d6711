"""What this family says of photos, said of recordings: it sees them as pictures, and the person has none.

All that it shares with other families of photos speaks of photos (`torchkit.photos`); on recordings each sentence goes
through here on its way out.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

from trasluz.api import Event, Note, Progress, TrainContext

_SPEAKS_OF_PHOTOS = re.compile(r"(?<!everyday )(?<!knows )(?<!of any )\b([Pp])hoto(s?)\b")
"""Photos of which nobody learns here stay photos: `unlike everyday photos`, `the network that knows photos`."""


def of_recordings(said: str) -> str:
    """A sentence about photos as one about recordings."""
    return _SPEAKS_OF_PHOTOS.sub(lambda m: ("R" if m[1] == "P" else "r") + "ecording" + m[2], said)


def schema_of_recordings(schema: Any, *, name: str = "") -> Any:
    """A JSON schema whose words speak of recordings; names and values of settings stay."""
    if isinstance(schema, Mapping):
        return {key: schema_of_recordings(value, name=key) for key, value in schema.items()}
    if isinstance(schema, list):
        return [schema_of_recordings(value, name="enum") for value in schema]
    return schema if not isinstance(schema, str) or name in ("enum", "default", "const") else of_recordings(schema)


class _Context:
    """A run's context that speaks of recordings."""

    def __init__(self, context: TrainContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def emit(self, event: Event) -> None:
        """Say something of recordings."""
        if isinstance(event, Note):
            event = event.model_copy(update={"sentence": of_recordings(event.sentence)})
        elif isinstance(event, Progress):
            words = {"stage": of_recordings(event.stage), "unit": of_recordings(event.unit or "") or event.unit}
            event = event.model_copy(update=words)
        self._context.emit(event)


def speaking_of_recordings(context: TrainContext) -> TrainContext:
    """The context, with every photo in its sentences a recording."""
    return cast(TrainContext, _Context(context))
