"""The classifier as an ONNX graph.

Names in the graph: `image` (images, height, width, 3) uint8 RGB → `probabilities` (images, classes),
`features` (images, C), `class_maps` (images, classes, h, w): the score of a class is the mean of its map.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trasluz.torchkit.photos.graph import FEATURES, PROBABILITIES, Writer, array
from trasluz.torchkit.photos.squares import LOOKS, Look

if TYPE_CHECKING:
    from trasluz.torchkit.photos.backbone import Classifier

CLASS_MAPS = "class_maps"


def export_classifier(network: "Classifier", path: Path, looks: Sequence[Look] = LOOKS["one"]) -> None:
    """Write the road from a photo to `probabilities`, `features` and `class_maps` as one ONNX file.

    With several looks the features are their mean; the maps are those of the middle square.
    """
    writer = Writer()
    backbone, depth = network.backbone, network.depth
    x = backbone.draw(writer, writer.photo(backbone.facts.preparation, looks), depth)[-1]
    weight, bias = array(network.classifier.weight), array(network.classifier.bias)  # (classes, C), (classes,)
    classes, channels = weight.shape
    if len(looks) == 1:
        _, places = writer.features(backbone, x, depth, FEATURES)
    else:
        each, places = writer.features(backbone, x, depth, "features_of_looks")  # (looks × images, …)
        writer.mean_of_looks(each, len(looks), channels)
        places = writer.middle_maps(places, looks)
    logits = writer.node("Gemm", FEATURES, writer.constant(weight), writer.constant(bias), transB=1)
    writer.node("Softmax", logits, result=PROBABILITIES, axis=1)
    pixelwise = writer.constant(weight[:, :, None, None])
    writer.node("Conv", places, pixelwise, writer.constant(bias), result=CLASS_MAPS, kernel_shape=[1, 1])
    writer.output(PROBABILITIES, ("images", classes))
    writer.output(FEATURES, ("images", channels))
    writer.output(CLASS_MAPS, ("images", classes, "map_height", "map_width"))
    writer.save(path, f"{backbone.facts.title} classifier")
