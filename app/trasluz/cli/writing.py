"""The command `generate`: what a model writes, character by character."""

import argparse
import sys

from trasluz.api import Progress
from trasluz.cli.output import Output


def generate(parsed: argparse.Namespace, output: Output) -> None:
    """Let a model write on; the text comes as it is written, or at the end as one JSON document."""
    from trasluz.host.service import Service

    start = parsed.start.replace("\\n", "\n")

    def show(step: Progress) -> None:
        if output.as_json:
            output.progress(step)
            return
        for piece in getattr(step, "rows", ()):
            sys.stdout.write(piece["text"])
        sys.stdout.flush()

    if not output.as_json:
        sys.stdout.write(start)
    found = Service().generate(
        model=parsed.model,
        start=start,
        length=parsed.length,
        temperature=parsed.temperature,
        top_k=parsed.top_k,
        seed=parsed.seed,
        device=parsed.device,
        progress=show,
    )
    output.document({"model": parsed.model, **found})
    output.line()
    if found["unknown"]:
        named = " ".join(f"“{c}”" for c in found["unknown"])
        output.say(f"The model never learned {named} and reads it as “any other character”.")
    output.say(f"{found['pieces_per_second']:,.0f} characters a second by {found['provider']}, seed {found['seed']}")
