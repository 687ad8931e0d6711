"""Adding and removing plugins: from folders and archives, by strangers, with ends at any moment."""

import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trasluz.core import places
from trasluz.core.plugins import archive, install, shelf
from trasluz.core.plugins.discovery import discover
from trasluz.core.plugins.manifest import PluginError
from trasluz.core.plugins.trust import content_hash

MANIFEST = """
id = "leaf-shapes"
title = "Leaf shapes"
version = "1.0.0"
api = "1.0"
package = "leaf_shapes"
sentence = "Tells leaves apart."
"""
FILES: dict[str | zipfile.ZipInfo, bytes | str] = {"plugin.toml": MANIFEST, "leaf_shapes/__init__.py": "x = 1\n"}


def installed_folders() -> set[str]:
    return {f.name for f in places.user_plugins().iterdir() if f.name != ".lock"}


def nested(prefix: str) -> dict[str | zipfile.ZipInfo, bytes | str]:
    return {f"{prefix}{name}": content for name, content in FILES.items() if isinstance(name, str)}


def test_from_a_folder_it_is_shown_then_copied_and_the_original_left_alone(make_plugin: Callable[..., Path]) -> None:
    folder = make_plugin(families='["leaf-family"]')
    (folder / "leaf_shapes" / "__pycache__").mkdir()
    (folder / "leaf_shapes" / "__pycache__" / "x.pyc").write_bytes(b"x")
    with install.examine(folder) as examined:
        assert installed_folders() == set()
        assert [f.name for f in examined.files] == ["plugin.toml", "leaf_shapes/__init__.py"]
        assert examined.bytes == sum(f.stat().st_size for f in folder.rglob("*") if f.suffix in (".toml", ".py"))
        assert (examined.manifest.title, examined.manifest.families, examined.replaces) == (
            "Leaf shapes",
            ["leaf-family"],
            None,
        )
        info = install.install(examined)
    assert (info.state, info.folder) == ("ready", places.user_plugins() / "leaf-shapes")
    assert content_hash(info.folder) == content_hash(folder)
    assert not (info.folder / "leaf_shapes" / "__pycache__").exists()
    assert folder.exists()


@pytest.mark.parametrize("prefix", ["", "leaf-1.0/", "leaf-main/plugins/leaf/"])
def test_from_an_archive_with_any_wrapping(pack: Callable[..., Path], prefix: str) -> None:
    path = pack({**nested(prefix), "__MACOSX/._x": "x", f"{prefix}.DS_Store": "x"})
    with install.examine(path) as examined:
        lies = examined.folder
        info = install.install(examined)
    assert not lies.exists()
    assert info.state == "ready"
    assert sorted(f.name for f in info.folder.rglob("*")) == ["__init__.py", "leaf_shapes", "plugin.toml"]


def test_without_trust_it_waits(pack: Callable[..., Path]) -> None:
    with install.examine(pack(FILES)) as examined:
        assert install.install(examined, trust=False).state == "untrusted"


def test_a_newer_version_takes_the_place_and_its_trust_is_asked_anew(pack: Callable[..., Path]) -> None:
    with install.examine(pack(FILES)) as examined:
        install.install(examined)
    newer = FILES | {"plugin.toml": MANIFEST.replace("1.0.0", "1.10.0"), "leaf_shapes/more.py": ""}
    with install.examine(pack(newer)) as examined:
        assert examined.replaces == "1.0.0"
        assert not any("older" in w for w in examined.warnings)
        info = install.install(examined, trust=False)
    assert (info.version, info.state) == ("1.10.0", "untrusted")
    assert installed_folders() == {"leaf-shapes"}
    older = FILES | {"plugin.toml": MANIFEST.replace("1.0.0", "1.9.0")}
    with install.examine(pack(older)) as examined:
        assert "Version 1.10.0 is installed; this one, 1.9.0, is older." in examined.warnings


def test_the_folder_of_another_is_never_taken(make_plugin: Callable[..., Path], pack: Callable[..., Path]) -> None:
    other = make_plugin(id='"other"', package='"other_leaves"')
    shutil.copytree(other, places.user_plugins() / "leaf-shapes")
    with install.examine(pack(FILES)) as examined:
        info = install.install(examined)
    assert info.folder.name == "leaf-shapes~2"
    assert {p.id for p in discover() if p.origin == "user"} == {"other", "leaf-shapes"}


def test_what_came_with_the_program_is_neither_replaced_nor_removed(make_plugin: Callable[..., Path]) -> None:
    with pytest.raises(PluginError, match="came with Trasluz"):
        install.examine(make_plugin(id='"finetuned-cnn"'))
    with pytest.raises(PluginError, match="came with Trasluz"):
        install.remove("finetuned-cnn")
    assert install.disable("finetuned-cnn").state == "disabled"
    assert install.enable("finetuned-cnn").state == "ready"


