"""From pairs to a trained network and its tokenizers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import FamilyError, Note, Previewed, TrainContext

from . import tokens as tk
from .answering import Answerer
from .cleaning import kept
from .config import TextSeq2SeqConfig
from .pairs import Directed

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from trasluz.torchkit.plan import Validation

    from .networks import Network
    from .networks.adopted import Adopted

LOOKED_AT = 20_000
"""Texts from which the kind of tokens is told."""
PREVIEWS, TRIED = 6, 200
STEPS, SMALLEST = 20, 16
"""Steps that a pass has at least, as long as its batches hold so many pairs."""
Coded = tuple[list[int], list[int]]


@dataclass(slots=True)
class Learned:
    """What training gives.

    Attributes:
        cut: How source and target are cut.
        ratio: Target tokens for each source token, in all but the longest thousandth of the pairs.
        config: The settings, with the shape of a pretrained network in place of what was chosen.
        licence: Of pretrained weights, where that is known.
    """

    network: "Network"
    source: "Tokenizer"
    target: "Tokenizer"
    cut: tuple[str, str]
    ratio: float
    config: TextSeq2SeqConfig
    licence: str = ""


def learn(context: TrainContext, data: Directed, config: TextSeq2SeqConfig) -> Learned:
    """Learn the tokenizers and the network.

    Raises:
        FamilyError: If nothing is left to learn from, or the settings do not go together.
    """
    from trasluz.torchkit import seed

    pairs, left = kept(data, config.model_dump())
    if left:
        said = ", ".join(f"{count:,} because {why}" for why, count in left.items())
        context.emit(Note(sentence=f"Pairs left out: {said}.", level="info"))
    if not pairs:
        raise FamilyError("No pair is left to learn from; loosen the rules that leave pairs out.")
    adopted = _adopted(context, config) if config.start != "scratch" else None
    if adopted is not None:
        config, source, target, cut = adopted.config, adopted.source, adopted.target, ("subwords", "subwords")
    else:
        source, target, cut = _tokenizers(context, pairs, config)
    coded = _coded(context, pairs, source, target, config.max_tokens)
    ratio = float(np.quantile([len(t) / len(s) for s, t in coded], 0.999))
    seed.seed_everything(config.seed, exact=context.device == "cpu")
    from .networks import make

    try:
        sizes = {"sources": source.get_vocab_size(), "targets": target.get_vocab_size()}
        network = adopted.network if adopted is not None else make(config, **sizes)
    except ValueError as error:
        raise FamilyError(f"The settings do not go together: {error}.") from error
    if config.vectors != "none":
        _from_vectors(context, config, network, source, target)
    count = sum(p.numel() for p in network.parameters())
    context.emit(Note(sentence=f"The network has {count:,} weights and learns from {len(coded):,} pairs."))
    licence = adopted.licence if adopted is not None else ""
    learned = Learned(network, source, target, cut, ratio, config, licence)
    _fit(context, data, config, learned, coded)
    return learned


def _adopted(context: TrainContext, config: TextSeq2SeqConfig) -> "Adopted":
    """A pretrained network with its tokenizers."""
    from .networks.adopted import adopt_named

    found = adopt_named(context, config)
    context.emit(Note(sentence=f"It goes on from “{found.title}”, with the tokens of that network."))
    return found


def _from_vectors(
    context: TrainContext, config: TextSeq2SeqConfig, network: "Network", source: "Tokenizer", target: "Tokenizer"
) -> None:
    """Begin with word vectors on the side or sides that the settings name."""
    from .starting import begin_from
    from .words.kept import opened

    vectors = opened(config.vectors.removeprefix("file:"), context.library_folder)
    sides = {"source": source, "target": target}
    for name in sides if config.vectors_for == "both" else (config.vectors_for,):
        got, words = begin_from(network.embedding(name), sides[name], vectors)
        context.emit(
            Note(
                sentence=f"{got:,} of {words:,} words of the {name} begin with a vector.",
                level="info" if got else "warning",
            )
        )


def _tokenizers(
    context: TrainContext, pairs: Sequence[tuple[str, str]], config: TextSeq2SeqConfig
) -> "tuple[Tokenizer, Tokenizer, tuple[str, str]]":
    asked = [s for s, _ in pairs[:LOOKED_AT]]
    answered = [t for _, t in pairs[:LOOKED_AT]]
    first = tk.fitting(asked) if config.tokens == "auto" else config.tokens
    second = config.target_tokens
    if second == "auto":
        fits = tk.fitting(answered)
        second = fits if config.tokens == "auto" or fits == "words" else config.tokens
    if config.joint:
        second = first
    ignore = config.ignore_case == "yes" or (config.ignore_case == "auto" and tk.one_case(asked) and not config.joint)
    choices: dict[str, Any] = {"vocabulary": config.vocabulary, "method": config.subword_method}
    if config.joint:
        source = target = tk.learned((text for pair in pairs for text in pair), first, ignore_case=ignore, **choices)
    else:
        source = tk.learned((s for s, _ in pairs), first, ignore_case=ignore, **choices)
        target = tk.learned((t for _, t in pairs), second, **choices)
    case = ", large and small letters alike" if ignore else ""
    context.emit(
        Note(
            sentence=f"Tokens: {source.get_vocab_size():,} {first} of the source{case}, "
            f"{target.get_vocab_size():,} {second} of the target."
        )
    )
    return source, target, (first, second)


def _coded(
    context: TrainContext, pairs: Sequence[tuple[str, str]], source: "Tokenizer", target: "Tokenizer", most: int
) -> list[Coded]:
    asked = source.encode_batch([s for s, _ in pairs])
    answered = target.encode_batch([t for _, t in pairs])
    both = [(list(s.ids), list(t.ids)) for s, t in zip(asked, answered, strict=True)]
    found = [(s, t) for s, t in both if s and t and len(s) <= most and len(t) <= most]
    if len(found) < len(both):
        context.emit(
            Note(sentence=f"{len(both) - len(found):,} pairs have more than {most} tokens and are not learned from.")
        )
    if not found:
        raise FamilyError(f"Every pair has more than {most} tokens; raise “Longest text”.")
    return found


def _fit(
    context: TrainContext, data: Directed, config: TextSeq2SeqConfig, learned: Learned, coded: list[Coded]
) -> None:
    from trasluz.torchkit import optim
    from trasluz.torchkit.batches import Batches
    from trasluz.torchkit.device import resolve
    from trasluz.torchkit.loop import fit
    from trasluz.torchkit.plan import Plan

    network = learned.network.to(resolve(context.device))
    batches: Batches[Any, Any]
    if config.batch_tokens:
        groups = by_tokens(coded, config.batch_tokens, seed=config.seed)
        batches = Batches(
            groups,
            load=lambda group, _draw: group,
            collate=lambda several: collated([pair for group in several for pair in group]),
            batch_size=config.accumulate,
            seed=config.seed,
            workers=1,
        )
        context.emit(Note(sentence=f"{len(groups):,} batches of {config.batch_tokens:,} tokens at the most."))
    else:
        batches = Batches(
            coded,
            load=lambda pair, _draw: pair,
            collate=collated,
            batch_size=batch_size(config.batch_size, len(coded)),
            seed=config.seed,
            lengths=[max(len(s), len(t)) for s, t in coded],
            workers=1,
        )
    constant, cosine = optim.constant(config.warmup), optim.warmup_cosine(config.warmup)
    part = optim.Part("network", (network,), config.learning_rate)
    outcome = fit(
        context,
        module=network,
        step=Step(config.label_smoothing, config.scheduled_sampling),
        batches=batches,
        validate=_Check(data, learned, config),
        optimiser=optim.optimiser(_groups(network, part.rate), betas=(0.9, 0.98)),
        plan=Plan(
            epochs=config.epochs,
            metric="loss",
            patience=config.patience,
            schedule=constant if config.schedule == "constant" else cosine,
            average=config.average or None,
            precision=config.precision,
            pieces=config.accumulate,
            seed=config.seed,
            validate_first=False,
            stage="Learning",
            unit="pairs",
            identity={
                "data": data.fingerprint,
                **config.model_dump(exclude={"minutes", "beam", "length_penalty", "long_texts"}),
            },
        ),
    )
    context.emit(Note(sentence=f"The best model was found after {outcome.best}."))


def batch_size(most: int, pairs: int) -> int:
    """Pairs of a batch: at the most so many, and so few that a pass over little data has `STEPS` of them."""
    return min(most, max(SMALLEST, pairs // STEPS))


def by_tokens(coded: Sequence[Coded], most: int, *, seed: int) -> list[list[Coded]]:
    """Pairs of like length in groups of at most `most` tokens, source, target and padding counted; one at the least.

    Which pairs share a group is drawn once for a run; the order of the groups is drawn in each pass.
    """
    draw = np.random.default_rng(seed)
    lengths = np.array([(len(s), len(t) + 2) for s, t in coded])
    longer = lengths.max(axis=1)
    order = np.lexsort((draw.random(len(coded)), lengths[:, 0], longer))
    groups: list[list[Coded]] = []
    widest = np.zeros(2, np.int64)
    for number in order.tolist():
        wider = np.maximum(widest, lengths[number])
        if not groups or (len(groups[-1]) + 1) * int(wider.sum()) > most:
            groups.append([])
            wider = lengths[number]
        groups[-1].append(coded[number])
        widest = wider
    return groups


def _groups(network: "Network", rate: float) -> list[dict[str, Any]]:
    """Every weight once: tied vectors belong to two modules."""
    return [{"params": [p for p in network.parameters() if p.requires_grad], "lr": rate, "weight_decay": 0.0}]


def collated(pairs: Sequence[Coded]) -> tuple[Any, Any, Any]:
    """Tokens (B, S), lengths (B,), and the answers with start and end (B, T + 2); padded with 0."""
    import torch

    lengths = torch.tensor([len(s) for s, _ in pairs])
    source = torch.zeros(len(pairs), int(lengths.max()), dtype=torch.int64)
    target = torch.zeros(len(pairs), max(len(t) for _, t in pairs) + 2, dtype=torch.int64)
    for row, (s, t) in enumerate(pairs):
        source[row, : len(s)] = torch.tensor(s)
        target[row, : len(t) + 2] = torch.tensor([tk.START, *t, tk.END])
    return source, lengths, target


class Step:
    """From a batch to its loss: the mean negative log-likelihood of the next token, smoothed.

    With scheduled sampling a share of the given tokens is replaced by what the network itself would have said, in a
    second pass (Bengio et al. 2015, in the parallel form of Mihaylova and Martins 2019).
    """

    def __init__(self, smoothing: float, sampling: float) -> None:
        self._smoothing, self._sampling = smoothing, sampling

    def __call__(self, network: Any, batch: Any) -> tuple[Any, dict[str, float]]:
        """Give the loss and the share of right tokens."""
        import torch
        from torch.nn import functional

        source, lengths, target = batch
        given, wanted = target[:, :-1], target[:, 1:]
        if self._sampling:
            with torch.no_grad():
                own = network(source, lengths, given).argmax(dim=-1)
            replaced = (torch.rand(given[:, 1:].shape, device=given.device) < self._sampling) & (given[:, 1:] != tk.PAD)
            given = torch.cat([given[:, :1], torch.where(replaced, own[:, :-1], given[:, 1:])], dim=1)
        logits = network(source, lengths, given)
        real = wanted != tk.PAD
        loss = functional.cross_entropy(
            logits.float().flatten(0, 1), wanted.flatten(), ignore_index=tk.PAD, label_smoothing=self._smoothing
        )
        return loss, {"token_accuracy": float((logits.detach().argmax(-1) == wanted)[real].float().mean())}


class _Check:
    """Measures the network on the val pairs: the loss of all, and a few answers by greedy search."""

    def __init__(self, data: Directed, learned: Learned, config: TextSeq2SeqConfig) -> None:
        self._learned, self._config = learned, config
        most = config.max_tokens
        split = "val" if data.count("val") else "train"
        pairs = list(data.pairs(split))
        coded = [(learned.source.encode(s).ids[:most] or [1], learned.target.encode(t).ids[:most]) for s, t in pairs]
        self._coded = sorted(coded, key=lambda pair: len(pair[0]))
        records = data.records(split)
        step = max(1, len(records) // TRIED)
        self._tried = [records[i] for i in range(0, len(records), step)][:TRIED]
        self._texts = [str(data.read(record).inputs["text"]) for record in self._tried]

    def __call__(self, network: Any) -> "Validation":
        import torch

        from trasluz.torchkit.plan import Validation

        from .export import TorchGraph
        from .metrics import scores

        device = next(network.parameters()).device
        step, size = Step(0.0, 0.0), 128
        total = weight = 0.0
        for at in range(0, len(self._coded), size):
            batch = tuple(each.to(device) for each in collated(self._coded[at : at + size]))
            count = float((batch[2][:, 1:] != tk.PAD).sum())
            total += float(step(network, batch)[0]) * count
            weight += count
        module = getattr(network, "module", network)
        with torch.inference_mode():
            searcher = Answerer(
                TorchGraph(module.encode, ("source", "lengths"), module.encoded, device),
                TorchGraph(module.step, module.decoder_inputs, module.decoder_outputs, device),
                self._learned.source,
                self._learned.target,
                facts(self._learned, self._config) | {"beam": 1},
            )
            answers = [found[0] for found in searcher.answers(self._texts)]
        targets = [record.target for record in self._tried]
        found = scores([text for text, _ in answers], targets)
        previews = [
            Previewed(path=text, target=target, text=answer, score=score)
            for text, target, (answer, score) in zip(self._texts[:PREVIEWS], targets, answers, strict=False)
        ]
        return Validation({"loss": total / max(weight, 1.0), **found}, previews)


def facts(learned: Learned, config: TextSeq2SeqConfig) -> dict[str, Any]:
    """What the search needs to know; goes into the card."""
    return {
        **learned.network.facts(),
        "network": config.network,
        "cut": list(learned.cut),
        "max_tokens": config.max_tokens,
        "ratio": learned.ratio,
        "beam": config.beam,
        "length_penalty": config.length_penalty,
        "long_texts": config.long_texts,
    }
