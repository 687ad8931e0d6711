from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources
from trasluz.core.data.splits import Unit, draw, joined, kept_for_judging, split_named, wanted

Make = Callable[..., Path]
_units = st.lists(
    st.builds(Unit, key=st.uuids().map(str), label=st.sampled_from("abc"), size=st.integers(1, 4)),
    max_size=60,
    unique_by=lambda u: u.key,
)


def _kept(units: list[Unit], seed: int = 0, share: float = 0.2) -> set[str]:
    totals: Counter[str] = Counter()
    for unit in units:
        totals[unit.label] += unit.size
    ordered = sorted(units, key=lambda u: (u.label, draw(seed, u.key), u.key))
    found = list(kept_for_judging(ordered, totals, share))
    assert len(found) == len(set(found))
    return set(found)


@given(units=_units, seed=st.integers(0, 2**31 - 1))
def test_stratified_disjoint_and_never_all(units: list[Unit], seed: int) -> None:
    kept = _kept(units, seed)
    for label in {u.label for u in units}:
        members = [u for u in units if u.label == label]
        total, held = sum(u.size for u in members), sum(u.size for u in members if u.key in kept)
        if len(members) == 1:
            assert held == 0
        else:
            assert 0 < held < total
            # Whole units of up to four items cannot always give the share to the item.
            assert abs(held - wanted(total)) <= 4


@given(units=_units, seed=st.integers(0, 9))
def test_the_order_of_the_files_does_not_matter(units: list[Unit], seed: int) -> None:
    assert _kept(units, seed) == _kept(units[::-1], seed)


@given(units=_units, more=_units)
def test_another_class_changes_nothing(units: list[Unit], more: list[Unit]) -> None:
    known = {u.key for u in units}
    added = [Unit(u.key, "z", u.size) for u in more if u.key not in known]
    assert _kept(units + added) & known == _kept(units)


@given(keys=st.lists(st.uuids().map(str), min_size=10, max_size=80, unique=True), new=st.uuids().map(str))
def test_a_new_photo_moves_one_at_the_most(keys: list[str], new: str) -> None:
    before = _kept([Unit(k, "a", 1) for k in keys])
    after = _kept([Unit(k, "a", 1) for k in [*keys, new]])
    assert len((before ^ after) - {new}) <= 1


@given(st.integers(0, 2**40), st.text(max_size=40))
def test_a_draw_is_a_number_from_0_to_1_and_stays(seed: int, key: str) -> None:
    assert 0 <= draw(seed, key) < 1
    assert draw(seed, key) == draw(seed, key)


def test_a_draw_is_the_same_on_every_machine() -> None:
    assert draw(0, "content 00") == 0.6177923904831171
    assert draw(0, "a") != draw(1, "a")


@given(st.integers(0, 100_000))
def test_how_many_are_kept(total: int) -> None:
    found = wanted(total)
    assert (found == 0) == (total < 2)
    assert found < total or total == 0
    if total > 10:
        assert abs(found - total * 0.2) <= 1


@given(st.sampled_from(["train", "training", "val", "valid", "validation", "dev", "test", "testing"]), st.data())
def test_split_names_in_any_case(name: str, data: st.DataObject) -> None:
    shaken = "".join(c.upper() if data.draw(st.booleans()) else c for c in name)
    assert split_named(f" {shaken} ") == split_named(name) is not None


@given(st.text(max_size=12))
def test_other_names_mean_no_split(name: str) -> None:
    found = split_named(name)
    assert (found is not None) == (
        name.strip().lower() in {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}
    )


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=20))
def test_joined_groups_hang_together(pairs: list[tuple[int, int]]) -> None:
    links = [(f"{a:02}", f"{b:02}") for a, b in pairs]
    stands = joined(links)
    for a, b in links:
        assert stands[a] == stands[b]
    for key, standing in stands.items():
        assert standing <= key
        assert stands[standing] == standing


# by way of the index


def _splits(root: Path, at: Path, seed: int = 0) -> dict[str, str | None]:
    index = Index.build(root, at, builtin_sources(), seed=seed)
    return {item.path: item.split for item in index.page(limit=10_000)}


def test_nothing_given_20_percent_of_each_class_are_kept(tmp_path: Path, make_photos: Make) -> None:
    root = make_photos(tmp_path / "photos", {"a": 20, "b": 10, "c": 2, "d": 1})
    found = _splits(root, tmp_path / "i.sqlite")
    kept = Counter(path[0] for path, split in found.items() if split == "val")
    assert kept == {"a": 4, "b": 2, "c": 1}
    assert set(found.values()) == {"train", "val"}


