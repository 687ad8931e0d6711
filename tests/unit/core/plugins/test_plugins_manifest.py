"""plugin.toml: whatever is in it, the answer is a manifest or a sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trasluz.api import API_VERSION
from trasluz.core import places
from trasluz.core.plugins.manifest import (
    Manifest,
    PluginError,
    api_misfit,
    parse_manifest,
    read_manifest,
    version_key,
)

GOOD = {
    "id": "leaf-shapes",
    "title": "Leaf shapes",
    "version": "1.0.0",
    "api": "1.0",
    "package": "leaf_shapes",
    "kinds": ["image-classes"],
    "families": ["leaf-shapes"],
    "sentence": "Tells leaves apart.",
    "author": "Ana",
    "licence": "MIT",
    "homepage": "https://example.org/leaves",
}


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return str(value)


def written(data: dict[str, object]) -> bytes:
    return "\n".join(f"{toml(key)} = {toml(value)}" for key, value in data.items()).encode()


def test_a_good_manifest_is_read_whole() -> None:
    assert parse_manifest(written(GOOD)).model_dump() == GOOD


def test_what_may_be_left_out_has_a_default() -> None:
    needed = {k: v for k, v in GOOD.items() if Manifest.model_fields[k].is_required()}
    found = parse_manifest(b"\xef\xbb\xbf" + written(needed))  # with the mark that Windows' editors write
    assert (found.kinds, found.families, found.author, found.licence, found.homepage) == ([], [], "", "", "")


@pytest.mark.parametrize("key", [k for k, f in Manifest.model_fields.items() if f.is_required()])
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(PluginError, match=f"`{key}` is missing"):
        parse_manifest(written({k: v for k, v in GOOD.items() if k != key}))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("id", "Leaf Shapes", "`id` must be lower-case letters"),
        ("id", "../../etc", "`id` must be lower-case letters"),
        ("id", "con", "which Windows keeps"),
        ("id", "a" * 80, "`id`"),
        ("id", 3, "`id` must be a text in quotes"),
        ("title", "", "`title` must not be empty"),
        ("title", "two\nlines", "`title` must be one line"),
        ("title", "x" * 81, "`title` is longer than 80 characters"),
        ("version", "latest", "`version` must be numbers with dots"),
        ("api", "1", "`api` must be two numbers"),
        ("api", 1.0, "`api` must be a text in quotes"),
        ("package", "leaf-shapes", "`package` must be the name of a Python package"),
        ("package", "class", "`package` must be the name of a Python package"),
        ("package", "json", "must not be “json”"),
        ("package", "trasluz", "must not be “trasluz”"),
        ("package", "os.path", "`package` must be the name of a Python package"),
        ("kinds", "image-classes", "`kinds` must be a list"),
        ("kinds", ["image-classes", "Bad Kind"], r"`kinds` \(entry 2\) must be lower-case"),
        ("families", [1], r"`families` \(entry 1\) must be a text"),
        ("sentence", "\x1b[31m", "`sentence` must be one line of ordinary characters"),
        ("homepage", "javascript:alert(1)", "`homepage` must be an address"),
        ("licence", "x" * 201, "`licence` is longer than 200"),
        ("colour", "red", "`colour` is not a key of a manifest; the keys are id, title"),
    ],
)
def test_each_mistake_has_its_sentence(key: str, value: object, said: str) -> None:
    with pytest.raises(PluginError, match=said) as error:
        parse_manifest(written(GOOD | {key: value}), where="The plugin.toml in “leaf”")
    assert str(error.value).startswith("The plugin.toml in “leaf”")


def test_all_mistakes_are_said_at_once() -> None:
    with pytest.raises(PluginError) as error:
        parse_manifest(written({"id": "X", "api": "1.0"}))
    assert all(f"`{key}`" in str(error.value) for key in ("id", "title", "version", "package", "sentence"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id = ", "not valid TOML"),
        (b"\xff\xfe", "UTF-8"),
        (b"x = " + b"[" * 5000, "not valid TOML"),
        (b"x = " + b"9" * 5000, "not valid TOML"),
        (b"#" * (64 * 1024 + 1), "too large"),
        (b"", "is missing"),
    ],
)
def test_bytes_that_are_no_manifest(content: bytes, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        parse_manifest(content)


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"is not a plugin: it has no plugin\.toml"):
        read_manifest(tmp_path)
    (tmp_path / "plugin.toml").mkdir()
    with pytest.raises(PluginError, match="cannot be read"):
        read_manifest(tmp_path)


def test_the_api_version_is_judged_before_keys_that_only_it_knows() -> None:
    major, minor = API_VERSION
    assert api_misfit(f"{major}.{minor}") == ""
    for asked, said in [
        (f"{major}.{minor + 1}", "install a newer Trasluz"),
        (f"{major + 1}.0", "install a newer Trasluz"),
        (f"{major - 1}.9", "no longer offers"),
    ]:
        with pytest.raises(PluginError, match=said):
            parse_manifest(written(GOOD | {"api": asked, "key_of_tomorrow": "x"}))


def test_versions_compare_as_numbers() -> None:
    assert version_key("1.10") > version_key("1.9.9") > version_key("1.9") == version_key("1.9.0")
    assert version_key("2.0rc1") == version_key("2.0")


def test_the_plugins_that_come_with_the_program_have_good_manifests() -> None:
    folders = [f for f in places.builtin_plugins().iterdir() if f.is_dir()]
    assert folders
    for folder in folders:
        manifest = read_manifest(folder)
        assert manifest.licence
        assert (folder / manifest.package / "__init__.py").is_file()


@given(st.binary(max_size=400))
def test_any_bytes_give_a_manifest_or_a_sentence(content: bytes) -> None:
    _manifest_or_sentence(lambda: parse_manifest(content))


_values = st.recursive(
    st.text(max_size=90) | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "x"]) | st.text(max_size=9), _values, max_size=6))
def test_any_toml_gives_a_manifest_or_a_sentence(changes: dict[str, object]) -> None:
    _manifest_or_sentence(lambda: parse_manifest(written(GOOD | changes)))


def _manifest_or_sentence(read: Callable[[], Manifest]) -> None:
    try:
        found = read()
    except PluginError as error:
        said = str(error)
        assert said.endswith((".", "…"))
        assert "\n" not in said
        assert len(said) < 4000
        assert "pydantic" not in said
    else:
        # What passes is safe to be a folder's name, a module's name and a line in the window.
        assert Path(found.id).name == found.id
        assert found.package.isidentifier()
        assert found.title.isprintable()
        assert found.title
