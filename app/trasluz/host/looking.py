"""What can be asked about single items of the data: how they look and sound, which characters they hold."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trasluz.core.plugins.registry import Registry


class Looking(ABC):
    """This part of the service."""

    @abstractmethod
    def registry(self) -> "Registry":
        """The loaded plugins."""

    def parts(self, kind: str, inputs: Sequence[str]) -> dict[str, Any]:
        """Say which `inputs` files hold, where one can hold several: the series of a table, as `FILE#row 12`."""
        source = self.registry().source_for(kind)
        return {"inputs": [part for given in inputs for part in source.parts(given)]}

    def thumbnail(self, path: str, size: int = 256, part: str = "", index: str = "") -> dict[str, Any]:
        """A small picture of an item, its longer side `size` pixels; of a recording, its loudness as `low` and `high`.

        Args:
            path: The file.
            part: Of the file, where it holds several items; then `index` knows how to read it.
            index: The index of the data.
        """
        from .items import pictured

        return pictured(self.registry(), Path(path), at_most=size, part=part, index=index, small=True)

    def image(self, path: str, at_most: int = 1600, part: str = "", index: str = "") -> dict[str, Any]:
        """An item's picture, its longer side `at_most` pixels at the most; of a recording, its waveform."""
        from .items import pictured

        return pictured(self.registry(), Path(path), at_most=at_most, part=part, index=index, small=False)

    def sound(self, path: str) -> dict[str, Any]:
        """A recording to be seen and played: an `Audio` view as plain data."""
        from .items import heard

        return {"view": heard(Path(path))}

    def split_page(self, path: str) -> dict[str, Any]:
        """Find the lines of a page: its `image`, and the `boxes` of its lines as shares of it."""
        from .pages import split_page

        return split_page(Path(path))

    def cut_page(self, path: str, boxes: Sequence[Sequence[float]]) -> dict[str, Any]:
        """Write the lines of a page as pictures into the cache, and say where they are."""
        from trasluz.core import places

        from .pages import cut_page

        return {"lines": cut_page(Path(path), boxes, places.cache_folder() / "lines")}

    def alphabet(self, index: str) -> dict[str, Any]:
        """Which characters the texts of the data have, how often each, and which training will not see enough of."""
        from trasluz.core.data.alphabet import counted
        from trasluz.core.data.index import Index

        with closing(Index.open(Path(index))) as dataset:
            return counted(dataset.texts())
