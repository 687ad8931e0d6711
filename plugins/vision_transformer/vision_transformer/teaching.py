"""What a teacher says of photos: a model of one's own, asked once by ONNX Runtime and remembered.

It is asked about each photo as it is, and about a few altered views of it, which are the same whenever they are made;
the pupil learns from those very pictures, so that what the teacher says is true of what the pupil sees (Beyer et al.,
“Knowledge distillation: A good teacher is patient and consistent”, CVPR 2022). Besides its probabilities it says what
it sees in each place (see `seeing`). Between them come freshly altered pictures of which only the label is known: the
teacher is asked of few, and what is seen too often is learned by heart.

Shapes: n photos, K classes, S the side of the pupil's pictures, g × g their patches, D components of a map.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trasluz.api import DataError, FamilyError, Note, Record, TrainContext
from trasluz.torchkit.batches import Kept
from trasluz.torchkit.device import free_memory
from trasluz.torchkit.photos.augment import shrunk
from trasluz.torchkit.photos.features import Features, extract
from trasluz.torchkit.photos.graph import IMAGE, PROBABILITIES
from trasluz.torchkit.photos.learning import KEPT_BYTES, KEPT_LARGER

from .config import VisionTransformerConfig
from .seeing import SEEN, places_in, save, with_components, with_maps
from .starting import Teacher
from .viewing import AlteredView, drawn_view, fresh
from .within import Within

if TYPE_CHECKING:
    from .network import Shape

SHARE_OF_TIME = 0.15
"""Of a time limit, for asking about altered views; about the photos themselves it is asked in any case."""
SAMPLE = 128
"""Photos by which it is found what of its maps matters."""


class FrozenTeacher:
    """A teacher, as `trasluz.torchkit.photos.features` asks for what it makes of photos.

    Args:
        context: The run.
        teacher: The model.
        classes: K.
        grid: Patches along a side of the pupil's pictures, g.
        view: Of the photos by which it is found what of its maps matters.

    Raises:
        FamilyError: If it is no model that tells photos apart as this program's do.
    """

    def __init__(self, context: TrainContext, teacher: Teacher, classes: int, grid: int, view: "AlteredView") -> None:
        import onnx

        self._context, self._grid, self._view = context, grid, view
        self._bytes = teacher.graph.read_bytes()
        self._model = onnx.load_from_string(self._bytes)
        outputs = {each.name: each.type.tensor_type.shape.dim for each in self._model.graph.output}
        if PROBABILITIES not in outputs or outputs[PROBABILITIES][-1].dim_value != classes:
            raise FamilyError(
                f"The teacher “{teacher.card.title}” does not give the output “{PROBABILITIES}” that is learned from; "
                "choose a finetuned CNN."
            )
        self._places = places_in(self._model, grid)
        self.names = (PROBABILITIES, *(f"{SEEN}{number}" for number, _ in enumerate(self._places, start=1)))
        self.channels = (classes, *(place.components * grid * grid for place in self._places))

    @property
    def components(self) -> tuple[int, ...]:
        """D of each of its maps."""
        return tuple(place.components for place in self._places)

    def fingerprint(self) -> str:
        """Of its file, and of what decides how its maps are taken in."""
        said = f"1 {self._grid} {self._context.dataset.fingerprint} {self._view.name}"
        return hashlib.sha256(self._bytes + said.encode()).hexdigest()[:16]

    def write(self, path: Path) -> None:
        """Its graph, with the components of its maps; which ones those are, some train photos say."""
        if not self._places:
            path.write_bytes(self._bytes)
            return
        whole = path.with_suffix(".maps.onnx")
        save(with_maps(self._model, self._places, self._grid), whole)
        try:
            graph = self._context.open_graph(whole)
            found = [graph.run({IMAGE: photo[None]}, self.names[1:]) for photo in self._some_photos()]
        finally:
            whole.unlink(missing_ok=True)
        if not found:
            raise FamilyError("None of the photos could be read that the teacher was to be asked about.")
        samples = [np.concatenate([each[name] for each in found]) for name in self.names[1:]]
        save(with_components(self._model, self._places, samples, self._grid), path)

    def _some_photos(self) -> Iterator[np.ndarray]:
        records = self._context.dataset.records("train")
        seen = 0
        for number in np.random.default_rng(self._context.config.seed).permutation(len(records)):
            try:
                photo = self._context.dataset.read(records[int(number)]).array(IMAGE)
            except DataError:
                continue
            yield self._view(photo)
            seen += 1
            if seen == SAMPLE:
                return


class Answers:
    """What a teacher says of the views of photos, and the pictures that are learned from.

    Args:
        context: The run.
        views: Of each photo, the photo as it is first.
        found: What the teacher makes of each view; of the last one perhaps not for all photos.
        order: Where each class lies among the teacher's own.
        side: Of the pictures, S.

    Attributes:
        records: The photos.
        shares: Its probabilities in the order of the classes here, (views, n, K).
        counts: Of how many views it was asked, for each photo, (n,).
    """

    def __init__(
        self,
        context: TrainContext,
        views: Sequence[AlteredView],
        found: Sequence[Features],
        order: Sequence[int],
        side: int,
    ) -> None:
        config = context.config
        assert isinstance(config, VisionTransformerConfig)
        self.records = found[0].records
        count, maps = len(self.records), found[0].vectors.shape[1] - len(order)
        self._rows = {(record.path, record.part): row for row, record in enumerate(self.records)}
        self.shares = np.zeros((len(found), count, len(order)), np.float32)
        self.counts = np.zeros(count, np.int64)
        self._seen = np.zeros((len(found), count, maps), np.float16)
        for number, each in enumerate(found):
            rows = [self._rows[record.path, record.part] for record in each.records]
            self.shares[number, rows] = each.after(0)[:, order]
            self._seen[number, rows] = each.vectors[:, len(order) :]
            self.counts[rows] += 1
        self._nothing = np.zeros(1 + len(order) + maps, np.float32)
        self._altered = fresh(config, side)
        kept = min(KEPT_BYTES, free_memory() // 8)
        self._pictures: Kept[tuple[Record, int], np.ndarray] = Kept(
            lambda each: views[each[1]].small(context.dataset.read(each[0]).array(IMAGE)),
            key=lambda each: (each[0].path, each[0].part, each[1]),
            size=lambda picture: picture.nbytes,
            at_most=kept,
        )
        self._photos: Kept[Record, np.ndarray] = Kept(
            lambda record: shrunk(context.dataset.read(record).array(IMAGE), round(side * KEPT_LARGER)),
            key=lambda record: (record.path, record.part),
            size=lambda photo: photo.nbytes,
            at_most=kept,
        )

    def __call__(self, record: Record, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A picture, (S, S, 3) uint8, and what is said of it, if anything, as `DistilStep` takes it."""
        row = self._rows[record.path, record.part]
        view = drawn_view(draw, int(self.counts[row]))
        if view is None:
            return self._altered(self._photos(record), draw), self._nothing
        said = np.concatenate([[1.0], self.shares[view, row], self._seen[view, row]]).astype(np.float32)
        return self._pictures((record, view)), said


