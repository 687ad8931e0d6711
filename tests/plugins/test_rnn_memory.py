"""The problems of long memory: what they ask, what is right, and the sentences for what cannot be used."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sequence_rnn.memory.network import Endless, MemoryNetwork, step
from sequence_rnn.memory.problems import Problem, answer_of, read_problem, scores
from sequence_rnn.memory.source import LongMemory
from sequence_rnn.reach import curve, sentence
from trasluz.api import DataError, Record
from trasluz.core.data.index import Index


@pytest.mark.parametrize("problem", [Problem(delay=7), Problem(problem="adding", delay=9)])
def test_an_item_as_text_is_the_item_as_numbers(problem: Problem) -> None:
    for number in range(5):
        text, answer = problem.item("val", number)
        x = problem.read(text)
        assert x.shape == (problem.steps(), problem.features)
        if problem.problem == "copy":
            assert text == answer + "." * 7 + "?" * 5
            outputs = np.log(np.eye(4)[["abcd".index(c) for c in answer]] * 0.9 + 0.025)
        else:
            assert float(answer) == pytest.approx(float((x[:, 0] * x[:, 1]).sum()), abs=0.011)
            outputs = np.array([[float(answer)]])
        assert answer_of(problem, outputs)[0] == answer
    assert problem.item("val", 0) != problem.item("train", 0)


def test_what_counts_as_right() -> None:
    assert scores(["abcd", "abca"], ["abcd", "abcd"]) == {"accuracy": 7 / 8, "exact_match": 0.5}
    found = scores(["1.00", "0.50"], ["1.03", "0.60"])
    assert found["accuracy"] == 0.5
    assert found["rmse"] == pytest.approx(((0.03**2 + 0.1**2) / 2) ** 0.5)


def test_the_delay_grows_when_it_is_mastered_and_never_beyond_the_problem() -> None:
    torch.manual_seed(0)
    network = MemoryNetwork(Problem(delay=6), 8, layers=1, cell="gru")
    batch = next(iter(Endless(network, size=4, seed=0).epoch(0))).pieces[0]
    assert batch[0].shape[1] <= Problem(delay=6).steps(4)
    for _ in range(3):
        network.mastery.fill_(1.5)
        x, y = (torch.from_numpy(a) for a in network.problem.arrays(4, np.random.default_rng(0), int(network.delay)))
        step(network, (x, y))
    assert int(network.delay) == 6


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"problem": "sort"}, "copy or adding"),
        ({"delay": 0}, "1 to 2000"),
        ({"delay": "long"}, "whole number"),
        ({"speed": 3}, "no problem of long memory"),
    ],
)
def test_a_bad_file_is_answered_by_a_sentence(entries: dict, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.memory.json"
    path.write_text(json.dumps(entries))
    with pytest.raises(DataError, match=said):
        read_problem(path)
    with pytest.raises(DataError):
        Index.build(tmp_path, tmp_path / "i.sqlite", [LongMemory()])


def test_the_sentence_reads_the_gradient_where_the_letters_stand() -> None:
    near, far = [1.0] * 4 + [0.05] * 4, [0.5] * 4 + [1.0] * 4
    reach = {"asked": "at a delay of 4", "measure": "right", "where": [4, 7]}
    cells = {"lstm": {"gradient": far, "score": 1.0}, "rnn": {"gradient": near, "score": 0.25}}
    assert sentence({**reach, "cells": cells}) == (
        "Where the letters stand, 4 to 7 steps back, the gradient is so much of its strongest: the plain RNN’s 5%, the "
        "LSTM’s 100%. At a delay of 4: LSTM 100.0%, plain RNN 25.0% right."
    )
    assert curve({**reach, "cells": cells}).series[1].y[7] == pytest.approx(np.log10(0.05))


def test_a_problem_is_data_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "copy.memory.json").write_text('{"delay": 12, "items": 20}')
    index = Index.build(tmp_path, tmp_path / "i.sqlite", [LongMemory()])
    assert index.kind == "long-memory" and index.count("val") == 20
    record: Record = index.records("val")[3]
    assert str(index.read(record).inputs["text"]).startswith(record.target + "............")
    listed = index.page(split="val", limit=1)[0].texts
    assert [name for name, _ in listed] == ["what is read", "answer"]
    assert listed[0][1].startswith(listed[1][1] + "....")
    index.close()
    with pytest.raises(DataError, match="question mark"):
        Problem().read("hello")
    with pytest.raises(DataError, match="marked"):
        Problem(problem="adding").read("0.1 0.2")
