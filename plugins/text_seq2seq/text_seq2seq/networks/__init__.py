"""The three networks, one file each. All have the same five methods, so that everything else is written once.

- `encode(source, lengths)` → the names in `encoded`: what is computed once for a text
- `forward(source, lengths, given)` → logits of all steps at once, along given answers (teacher forcing)
- `step(token, …)` → logits of one step, the new state, attention: what the exported decoder does
- `embedding(side)` → the vectors of the tokens of one side
- `facts()` → names and shapes for `answering.Answerer`
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from text_seq2seq.config import TextSeq2SeqConfig

    from .attentive import AttentiveNetwork
    from .recurrent import RecurrentNetwork
    from .transformer import TransformerNetwork

    Network = RecurrentNetwork | AttentiveNetwork | TransformerNetwork


def make(config: "TextSeq2SeqConfig", *, sources: int, targets: int) -> "Network":
    """Make the network that the settings ask for.

    Args:
        config: The settings.
        sources: Tokens of the source's vocabulary.
        targets: Tokens of the target's vocabulary.
    """
    if config.network == "transformer":
        from .transformer import TransformerNetwork

        return TransformerNetwork(config, sources=sources, targets=targets)
    if config.network == "attention":
        from .attentive import AttentiveNetwork

        return AttentiveNetwork(config, sources=sources, targets=targets)
    from .recurrent import RecurrentNetwork

    return RecurrentNetwork(config, sources=sources, targets=targets)
