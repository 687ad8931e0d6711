"""The models that are open: the last two stay, one question at a time each."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trasluz.api.model import CARD_NAME

if TYPE_CHECKING:
    from trasluz.core.inference.model import OpenModel
    from trasluz.core.plugins.registry import Registry

_KEPT = 2


class _Place:
    """Where one model is, or is being, opened."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.model: OpenModel | None = None
        self.milliseconds = 0.0


class OpenModels:
    """Opens models as they are asked for and keeps the last ones."""

    def __init__(self, registry: "Callable[[], Registry]") -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._places: OrderedDict[tuple[str, int, str], _Place] = OrderedDict()

    @contextmanager
    def use(self, model: str, device: str = "auto") -> "Iterator[OpenModel]":
        """Open a model, or take the open one, and hold it while it is used.

        Args:
            model: A model folder, a run folder with one, or an exported folder.
            device: `auto`, `cpu`, `cuda`, `cuda:N`.

        Raises:
            DataError: If there is no model.
            FamilyError: If its family is not there.
        """
        from trasluz.core.inference.model import find_model

        folder = find_model(Path(model))
        place = self._place(folder, device)
        with place.lock:
            if place.model is None:
                place.model, place.milliseconds = self._open(folder, device)
            yield place.model

    def milliseconds(self, model: "OpenModel") -> float:
        """How long it took to open a model that is open."""
        with self._lock:
            return next((p.milliseconds for p in self._places.values() if p.model is model), 0.0)

    def _place(self, folder: Path, device: str) -> _Place:
        # The card's time tells a model from its successor in the same folder.
        key = (str(folder.absolute()), (folder / CARD_NAME).stat().st_mtime_ns, device)
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            while len(self._places) > _KEPT:
                self._places.popitem(last=False)  # whoever still uses it keeps it alive until it is done
            return place

    def _open(self, folder: Path, device: str) -> "tuple[OpenModel, float]":
        from trasluz.core.inference.model import OpenModel, read_card

        family = self._registry().family(read_card(folder).family)
        start = time.perf_counter()
        opened = OpenModel(folder, family, device)
        return opened, (time.perf_counter() - start) * 1000
