"""Answers problems of long memory with the exported graph, and shows what they ask."""

from collections.abc import Sequence

import numpy as np

from trasluz.api import DataError, LoadedModel, Outputs, Prediction, Predictor, Sample

from .problems import ASK, Problem, answer_of

ANSWERS = "answers"


class MemoryPredictor(Predictor):
    """Reads an item and says what it remembers."""

    def __init__(self, model: LoadedModel) -> None:
        super().__init__(model)
        self.graph = model.graph("model")
        self.problem = Problem(**self.card.extra["problem"])

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Give the answers (asked, K) of each item."""
        return [{ANSWERS: self._run(sample, [ANSWERS])[ANSWERS]} for sample in samples]

    def explaining_outputs(self, sample: Sample) -> Outputs:
        """Give the outputs of every layer (T, H) as well."""
        return self._run(sample, None)

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Read the letters or the sum off."""
        text, sure = answer_of(self.problem, outputs[ANSWERS])
        return Prediction(text=text, score=None if sure is None else min(1.0, sure))

    def _run(self, sample: Sample, wanted: Sequence[str] | None) -> dict[str, np.ndarray]:
        text = sample.inputs.get("text")
        if not isinstance(text, str):
            raise DataError(f"“{sample.record.path}” is no text; this model reads problems of long memory.")
        found = self.graph.run({"series": self.problem.read(text)[None]}, wanted)
        asked = text.count(ASK) if self.problem.problem == "copy" else 1
        return {name: value[0][-asked:] if name == ANSWERS else value[0] for name, value in found.items()}


PREDICT = '''\
"""Answers a problem of long memory. Needs: pip install onnxruntime numpy. Use: python predict.py "bdca....????" ..."""
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

here = Path(__file__).resolve().parent
card = json.loads((here / "card.json").read_text(encoding="utf-8"))
problem = card["extra"]["problem"]
graph = str(here / card["graphs"][0]["file"])
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])  # or CUDAExecutionProvider
letters = "abcdefghijklmnopqrstuvwxyz"[: problem["letters"]]
for text in sys.argv[1:]:
    if problem["problem"] == "copy":
        series = np.eye(len(letters) + 2, dtype=np.float32)[[(letters + ".?").index(c) for c in text.strip()]]
    else:
        series = np.array([(float(word.rstrip("+")), word.endswith("+")) for word in text.split()], np.float32)
    answers = session.run(["answers"], {"series": series[None]})[0][0]
    if problem["problem"] == "copy":
        print(text, "".join(letters[n] for n in answers[-text.count("?") :].argmax(1)), sep="\\t")
    else:
        print(text, f"{answers[-1, 0]:.2f}", sep="\\t")
'''
