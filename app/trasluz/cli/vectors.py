"""The command about word vectors: `vectors FILE neighbours|analogy|similarity|convert|map …`."""

import argparse
from pathlib import Path
from typing import Any

from trasluz.cli.output import CommandError, Output
from trasluz.core.statuses import USAGE

WHAT = ("neighbours", "analogy", "similarity", "convert", "map")


def vectors(parsed: argparse.Namespace, output: Output) -> None:
    """Answer questions about word vectors, from a file of them or a model."""
    does = {
        "neighbours": _neighbours,
        "analogy": _analogy,
        "similarity": _similarity,
        "convert": _convert,
        "map": _map,
    }
    does[parsed.what](_opened(Path(parsed.file), parsed.most), parsed, output)


def _opened(path: Path, most: int | None) -> Any:
    from trasluz.api.vector_files import load_vectors

    if most is not None and most < 1:
        raise CommandError("--most takes a number of words from 1 on.", status=USAGE)
    if path.is_dir():
        from trasluz.core.inference.model import find_model, read_card

        folder = find_model(path)
        card = read_card(folder)
        if "vectors" not in card.files:
            raise CommandError(f"“{path}” is a model of the family “{card.family}”, which has no word vectors.")
        path = folder / card.files["vectors"]
    return load_vectors(path, most=most)


def _neighbours(found: Any, parsed: argparse.Namespace, output: Output) -> None:
    if not parsed.words:
        raise CommandError("Whose neighbours? Give a word.", status=USAGE)
    answers = [{"word": word, "neighbours": found.neighbours(word, parsed.count)} for word in parsed.words]
    output.document(answers)
    for answer in answers:
        if len(answers) > 1:
            output.line(f"{answer['word']}:")
        output.table(answer["neighbours"])


def _analogy(found: Any, parsed: argparse.Namespace, output: Output) -> None:
    if len(parsed.words) == 3:
        a, b, c = parsed.words
        answers = found.analogy(a, b, c, parsed.count, method=parsed.method)
        output.document({"a": a, "b": b, "c": c, "method": parsed.method, "answers": answers})
        output.line(f"{a} is to {b} as {c} is to")
        output.table(answers)
        return
    if len(parsed.words) != 1:
        raise CommandError(
            "Give three words, “man woman king” for “man is to woman as king is to …”, or a file of questions.",
            status=USAGE,
        )
    from trasluz.api.vectors import parse_questions, score_analogies

    path = Path(parsed.words[0])
    score = score_analogies(found, parse_questions(_lines(path), path.name), method=parsed.method)
    sections = [
        {"section": name, "right": right, "covered": covered, "accuracy": right / covered if covered else None}
        for name, (right, covered) in score.right.items()
    ]
    accuracy = None if not score.covered else score.accuracy
    output.document(
        {
            "questions": str(path),
            "method": parsed.method,
            "accuracy": accuracy,
            "covered": score.covered,
            "total": score.total,
            "sections": sections,
        }
    )
    output.table(
        [(s["section"], s["accuracy"], s["right"], s["covered"]) for s in sections],
        header=("section", "accuracy", "right", "of"),
    )
    said = f"Accuracy {accuracy:.4f}" if accuracy is not None else "No accuracy"
    output.line(f"{said}, on the {score.covered:,} of {score.total:,} questions all of whose words have a vector.")


def _similarity(found: Any, parsed: argparse.Namespace, output: Output) -> None:
    if len(parsed.words) == 2:
        one, other = parsed.words
        value = found.similarity(one, other)
        output.document({"words": [one, other], "similarity": value})
        output.line(f"{value:.4f}")
        return
    if len(parsed.words) != 1:
        raise CommandError("Give two words, or a file of word pairs with numbers.", status=USAGE)
    from trasluz.api.vectors import parse_pairs, score_pairs

    path = Path(parsed.words[0])
    score = score_pairs(found, parse_pairs(_lines(path), path.name))
    spearman = score.spearman if score.covered > 1 else None
    output.document({"pairs": str(path), "spearman": spearman, "covered": score.covered, "total": score.total})
    said = f"Spearman's correlation {spearman:.4f}" if spearman is not None else "No correlation"
    output.line(f"{said}, on the {score.covered:,} of {score.total:,} pairs both of whose words have a vector.")


def _convert(found: Any, parsed: argparse.Namespace, output: Output) -> None:
    from trasluz.api.vector_files import save_vectors

    if parsed.out is None:
        raise CommandError("Where to? Give --out with a name that ends in .txt, .vec, .bin or .npz.", status=USAGE)
    out = Path(parsed.out)
    if out.exists() and out.samefile(parsed.file):
        raise CommandError(f"“{out}” is the file itself; give another name.", status=USAGE)
    save_vectors(found, out, glove=parsed.glove)
    output.document({"out": str(out), "words": len(found), "dimensions": found.dimensions})
    output.line(f"{len(found):,} words of {found.dimensions:,} numbers are in {out}")


def _map(found: Any, parsed: argparse.Namespace, output: Output) -> None:
    from trasluz.api import Points, view_to_json
    from trasluz.cli.models import check_place, save_view
    from trasluz.torchkit.maps import flat, named_clusters

    if parsed.out is None:
        raise CommandError("Where to? Give --out with a name that ends in .png or .json.", status=USAGE)
    check_place(Path(parsed.out), parsed.file)
    marked = [found.number(word) for word in parsed.words]
    numbers = list(dict.fromkeys([*marked, *range(min(parsed.shown, len(found)))]))
    unit, names = found.unit[numbers], [found.words[number] for number in numbers]
    groups = named_clusters(unit, names, min(10, max(1, len(names) // 5)))
    placed = flat(unit, "PCA" if parsed.by == "pca" else "t-SNE")
    view = Points("Map of words", placed, names, groups, marked=tuple(range(len(set(marked)))))
    save_view(view_to_json(view), Path(parsed.out))
    output.document({"out": parsed.out, "words": len(names), "by": parsed.by})
    output.line(f"A map of {len(names):,} words is in {parsed.out}")


def _lines(path: Path) -> list[str]:
    from trasluz.core.data.readers.lines import encoding_of

    if not path.is_file():
        raise CommandError(f"There is no file “{path}”.")
    return path.read_text(encoding=encoding_of(path), errors="replace").splitlines()
