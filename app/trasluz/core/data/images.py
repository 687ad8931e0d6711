"""Photos to arrays: every format, mode and size that people have, in bounded memory, with a reason where it fails.

Shapes: (H, W, 3) uint8 RGB, the way up that the camera meant.
"""

import os
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from trasluz.api import DataError

from .names import quoted
from .walk import unopened

SUFFIXES: Final = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
LONGEST_SIDE: Final = 2048
"""Photos longer than this are halved until they are not, wherever a model reads them: a phone's 12 megapixels
become 3 at half the time, and no classifier looks at more."""

_DECODED_BYTES: Final = 512 * 2**20
"""The largest decoded picture; what needs more is refused instead of filling the memory."""
_ONE_AT_A_TIME: Final = 96 * 2**20
"""Larger ones take turns, so that eight threads cannot hold eight of them."""
_turn = threading.Lock()

# Pillow warns about odd EXIF and palettes; a person can do nothing with that.
warnings.filterwarnings("ignore", module=r"PIL\..*")

_FORMATS: Final = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "GIF": (".gif",),
}
# Not Image.open: that refuses large photos outright, though a JPEG can be decoded at an eighth, and it would try
# some forty formats on any bytes, one of which starts Ghostscript.
_OPENERS: Final[dict[str, Callable[[IO[bytes], str], Any]]] = {
    "JPEG": JpegImagePlugin.jpeg_factory,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "GIF": GifImagePlugin.GifImageFile,
}
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(DataError):
    """A photo that cannot be read; `rule` is the short word for the reason."""

    def __init__(self, sentence: str, rule: str = "unreadable") -> None:
        super().__init__(sentence)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a look at a photo told.

    Attributes:
        width: Pixels across, the way up that the camera meant.
        height: Pixels down.
        notes: (rule, sentence) of what is unusual about it but does no harm.
    """

    width: int
    height: int
    notes: tuple[tuple[str, str], ...] = ()


def read_image(path: str | Path, *, at_most: int | None = None) -> np.ndarray:
    """Decode a photo to (H, W, 3) uint8 RGB.

    EXIF rotation is honoured, transparency is laid on white, of an animation the first frame is taken, of 16 bits
    the upper 8. A photo too large for the memory is reduced while it is decoded where its format allows that.

    Args:
        path: The file.
        at_most: Halve the photo until its longer side has at most so many pixels.

    Raises:
        ImageError: If it cannot be read; the message names the file and the reason.
    """
    with _opened(path) as picture:
        return np.asarray(_decoded(picture, path, at_most))


def thumbnail(path: str | Path, size: int) -> np.ndarray:
    """Decode a photo small, (h, w, 3) uint8 RGB, neither side longer than `size`.

    Raises:
        ImageError: If it cannot be read.
    """
    with _opened(path) as picture:
        # At least twice the size leaves the resampling something to work with and is still quick.
        small = _decoded(picture, path, 4 * size)
        small.thumbnail((size, size), Image.Resampling.BICUBIC)
        return np.asarray(small)


def look(path: str | Path) -> ImageFacts:
    """Check that a photo can be decoded, as cheaply as its format allows, and say what is unusual about it.

    Raises:
        ImageError: If it cannot be read.
    """
    with _opened(path) as picture:
        notes = tuple(_notes(picture, path))
        width, height = picture.size
        _decoded(picture, path, 256)
        if _orientation(picture) >= 5:
            width, height = height, width
    return ImageFacts(width, height, notes)


def recognised(path: str | Path) -> str | None:
    """The picture format that a file begins as, or None; for files whose names do not tell."""
    try:
        with Path(path).open("rb") as file:
            return _sniffed(file.read(32))
    except OSError:
        return None


@contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    try:
        with _regular(path) as file:
            with _reasons(path):
                picture = _picture(file, path)
            try:
                yield picture
            finally:
                picture.close()
    except OSError as error:
        raise ImageError(unopened(path, error)) from error
    except ValueError as error:  # a zero byte in a path that a manifest gave
        raise ImageError(f"{quoted(path)} cannot be opened: its name leads nowhere.") from error


def _regular(path: str | Path) -> IO[bytes]:
    # A pipe or a device in a folder of photos would block for ever when opened.
    mode = os.stat(path).st_mode  # noqa: PTH116 - the path may be a str with surrogates
    if stat.S_ISDIR(mode):
        raise ImageError(f"{quoted(path)} is a folder, not a photo; open the photos in it.")
    if not stat.S_ISREG(mode):
        raise ImageError(f"{quoted(path)} is not a file that holds a photo; it is left out.")
    return Path(path).open("rb")


def _picture(file: IO[bytes], path: str | Path) -> Image.Image:
    head = file.read(32)
    file.seek(0)
    if not head:
        raise ImageError(f"{quoted(path)} is empty (0 bytes); copy it again from where it came from.", "empty")
    found = _sniffed(head)
    if found is None or found not in _FORMATS:
        raise ImageError(_not_a_photo(path, found, head), "not-a-photo")
    if found == "WEBP":
        _check_webp(head, path)  # its decoder takes memory for the whole canvas when it is opened
    picture: Image.Image = _OPENERS[found](file, str(path))
    if min(picture.size) < 1:
        raise ImageError(f"{quoted(path)} has no pixels; it is left out.")
    return picture


def _decoded(picture: Image.Image, path: str | Path, at_most: int | None) -> Image.Image:
    """Load, reduce by halving to `at_most`, turn upright and convert to RGB."""
    factor = 1
    while at_most is not None and max(picture.size) > at_most * factor:
        factor *= 2
    width, height = picture.size
    streams = picture.format in ("JPEG", "MPO") and not picture.info.get("progressive")
    if streams:
        while width * height * 4 > _DECODED_BYTES * factor**2 and factor < 8:
            factor *= 2
    shrunk = min(factor, 8) if picture.format in ("JPEG", "MPO") else 1
    # A progressive JPEG keeps its coefficients whole, 6 bytes a pixel, however small it is decoded.
    needed = width * height * (4 / shrunk**2 if streams else _bytes_held(picture, factor))
    if needed > _DECODED_BYTES:
        raise ImageError(_too_large(path, width, height), "too-large")
    with _turn if needed > _ONE_AT_A_TIME else nullcontext(), _reasons(path):
        if shrunk > 1:
            picture.draft(None, (max(1, width // shrunk), max(1, height // shrunk)))
            factor = max(1, factor // max(1, round(width / picture.size[0])))
        picture.load()
        upright = _TURNS.get(_orientation(picture))
        image = _in_rgb(picture, factor)
        return image.transpose(upright) if upright is not None else image


def _bytes_held(picture: Image.Image, factor: int) -> int:
    """How many bytes a pixel needs while it is decoded and converted."""
    if picture.format in ("JPEG", "MPO"):
        return 6
    mode = picture.mode
    own = 1 if mode in ("1", "L", "P") else 2 if mode.startswith("I;16") else 4
    composed = 4 if picture.format in ("WEBP", "GIF") else 0
    return own + composed + (0 if mode == "RGB" or (mode == "L" and factor > 1) else 4)


def _in_rgb(picture: Image.Image, factor: int) -> Image.Image:
    mode = picture.mode
    if mode in ("I", "F") or mode.startswith("I;16"):
        picture = Image.fromarray(_eight_bits(np.asarray(picture)))
    elif mode == "P":
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    elif mode in ("LA", "PA", "La", "RGBa"):
        picture = picture.convert("RGBA")
    elif mode == "1":
        picture = picture.convert("L")
    elif "transparency" in picture.info and mode in ("L", "RGB"):
        picture = picture.convert("RGBA")
    if picture.mode == "RGBA":
        white = Image.new("RGB", picture.size, (255, 255, 255))
        white.paste(picture, mask=picture.getchannel("A"))
        picture = white
    # Reduced before it becomes RGB where that is possible: a third of the work, and of the memory.
    if factor > 1:
        picture = picture.reduce(factor)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """(H, W) of 16-bit, 32-bit or real values to uint8, by a rule that does not look at the other photos."""
    if values.dtype.kind == "f":
        filled = np.nan_to_num(values, nan=0.0, posinf=255.0, neginf=0.0)
        scaled = filled * (255.0 if filled.max(initial=0.0) <= 1.0 else 1.0)
    elif values.dtype.itemsize > 2 and values.max(initial=0) <= 255:
        scaled = values
    else:
        scaled = np.clip(values, 0, 65535) // 256
    eight: np.ndarray = np.clip(scaled, 0, 255).astype(np.uint8)
    return eight


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(0x0112, 1))
    except Exception:  # damaged EXIF is common, and the photo behind it is fine
        return 1


def _frames(picture: Image.Image) -> int:
    try:
        return int(getattr(picture, "n_frames", 1))
    except Exception:  # damaged after the first frame, which is all that is used
        return 1


def _notes(picture: Image.Image, path: str | Path) -> Iterator[tuple[str, str]]:
    name, form = quoted(Path(path).name), "JPEG" if picture.format == "MPO" else str(picture.format)
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS[form]:
        yield "mislabelled", f"{name} is a {form} picture though its name ends in “{suffix}”; it is read all the same."
    frames = 1 if picture.format == "MPO" else _frames(picture)  # a phone's JPEG with its depth map is one photo
    if frames > 1:
        yield "animated", f"{name} holds {frames} pictures; the first one is used."
    tiles = getattr(picture, "tile", None)
    raw = str(tiles[0].args) if tiles else ""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16") or ";16" in raw:
        yield "deep", f"{name} has more than 8 bits per colour; the upper 8 are used."
    if picture.mode == "CMYK":
        yield "cmyk", f"{name} is in printing colours (CMYK); they are turned into screen colours."
    if picture.size[0] * picture.size[1] > 64_000_000:
        yield "huge", f"{name} has {picture.size[0]}×{picture.size[1]} pixels; smaller photos would train faster."


def _sniffed(head: bytes) -> str | None:
    if head[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124):
        return "BMP"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "AVIF" if brand in (b"avif", b"avis") else "HEIC" if brand[:2] in (b"he", b"mi", b"ms") else "video"
    if head[:4] == b"%PDF":
        return "PDF"
    return None


def _check_webp(head: bytes, path: str | Path) -> None:
    form = head[12:16]
    if form == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        height = int.from_bytes(head[27:30], "little") + 1
    elif form == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(head[i : i + 2], "little") & 0x3FFF for i in (26, 28))
    # Two canvases of RGBA, one of RGB.
    if width * height * 12 > _DECODED_BYTES * 2:
        raise ImageError(_too_large(path, width, height), "too-large")


@contextmanager
def _reasons(path: str | Path) -> Iterator[None]:
    """Turn whatever a decoder raises into a sentence; Pillow's plugins raise nearly everything on bad bytes."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(f"{quoted(path)} does not fit into the memory; make it smaller.", "too-large") from error
    except OSError as error:
        if error.errno is not None:
            raise
        short = "truncated" in str(error) or "broken data stream" in str(error) or "No decode" in str(error)
        raise _damaged(path, short=short) from error
    except Exception as error:
        raise _damaged(path, short=isinstance(error, EOFError)) from error


def _damaged(path: str | Path, *, short: bool) -> ImageError:
    if short:
        return ImageError(f"{quoted(path)} is cut off or damaged; copy it again from where it came from.", "truncated")
    return ImageError(f"{quoted(path)} is damaged and cannot be read; save it again from where it came from.")


def _not_a_photo(path: str | Path, found: str | None, head: bytes) -> str:
    if found in ("HEIC", "AVIF"):
        return f"{quoted(path)} is a {found} photo, which is not read here; export it as JPEG."
    if found is not None:
        return f"{quoted(path)} is a {found}, not a photo; it is left out."
    kind = "text" if all(32 <= b < 127 or b in b"\t\n\r\f" for b in head) else "something else"
    return f"{quoted(path)} is not a photo but {kind}; it is left out. JPEG, PNG, WebP, BMP, TIFF and GIF are read."


def _too_large(path: str | Path, width: int, height: int) -> str:
    return f"{quoted(path)} has {width}×{height} pixels, too many to decode in the memory; make it smaller."
