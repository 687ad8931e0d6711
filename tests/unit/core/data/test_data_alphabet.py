"""Characters are counted, the rare ones first, and searched for where they occur."""

from pathlib import Path

from trasluz.core.corrections import Correction, Corrections
from trasluz.core.data.alphabet import FEW, counted
from trasluz.core.data.corrected import recorrect
from trasluz.core.data.index import Index
from trasluz.core.data.readers.text_pairs import TextPairs


def test_rare_characters_come_first_and_say_whether_they_can_be_learned() -> None:
    texts = [("train", "abba")] * FEW + [("train", "b"), ("val", "aç")]
    found = counted(texts)
    rows = {row["character"]: row for row in found["characters"]}
    assert found["characters"][0]["character"] == "ç"
    assert rows["ç"] == {
        "character": "ç",
        "name": "latin small letter c with cedilla",
        "count": 1,
        "texts": 1,
        "learned": 0,
    }
    assert rows["b"]["learned"] == FEW + 1
    assert rows["a"]["count"] == 2 * FEW + 1


def test_texts_are_searched_on_both_sides_and_by_character(tmp_path: Path) -> None:
    rows = [("the dog", "el perro"), ("the cat", "el gato"), ("a house", "una cása")]
    (tmp_path / "train.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
    (tmp_path / "val.tsv").write_text("a bird\tun pájaro\n", encoding="utf-8")
    source = TextPairs()
    index = Index.build(tmp_path, tmp_path / "index.sqlite", [source])
    assert index.page_count(search="cat") == 1
    assert index.page_count(search="EL ") == 2
    assert [item.texts[0][1] for item in index.page(holds="á", order="path")] == ["a house", "a bird"]
    assert index.page(search="dog")[0].part == "row 1"

    # a corrected answer is what a family reads, and is taken back again
    target = index.page(search="dog")[0]
    fix = Correction(path=target.path, part=target.part, was="el perro", now="el can")
    recorrect(index.at, Corrections(made=(fix,)))
    with_it = Index.open(index.at, [source])
    texts = {dict(r.extra["texts"])[list(r.extra["texts"])[1]] for r in with_it.records("train")}
    assert texts == {"el can", "el gato", "una cása"}
    assert list(with_it.records("train")[0].extra["texts"]) == list(index.records("train")[0].extra["texts"])
    recorrect(index.at, Corrections())
    again = Index.open(index.at, [source])
    assert {r.target for r in again.records("train")} == {"el perro", "el gato", "una cása"}
    assert all(list(r.extra["texts"].values())[1] == r.target for r in again.records("train"))
