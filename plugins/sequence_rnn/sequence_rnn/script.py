"""The program that goes with an exported model: an item's text, with onnxruntime and numpy alone."""

from pathlib import Path

_HEAD = '''\
"""{sentence} Needs: pip install onnxruntime numpy {packages}. Use: python predict.py FILE ..."""
import sys

import onnxruntime
{imports}
{decoding}

here = Path(__file__).resolve().parent
card = json.loads((here / "card.json").read_text(encoding="utf-8"))
graph = str(here / card["graphs"][0]["file"])
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])  # or CUDAExecutionProvider

{read}

characters, how = card["extra"]["alphabet"], card["extra"]["decoding"]
spelling = card["files"].get("language_model")
spelling = CharacterModel.load(here / spelling) if spelling else None
for path in sys.argv[1:]:
    scores = session.run(["log_probabilities"], read(path))[0][0]
    if how["beam"] <= 1:
        text = "".join(characters[n - 1] for n in greedy(scores)[0])
    else:
        text, _ = beam_search(
            scores, characters, how["beam"], model=spelling, weight=how["weight"], bonus=how["bonus"]
        )
    print(path, text, sep="\\t")
'''

_LINE = '''
def read(path):
    """One line of ink as the graph takes it: (1, height, width) uint8 grey."""
    picture = ImageOps.exif_transpose(Image.open(path))
    if picture.mode.startswith("I"):  # 16 bits
        picture = Image.fromarray((np.asarray(picture) // 256).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    rgb = np.asarray(picture.convert("RGB")).astype(np.float32)
    line = np.rint(rgb @ np.array([0.299, 0.587, 0.114], np.float32)).clip(0, 255).astype(np.uint8)
    height, width = line.shape
    if height > 256:
        size = (max(1, round(width * 256 / height)), 256)
        line = np.asarray(Image.fromarray(line).resize(size, Image.Resampling.BOX))
    return {"line": line[None]}
'''

_READERS = {
    "handwriting": ("Reads a line of handwriting.", "pillow", "from PIL import Image, ImageOps\n", _LINE),
}


def transcription_script(kind: str) -> str:
    """The source of `predict.py` for a kind of data; its decoding is the one that the model was judged with."""
    sentence, packages, imports, read = _READERS[str(kind)]
    source = (Path(__file__).parent / "decoding.py").read_text(encoding="utf-8")
    decoding = source[source.index("import json") :]
    return _HEAD.format(sentence=sentence, packages=packages, imports=imports, read=read.strip("\n"), decoding=decoding)
