"""A graph that is run again and again, its state going round: `trasluz.api.Steps`.

On the processor the arrays are bound once: the state is read from one buffer and written to another, and the two change
places at each step. What is spared is what `run` does around the graph, which is as long as a small graph itself.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Runs = Callable[[Mapping[str, np.ndarray], Sequence[str]], Mapping[str, np.ndarray]]


class BoundSteps:
    """On the processor, with arrays that the session reads and writes where they lie.

    Args:
        session: The ONNX Runtime session.
        feeds: An array for each input, for the first step.
        back: Output → input of the next step.
        wanted: The other outputs.
        run: Runs the graph once; tells how large the outputs are.
    """

    def __init__(
        self, session: Any, feeds: Mapping[str, np.ndarray], back: Mapping[str, str], wanted: Sequence[str], run: Runs
    ) -> None:
        self._session = session
        first = run(feeds, [*wanted, *back])
        self.inputs: Mapping[str, np.ndarray] = {
            name: np.array(value, order="C") for name, value in feeds.items() if name not in back.values()
        }
        self.outputs: Mapping[str, np.ndarray] = {name: np.empty_like(first[name], order="C") for name in wanted}
        here = {name: np.array(feeds[entry], order="C") for name, entry in back.items()}
        there = {name: np.empty_like(value) for name, value in here.items()}
        for name, value in here.items():
            if value.shape != first[name].shape or value.dtype != first[name].dtype:
                raise ValueError(f"“{name}” has another size or type than “{back[name]}” and cannot go round")
        self._ways = [self._bound(here, there, back), self._bound(there, here, back)]

    def _bound(self, given: Mapping[str, np.ndarray], taken: Mapping[str, np.ndarray], back: Mapping[str, str]) -> Any:
        import onnxruntime as ort

        binding = self._session.io_binding()
        for name, value in (*self.inputs.items(), *((back[name], value) for name, value in given.items())):
            binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(value))
        for name, value in (*self.outputs.items(), *taken.items()):
            binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(value))
        return binding

    def step(self) -> None:
        """Run it once; the buffers of the state change places."""
        self._session.run_with_iobinding(self._ways[0])
        self._ways.reverse()


class PlainSteps:
    """On any device, by running the graph as usual."""

    def __init__(
        self, feeds: Mapping[str, np.ndarray], back: Mapping[str, str], wanted: Sequence[str], run: Runs
    ) -> None:
        self.inputs: Mapping[str, np.ndarray] = {
            name: np.array(value) for name, value in feeds.items() if name not in back.values()
        }
        self.outputs: Mapping[str, np.ndarray] = {}
        self._state = {entry: feeds[entry] for entry in back.values()}
        self._back, self._names, self._run = back, [*wanted, *back], run

    def step(self) -> None:
        """Run it once."""
        found = dict(self._run({**self.inputs, **self._state}, self._names))
        self._state = {entry: found.pop(name) for name, entry in self._back.items()}
        self.outputs = found
