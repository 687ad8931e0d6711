"""What was asked of a run: `run.json`, written before the run starts and never changed."""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trasluz.api import DataError

REQUEST_NAME = "run.json"
REQUEST_FORMAT = 1


class RunRequest(BaseModel):
    """Everything that a run needs to start, on this machine, today or tomorrow.

    Attributes:
        id: The name of the run folder; sorts by time.
        name: What the person calls it.
        family: The id of the model family.
        data: The root of the data.
        index: The index to use; relative to the run folder, or None to make one in the run folder.
        cache: Where features and such are kept between runs, relative to the run folder; the user's cache if None.
        corrections: The project's corrections, relative to the run folder; those of the moment when the run takes its
            data count, and the run keeps a copy.
        settings: The family's settings; those not given have their defaults.
        device: `auto`, `cpu`, `cuda`, `cuda:N`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = REQUEST_FORMAT
    id: str
    name: str = ""
    family: str
    data: str
    index: str | None = None
    cache: str | None = None
    corrections: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    device: str = "auto"
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def new(
        cls,
        *,
        family: str,
        data: str,
        settings: dict[str, Any] | None = None,
        name: str = "",
        index: str | None = None,
        cache: str | None = None,
        corrections: str | None = None,
        device: str = "auto",
    ) -> Self:
        """Make a request with an id of its own."""
        return cls(
            id=new_id(),
            name=name or family,
            family=family,
            data=data,
            index=index,
            cache=cache,
            corrections=corrections,
            settings=settings or {},
            device=device,
        )

    @property
    def seed(self) -> int:
        """The seed among the settings, 0 where it was not given."""
        value = self.settings.get("seed", 0)
        return value if isinstance(value, int) else 0

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a `run.json`.

        Raises:
            DataError: If it cannot be read; the message says why.
        """
        try:
            request = cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise DataError(f"There is no run in “{path.parent}”: its {path.name} is missing.") from error
        except OSError as error:
            raise DataError(f"“{path}” cannot be read: {error.strerror or error}.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise DataError(
                f"“{path}” is not the request of a run ({where or 'its content'}: {first['msg'].lower()}); "
                "remove the run and train again."
            ) from error
        if request.format > REQUEST_FORMAT:
            raise DataError(f"“{path}” was written by a newer Trasluz; update this one to use it.")
        return request


def new_id(now: datetime | None = None) -> str:
    """A name for a run that sorts by time and is taken by no other, e.g. `2026-11-23-191602-4f1c`."""
    return f"{now or datetime.now():%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
