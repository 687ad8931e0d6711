"""From a text to its answers: cut into tokens, encode, search, put together again. numpy and `tokenizers` alone.

This file and `decoding.py` are also the heart of the exported `predict.py`, word for word. So they import nothing of
the program, and a graph is anything with `run(feeds, wanted)`.

Shapes: B texts, S source tokens, R rows of the search.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from .decoding import Found, State, beam_search, sample

PAD, START, END = 0, 2, 3
FORBIDDEN = (0, 1, 2)
"""Padding, the unknown token and the start are never an answer."""
AT_ONCE = 32
_SENTENCE = re.compile(r"(?<=[.!?…;:。！？])\s+")


class Runs(Protocol):
    """An open graph."""

    def run(self, feeds: Mapping[str, np.ndarray], wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Run it once."""
        ...


class TooLong(ValueError):  # noqa: N818 - what is wrong, not a class of programs
    """A text with more tokens than the model takes, where it is to be refused."""


class Answerer:
    """A model with its tokenizers.

    Args:
        encoder: The encoder's graph: `source` (B, S), `lengths` (B,) → what the decoder needs.
        decoder: The graph of one step of the decoder: `token` (R,) and the states → `logits` (R, V) and new states.
        source: The tokenizer of what is asked.
        target: The tokenizer of what is answered.
        facts: `state`, `memory`, `cache` (names and shapes of the decoder's inputs), `max_tokens`, `ratio`, and the
            choices `beam`, `length_penalty`, `long_texts`.
    """

    def __init__(self, encoder: Runs, decoder: Runs, source: Any, target: Any, facts: Mapping[str, Any]) -> None:
        self.encoder, self.decoder = encoder, decoder
        self.source, self.target = source, target
        self.facts = facts

    # the text's side

    def pieces(self, text: str) -> list[list[int]]:
        """The tokens of a text; of a longer one than the model takes, piece by piece, or cut off, or `TooLong`."""
        most = int(self.facts["max_tokens"])
        tokens = self._tokens(text)
        if len(tokens) <= most:
            return [tokens]
        how = self.facts["long_texts"]
        if how == "refuse":
            raise TooLong(f"The text has {len(tokens):,} tokens, and the model takes {most:,}; make it shorter.")
        if how == "cut":
            return [tokens[:most]]
        found: list[list[int]] = []
        for sentence in _SENTENCE.split(text):
            cut = self._tokens(sentence)
            if found and len(found[-1]) + len(cut) + 1 <= most // 2:
                found[-1] = self._tokens(self.source.decode(found[-1]) + " " + sentence)
            else:
                found += [cut[at : at + most] for at in range(0, len(cut), most)]
        return [piece for piece in found if piece] or [tokens[:most]]

    def together(self, answers: Sequence[Sequence[int]]) -> str:
        """The text of the answers to the pieces of a text."""
        return " ".join(self.target.decode(list(each)).strip() for each in answers)

    def _tokens(self, text: str) -> list[int]:
        return list(self.source.encode(text).ids) or [1]

    # the graphs' side

    def start(self, sources: Sequence[Sequence[int]], wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Encode texts: the state before the first token, and any other outputs that are `wanted`."""
        longest = max(map(len, sources))
        padded = np.full((len(sources), longest), PAD, np.int64)
        for row, tokens in enumerate(sources):
            padded[row, : len(tokens)] = tokens
        lengths = np.array([len(tokens) for tokens in sources], np.int64)
        given = [name for name in (*self.facts["memory"], *self.facts["state"]) if name != "lengths"]
        given = [name for name in given if name not in self.facts["cache"]]
        state = self.encoder.run({"source": padded, "lengths": lengths}, [*given, *(wanted or ())])
        if "lengths" in self.facts["memory"]:
            state["lengths"] = lengths
        for name, shape in self.facts["cache"].items():
            state[name] = np.zeros((len(sources), *shape), np.float32)  # with a length of 0
        return state

    def step(self, tokens: np.ndarray, state: State) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """One step of the decoder."""
        feeds = {name: state[name] for name in (*self.facts["memory"], *self.facts["state"])}
        wanted = ["logits", *(f"next_{name}" for name in self.facts["state"])]
        found = self.decoder.run({"token": tokens, **feeds}, wanted)
        following = {name: state[name] for name in self.facts["memory"]}
        following |= {name: found[f"next_{name}"] for name in self.facts["state"]}
        return found["logits"], following

    def search(self, sources: Sequence[Sequence[int]], *, beam: int | None = None) -> list[Found]:
        """The best answers to each text, as tokens."""
        return beam_search(
            self.step,
            self.start(sources),
            limits=[self.limit(len(tokens)) for tokens in sources],
            start=START,
            end=END,
            beam=int(self.facts["beam"] if beam is None else beam),
            alpha=float(self.facts["length_penalty"]),
            forbidden=FORBIDDEN,
        )

    def followed(self, tokens: Sequence[int]) -> list[tuple[tuple[int, ...], float]]:
        """What the beam search follows for one text: beginnings with their log-probabilities, as they come."""
        seen: list[tuple[int, tuple[int, ...], float]] = []
        beam_search(
            self.step,
            self.start([tokens]),
            limits=[self.limit(len(tokens))],
            start=START,
            end=END,
            beam=int(self.facts["beam"]),
            alpha=float(self.facts["length_penalty"]),
            forbidden=FORBIDDEN,
            followed=seen,
        )
        return [(beginning, score) for _, beginning, score in seen]

    def drawn(self, sources: Sequence[Sequence[int]], *, temperature: float, rng: np.random.Generator) -> list[Found]:
        """An answer to each text, drawn by chance."""
        return sample(
            self.step,
            self.start(sources),
            limits=[self.limit(len(tokens)) for tokens in sources],
            start=START,
            end=END,
            temperature=temperature,
            rng=rng,
            forbidden=FORBIDDEN,
        )

    def limit(self, length: int) -> int:
        """The most tokens of an answer to a text of this length: no loop goes on for ever."""
        return int(min(float(self.facts["ratio"]) * length + 10, 2 * int(self.facts["max_tokens"])))

    def forced(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], wanted: Sequence[str]
    ) -> list[dict[str, list[np.ndarray]]]:
        """What the decoder computes along given answers: for each text and each name, one array a step."""
        state = self.start(sources)
        longest = max(map(len, targets)) + 1
        tokens = np.full((len(targets), longest), PAD, np.int64)
        tokens[:, 0] = START
        for row, target in enumerate(targets):
            tokens[row, 1 : len(target) + 1] = target
        found: list[dict[str, list[np.ndarray]]] = [{name: [] for name in wanted} for _ in targets]
        names = [f"next_{name}" for name in self.facts["state"]]
        for t in range(longest):
            feeds = {name: state[name] for name in (*self.facts["memory"], *self.facts["state"])}
            given = self.decoder.run({"token": tokens[:, t], **feeds}, [*wanted, *names])
            state |= {name: given[f"next_{name}"] for name in self.facts["state"]}
            for row, target in enumerate(targets):
                if t <= len(target):
                    for name in wanted:
                        found[row][name].append(given[name][row])
        return found

    def answers(self, texts: Sequence[str]) -> list[list[tuple[str, float]]]:
        """The best answers to each text with their probabilities by token, best first, no text twice."""
        cut = [self.pieces(text) for text in texts]
        flat = [piece for pieces in cut for piece in pieces]
        # Texts of like length together; the order is put right again.
        order = sorted(range(len(flat)), key=lambda number: len(flat[number]))
        found: list[Found] = [[] for _ in flat]
        for at in range(0, len(order), AT_ONCE):
            numbers = order[at : at + AT_ONCE]
            for number, each in zip(numbers, self.search([flat[n] for n in numbers]), strict=True):
                found[number] = each
        rows = iter(found)
        return [self.named([next(rows) for _ in pieces]) for pieces in cut]

    def named(self, found: Sequence[Found]) -> list[tuple[str, float]]:
        """The answers to the pieces of one text, put together and named; no text twice."""
        if len(found) > 1:
            best = [each[0] for each in found]
            return [(self.together([tokens for tokens, _ in best]), float(np.exp(np.mean([s for _, s in best]))))]
        named: dict[str, float] = {}
        for tokens, score in found[0]:
            named.setdefault(self.together([tokens]), float(np.exp(score)))
        return list(named.items())
