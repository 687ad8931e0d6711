import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trasluz.core.data.names import located, quoted, shown

_names = st.binary(min_size=1, max_size=40).filter(lambda raw: b"\0" not in raw)


@pytest.mark.skipif(sys.platform == "win32", reason="names on Windows are not bytes")
@given(_names)
def test_any_name_on_disk_comes_back_exactly(raw: bytes) -> None:
    name = os.fsdecode(raw)
    text = shown(name)
    text.encode("utf-8")
    assert located(text) == name


@given(st.text(alphabet="ab\ufffdE9F0/", max_size=30))
def test_the_escape_sign_itself_comes_back(text: str) -> None:
    assert located(shown(text)) == text


def test_plain_names_stay_as_they_are() -> None:
    assert shown("train/año 🐈/x.jpg") == "train/año 🐈/x.jpg"
    assert shown(Path("a") / "b.jpg") == "a/b.jpg"


@given(st.text(max_size=400))
def test_a_quoted_name_is_one_short_line(text: str) -> None:
    found = quoted(text)
    assert "\n" not in found
    assert "\r" not in found
    assert found.startswith("“")
    assert found.endswith("”")
    assert len(found) <= 130
