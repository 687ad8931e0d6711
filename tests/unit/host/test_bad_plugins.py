"""A plugin that raises, hangs, ends the process or crashes costs a message, never the caller."""

import os
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trasluz.core.hostlink import HostDied, HostError, HostLink
from trasluz.core.plugins.install import examine, install

MANIFEST = """
id = "bad-plugin"
title = "Bad plugin"
version = "1.0"
api = "1.0"
package = "bad_plugin"
kinds = ["bad-data"]
sentence = "Does what no plugin should."
"""
SOURCE = """
    {top}
    from trasluz.api import DatasetSource, Detection, hookimpl


    class Bad(DatasetSource):
        id = "bad"
        kind = "bad-data"
        title = "Bad"

        def detect(self, root):
            {detect}

        def records(self, root):
            yield from ()

        def read(self, root, record):
            raise AssertionError

        def open(self, given):
            raise AssertionError


    @hookimpl
    def trasluz_sources():
        return [Bad()]
    """
RAISE = "raise ValueError('as bad as can be')"
LEAVE = "import os; os._exit(5)"
CRASH = "import ctypes; ctypes.string_at(0)"
SLEEP = "import time; time.sleep(60)"
SPIN = "exec('while True: pass')"


@pytest.fixture
def bad(tmp_path: Path) -> Callable[..., None]:
    """`bad(top=…, detect=…)` installs a plugin that does so while it is imported, or when it is asked."""

    def make(*, top: str = "", detect: str = "return None") -> None:
        folder = tmp_path / "bad"
        (folder / "bad_plugin").mkdir(parents=True)
        (folder / "plugin.toml").write_text(MANIFEST)
        (folder / "bad_plugin" / "__init__.py").write_text(textwrap.dedent(SOURCE.format(top=top, detect=detect)))
        with examine(folder) as examined:
            install(examined)

    return make


def plugins(link: HostLink, seconds: float = 40.0) -> tuple[dict[str, dict[str, Any]], list[HostDied]]:
    """Ask until there is an answer, as a window does that is told of a death; the answer, and the deaths."""
    deaths: list[HostDied] = []
    end = time.monotonic() + seconds
    while True:
        try:
            found = link.call("catalogue").result(seconds)
        except HostDied as death:
            deaths.append(death)
            assert time.monotonic() < end, [str(d) for d in deaths]
            time.sleep(0.2)
            continue
        assert "finetuned-cnn" in {family["id"] for family in found["families"]}
        return {plugin["id"]: plugin for plugin in found["plugins"]}, deaths


def test_one_that_raises_is_listed_with_its_traceback(bad: Callable[..., None]) -> None:
    bad(top=RAISE)
    with HostLink() as link:
        found, deaths = plugins(link)
    assert deaths == []
    assert found["bad-plugin"]["state"] == "broken"
    assert "bad_plugin/__init__.py, line 2: ValueError: as bad as can be" in found["bad-plugin"]["error"]
    assert "Traceback" in found["bad-plugin"]["traceback"]


@pytest.mark.parametrize("how", [SLEEP, SPIN])
def test_one_that_hangs_is_given_up(bad: Callable[..., None], how: str) -> None:
    bad(top=how)
    with HostLink(environment={"TRASLUZ_PLUGIN_SECONDS": "1"}) as link:
        found, deaths = plugins(link)
        assert deaths == []
        assert "had not loaded after 1 seconds" in found["bad-plugin"]["error"]
        assert link.call("devices").result(60)


@pytest.mark.parametrize("how", [LEAVE, CRASH])
def test_one_that_ends_the_host_is_left_out_after_two_tries(bad: Callable[..., None], how: str) -> None:
    bad(top=how)
    told: list[str] = []
    with HostLink(told.append) as link:
        found, _ = plugins(link)
        assert found["bad-plugin"]["state"] == "broken"
        assert "ended the program 2 times while it was loaded" in found["bad-plugin"]["error"]
        assert len(told) == 2
        assert link.pid not in (None, os.getpid())
        assert link.call("devices").result(60)


@pytest.mark.parametrize("how", [LEAVE, CRASH])
def test_one_that_ends_the_host_when_it_is_asked(
    bad: Callable[..., None], photos: Path, tmp_path: Path, how: str
) -> None:
    bad(detect=how)
    with HostLink() as link:
        found, _ = plugins(link)
        assert found["bad-plugin"]["state"] == "ready"
        with pytest.raises(HostDied, match="stopped"):
            link.call("inspect", {"data": str(photos), "index": str(tmp_path / "i.sqlite")}).result(60)
        found, _ = plugins(link)
        assert found["bad-plugin"]["state"] == "ready"  # it was not its loading that ended the host


def test_one_that_raises_when_it_is_asked_is_a_sentence_or_passed_over(
    bad: Callable[..., None], photos: Path, tmp_path: Path
) -> None:
    bad(detect=RAISE)
    with HostLink() as link:
        asked = link.call("inspect", {"data": str(photos), "index": str(tmp_path / "i.sqlite")})
        try:
            assert asked.result(60)["total"] == 12
        except HostError as error:
            assert not isinstance(error, HostDied)
            assert str(error)
        assert link.call("devices").result(60)


def test_one_that_hangs_when_asked_can_be_given_up(bad: Callable[..., None], photos: Path, tmp_path: Path) -> None:
    bad(detect=SLEEP)
    with HostLink() as link:
        plugins(link)
        asked = link.call("inspect", {"data": str(photos), "index": str(tmp_path / "i.sqlite")})
        photo = {"path": str(next(photos.rglob("*.jpg"))), "size": 16}
        assert link.call("thumbnail", photo).result(30)["image"].shape[2] == 3
        link.cancel(asked)
        assert asked.cancelled()
        link.restart()
        plugins(link)
        assert link.call("thumbnail", photo).result(60)["image"].shape[2] == 3
    assert "bad_plugin" not in sys.modules
