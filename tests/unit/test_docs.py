"""The documents say what is so: names, tables, commands, links and examples are held against the program."""

import argparse
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trasluz.api import DatasetSource, Explainer, ModelFamily, TrainContext, hookspecs, views
from trasluz.cli.parser import make_parser
from trasluz.core.plugins.asking import PATIENCE
from trasluz.core.plugins.manifest import Manifest, parse_manifest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "plugins.md"
EXAMPLE = ROOT / "docs" / "examples" / "colour_histogram"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")])


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        if language in languages:
            yield text


def rows() -> dict[str, str]:
    """The two-column tables of the guide: what stands in code in the first column → the second."""
    return dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", GUIDE.read_text("utf-8"), re.MULTILINE))


def test_the_guide_names_every_hook_in_its_own_words() -> None:
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("trasluz_")}
    assert hooks
    for name, hook in hooks.items():
        assert rows()[name] == inspect.getdoc(hook)


def test_the_guide_names_every_key_of_the_manifest_in_its_own_words() -> None:
    for key, field in Manifest.model_fields.items():
        assert rows()[key] == field.description
    optional = [f"`{key}`" for key, field in Manifest.model_fields.items() if not field.is_required()]
    assert f"{', '.join(optional[:-1])} and {optional[-1]} may be left out" in GUIDE.read_text("utf-8")


@pytest.mark.parametrize("asked", [ModelFamily, DatasetSource, Explainer, TrainContext])
def test_the_guide_names_all_that_is_asked_of_a_plugin(asked: type) -> None:
    text = GUIDE.read_text("utf-8")
    names = set(getattr(asked, "__abstractmethods__", ())) or {n for n in vars(asked) if not n.startswith("_")}
    if asked is ModelFamily:
        names |= {n for n in ModelFamily.__annotations__ if n != "higher_is_better"} | {"explainers"}
    assert names
    for name in names:
        assert re.search(rf"`(context\.)?{name}\b|`[^`\n]*\.{name}\b|def {name}\(", text), f"{asked.__name__}.{name}"


def test_the_guide_names_every_view_and_the_patience() -> None:
    text = GUIDE.read_text("utf-8")
    for view in views._TYPES.values():
        assert f"`{view.__name__}`" in text
    assert f"`{PATIENCE}`" in text


def test_the_pythons_of_the_guide_run_or_are_the_examples_own(tmp_path: Path) -> None:
    shared: dict[str, Any] = {"__name__": "guide"}
    ran = quoted = 0
    for block in blocks(GUIDE, "python"):
        if named := re.match(r"# (colour_histogram/\w+\.py)\n", block):
            assert block[named.end() :] in (EXAMPLE / named[1]).read_text("utf-8"), named[1]
            quoted += 1
        else:
            exec(compile(block, str(GUIDE), "exec"), shared)
            ran += 1
    assert ran >= 4
    assert quoted >= 3
    (tmp_path / "a.txt").write_text("hello")
    source = shared["PlainTexts"]()
    assert [source.read(tmp_path, r).inputs["text"] for r in source.records(tmp_path)] == ["hello"]
    assert source.detect(tmp_path).confidence > 0


def test_the_manifests_of_the_documents_are_good() -> None:
    found = list(blocks(GUIDE, "toml"))
    assert found
    for block in found:
        told = parse_manifest(block.encode())
        real = tomllib.loads((EXAMPLE / "plugin.toml").read_text("utf-8"))
        assert {k: real[k] for k in ("id", "api", "package", "families")} == {
            k: getattr(told, k) for k in ("id", "api", "package", "families")
        }


def test_the_folder_in_the_guide_is_the_examples() -> None:
    (tree,) = (b for b in blocks(GUIDE, "text") if "plugin.toml" in b)
    told = set(re.findall(r"^ +([\w.]+\.\w+) ", tree, re.MULTILINE))
    real = {p.name for p in EXAMPLE.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert told == real


def test_the_users_page_of_the_example_names_its_settings() -> None:
    text = (EXAMPLE / "README.md").read_text("utf-8")
    source = (EXAMPLE / "colour_histogram" / "family.py").read_text("utf-8")
    for name in re.findall(r"^    (\w+): \w+ = setting\(", source, re.MULTILINE):
        assert f"(`{name}`)" in text


def commands() -> list[tuple[str, str]]:
    """Every `trasluz …` line of the documents' code blocks."""
    return [
        (page.relative_to(ROOT).as_posix(), line.strip())
        for page in PAGES
        for block in blocks(page, "", "sh", "bash", "console", "powershell")
        for line in block.splitlines()
        if re.match(r"(\$ )?trasluz( |$)", line.strip())
    ]


def test_every_command_in_the_documents_is_one() -> None:
    found = commands()
    assert len(found) >= 8
    for page, line in found:
        words = shlex.split(line.removeprefix("$ ").split("  #")[0])[1:]
        if not words:
            continue  # the window
        try:
            parsed = make_parser().parse_args(words)
        except SystemExit as stop:
            raise AssertionError(f"{page}: `{line}` is not a command") from stop
        assert isinstance(parsed, argparse.Namespace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:|#", target):
            continue
        assert (page.parent / target.partition("#")[0]).exists(), target


def test_the_page_of_the_house_names_files_that_are_there() -> None:
    """A file named alone lies beside the one named before it."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = re.findall(r"`([\w/]+\.py)`", text)
    assert len(named) > 30
    beside = ROOT
    for name in named:
        places = [ROOT / name, ROOT / "app" / "trasluz" / name, beside / name]
        found = next((place for place in places if place.is_file()), None)
        assert found is not None, name
        beside = found.parent


def test_every_decision_is_listed() -> None:
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (ROOT / "docs" / "adr" / "README.md").read_text("utf-8"))
    assert listed == sorted(path.name for path in (ROOT / "docs" / "adr").glob("0*.md"))
