"""What a teacher sees in each place of a photo, as further outputs of its graph, in as few numbers as hold most of it.

A CNN's maps in the middle of its way say what lies where: edges and textures first, parts of things later. They are
found in the ONNX file by their shapes, so that any network of convolutions may teach; brought to the places of the
pupil's patches; and turned into their principal components over some photos of the data. The square roots of the
components' spreads are divided by, so that neither the largest differences (light, background) are all that counts nor
the smallest (noise) count as much.

Shapes: C channels of a map, D components, g × g places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

OPSET = 18
COMPONENTS = 32
"""Numbers kept of each map in each place."""
FINER = 1.5
"""How many times finer than the pupil's patches maps lie at the least: coarser ones do not say what lies where."""
SEEN = "seen_"
"""What the outputs are called, with a number; the earlier map first."""


@dataclass(frozen=True, slots=True)
class Place:
    """A map in a graph.

    Attributes:
        value: Its name there.
        channels: C.
    """

    value: str
    channels: int

    @property
    def components(self) -> int:
        """D."""
        return min(COMPONENTS, self.channels)


def places_in(model: "onnx.ModelProto", grid: int) -> list[Place]:
    """The last maps of the two coarsest kinds that are still finer than the pupil's patches, the earlier one first.

    Args:
        model: Of the teacher; its photos have one size inside.
        grid: g.

    Returns:
        Fewer than two, or none, where the graph has no such maps.
    """
    import onnx

    if any(each.domain == "" and each.version < OPSET for each in model.opset_import):
        return []  # it cannot say how its maps are to be resized
    last: dict[int, Place] = {}
    for value in onnx.shape_inference.infer_shapes(model).graph.value_info:
        kind = value.type.tensor_type
        sides = [side.dim_value for side in kind.shape.dim]
        if kind.elem_type == onnx.TensorProto.FLOAT and len(sides) == 4 and sides[2] == sides[3] and sides[1] > 3:
            last[sides[2]] = Place(value.name, sides[1])
    sizes = sorted(size for size in last if size > FINER * grid)[:2]
    return [last[size] for size in reversed(sizes)]


def with_maps(model: "onnx.ModelProto", places: Sequence[Place], grid: int) -> "onnx.ModelProto":
    """The graph with those maps at the pupil's places as outputs besides its own, (images, C, g, g) each."""
    found = _copy(model)
    for number, place in enumerate(places, start=1):
        _add(found, _resize(number, place, grid), place.channels, grid)
    return found


def with_components(
    model: "onnx.ModelProto", places: Sequence[Place], samples: Sequence[np.ndarray], grid: int
) -> "onnx.ModelProto":
    """The graph with the principal components of those maps as outputs besides its own, (images, D, g, g) each.

    Args:
        model: Of the teacher.
        places: The maps.
        samples: What `with_maps` gave of each for some photos: (n, C, g, g).
        grid: g.
    """
    from onnx import helper, numpy_helper

    found = _copy(model)
    for number, (place, sample) in enumerate(zip(places, samples, strict=True), start=1):
        weight, bias = components(sample.transpose(0, 2, 3, 1).reshape(-1, place.channels), place.components)
        names = [f"{SEEN}weight_{number}", f"{SEEN}bias_{number}"]
        for name, value in zip(names, (weight[:, :, None, None], bias), strict=True):
            found.graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), name))
        nodes = _resize(number, place, grid, f"{SEEN}map_{number}")
        conv = helper.make_node("Conv", [f"{SEEN}map_{number}", *names], [f"{SEEN}{number}"], kernel_shape=[1, 1])
        _add(found, [*nodes, conv], place.components, grid)
    return found


def components(rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """A linear map to the first principal components: rows (n, C) → weight (count, C) and bias (count,).

    What comes out has the mean 0, and over all components together the spread 1.
    """
    rows = rows.astype(np.float64)
    mean = rows.mean(axis=0)
    spreads, directions = np.linalg.eigh(np.cov(rows - mean, rowvar=False))
    order = np.argsort(-spreads)[:count]
    spread = np.sqrt(np.maximum(spreads[order], 1e-12))  # of each component
    weight = directions[:, order].T / np.sqrt(spread)[:, None]
    weight = weight / max(float(np.sqrt(spread.mean())), 1e-6)
    return weight, -weight @ mean


def _copy(model: "onnx.ModelProto") -> "onnx.ModelProto":
    import onnx

    found = onnx.ModelProto()
    found.CopyFrom(model)
    return found


def _resize(number: int, place: Place, grid: int, result: str = "") -> list[Any]:
    import onnx
    from onnx import helper

    size = onnx.numpy_helper.from_array(np.array([grid, grid], np.int64))
    constant = helper.make_node("Constant", [], [f"{SEEN}size_{number}"], value=size)
    how = {"mode": "linear", "antialias": 1, "exclude_outside": 1, "axes": [2, 3]}
    given = [place.value, "", "", f"{SEEN}size_{number}"]
    return [constant, helper.make_node("Resize", given, [result or f"{SEEN}{number}"], **how)]


def _add(model: "onnx.ModelProto", nodes: Sequence[Any], channels: int, grid: int) -> None:
    from onnx import TensorProto, helper

    model.graph.node.extend(nodes)
    shape = ["images", channels, grid, grid]
    model.graph.output.append(helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, shape))


def save(model: "onnx.ModelProto", path: Path) -> None:
    """Write a graph."""
    import onnx

    onnx.save(model, str(path))
