"""Which plugins there are and whether they are trusted; none of their code runs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trasluz.core import places
from trasluz.core.plugins.discovery import PluginInfo, discover
from trasluz.core.plugins.install import enable
from trasluz.core.plugins.state import deciding, decisions
from trasluz.core.plugins.trust import content_hash

BOMB = "raise AssertionError('nothing of a plugin may run here')\n"


def of(plugin: str) -> PluginInfo:
    return next(info for info in discover() if info.id == plugin)


def placed(plugin: Path, name: str = "leaf-shapes") -> Path:
    """Copy a plugin where the person's plugins are, as somebody does who knows no Plugins page."""
    return Path(shutil.copytree(plugin, places.user_plugins() / name))


def test_builtin_plugins_are_found_and_ready() -> None:
    found = [info for info in discover() if info.origin == "builtin"]
    assert {info.id for info in found} >= {"finetuned-cnn"}
    assert all(info.state == "ready" for info in found), [info.error for info in found]


def test_what_was_copied_by_hand_waits_for_trust_and_does_not_run(make_plugin: Callable[..., Path]) -> None:
    placed(make_plugin(BOMB))
    info = of("leaf-shapes")
    assert (info.state, info.origin, info.error) == ("untrusted", "user", "")
    assert enable("leaf-shapes").state == "untrusted"
    assert enable("leaf-shapes", trust=True).state == "ready"


@pytest.mark.parametrize("change", ["edit", "add", "remove", "rename"])
def test_changed_files_are_untrusted_again(make_plugin: Callable[..., Path], change: str) -> None:
    folder = make_plugin(BOMB)
    (folder / "leaf_shapes" / "data.bin").write_bytes(b"1")
    folder = placed(folder)
    enable("leaf-shapes", trust=True)
    data = folder / "leaf_shapes" / "data.bin"
    if change == "edit":
        data.write_bytes(b"2")
    elif change == "add":
        (folder / "leaf_shapes" / "more.py").write_text("")
    elif change == "remove":
        data.unlink()
    else:
        data.rename(data.with_name("other.bin"))
    info = of("leaf-shapes")
    assert (info.state, info.error) == ("untrusted", "Its files have changed since it was trusted.")


def test_caches_do_not_count(make_plugin: Callable[..., Path]) -> None:
    folder = make_plugin()
    before = content_hash(folder)
    (folder / "leaf_shapes" / "__pycache__").mkdir()
    (folder / "leaf_shapes" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (folder / ".DS_Store").write_bytes(b"x")
    assert content_hash(folder) == before


def test_moving_a_byte_between_files_is_a_change(tmp_path: Path) -> None:
    hashes = set()
    for number, (one, two) in enumerate([("ab", "c"), ("a", "bc"), ("abc", "")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "one").write_text(one)
        (folder / "two").write_text(two)
        hashes.add(content_hash(folder))
    assert len(hashes) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own on Windows")
@pytest.mark.parametrize("what", ["file", "folder", "pipe"])
def test_links_are_not_followed(make_plugin: Callable[..., Path], tmp_path: Path, what: str) -> None:
    folder = placed(make_plugin())
    target = tmp_path / "elsewhere"
    if what == "pipe":
        os.mkfifo(folder / "link")
    elif what == "file":
        target.write_text("x")
        (folder / "link").symlink_to(target)
    else:
        target.mkdir()
        (folder / "link").symlink_to(target)
    info = of("leaf-shapes")
    assert info.state == "broken"
    assert "“link” in “leaf-shapes” is a link or a device" in info.error


def test_broken_ones_are_listed_and_do_not_hide_the_others(make_plugin: Callable[..., Path]) -> None:
    placed(make_plugin(), "good")
    placed(make_plugin(name="twin"), "twin")
    placed(make_plugin(name="b", id='"Bad Id"'), "finetuned-cnn")
    placed(make_plugin(name="c", id='"finetuned-cnn"'), "imitation")
    placed(make_plugin(name="d", api='"7.0"', id='"newer"'), "newer")
    (places.user_plugins() / "empty").mkdir()
    (places.user_plugins() / ".new-1234").mkdir()
    (places.user_plugins() / "note.txt").write_text("x")
    empty_package = placed(make_plugin(name="e", id='"hollow"'), "hollow")
    (empty_package / "leaf_shapes" / "__init__.py").unlink()

    found = {info.folder.name + ("" if info.origin == "user" else "!"): info for info in discover()}
    assert {name for name in found if not name.endswith("!")} == {
        "good", "twin", "finetuned-cnn", "imitation", "newer", "empty", "hollow",
    }  # fmt: skip
    assert found["good"].state == "untrusted"
    assert "Its id “leaf-shapes” is taken by “Leaf shapes”" in found["twin"].error
    assert "`id` must be lower-case" in found["finetuned-cnn"].error
    assert found["finetuned-cnn"].id == "finetuned-cnn~2"
    assert "Its id “finetuned-cnn” is taken by “Finetuned CNN”" in found["imitation"].error
    assert "install a newer Trasluz" in found["newer"].error
    assert "has no plugin.toml" in found["empty"].error
    assert "has no leaf_shapes/__init__.py" in found["hollow"].error
    assert len({info.id for info in found.values()}) == len(found)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"plugins": 3}', b'{"plugins": {"leaf-shapes": {"trusted": 1}}}'])
def test_a_damaged_list_of_decisions_trusts_nobody(make_plugin: Callable[..., Path], damage: bytes) -> None:
    placed(make_plugin())
    enable("leaf-shapes", trust=True)
    (places.user_folder() / "plugins.json").write_bytes(damage)
    assert of("leaf-shapes").state == "untrusted"
    assert enable("leaf-shapes", trust=True).state == "ready"


def test_a_decision_that_fails_leaves_the_file_as_it_was() -> None:
    with deciding() as decided:
        decided.plugins["a"] = decided.of("a")
    before = (places.user_folder() / "plugins.json").read_bytes()
    with pytest.raises(ZeroDivisionError), deciding() as decided:
        decided.plugins.clear()
        raise ZeroDivisionError
    assert (places.user_folder() / "plugins.json").read_bytes() == before
    assert not list(places.user_folder().glob(".plugins.json-*"))


def test_two_processes_decide_at_once_and_both_are_heard() -> None:
    code = (
        "import sys\n"
        "from trasluz.core.plugins.state import Decision, deciding\n"
        "for i in range(25):\n"
        "    with deciding() as decided: decided.plugins[f'{sys.argv[1]}-{i}'] = Decision()\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, name]) for name in ("one", "two", "three")]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert len(decisions().plugins) == 75
