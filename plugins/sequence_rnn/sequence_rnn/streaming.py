"""A sequence in chunks as they arrive, by a graph that hands its state on; it also becomes part of `predict.py`.

The graph is given each chunk with the state after the one before, and gives the same as for the whole at once.

Shapes: S samples of a sound, or steps of a series with their channels.
"""

import numpy as np


class Stream:
    """Hears a recording piece by piece.

    Args:
        run: Runs the graph: (output names, inputs by name) → outputs by name.
        how: The card's `extra["streaming"]`: `input`, `chunk` (samples that one step takes; the graph wants whole
            steps), `tail` (samples of silence after the end, until the last step has been spoken), `states`
            (name → shape with one item), and of a series `channels` and `missing` (states that begin as NaN).
        wanted: The outputs that are wanted.
    """

    def __init__(self, run, how, wanted):
        self.run, self.how, self.wanted = run, how, list(wanted)
        self.state = nothing_heard(how)
        self.rest = np.zeros((0, how["channels"]) if "channels" in how else 0, np.float32)
        self.begun = False

    def hear(self, samples):
        """Take some samples, (S,) at the model's rate or (S, channels): what complete steps say, or None."""
        waiting = np.concatenate([self.rest, np.asarray(samples, np.float32)])
        whole = len(waiting) // self.how["chunk"] * self.how["chunk"]
        self.rest = waiting[whole:]
        if not whole:
            return None
        self.begun = True
        states = list(self.state)
        feeds = {self.how["input"]: waiting[None, :whole], **self.state}
        found = self.run([*self.wanted, *(name + "_after" for name in states)], feeds)
        self.state = {name: found[name + "_after"] for name in states}
        return {name: found[name][0] for name in self.wanted}

    def end(self):
        """The outputs of what was still waiting, and of the silence after it; None where nothing ever waits."""
        if self.how["chunk"] == 1:
            return None
        silence = whole_steps(self.rest, self.how, least=0 if self.begun else 1)[len(self.rest) :]
        return self.hear(silence)


def nothing_heard(how):
    """The state before the first sample, for one item: silence was heard, and of a series nothing was there."""
    empty = {name: np.nan if name in how.get("missing", ()) else 0 for name in how["states"]}
    return {name: np.full(shape, empty[name], np.float32) for name, shape in how["states"].items()}


def whole_steps(samples, how, least=1):
    """Samples with the silence after them, so that all of them make whole steps, `least` before the silence."""
    size = max(least, -(-len(samples) // how["chunk"])) * how["chunk"] + how["tail"]
    return np.concatenate([samples, np.zeros(size - len(samples), np.float32)]).astype(np.float32)