def test_remove_takes_the_files_and_the_trust(pack: Callable[..., Path]) -> None:
    for _ in range(2):
        with install.examine(pack(FILES)) as examined:
            install.install(examined, trust=_ == 0)
        install.remove("leaf-shapes")
        assert installed_folders() == set()
    with pytest.raises(PluginError, match="There is no plugin “leaf-shapes”; there is finetuned-cnn"):
        install.remove("leaf-shapes")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own on Windows")
def test_removing_a_linked_plugin_takes_the_link_alone(make_plugin: Callable[..., Path]) -> None:
    folder = make_plugin()
    (places.user_plugins() / "leaf").symlink_to(folder)
    install.remove("leaf-shapes")
    assert installed_folders() == set()
    assert (folder / "plugin.toml").exists()


def test_what_changed_since_it_was_shown_is_not_installed(make_plugin: Callable[..., Path]) -> None:
    folder = make_plugin()
    with install.examine(folder) as examined:
        (folder / "leaf_shapes" / "__init__.py").write_text("evil = True")
        with pytest.raises(PluginError, match="changed while it was looked at"):
            install.install(examined)
    assert installed_folders() == set()


def special(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "/etc/evil.py",
        "leaf_shapes/../../evil.py",
        "C:/evil.py",
        "..\\evil.py",
        "leaf_shapes//evil.py",
        "./evil.py",
        "leaf_shapes/con.py",
        "leaf_shapes/evil.py ",
        "leaf_shapes/evil.",
        "leaf_shapes/ev\nil.py",
        "leaf_shapes/evil.py:stream",
        "x" * 300,
    ],
)
def test_unsafe_names_are_refused_whole(pack: Callable[..., Path], tmp_path: Path, name: str) -> None:
    before = {p for p in tmp_path.rglob("*") if "evil" in p.name}
    with pytest.raises(PluginError, match="not safe to unpack"):
        install.examine(pack(FILES | {name: "x"}))
    assert {p for p in tmp_path.rglob("*") if "evil" in p.name} == before


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({special("leaf_shapes/link", stat.S_IFLNK | 0o777): "/etc/passwd"}, "is a link or a device"),
        ({special("leaf_shapes/pipe", stat.S_IFIFO | 0o777): ""}, "is a link or a device"),
        ({"leaf_shapes/__INIT__.py": "x"}, "holds “leaf_shapes/__INIT__.py” twice"),
    ],
)
def test_odd_entries_are_refused(pack: Callable[..., Path], entries: dict[str, str], said: str) -> None:
    with pytest.raises(PluginError, match=said):
        install.examine(pack(FILES | entries))


def test_a_bomb_stops_at_the_limit(pack: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 5 << 20)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = pack(FILES | {"leaf_shapes/zeros": bytes(50 << 20)})
    assert path.stat().st_size < 1 << 20
    with pytest.raises(PluginError, match="unpacks to more than 5 MB"):
        install.examine(path)
    assert [p.name for p in tmp_path.iterdir()] == ["plugin.zip"]