def test_the_same_in_every_run_and_another_for_another_seed(tmp_path: Path, make_photos: Make) -> None:
    root = make_photos(tmp_path / "photos", {"a": 20, "b": 20})
    first = _splits(root, tmp_path / "1.sqlite")
    assert _splits(root, tmp_path / "2.sqlite") == first
    assert _splits(root, tmp_path / "2.sqlite", seed=1) != first
    # A copy elsewhere, under other names, is divided alike: the contents draw.
    (tmp_path / "copy").mkdir()
    for path in first:
        target = tmp_path / "copy" / path.replace("photo", "bild")
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((root / path).read_bytes())
    copied = _splits(tmp_path / "copy", tmp_path / "3.sqlite")
    assert {p.replace("bild", "photo"): s for p, s in copied.items()} == first


def test_new_photos_of_another_class_change_nothing(tmp_path: Path, make_photos: Make) -> None:
    root = make_photos(tmp_path / "photos", {"a": 20, "b": 20})
    first = _splits(root, tmp_path / "i.sqlite")
    make_photos(root, {"unused1": 0, "unused2": 0, "c": 8})
    second = _splits(root, tmp_path / "i.sqlite")
    assert {p: s for p, s in second.items() if not p.startswith("c/")} == first


def test_given_splits_stay(tmp_path: Path, make_photos: Make) -> None:
    root = make_photos(tmp_path / "photos", {"train/a": 3, "val/a": 9, "test/a": 1, "train/b": 2, "val/b": 1})
    found = _splits(root, tmp_path / "i.sqlite")
    assert all(path.startswith(f"{split}/") for path, split in found.items())


def test_val_is_drawn_from_train_and_test_is_not_touched(tmp_path: Path, make_photos: Make) -> None:
    root = make_photos(tmp_path / "photos", {"train/a": 10, "test/a": 4, "train/b": 10, "test/b": 4})
    found = _splits(root, tmp_path / "i.sqlite")
    assert {s for p, s in found.items() if p.startswith("test/")} == {"test"}
    assert Counter(s for p, s in found.items() if p.startswith("train/")) == {"train": 16, "val": 4}
    only = make_photos(tmp_path / "only", {"train/a": 10, "train/b": 10})
    assert Counter(_splits(only, tmp_path / "j.sqlite").values()) == {"train": 16, "val": 4}


def test_the_same_content_never_straddles(tmp_path: Path, make_photos: Make) -> None:
    root = make_photos(tmp_path / "photos", {"a": 12, "b": 12})
    for photo in list((root / "a").iterdir()):
        (root / "a" / f"copy of {photo.name}").write_bytes(photo.read_bytes())
    for seed in range(5):
        found = _splits(root, tmp_path / "i.sqlite", seed)
        for path, split in found.items():
            if "copy of " in path:
                assert found[path.replace("copy of ", "")] == split
        assert "val" in {s for p, s in found.items() if p.startswith("a/")}


def test_groups_never_straddle_even_through_shared_content(tmp_path: Path) -> None:
    rows = ["path,label,group"]
    for number in range(40):
        Image.new("RGB", (8, 8), (number * 6, 0, 0)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,{'ab'[number % 2]},house {number // 4}")
    # House 0 and house 9 share a photo, so all of both go together.
    (tmp_path / "twin.png").write_bytes((tmp_path / "0.png").read_bytes())
    rows.append("twin.png,a,house 9")
    (tmp_path / "m.csv").write_text("\n".join(rows))
    for seed in range(6):
        index = Index.build(tmp_path / "m.csv", tmp_path / "i.sqlite", builtin_sources(), seed=seed)
        where: dict[str, set[str]] = {}
        for split in ("train", "val"):
            for record in index.records(split):  # type: ignore[arg-type]
                where.setdefault(record.group, set()).add(split)
        assert all(len(splits) == 1 for splits in where.values())
        assert where["house 0"] == where["house 9"]
        assert {"train", "val"} == set().union(*where.values())


def test_a_row_without_a_split_follows_its_own_content(tmp_path: Path) -> None:
    rows = ["path,label,split"]
    for number in range(12):
        Image.new("RGB", (8, 8), (number * 20, 0, 0)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,{'ab'[number % 2]},{'test' if number < 2 else ''}")
    (tmp_path / "twin.png").write_bytes((tmp_path / "0.png").read_bytes())
    rows.append("twin.png,a,")
    (tmp_path / "m.csv").write_text("\n".join(rows))
    found = _splits(tmp_path / "m.csv", tmp_path / "i.sqlite")
    assert found["twin.png"] == "test"
    assert Counter(found.values())["test"] == 3
    assert Counter(found.values())["val"] == 2
