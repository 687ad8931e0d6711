"""From the log-probabilities of CTC to text, in plain numpy; it also becomes part of `predict.py`, so it stands alone.

Graves et al., “Connectionist temporal classification”, ICML 2006; prefix beam search as in Hannun et al., “First-pass
large vocabulary continuous speech recognition using bi-directional recurrent DNNs”, 2014, algorithm 1, by characters.

Shapes: T steps, K characters with the blank (number 0) before them.
"""

import json
import math
from pathlib import Path

import numpy as np

NEVER = -1e30
LEAST, MOST = -8.0, 10
"""Characters less likely than this at a step, in nats, begin no path; nor do more than so many."""
SILENT = -0.001
"""Steps at which the blank is likelier than this begin nothing."""
END = "\n"
"""What ends a text in the language model."""


def greedy(scores):
    """The likeliest character of each step, with repetitions and blanks taken out: numbers and their first steps."""
    best = np.asarray(scores).argmax(1)
    kept = [int(t) for t in range(len(best)) if best[t] and (t == 0 or best[t] != best[t - 1])]
    return [int(best[t]) for t in kept], kept


class CharacterModel:
    """How likely each character is after those before it: n-grams with Witten–Bell smoothing.

    P(c | h) = (n(h c) + d(h) P(c | shorter h)) / (n(h) + d(h)), where d(h) is how many different characters followed h
    (Witten and Bell, “The zero-frequency problem”, IEEE Transactions on Information Theory 37, 1991, method C).

    Args:
        counts: History → character → how often; histories are at most `order - 1` characters long.
        order: Longest n-gram.
        size: How many characters there are, for the even share that every one has.
    """

    def __init__(self, counts, order, size):
        self.counts, self.order, self.size = counts, order, size
        self._known = {}

    @classmethod
    def learned(cls, texts, order=6):
        """Count the n-grams of texts; each ends with `END` and begins after one."""
        counts = {}
        for text in texts:
            line = END + text + END
            for at in range(1, len(line)):
                for length in range(min(order, at + 1)):
                    after = counts.setdefault(line[at - length : at], {})
                    after[line[at]] = after.get(line[at], 0) + 1
        return cls(counts, order, max(1, len(counts.get("", ()))))

    def log_probability(self, history, character):
        """The log-probability of a character after a history of any length."""
        key = (history[-(self.order - 1) :], character) if self.order > 1 else ("", character)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = math.log(self._probability(*key))
        return found

    def _probability(self, history, character):
        after = self.counts.get(history)
        shorter = self._probability(history[1:], character) if history else 1.0 / (self.size + 1)
        if not after:
            return shorter
        return (after.get(character, 0) + len(after) * shorter) / (sum(after.values()) + len(after))

    def save(self, path):
        """Write it as JSON."""
        told = {"order": self.order, "size": self.size, "counts": self.counts}
        with Path(path).open("w", encoding="utf-8") as file:
            json.dump(told, file, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def load(cls, path):
        """Read what `save` wrote."""
        with Path(path).open(encoding="utf-8") as file:
            told = json.load(file)
        return cls(told["counts"], told["order"], told["size"])


def beam_search(scores, characters, width=12, *, model=None, weight=0.0, bonus=0.0):
    """The likeliest text, summed over all the ways that CTC may write it.

    Args:
        scores: (T, K) log-probabilities.
        characters: The characters of the numbers 1 to K - 1.
        width: Beginnings that are kept at each step.
        model: A `CharacterModel`, or None.
        weight: How much the model counts.
        bonus: Added for each character, for a model makes every character dearer.

    Returns:
        The text and its score.
    """
    return several(scores, characters, width, model=model, weight=weight, bonus=bonus)[0]


def several(scores, characters, width=12, *, model=None, weight=0.0, bonus=0.0):
    """The texts that are left at the end of the search of `beam_search`, the likeliest first, each with its score."""
    scores = np.asarray(scores, dtype=np.float64)
    # Each beginning with the log-probabilities of the ways that end in a blank and in its last character.
    beams = {"": (0.0, NEVER)}
    extra = {"": 0.0}
    for row in scores:
        likely = [k for k in np.argsort(-row)[: MOST + 1].tolist() if k and row[k] > LEAST] if row[0] < SILENT else []
        row = row.tolist()
        found = {}
        for prefix, (blank, other) in beams.items():
            both = _add(blank, other)
            b, o = found.get(prefix, (NEVER, NEVER))
            found[prefix] = (_add(b, both + row[0]), o)
            last = prefix[-1:]
            for k in likely:
                character = characters[k - 1]
                if character == last:
                    b, o = found[prefix]
                    found[prefix] = (b, _add(o, other + row[k]))
                    begun = blank + row[k]
                else:
                    begun = both + row[k]
                longer = prefix + character
                if longer not in extra:
                    said = model.log_probability(END + prefix, character) if model else 0.0
                    extra[longer] = extra[prefix] + weight * said + bonus
                b, o = found.get(longer, (NEVER, NEVER))
                found[longer] = (b, _add(o, begun))
        best = sorted(found, key=lambda p: _add(*found[p]) + extra[p], reverse=True)[:width]
        beams = {p: found[p] for p in best}

    def ended(prefix):
        said = model.log_probability(END + prefix, END) if model else 0.0
        return _add(*beams[prefix]) + extra[prefix] + weight * said

    found = sorted(((text, ended(text)) for text in beams), key=lambda each: -each[1])
    # what cannot be written in so few steps is kept in the search for what may come after it
    return [each for each in found if each[1] > NEVER / 2] or found[:1]


def _add(a, b):
    """log(exp a + exp b)."""
    if a < b:
        a, b = b, a
    return a if b <= NEVER else a + math.log1p(math.exp(b - a))


def aligned(scores, numbers):
    """The step at which each character of a text most likely begins: the best of the ways that CTC may write it.

    Args:
        scores: (T, K) log-probabilities.
        numbers: The text by numbers; T must suffice for it.

    Returns:
        A step for each number, rising; empty where there is no way.
    """
    scores = np.asarray(scores)
    steps, labels = len(scores), [0]
    for n in numbers:
        labels += [int(n), 0]
    reach = np.full((steps, len(labels)), NEVER)
    back = np.zeros((steps, len(labels)), np.int64)
    reach[0, :2] = scores[0, labels[:2]]
    for t in range(1, steps):
        for s, label in enumerate(labels):
            ways = [reach[t - 1, s], reach[t - 1, s - 1] if s else NEVER]
            ways.append(reach[t - 1, s - 2] if s > 1 and label and label != labels[s - 2] else NEVER)
            back[t, s] = int(np.argmax(ways))
            reach[t, s] = ways[back[t, s]] + scores[t, label]
    s = len(labels) - 1
    if len(labels) > 1 and reach[-1, s - 1] > reach[-1, s]:
        s -= 1
    if not numbers or reach[-1, s] <= NEVER / 2:
        return []
    first = [0] * len(numbers)
    for t in range(steps - 1, -1, -1):
        if labels[s]:
            first[(s - 1) // 2] = t
        s -= back[t, s]
    return first
