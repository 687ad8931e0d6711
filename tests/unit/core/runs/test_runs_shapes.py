"""Each of the five shapes is found among a person's models."""

from datetime import UTC, datetime
from pathlib import Path

from trasluz.core.runs.folder import RunState
from trasluz.core.runs.history import RunSummary
from trasluz.core.runs.shapes import SHAPES, with_models


def run(kind: str, number: int, **more: object) -> RunSummary:
    return RunSummary(
        id=f"r{number}",
        name="",
        family="f",
        folder=Path("x"),
        created=datetime(2026, 1, 1, tzinfo=UTC),
        state=RunState.FINISHED,
        kind=kind,
        **{"score": 0.5, **more},
    )


def test_the_newest_model_of_each_shape_is_named() -> None:
    runs = [
        run("text", 1),
        run("text", 2, metrics={"perplexity": 4.0}),
        run("handwriting", 3, score=None),
        run("text-pairs", 4),
        run("speech", 5),
    ]
    found = {shape.id: model.id if model else "" for shape, model in with_models(runs)}
    assert list(found) == [shape.id for shape in SHAPES]
    assert found == {
        "one-to-one": "",
        "one-to-many": "r2",
        "many-to-one": "",
        "many-to-many-later": "r4",
        "many-to-many-in-step": "r2",
    }


def test_labels_of_steps_show_their_shape_better_than_a_text_does() -> None:
    runs = [run("text", 1, metrics={"perplexity": 4.0}), run("series-steps", 2)]
    found = {shape.id: model.id if model else "" for shape, model in with_models(runs)}
    assert (found["one-to-many"], found["many-to-many-in-step"]) == ("r1", "r2")
