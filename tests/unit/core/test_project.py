import json
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from trasluz.api import DataError
from trasluz.core.project import FILE_NAME, Project, ProjectError, forget, recent_projects, remember


@pytest.fixture
def project(tmp_path: Path, photos: Path) -> Project:
    return Project.create(tmp_path / "project", name="Colours", data=photos)


def test_what_is_made_can_be_opened(project: Project, photos: Path) -> None:
    found = Project.open(project.folder)
    assert (found.id, found.name, found.data) == (project.id, "Colours", photos)
    assert found.index_path == project.folder / "index.sqlite"
    assert found.runs_folder.is_dir()
    assert found.cache_folder.parent == project.folder
    assert Project.open(project.folder / FILE_NAME).folder == project.folder
    assert Project.is_one(project.folder)
    assert not Project.is_one(photos)


def test_a_project_is_never_made_over_another(project: Project, photos: Path) -> None:
    with pytest.raises(ProjectError, match="already"):
        Project.create(project.folder, name="Other", data=photos)
    assert Project.open(project.folder).name == "Colours"


def test_renaming_and_pointing_elsewhere_stay(project: Project, tmp_path: Path) -> None:
    project.rename("  Two\n words ")
    project.set_data(tmp_path)
    assert project.name == "Two words"
    found = Project.open(project.folder)
    assert (found.name, found.data, found.id) == ("Two words", tmp_path, project.id)


def test_it_can_be_moved_alone(project: Project, photos: Path, tmp_path: Path) -> None:
    moved = tmp_path / "far" / "away"
    moved.parent.mkdir()
    project.folder.rename(moved)
    assert Project.open(moved).data == photos


def test_it_can_be_moved_together_with_photos_beside_it(tmp_path: Path) -> None:
    (tmp_path / "old" / "photos").mkdir(parents=True)
    Project.create(tmp_path / "old" / "project", name="x", data=tmp_path / "old" / "photos")
    (tmp_path / "old").rename(tmp_path / "new")
    assert Project.open(tmp_path / "new" / "project").data == tmp_path / "new" / "photos"


def test_a_copy_with_photos_inside_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "p" / "photos").mkdir(parents=True)
    Project.create(tmp_path / "p", name="x", data=tmp_path / "p" / "photos")
    shutil.copytree(tmp_path / "p", tmp_path / "q")
    assert Project.open(tmp_path / "q").data == tmp_path / "q" / "photos"
    assert Project.open(tmp_path / "p").data == tmp_path / "p" / "photos"


def test_data_that_is_away_keeps_its_place(project: Project, photos: Path) -> None:
    shutil.rmtree(photos)
    assert Project.open(project.folder).data == photos


@pytest.mark.skipif(sys.platform != "linux", reason="names on other systems are text")
def test_a_folder_whose_name_is_not_text(project: Project, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    odd.mkdir()
    project.set_data(odd)
    assert Project.open(project.folder).data == odd


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"format": 0}', '{"format": "x", "id": 1, "name": 2, "data": 3}', "\udcff"]
)
def test_a_damaged_project_is_a_sentence(project: Project, content: str) -> None:
    (project.folder / FILE_NAME).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match="is damaged"):
        Project.open(project.folder)


def test_no_project_and_a_newer_one(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no project"):
        Project.open(tmp_path / "gone")
    stored = json.loads((project.folder / FILE_NAME).read_text())
    (project.folder / FILE_NAME).write_text(json.dumps({**stored, "format": 99}))
    with pytest.raises(ProjectError, match="newer Trasluz"):
        Project.open(project.folder)


def test_a_place_that_cannot_be_written_to(tmp_path: Path, photos: Path, project: Project) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ProjectError, match="cannot be written"):
        Project.create(tmp_path / "file" / "project", name="x", data=photos)
    shutil.rmtree(project.folder)
    with pytest.raises(ProjectError, match="cannot be written"):
        project.rename("lost")
    assert project.name == "Colours"


def test_nothing_half_written_stays(project: Project) -> None:
    project.rename("Other")
    assert sorted(p.name for p in project.folder.iterdir()) == [FILE_NAME, "runs"]


def test_recent_projects(tmp_path: Path, photos: Path) -> None:
    assert recent_projects() == []
    made = [Project.create(tmp_path / f"p{i}", name=f"P{i}", data=photos) for i in range(3)]
    for project in made:
        remember(project)
    remember(made[0])
    assert [p.name for p in recent_projects()] == ["P0", "P2", "P1"]
    shutil.rmtree(made[2].folder)
    assert [p.name for p in recent_projects()] == ["P0", "P1"]
    forget(made[0].folder)
    assert [p.name for p in recent_projects()] == ["P1"]


def test_a_damaged_list_of_recent_projects_is_no_matter(trasluz_home: Path, project: Project) -> None:
    for content in ("", "3", '{"projects": []}', "[1, null]"):
        (trasluz_home / "recent.json").write_text(content)
        assert recent_projects() == []
        remember(project)
        assert [p.id for p in recent_projects()] == [project.id]


def test_remembering_from_several_windows_at_once(tmp_path: Path, photos: Path) -> None:
    made = [Project.create(tmp_path / f"p{i}", name=f"P{i}", data=photos) for i in range(8)]
    threads = [threading.Thread(target=remember, args=(p,)) for p in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(recent_projects()) == 8
