"""The words of the command line."""

import argparse
from collections.abc import Callable

from trasluz import __version__
from trasluz.api import SPLITS
from trasluz.cli import (
    advising,
    comparing,
    corrections,
    demo,
    models,
    plugins,
    program,
    runs,
    training,
    vectors,
    writing,
)


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands; each sets `act`, a function of the parsed words and the output."""
    parser = argparse.ArgumentParser(
        prog="trasluz",
        description="Train, look through and run your own neural networks. Without a command: the window; "
        "with places (./photos): the window on what lies there.",
    )
    parser.add_argument("--version", action="version", version=f"trasluz {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, does: str, act: Callable[..., int | None]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=does, description=does)
        made.set_defaults(act=act)
        made.add_argument("--json", action="store_true", help="print one JSON document on standard output")
        return made

    made = command("demo", "the main job, end to end, on the sample that comes with the program", demo.demo)
    made.add_argument("--out", metavar="DIR", help="where to put the demo's project (default: in the user's folder)")
    made.add_argument("--sample", choices=("surfaces", "digits"), default="surfaces")
    made.add_argument(
        "--no-window", action="store_true", help="write a picture of the window even where there is a screen"
    )

    command(
        "doctor",
        "what is installed, which device is really used, and what to do about the rest",
        program.doctor,
    )
    command("families", "the model families and their settings", program.families)

    made = command("inspect", "what a folder of data holds, and what is wrong with it", training.inspect)
    made.add_argument("data", metavar="DATA")
    made.add_argument("--seed", type=int, default=0, help="seed of the split, where the data has none")

    does = "where data stands in the strategy table: how much there is, how far it is from ImageNet, what to do"
    made = command("advise", does, advising.advise)
    made.add_argument("data", metavar="DATA")
    made.add_argument("--family", metavar="FAMILY", help="whose advice (default: the first that has some)")
    made.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="a setting of the family")
    made.add_argument("--seed", type=int, default=0, help="seed of the split, where the data has none")
    made.add_argument("--try", dest="try_all", action="store_true", help="train all strategies and compare them")
    made.add_argument("--minutes", type=float, metavar="M", help="with --try: time limit of each training")
    made.add_argument("--out", metavar="DIR", help="with --try: keep the runs here (default: thrown away)")
    _device(made)

    made = command("train", "train, export to ONNX and check the result", training.train)
    made.add_argument("family", metavar="FAMILY")
    made.add_argument("data", metavar="DATA")
    made.add_argument("--out", metavar="DIR", required=True, help="the run folder")
    made.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="a setting of the family")
    _device(made)
    made.add_argument("--seed", type=int, help="the same seed on the same data gives the same model")
    made.add_argument("--minutes", type=float, help="time limit; the best model by then is kept")
    made.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    made.add_argument("--processes", type=int, default=1, help="how many processes train together")

    made = command("corrections", "other labels for items of a project, and what is left out", corrections.act)
    made.add_argument("what", choices=("list", "set", "leave-out", "take-back"))
    made.add_argument("project", metavar="PROJECT", help="the folder of a project")
    made.add_argument("item", metavar="ITEM", nargs="?", help="the path of a photo in the data")
    made.add_argument("label", metavar="CLASS", nargs="?", help="with set: what it is")

    _compare(command)
    _models(command)
    _vectors(command("vectors", "word vectors: nearest words, analogies, similarity, a map", vectors.vectors))
    _plugins(command("plugins", "list, look at, install and remove plugins", plugins.listing))
    _runs(command("runs", "the history of runs", runs.listing))
    return parser


def _compare(command: Callable[..., argparse.ArgumentParser]) -> None:
    does = "train with each value of a setting, the three networks for texts for example, and compare"
    made = command("compare", does, comparing.compare)
    made.add_argument("family", metavar="FAMILY")
    made.add_argument("data", metavar="DATA")
    made.add_argument("--by", metavar="SETTING", help="the setting (default: the one that the family names)")
    made.add_argument("--out", metavar="DIR", required=True, help="where the runs go; what is finished is kept")
    made.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="a setting of the family")
    made.add_argument("--minutes", type=float, metavar="M", help="time limit of each training")
    made.add_argument("--seed", type=int, default=0)
    _device(made)


def _models(command: Callable[..., argparse.ArgumentParser]) -> None:
    made = command("evaluate", "score an ONNX model on labelled data", models.evaluate)
    made.add_argument("model", metavar="MODEL")
    made.add_argument("data", metavar="DATA")
    made.add_argument("--split", choices=SPLITS, help="which part (default: test, or val, or all)")
    _device(made)

    made = command("predict", "what a model makes of files, folders or texts", models.predict)
    made.add_argument("model", metavar="MODEL")
    made.add_argument("inputs", metavar="INPUT", nargs="+")
    made.add_argument("--text", action="store_true", help="the inputs are texts, not paths")
    made.add_argument("--out", metavar="FILE.csv", help="write a table")
    _device(made)

    made = command("generate", "let a model of the next character write on", writing.generate)
    made.add_argument("model", metavar="MODEL")
    made.add_argument("--start", metavar="TEXT", default="", help="what it goes on from (default: from nothing)")
    made.add_argument("--length", type=int, default=500, metavar="N", help="how many characters")
    made.add_argument("--temperature", type=float, default=1.0, metavar="T", help="0 takes the likeliest; 1 as it is")
    made.add_argument("--top-k", type=int, default=0, metavar="K", help="draw from the K likeliest only (0: all)")
    made.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed writes the same text")
    _device(made)

    made = command("threshold", "how sure a model must be to answer; below it says “don't know”", models.threshold)
    made.add_argument("model", metavar="MODEL")
    wish = made.add_mutually_exclusive_group()
    wish.add_argument("--at", type=float, metavar="SCORE", help="answer from this confidence on, 0 to 1")
    wish.add_argument("--accuracy", type=float, metavar="SHARE", help="so that this share of the answers is right")
    wish.add_argument("--coverage", type=float, metavar="SHARE", help="so that at least this share is answered")
    wish.add_argument("--off", action="store_true", help="answer everything")

    made = command("explain", "a view into a model at work on one input", models.explain)
    made.add_argument("model", metavar="MODEL")
    made.add_argument("input", metavar="INPUT", nargs="?")
    made.add_argument("--view", default="list", metavar="NAME", help="which view; `list` names them")
    made.add_argument("--choice", help="what to look at: a class, a layer, a head")
    made.add_argument("--out", metavar="FILE", help=".png for the picture, .json for its data")
    made.add_argument("--text", action="store_true", help="the input is a text, not a path")
    _device(made)

    made = command("export", "the self-contained folder: graphs, card, README.md, predict.py", models.export)
    made.add_argument("model", metavar="MODEL")
    made.add_argument("--out", metavar="DIR", required=True)
    made.add_argument(
        "--precision",
        choices=("fp32", "fp16", "int8"),
        default="fp32",
        help="int8: a third of the size; fp16: half of it; their score is measured",
    )
    made.add_argument("--data", metavar="DATA", help="where the data that it learned from is now, for fp16 and int8")


def _vectors(made: argparse.ArgumentParser) -> None:
    made.add_argument("file", metavar="FILE", help="a file of vectors (.txt, .vec, .bin, .npz, GloVe), or a model")
    made.add_argument("what", choices=vectors.WHAT)
    made.add_argument("words", metavar="WORD|FILE", nargs="*", help="words, or a file of word pairs or questions")
    made.add_argument("--count", type=int, default=10, metavar="N", help="how many answers (default: 10)")
    made.add_argument(
        "--method", choices=("add", "mul"), default="add", help="with analogy: 3CosAdd or 3CosMul (default: add)"
    )
    made.add_argument("--most", type=int, metavar="N", help="read only the first, most frequent N words")
    made.add_argument("--out", metavar="FILE", help="with convert and map: where to")
    made.add_argument("--glove", action="store_true", help="with convert: text without the first line")
    made.add_argument("--by", choices=("tsne", "pca"), default="tsne", help="with map: how the words are placed")
    made.add_argument("--shown", type=int, default=1000, metavar="N", help="with map: how many words (default: 1000)")


def _device(made: argparse.ArgumentParser) -> None:
    made.add_argument("--device", default="auto", metavar="auto|cpu|cuda|cuda:N")


def _plugins(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "what", choices=("list", "info", "install", "enable", "disable", "remove"), nargs="?", default="list"
    )
    made.add_argument("which", metavar="ID|FOLDER|ZIP", nargs="?")
    made.add_argument("--trust", action="store_true", help="with install and enable: I trust this code to run here")
    made.set_defaults(act=plugins.act)


def _runs(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "what",
        choices=("list", "show", "compare", "remove", "pause", "resume", "sooner", "later", "keep", "shapes"),
        nargs="?",
        default="list",
        help="sooner and later change the place of a run that waits for others",
    )
    made.add_argument("which", metavar="RUN", nargs="*", help="run folders (or ids of the history)")
    made.add_argument("--name", help="with keep: the name under which later runs start from what this one learned")
    made.add_argument("--folder", metavar="DIR", help="the runs of this project or folder, not of the history")
    made.set_defaults(act=runs.act)
