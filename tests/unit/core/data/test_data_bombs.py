"""Pictures that would fill the memory, read in a child whose memory is limited; small files, huge when decoded."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and measures the child's memory as Linux does")

_CHILD = """
import resource, sys, threading
from trasluz.core.data.images import look, read_image, thumbnail, ImageError
import numpy, PIL
resource.setrlimit(resource.RLIMIT_AS, (MOST, MOST))
def tried(do):
    try:
        return "read %s" % (do(),)
    except ImageError as error:
        return "refused %s: %s" % (error.rule, error)
path = sys.argv[1]
print(tried(lambda: thumbnail(path, 128).shape))
print(tried(lambda: look(path).width))
print(tried(lambda: read_image(path, at_most=2048).shape))
# Not ru_maxrss: a child inherits that from the process that started it.
status = open("/proc/self/status").read()
print("peak", int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def _in_child(path: Path, limit_mb: int = 1600) -> list[str]:
    code = _CHILD.replace("MOST", str(limit_mb * 2**20))
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _png(path: Path, width: int, height: int, *, colour: int, channels: int) -> None:
    """Write a PNG of one colour line by line, without ever holding it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    squeeze = zlib.compressobj(1)
    line = b"\0" * (1 + width * channels)
    body = b"".join(squeeze.compress(line) for _ in range(height)) + squeeze.flush()
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, colour, 0, 0, 0])
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (6, 4)])
def test_a_png_of_30000_by_30000_is_refused(tmp_path: Path, colour: int, channels: int) -> None:
    if channels > 1:  # the header decides; only the grey one is written whole
        _png(tmp_path / "a.png", 30_000, 40, colour=colour, channels=channels)
        raw = bytearray((tmp_path / "a.png").read_bytes())
        raw[20:24] = (30_000).to_bytes(4, "big")
        raw[29:33] = zlib.crc32(raw[12:29]).to_bytes(4, "big")
        (tmp_path / "a.png").write_bytes(raw)
    else:
        _png(tmp_path / "a.png", 30_000, 30_000, colour=colour, channels=channels)
    *lines, peak = _in_child(tmp_path / "a.png")
    for line in lines:
        assert line.startswith("refused too-large"), lines
        assert "30000×30000" in line
    assert int(peak.split()[1]) < 400


def test_a_jpeg_of_30000_pixels_is_read_small(tmp_path: Path) -> None:
    Image.new("L", (30_000, 5_000), 90).save(tmp_path / "a.jpg", quality=20)
    *lines, peak = _in_child(tmp_path / "a.jpg", 1000)
    assert lines == ["read (22, 128, 3)", "read 30000", "read (313, 1875, 3)"]
    assert int(peak.split()[1]) < 300


def test_a_progressive_jpeg_that_needs_gigabytes_is_refused(tmp_path: Path) -> None:
    Image.new("L", (64, 64), 90).save(tmp_path / "a.jpg", progressive=True)
    raw = bytearray((tmp_path / "a.jpg").read_bytes())
    at = raw.index(b"\xff\xc2") + 5
    raw[at : at + 4] = (60_000).to_bytes(2, "big") * 2
    (tmp_path / "a.jpg").write_bytes(raw)
    *lines, _ = _in_child(tmp_path / "a.jpg")
    assert all(line.startswith("refused too-large") for line in lines), lines


def test_a_long_thin_picture_is_read(tmp_path: Path) -> None:
    Image.new("RGB", (30_000, 40), (10, 20, 30)).save(tmp_path / "a.png")
    lines = _in_child(tmp_path / "a.png")
    assert lines[0] == "read (1, 128, 3)"
    assert lines[2] == "read (3, 1875, 3)"


@pytest.mark.parametrize(
    "head",
    [
        b"VP8X" + b"\x0a\0\0\0" + b"\0\0\0\0" + b"\xff\xff\xff\xff\xff\xff",
        b"VP8L" + b"\x0a\0\0\0" + b"\x2f\xff\xff\xff\x0f\0\0\0\0",
        b"VP8 " + b"\x0a\0\0\0" + b"\x10\0\0\x9d\x01\x2a\xff\x3f\xff\x3f",
    ],
)
def test_a_webp_that_claims_to_be_huge_is_refused(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "a.webp").write_bytes(b"RIFF\x20\0\0\0WEBP" + head + b"\0" * 40)
    *lines, peak = _in_child(tmp_path / "a.webp")
    assert all(line.startswith("refused too-large") for line in lines), lines
    assert int(peak.split()[1]) < 300


def test_a_gif_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    Image.new("P", (8, 8)).save(tmp_path / "a.gif")
    raw = bytearray((tmp_path / "a.gif").read_bytes())
    raw[6:10] = b"\xff\xff\xff\xff"
    (tmp_path / "a.gif").write_bytes(raw)
    *lines, _ = _in_child(tmp_path / "a.gif")
    assert all(line.startswith("refused too-large") for line in lines), lines


def test_a_compressed_text_chunk_does_not_unfold(tmp_path: Path) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    raw = (tmp_path / "a.png").read_bytes()
    bomb = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**28), 9))
    (tmp_path / "a.png").write_bytes(raw[:33] + bomb + raw[33:])
    *_, peak = _in_child(tmp_path / "a.png")
    assert int(peak.split()[1]) < 250