def asked(
    context: TrainContext, teacher: Teacher, labels: Sequence[str], shape: "Shape"
) -> tuple[Answers, tuple[int, ...]]:
    """What the teacher says of the train photos and of altered views of them, from the store where it was asked before.

    Where the time is limited, only so many views are asked about as fit into a share of it.

    Returns:
        The answers, and the components of each of its maps.

    Raises:
        FamilyError: If it is no model that tells photos apart as this program's do.
        TrainingStopped: If the person asked to stop.
    """
    config = context.config
    assert isinstance(config, VisionTransformerConfig)
    views = [AlteredView(config, shape.size, number) for number in range(config.views + 1)]
    frozen = FrozenTeacher(context, teacher, len(labels), shape.grid, views[0])
    found = [extract(context, frozen, context.dataset.records("train"), views[0])]
    part = Within(context, "views", SHARE_OF_TIME)
    for view in views[1:]:
        if found[0].cut_short or ((left := part.seconds_left()) is not None and left <= 0):
            break
        found.append(extract(part, frozen, found[0].records, view))
        if found[-1].cut_short:
            break  # the time for it was over; of some photos there is one view more than of others
    order = [list(teacher.card.labels).index(label) for label in labels]
    answers = Answers(context, views[: len(found)], found, order, shape.size)
    labelled = np.array([labels.index(record.target) for record in answers.records])
    right = [
        float((shares[answers.counts > view].argmax(1) == labelled[answers.counts > view]).mean())
        for view, shares in enumerate(answers.shares)
    ]
    more = int(answers.counts.sum()) - len(answers.records)
    altered = f" and {np.mean(right[1:]):.1%} of {more:,} altered views of them" if more else ""
    context.emit(
        Note(
            sentence=f"The teacher answers {right[0]:.1%} of the train photos{altered} as they are labelled.",
            facts={"teacher_accuracy": right, "teacher": teacher.card.id},
        )
    )
    return answers, frozen.components
