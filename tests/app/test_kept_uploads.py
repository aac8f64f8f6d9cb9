"""Files and answers of each browser's own, kept for its next visit and found by nobody else."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from app.errors import UploadRefused
from app.kept_uploads import LEFT_OVER_S, MANIFEST, KeptUploads

ANSWERS = {"sold": "those in every state"}


@pytest.fixture
def kept(tmp_path: Path) -> KeptUploads:
    return KeptUploads(folder=tmp_path / "brought", page="lumen")


def file(folder: Path, name: str = "people.csv", text: str = "id\n1\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder / name


def test_what_is_kept_is_found_by_its_browser_on_its_page_only(kept: KeptUploads, tmp_path: Path) -> None:
    kept.keep("mine", [file(tmp_path), file(tmp_path, "kept.json")], ANSWERS)
    found = KeptUploads(folder=kept.folder, page="lumen").find("mine")
    assert found is not None and found.is_shown and found.answers == ANSWERS
    assert {f.name: f.read_text("utf-8") for f in found.files} == {
        "people.csv": "id\n1\n",
        "kept.json": "id\n1\n",
    }
    assert kept.find("yours") is None and kept.find(None) is None
    assert KeptUploads(folder=kept.folder, page="another").find("mine") is None


def test_the_secret_stands_in_no_name_and_no_file_and_the_folder_is_private(
    kept: KeptUploads, tmp_path: Path
) -> None:
    kept.keep("mysecret", [file(tmp_path)], {})
    for path in (kept.folder, *kept.folder.rglob("*")):
        assert "mysecret" not in path.name
        assert path.is_dir() or b"mysecret" not in path.read_bytes()
    assert kept.folder.stat().st_mode & 0o077 == 0


def test_other_files_take_the_place_of_those_before(kept: KeptUploads, tmp_path: Path) -> None:
    kept.keep("mine", [file(tmp_path)], ANSWERS)
    kept.keep("mine", [file(tmp_path, "towns.csv")], {})
    found = kept.find("mine")
    assert found is not None and [f.name for f in found.files] == ["towns.csv"] and found.answers == {}
    assert len(list(kept.folder.iterdir())) == 1


def test_answers_and_what_is_shown_are_kept_beside_the_files(kept: KeptUploads, tmp_path: Path) -> None:
    mine = file(tmp_path)
    kept.keep("mine", [mine], {})
    kept.answer("mine", [mine], ANSWERS)
    kept.show("mine", False)
    found = kept.find("mine")
    assert found is not None and found.answers == ANSWERS and not found.is_shown


def test_answers_about_other_files_are_not_mixed_with_those_that_are_kept(
    kept: KeptUploads, tmp_path: Path
) -> None:
    kept.keep("mine", [file(tmp_path, "towns.csv")], {})  # in another tab, meanwhile
    kept.answer("mine", [file(tmp_path)], ANSWERS)
    found = kept.find("mine")
    assert found is not None and found.answers == {}


def test_what_was_forgotten_is_gone_and_no_answer_brings_it_back(kept: KeptUploads, tmp_path: Path) -> None:
    mine = file(tmp_path)
    kept.keep("mine", [mine], ANSWERS)
    kept.keep("yours", [mine], {})
    kept.forget("mine")
    kept.forget("mine")
    kept.answer("mine", [mine], ANSWERS)
    kept.show("mine", True)
    assert kept.find("mine") is None and kept.find("yours") is not None
    assert len(list(kept.folder.iterdir())) == 1


def test_without_room_the_files_from_before_stay(tmp_path: Path) -> None:
    kept = KeptUploads(folder=tmp_path / "brought", page="lumen", most_mb=0.002)
    kept.keep("mine", [file(tmp_path)], {})
    kept.keep("yours", [file(tmp_path, "b.csv", "x" * 1_000)], {})
    with pytest.raises(UploadRefused, match="upload_not_kept") as refused:
        kept.keep("mine", [file(tmp_path, "c.csv", "x" * 1_500)], {})
    assert refused.value.key == "upload_not_kept"
    found = kept.find("mine")
    assert found is not None and [f.name for f in found.files] == ["people.csv"]


def test_a_disk_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    kept = KeptUploads(folder=file(tmp_path, "brought"), page="lumen")
    with pytest.raises(UploadRefused, match="upload_not_kept_disk"):
        kept.keep("mine", [file(tmp_path)], {})
    assert kept.find("mine") is None


@pytest.mark.parametrize(
    "damage", ["", "[]", '{"format": 1}', '{"format": 99}', '{"format": 1, "files": []}']
)
def test_a_damaged_manifest_is_as_if_nothing_were_kept(
    damage: str, kept: KeptUploads, tmp_path: Path
) -> None:
    kept.keep("mine", [file(tmp_path)], {})
    manifest = next(kept.folder.rglob(MANIFEST))
    manifest.write_text(damage, "utf-8")
    assert kept.find("mine") is None
    kept.show("mine", True)
    kept.keep("mine", [file(tmp_path)], {})
    assert kept.find("mine") is not None


def test_a_file_that_was_cut_off_is_not_shown(kept: KeptUploads, tmp_path: Path) -> None:
    kept.keep("mine", [file(tmp_path)], {})
    next(kept.folder.rglob("people.csv")).unlink()
    assert kept.find("mine") is None


def test_a_manifest_cannot_name_files_elsewhere(kept: KeptUploads, tmp_path: Path) -> None:
    kept.keep("mine", [file(tmp_path)], {})
    manifest = next(kept.folder.rglob(MANIFEST))
    text = json.loads(manifest.read_text("utf-8"))
    text["files"] = {"../../../people.csv": 5}
    manifest.write_text(json.dumps(text), "utf-8")
    assert kept.find("mine") is None


def test_what_an_ended_process_left_unfinished_is_removed_when_it_is_old(kept: KeptUploads) -> None:
    for name in (".new-a", ".old-b", ".new-c"):
        (kept.folder / name).mkdir(parents=True)
    long_ago = time.time() - LEFT_OVER_S - 10
    for name in (".new-a", ".old-b"):
        os.utime(kept.folder / name, (long_ago, long_ago))
    KeptUploads(folder=kept.folder, page="lumen")
    assert [left.name for left in kept.folder.iterdir()] == [".new-c"]
