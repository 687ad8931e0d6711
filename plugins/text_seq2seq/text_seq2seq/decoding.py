"""Searching for the answer, token by token, in plain numpy: greedy, beam search, sampling.

The model is a function `step(tokens, state)`: from the last token of each row to the logits of the next one and the
new state. A state is arrays with the rows first; rows can be taken, repeated and left out. Every search ends: a row
has a limit of tokens.

Shapes: B texts, K beams, R = B·K rows, V tokens of the vocabulary.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

State = Mapping[str, np.ndarray]
Step = Callable[[np.ndarray, State], tuple[np.ndarray, dict[str, np.ndarray]]]
"""From tokens (R,) and a state to logits (R, V) and the next state."""
Found = list[tuple[list[int], float]]
"""Answers to one text, best first: tokens without start and end, and the log-probability by the length penalty."""


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def taken(state: State, rows: np.ndarray) -> dict[str, np.ndarray]:
    """The state of these rows, in this order."""
    return {name: values[rows] for name, values in state.items()}


def penalty(length: int, alpha: float) -> float:
    """What a log-probability is divided by: ((5 + length) / 6)^alpha (Wu et al. 2016, equation 14)."""
    return float(((5 + length) / 6) ** alpha)


def beam_search(  # noqa: PLR0915 - one search, read from top to bottom
    step: Step,
    state: State,
    *,
    limits: Sequence[int],
    start: int,
    end: int,
    beam: int = 4,
    alpha: float = 0.6,
    forbidden: Sequence[int] = (),
    followed: list[tuple[int, tuple[int, ...], float]] | None = None,
) -> list[Found]:
    """Follow the `beam` likeliest beginnings of each text at once; `beam=1` is greedy search.

    Args:
        step: The model.
        state: Of the B texts before the first token.
        limits: The most tokens of each text's answer.
        start: The token that every answer begins with.
        end: The token that ends an answer.
        beam: Beginnings that are followed.
        alpha: The length penalty.
        forbidden: Tokens that no answer holds.
        followed: Where given, each beginning that is followed or finished is put into it as it comes: the text's
            number, the tokens with the end where it ended, and the log-probability.
    """
    texts = len(limits)
    finished: list[Found] = [[] for _ in range(texts)]
    alive = list(range(texts))  # texts that are still searched, in the order of the rows
    rows = np.repeat(np.arange(texts), beam)
    state = taken(state, rows)
    tokens = np.full(texts * beam, start, np.int64)
    history = np.zeros((texts * beam, 0), np.int64)  # (R, t)
    scores = np.full((texts, beam), -np.inf)
    scores[:, 0] = 0.0  # at first all beams are the same: one of them counts
    t = 0
    while alive:
        t += 1
        logits, state = step(tokens, state)
        logits = logits.astype(np.float64)
        logits[:, list(forbidden)] = -np.inf
        if t == 1:
            logits[:, end] = -np.inf  # nothing is no answer
        size = logits.shape[1]
        ahead = (scores[:, :, None] + log_softmax(logits).reshape(len(alive), beam, size)).reshape(len(alive), -1)
        # Twice as many as beams: even if all of the better half end here, enough go on.
        many = min(2 * beam, ahead.shape[1])
        best = np.argpartition(-ahead, many - 1, axis=1)[:, :many]
        order = np.lexsort((best, -np.take_along_axis(ahead, best, 1)), axis=1)
        best = np.take_along_axis(best, order, 1)
        kept, kept_rows, kept_tokens, kept_scores = [], [], [], []
        for place, text in enumerate(alive):
            going: list[tuple[int, int, float]] = []
            for rank, choice in enumerate(best[place]):
                score = float(ahead[place, choice])
                if score == -np.inf:
                    break
                row, token = place * beam + int(choice) // size, int(choice) % size
                if token == end:
                    if rank < beam:
                        if followed is not None:
                            followed.append((text, (*history[row].tolist(), end), score))
                        finished[text].append((history[row].tolist(), score / penalty(t, alpha)))
                elif len(going) < beam:
                    going.append((row, token, score))
                    if followed is not None:
                        followed.append((text, (*history[row].tolist(), token), score))
            if t >= limits[text]:
                # The end was not reached in time: what there is counts as it is.
                finished[text] += [([*history[r].tolist(), k], s / penalty(t, alpha)) for r, k, s in going]
                continue
            if not going or _settled(finished[text], going[0][2], beam, penalty(limits[text], alpha)):
                continue
            while len(going) < beam:  # a vocabulary smaller than the beam
                going.append((going[0][0], going[0][1], -np.inf))
            kept.append(text)
            kept_rows += [row for row, _, _ in going]
            kept_tokens += [token for _, token, _ in going]
            kept_scores.append([score for _, _, score in going])
        alive = kept
        if not alive:
            break
        chosen = np.array(kept_rows)
        tokens = np.array(kept_tokens, np.int64)
        scores = np.array(kept_scores)
        state = taken(state, chosen)
        history = np.concatenate([history[chosen], tokens[:, None]], axis=1)
    return [sorted(each, key=lambda found: -found[1])[:beam] for each in finished]


def _settled(finished: Found, best: float, beam: int, largest: float) -> bool:
    """Whether nothing that is still followed can get among the best: a log-probability only falls."""
    if len(finished) < beam:
        return False
    worst = sorted((score for _, score in finished), reverse=True)[beam - 1]
    return best / largest <= worst


def sample(
    step: Step,
    state: State,
    *,
    limits: Sequence[int],
    start: int,
    end: int,
    temperature: float = 1.0,
    rng: np.random.Generator,
    forbidden: Sequence[int] = (),
) -> list[Found]:
    """Draw one answer to each text, token by token, from the model's own probabilities.

    Args:
        temperature: Below 1 the likelier tokens are drawn more often, above 1 less.
        rng: The source of chance.
    """
    texts = len(limits)
    found: list[list[int]] = [[] for _ in range(texts)]
    total = np.zeros(texts)
    alive = np.arange(texts)
    tokens = np.full(texts, start, np.int64)
    while len(alive):
        logits, state = step(tokens, state)
        logits = logits.astype(np.float64)
        logits[:, list(forbidden)] = -np.inf
        if not any(found):
            logits[:, end] = -np.inf
        known = log_softmax(logits)
        # The largest of logits with Gumbel noise is a draw from their softmax.
        noise = rng.gumbel(size=logits.shape)
        tokens = (logits / max(temperature, 1e-6) + noise).argmax(axis=1)
        total[alive] += known[np.arange(len(alive)), tokens]
        for row, token in zip(alive, tokens, strict=True):
            if token != end:
                found[row].append(int(token))
        going = np.array(
            [token != end and len(found[row]) < limits[row] for row, token in zip(alive, tokens, strict=True)], bool
        )
        alive, tokens = alive[going], tokens[going]
        state = taken(state, np.flatnonzero(going))
    return [[(each, float(score))] for each, score in zip(found, total, strict=True)]
