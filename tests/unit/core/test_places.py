from pathlib import Path

import pytest

from trasluz.core import places


def test_the_home_is_where_the_variable_says(trasluz_home: Path) -> None:
    assert places.user_folder() == trasluz_home
    assert places.user_plugins() == trasluz_home / "plugins"
    assert places.cache_folder() == trasluz_home / "cache"
    assert places.user_plugins().is_dir()
    assert places.cache_folder().is_dir()


def test_a_home_that_is_not_there_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRASLUZ_HOME", str(tmp_path / "a" / "b"))
    assert places.user_folder().is_dir()


def test_without_the_variable_it_is_the_systems_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRASLUZ_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert places.user_folder().name == "Trasluz"


def test_what_comes_with_the_program_is_there() -> None:
    assert (places.builtin_plugins() / "finetuned_cnn").is_dir()
    assert (places.resources() / "README.md").is_file()


def test_an_installed_program_carries_them_in_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_PACKAGE", tmp_path / "site-packages" / "trasluz")
    assert places.builtin_plugins() == tmp_path / "site-packages" / "trasluz" / "builtin" / "plugins"
    assert places.resources() == tmp_path / "site-packages" / "trasluz" / "builtin" / "resources"