def test_too_many_files(
    pack: Callable[..., Path], make_plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (archive, install):
        monkeypatch.setattr(module, "MOST_FILES", 5)
    folder = make_plugin()
    for number in range(6):
        (folder / f"{number}.txt").write_text("")
    with pytest.raises(PluginError, match="more than 5 files"):
        install.examine(folder)
    with pytest.raises(PluginError, match="more than 5 files"):
        install.examine(pack(FILES | {f"{n}.txt": "" for n in range(6)}))


def test_what_is_no_plugin(tmp_path: Path, pack: Callable[..., Path]) -> None:
    (tmp_path / "note.zip").write_text("not an archive")
    (tmp_path / "cut.zip").write_bytes(pack(FILES).read_bytes()[:-40])
    (tmp_path / "empty").mkdir()
    for name, said in [
        ("absent", "There is no folder and no .zip"),
        ("note.zip", "is not a whole .zip"),
        ("cut.zip", "is not a whole .zip"),
        ("empty", "it has no plugin.toml"),
    ]:
        with pytest.raises(PluginError, match=said):
            install.examine(tmp_path / name)
    with pytest.raises(PluginError, match=r"holds several plugins \(a, b\)"):
        install.examine(pack(nested("a/") | nested("b/")))
    with pytest.raises(PluginError, match="has no leaf_shapes/__init__"):
        install.examine(pack({"plugin.toml": MANIFEST}))


def test_a_locked_archive(pack: Callable[..., Path]) -> None:
    path = pack(FILES)
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(signature, at + 1)) >= 0:
            content[at + offset] |= 1  # the flag that says “encrypted”
    path.write_bytes(content)
    with pytest.raises(PluginError, match="locked with a password"):
        install.examine(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_archive_is_a_sentence(pack: Callable[..., Path], data: st.DataObject) -> None:
    path = pack(FILES)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        install.examine(path).close()
    except PluginError as error:
        assert str(error).endswith(".")


def test_the_person_is_told_what_they_should_know(make_plugin: Callable[..., Path]) -> None:
    folder = make_plugin(
        "import numpy\nimport no_such_library.part\nfrom trasluz.core import index\nfrom trasluz.api import views\n",
        licence=None,
        families='["finetuned-cnn"]',
    )
    (folder / "leaf_shapes" / "slip.py").write_text("def broken(:\n")
    (folder / "leaf_shapes" / "odd.py").write_bytes(b"x = '\x00'")
    (folder / "leaf_shapes" / "fast.so").write_bytes(b"\x7fELF")
    with install.examine(folder) as examined:
        said = "\n".join(examined.warnings)
    assert "which “Finetuned CNN” brings already" in said
    assert "compiled code that cannot be read: leaf_shapes/fast.so" in said
    assert "leaf_shapes/slip.py is not valid Python (line 1)" in said
    assert "leaf_shapes/odd.py" in said
    assert "not for plugins and may change: trasluz.core." in said
    assert "not installed here: no_such_library." in said
    assert "under which licence" in said
    assert len(examined.warnings) == 7


def test_an_honest_plugin_gets_no_warning(make_plugin: Callable[..., Path]) -> None:
    with install.examine(make_plugin()) as examined:
        assert examined.warnings == []


def test_without_the_persons_folder_the_programs_own_stay(pack: Callable[..., Path], trasluz_home: Path) -> None:
    (trasluz_home / "plugins").write_text("a file is in the way")
    assert [p.state for p in discover() if p.id == "finetuned-cnn"] == ["ready"]
    with install.examine(pack(FILES)) as examined, pytest.raises(PluginError, match="could not be installed"):
        install.install(examined)


def test_a_full_disk_leaves_the_old_version(pack: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with install.examine(pack(FILES)) as examined:
        install.install(examined)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "x")

    with install.examine(pack(FILES | {"leaf_shapes/more.py": ""})) as examined:
        monkeypatch.setattr("shutil.copyfile", full)
        with pytest.raises(PluginError, match="“Leaf shapes” could not be installed: No space left on device"):
            install.install(examined)
    assert installed_folders() == {"leaf-shapes"}
    assert next(p for p in discover() if p.id == "leaf-shapes").state == "ready"


def test_an_end_between_the_renames_is_mended(pack: Callable[..., Path]) -> None:
    with install.examine(pack(FILES)) as examined:
        folder = install.install(examined).folder
    (folder / "leaf_shapes" / "mine.txt").write_text("x")
    folder.rename(folder.with_name(".old-0a1b2c3d-leaf-shapes"))
    (places.user_plugins() / ".new-0a1b2c3d").mkdir()
    assert "leaf-shapes" in {p.id for p in discover()}
    assert installed_folders() == {"leaf-shapes"}
    assert (folder / "leaf_shapes" / "mine.txt").exists()


_KILLED = """
import os, sys
from pathlib import Path
from trasluz.core.plugins import install
left = int(sys.argv[2])
def counting(event, arguments):
    global left
    if event in ("open", "os.rename", "os.mkdir", "shutil.copyfile", "os.rmdir", "os.remove"):
        left -= 1
        if left == 0:
            os._exit(9)
with install.examine(Path(sys.argv[1])) as examined:
    sys.addaudithook(counting)
    install.install(examined)
"""


@pytest.mark.slow
def test_an_end_at_any_moment_leaves_the_old_or_the_new_version(pack: Callable[..., Path]) -> None:
    with install.examine(pack(FILES)) as examined:
        install.install(examined)
    newer = pack(FILES | {"plugin.toml": MANIFEST.replace("1.0.0", "2.0.0")}, "newer.zip")
    seen = set()
    for step in range(3, 300, 9):
        ended = subprocess.run([sys.executable, "-c", _KILLED, str(newer), str(step)], check=False).returncode
        found = [p for p in discover() if p.origin == "user"]
        assert [p.id for p in found] == ["leaf-shapes"], step
        assert found[0].state in ("ready", "untrusted"), found[0].error
        seen.add(found[0].version)
        if ended == 0:
            break
    assert ended == 0
    assert seen == {"1.0.0", "2.0.0"}
    with shelf.changing():
        pass
    assert installed_folders() == {"leaf-shapes"}
