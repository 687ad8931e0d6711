"""Model folders: found from anywhere near them; opened only when they are what their card says."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inference_colours import ColourFamily, write_graph

from trasluz.core.inference.model import ModelError, OpenModel, find_model, read_card


def test_a_model_is_found_from_the_run_the_folder_the_card_and_the_graph(make: Callable[..., Any]) -> None:
    made, _card, _judgement = make()
    for place in (made.parent, made, made / "card.json", made / "main.onnx", str(made)):
        assert find_model(place) == made


def test_where_there_is_no_model_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nothing at"):
        find_model(tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"no card\.json"):
        find_model(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ModelError, match="resume"):
        find_model(tmp_path)
    with pytest.raises(ModelError):
        find_model("a\0b")
    with pytest.raises(ModelError):
        find_model("x" * 5000)


def test_a_graph_that_was_exchanged_or_cut_off_is_not_opened(make: Callable[..., Any], family: ColourFamily) -> None:
    made, _card, _judgement = make()
    whole = (made / "main.onnx").read_bytes()
    OpenModel(made, family, "cpu")
    write_graph(made / "main.onnx", np.zeros((3, 3), np.float32))
    with pytest.raises(ModelError, match=r"main\.onnx.*changed"):
        OpenModel(made, family, "cpu")
    (made / "main.onnx").write_bytes(whole[:-5])
    with pytest.raises(ModelError, match=r"main\.onnx"):
        OpenModel(made, family, "cpu")
    (made / "main.onnx").unlink()
    with pytest.raises(ModelError, match=r"main\.onnx.*missing"):
        read_card(made)


def test_a_model_of_another_family_is_not_opened(make: Callable[..., Any]) -> None:
    class Other(ColourFamily):
        id = "other"

    with pytest.raises(ModelError, match=r"colours.*other"):
        OpenModel(make()[0], Other(), "cpu")


def test_an_open_model_says_where_it_runs(opened: OpenModel) -> None:
    assert (opened.provider, opened.device) == ("CPUExecutionProvider", "cpu")
    assert opened.sentence == "It runs on the processor."
    with pytest.raises(KeyError):
        opened.graph("another")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the administrator may read everything")
def test_a_card_that_may_not_be_read_gives_a_sentence(make: Callable[..., Any]) -> None:
    made, _card, _judgement = make()
    (made / "card.json").chmod(0)
    with pytest.raises(ModelError, match="cannot be read"):
        read_card(made)
