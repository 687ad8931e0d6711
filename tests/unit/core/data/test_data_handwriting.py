"""Lines of handwriting in every layout, and what is wrong with them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trasluz.api import DataError, Problem, Record
from trasluz.core.data.line_cut import cut_line
from trasluz.core.data.readers.handwriting import HandwrittenLines
from trasluz.core.data.readers.page_xml import read_page

SOURCE = HandwrittenLines()
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">
<Page imageFilename="{image}" imageWidth="200" imageHeight="100"><TextRegion id="r"><Coords points="0,0 200,100"/>
<TextLine id="l1"><Coords points="10,10 110,10 110,40 10,40"/><Baseline points="10,35 110,35"/>
<TextEquiv><Unicode>e\u0301tait  la</Unicode></TextEquiv></TextLine>
<TextLine id="l2"><Coords points="10,50 110,50 110,90 10,90"/><TextEquiv><Unicode></Unicode></TextEquiv></TextLine>
<TextLine id="l3"><TextEquiv><Unicode>sans lieu</Unicode></TextEquiv></TextLine>
</TextRegion></Page></PcGts>"""
ALTO = """<?xml version="1.0"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v4#">
<Description><sourceImageInformation><fileName>{image}</fileName></sourceImageInformation></Description>
<Layout><Page><PrintSpace><TextBlock>
<TextLine ID="a" HPOS="10" VPOS="10" WIDTH="100" HEIGHT="30">
<String CONTENT="un"/><SP/><String CONTENT="mot"/></TextLine>
</TextBlock></PrintSpace></Page></Layout></alto>"""


def picture(path: Path, height: int = 40, width: int = 200) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((height, width), 220, np.uint8)).save(path)
    return path


def found(root: Path) -> tuple[list[Record], dict[str, list[Problem]]]:
    records, problems = [], {}
    for each in SOURCE.records(root):
        if isinstance(each, Record):
            records.append(each)
        else:
            problems.setdefault(each.rule, []).append(each)
    return records, problems


def test_pairs_have_their_split_from_the_folder_and_their_text_composed(tmp_path: Path) -> None:
    for name in ("train/a", "train/b", "val/c"):
        picture(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.gt.txt").write_text("cafe\u0301  noir\n", encoding="utf-8")
    picture(tmp_path / "train" / "alone.png")
    (tmp_path / "train" / "empty.txt").write_text(" \n")
    picture(tmp_path / "train" / "empty.png")
    (tmp_path / "val" / "nobody.gt.txt").write_text("x")
    records, problems = found(tmp_path)
    assert [(r.path, r.split, r.target) for r in records] == [
        ("train/a.png", "train", "café noir"),
        ("train/b.png", "train", "café noir"),
        ("val/c.png", "val", "café noir"),
    ]
    assert "“train/alone.png” has no transcript" in problems["no-transcript"][0].sentence
    assert "“train/empty.txt” is empty" in problems["empty-transcript"][0].sentence
    assert problems["no-file"][0].paths == ("val/nobody.gt.txt",)
    checked = SOURCE.check(tmp_path, records[0])
    assert checked.length == 5.0
    assert SOURCE.read(tmp_path, records[0]).array("line").shape == (40, 200)


def test_a_list_of_texts_is_handwriting_and_one_of_labels_is_not(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "list.csv").write_text("path,text,split\na.png,Bonjour,val\n")
    records, _ = found(tmp_path)
    assert [(r.path, r.target, r.split) for r in records] == [("a.png", "Bonjour", "val")]
    (tmp_path / "list.csv").write_text("path,label\na.png,cat\n")
    assert SOURCE.detect(tmp_path) is None


@pytest.mark.parametrize("place", ["page.xml", "page/page.xml"])
def test_the_lines_of_page_xml_are_cut_out(tmp_path: Path, place: str) -> None:
    picture(tmp_path / "page.png", 100, 200)
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(PAGE.format(image="page.png"), encoding="utf-8")
    records, problems = found(tmp_path)
    assert [(r.path, r.part, r.target) for r in records] == [("page.png", "l1", "était la")]
    assert "“l2”" in problems["empty-transcript"][0].sentence
    assert "“l3” of" in problems["no-coordinates"][0].sentence
    assert SOURCE.read(tmp_path, records[0]).array("line").shape == (31, 101)


def test_alto_lines_and_pages_without_their_picture(tmp_path: Path) -> None:
    picture(tmp_path / "one.png", 100, 200)
    (tmp_path / "one.xml").write_text(ALTO.format(image="C:\\scans\\one.png"))
    (tmp_path / "two.xml").write_text(ALTO.format(image="gone.png"))
    records, problems = found(tmp_path)
    assert [(r.part, r.target) for r in records] == [("a", "un mot")]
    assert "“gone.png”" in problems["no-picture"][0].sentence


def test_xml_with_entities_is_refused_and_other_xml_is_nobodys(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.xml"
    bomb.write_text('<!DOCTYPE a [<!ENTITY b "c">]><PcGts>&b;</PcGts>')
    with pytest.raises(DataError, match="declares entities"):
        read_page(bomb)
    bomb.write_bytes('<!DOCTYPE a [<!ENTITY b "c">]><PcGts>&b;</PcGts>'.encode("utf-16"))
    with pytest.raises(DataError, match="declares entities"):
        read_page(bomb)
    bomb.write_text("<PcGts><Page>")
    with pytest.raises(DataError, match="not well-formed"):
        read_page(bomb)
    bomb.write_text("<note/>")
    assert read_page(bomb) is None


def test_what_lies_outside_a_line_has_the_tone_of_the_paper() -> None:
    page = np.full((100, 200), 200, np.uint8)
    page[60:, :] = 0  # the neighbour below
    page[30:35, 20:100] = 20
    line = cut_line(page, [(10, 20), (110, 20), (110, 50), (60, 80), (10, 50)])
    assert line is not None
    assert line[-1, 0] == 200  # below the outline: paper, though the page is black there
    assert line.min() == 0  # inside it the page as it is
    assert cut_line(page, [(300, 300), (400, 300), (400, 330)]) is None


def test_a_sloping_line_is_turned_level() -> None:
    page = np.full((300, 300), 255, np.uint8)
    for x in range(50, 250):
        page[100 + (x - 50) // 2 - 3 : 100 + (x - 50) // 2, x] = 0
    line = cut_line(page, [(45, 80), (255, 185), (255, 215), (45, 110)], [(50, 100), (250, 200)])
    assert line is not None
    rows = np.flatnonzero((line < 100).any(1))
    assert rows[-1] - rows[0] < 12  # it spanned 100 rows on the page
