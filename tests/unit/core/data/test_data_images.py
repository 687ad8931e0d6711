import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from trasluz.api import DataError
from trasluz.core.data.images import ImageError, look, read_image, recognised, thumbnail


def _picture(width: int = 64, height: int = 48) -> Image.Image:
    """Red left half, blue right half, a green square at the top left."""
    image = Image.new("RGB", (width, height), (220, 30, 30))
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height), fill=(30, 30, 220))
    draw.rectangle((0, 0, width // 8, height // 8), fill=(30, 220, 30))
    return image


def _like(found: np.ndarray, wanted: Image.Image, off: float = 6.0) -> bool:
    return bool(np.abs(found.astype(int) - np.asarray(wanted).astype(int)).mean() < off)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.bmp", "a.tiff", "a.gif"])
def test_every_format_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    _picture().save(path)
    found = read_image(path)
    assert found.shape == (48, 64, 3)
    assert found.dtype == np.uint8
    assert _like(found, _picture())
    assert look(path).notes == ()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_photo_stands_as_the_camera_meant(tmp_path: Path, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = _picture().transpose(undo[orientation]) if orientation in undo else _picture()
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.jpg", exif=exif, quality=95)
    assert _like(read_image(tmp_path / "a.jpg"), _picture())
    facts = look(tmp_path / "a.jpg")
    assert (facts.width, facts.height) == (64, 48)
    assert thumbnail(tmp_path / "a.jpg", 32).shape == (24, 32, 3)


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    for mode, colour in (("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))):
        Image.new(mode, (8, 8), colour).save(tmp_path / "a.png")
        assert (read_image(tmp_path / "a.png") == 255).all(), mode
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([10, 20, 30] + [0, 0, 0] * 255)
    palette.save(tmp_path / "p.png", transparency=0)
    assert (read_image(tmp_path / "p.png") == 255).all()
    palette.save(tmp_path / "q.png")
    assert (read_image(tmp_path / "q.png") == (10, 20, 30)).all()
    Image.new("RGB", (8, 8), (1, 2, 3)).save(tmp_path / "t.png", transparency=(1, 2, 3))
    assert (read_image(tmp_path / "t.png") == 255).all()


def test_one_bit_and_grey(tmp_path: Path) -> None:
    Image.new("1", (8, 8), 1).save(tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png") == 255).all()
    Image.new("L", (8, 8), 77).save(tmp_path / "b.jpg")
    assert (np.abs(read_image(tmp_path / "b.jpg").astype(int) - 77) < 3).all()


def test_sixteen_bits_lose_the_lower_eight_and_are_noted(tmp_path: Path) -> None:
    values = np.full((8, 8), 200 * 256 + 17, np.uint16)
    for name in ("a.png", "a.tiff"):
        Image.fromarray(values).save(tmp_path / name)
        assert (read_image(tmp_path / name) == 200).all(), name
        assert [rule for rule, _ in look(tmp_path / name).notes] == ["deep"], name


def test_real_values_are_read(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 0.5, np.float32)).save(tmp_path / "unit.tiff")
    assert (read_image(tmp_path / "unit.tiff") == 127).all()
    values = np.full((8, 8), 130.0, np.float32)
    values[0, 0], values[0, 1] = np.nan, np.inf
    Image.fromarray(values).save(tmp_path / "large.tiff")
    found = read_image(tmp_path / "large.tiff")
    assert found[0, 0, 0] == 0
    assert found[0, 1, 0] == 255
    assert found[4, 4, 0] == 130


def test_printing_colours_are_turned_into_screen_colours(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.tiff"):
        Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / name)
        red = read_image(tmp_path / name)[8, 8]
        assert red[0] > 200, name
        assert red[1] < 60, name
        assert [rule for rule, _ in look(tmp_path / name).notes] == ["cmyk"], name


def test_of_an_animation_the_first_frame_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ((250, 0, 0), (0, 250, 0), (0, 0, 250))]
    for name in ("a.gif", "a.webp", "a.png", "a.tiff"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **_lossless(name))
        assert read_image(tmp_path / name)[8, 8, 0] > 200, name
        facts = look(tmp_path / name)
        assert [rule for rule, _ in facts.notes] == ["animated"], name
        assert "3 pictures" in facts.notes[0][1]


def _lossless(name: str) -> dict[str, bool]:
    return {"lossless": True} if name.endswith("webp") else {}


def test_a_wrong_ending_is_read_and_noted(tmp_path: Path) -> None:
    _picture().save(tmp_path / "a.jpg", format="PNG")
    assert _like(read_image(tmp_path / "a.jpg"), _picture())
    ((rule, sentence),) = look(tmp_path / "a.jpg").notes
    assert rule == "mislabelled"
    assert "PNG" in sentence
    assert ".jpg" in sentence


def test_damaged_exif_does_not_matter(tmp_path: Path) -> None:
    _picture().save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff\x01\x12")
    assert read_image(tmp_path / "a.jpg").shape == (48, 64, 3)


def test_halved_until_it_fits(tmp_path: Path) -> None:
    large = _picture(900, 600)
    for name in ("a.jpg", "a.png"):
        large.save(tmp_path / name, quality=95) if name.endswith("jpg") else large.save(tmp_path / name)
        found = read_image(tmp_path / name, at_most=500)
        assert found.shape == (300, 450, 3), name
        assert _like(found, large.reduce(2)), name
        assert read_image(tmp_path / name, at_most=900).shape == (600, 900, 3), name
        assert max(read_image(tmp_path / name, at_most=20).shape[:2]) <= 20, name


@pytest.mark.parametrize("size", [1, 7, 64, 200, 5000])
def test_a_thumbnail_fits_and_is_never_enlarged(tmp_path: Path, size: int) -> None:
    _picture(640, 480).save(tmp_path / "a.jpg")
    found = thumbnail(tmp_path / "a.jpg", size)
    assert found.shape[1] == min(size, 640)
    assert found.dtype == np.uint8
    assert max(found.shape[:2]) <= size


@pytest.mark.parametrize(
    ("content", "rule", "word"),
    [
        (b"", "empty", "0 bytes"),
        (b"Dear diary, today", "not-a-photo", "text"),
        (b"\x00\x01\x02\x03" * 8, "not-a-photo", "something else"),
        (b"%PDF-1.7 and so on", "not-a-photo", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "not-a-photo", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "not-a-photo", "AVIF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "not-a-photo", "video"),
        (b"\xff\xd8\xff", "", "damaged"),
        (b"\x89PNG\r\n\x1a\n", "", "damaged"),
        (b"GIF89a", "", "damaged"),
        (b"II*\0\xff\xff\xff\xff", "", "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 aaaaaaaaaaaaaaaaaaaa", "", ""),
    ],
)
def test_what_is_no_photo_gets_a_sentence(tmp_path: Path, content: bytes, rule: str, word: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        read_image(path)
    sentence = str(caught.value)
    assert word in sentence
    assert "a.jpg" in sentence
    if rule:
        assert caught.value.rule == rule


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_photo_cut_off_anywhere_gets_a_sentence(tmp_path: Path, form: str, keep: float) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (80, 80, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    noise.save(buffer, form)
    path = tmp_path / "a.img"
    path.write_bytes(buffer.getvalue()[: int(len(buffer.getvalue()) * keep)])
    for reading in (read_image, look, lambda p: thumbnail(p, 32)):
        with pytest.raises(ImageError, match=r"a\.img"):
            reading(path)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_flipped_bytes_never_raise_anything_but_a_sentence(tmp_path: Path, form: str) -> None:
    buffer = io.BytesIO()
    _picture().save(buffer, form)
    rng = np.random.default_rng(7)
    path = tmp_path / "a.img"
    for _ in range(60):
        raw = bytearray(buffer.getvalue())
        for at in rng.integers(0, len(raw), 4):
            raw[at] = int(rng.integers(0, 256))
        path.write_bytes(bytes(raw))
        try:
            found = read_image(path)
        except DataError as error:
            assert "a.img" in str(error)
        else:
            assert found.ndim == 3


def test_places_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is a folder"):
        read_image(tmp_path)
    with pytest.raises(ImageError, match="is not there"):
        read_image(tmp_path / "gone.jpg")
    with pytest.raises(ImageError, match="leads nowhere"):
        read_image("a\0b.jpg")
    with pytest.raises(ImageError, match="leads nowhere"):
        read_image(tmp_path / ("x" * 5000))


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes in folders on this system")
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(ImageError, match="is not a file"):
        read_image(tmp_path / "a.jpg")


def test_recognised_by_the_first_bytes(tmp_path: Path) -> None:
    _picture().save(tmp_path / "a", format="PNG")
    assert recognised(tmp_path / "a") == "PNG"
    (tmp_path / "b").write_text("BM is how this text begins, and it is not a bitmap")
    assert recognised(tmp_path / "b") is None
    assert recognised(tmp_path / "gone") is None
