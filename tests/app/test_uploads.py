"""Visitors' own files: opened for one tab, read only, gone when the tab is; wrong ones are told in words."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ui_shop import Writer, count_of

from app import uploads
from app.errors import UploadRefused
from app.house import House, last_answer
from app.settings import Settings
from app.uploads import Brought, Uploads
from bot.memory import Conversation
from ui.own_files import bring_files
from ui.talk import OwnShop, Talk, Visitors


@pytest.fixture
def brought(tmp_path: Path) -> Uploads:
    settings = Settings(home=tmp_path / "home")
    own = tmp_path / "own"
    own.mkdir()
    house = House(settings, load=lambda _: Writer(*count_of("people"), *count_of("towns")))
    return Uploads(house=house, folder=own)


def csv(folder: Path, name: str = "people.csv", rows: int = 2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("id,name\n" + "".join(f"{i},P{i}\n" for i in range(rows)), "utf-8")
    return folder / name


def sqlite(folder: Path, name: str = "people.db") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(folder / name)
    database.execute("CREATE TABLE people (id INTEGER, name TEXT)")
    database.execute("INSERT INTO people VALUES (1, 'Ana'), (2, 'Bo')")
    database.commit()
    database.close()
    return folder / name


def duck(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "people.duckdb")) as database:
        database.execute("CREATE TABLE people AS SELECT 1 AS id UNION SELECT 2")
    return folder / "people.duckdb"


def parquet(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    duckdb.sql("SELECT 1 AS id UNION SELECT 2").write_parquet(str(folder / "people.parquet"))
    return folder / "people.parquet"


def count(own: Brought) -> Any:
    answer = last_answer(own.seat.answer("How many people are there?", Conversation()))
    assert answer.status == "answered", answer.text
    return answer.tables[0].rows[0][0]


@pytest.mark.parametrize("make", [csv, sqlite, duck, parquet], ids=lambda make: make.__name__)
def test_a_file_becomes_a_shop_that_is_gone_when_closed(make: Any, brought: Uploads, tmp_path: Path) -> None:
    file = make(tmp_path / "gradio")
    own = brought.open([file])
    assert not file.exists(), "the upload itself is not kept"
    assert own.tables == ("people",)
    assert (own.shop, own.role) == (file.name, "owner")
    assert count(own) == 2
    own.close()
    own.close()
    assert list(brought.folder.iterdir()) == []
    assert brought._open == 0


def test_several_files_open_together_under_names_of_their_own(brought: Uploads, tmp_path: Path) -> None:
    files = [csv(tmp_path / "a"), csv(tmp_path / "b", rows=5), csv(tmp_path / "c", "towns.csv")]
    own = brought.open(files)
    assert own.tables == ("people", "people_2", "towns")
    assert own.shop == "people.csv + 2"
    assert count(own) == 2


def test_two_visitors_do_not_see_each_others_files(brought: Uploads, tmp_path: Path) -> None:
    first, second = brought.open([csv(tmp_path / "a")]), brought.open([csv(tmp_path / "b", rows=7)])
    assert (count(first), count(second)) == (2, 7)
    first.close()
    assert count(second) == 7


def test_the_folder_is_private_and_every_opening_is_logged(brought: Uploads, tmp_path: Path) -> None:
    own = brought.open([csv(tmp_path / "a")])
    [place] = brought.folder.iterdir()
    assert place.stat().st_mode & 0o777 == 0o700
    count(own)
    lines = [json.loads(line) for line in brought.house.settings.audit.read_text("utf-8").splitlines()]
    kinds = [(e["kind"], e["shop"], e["role"]) for e in lines if e["kind"] != "begun"]
    assert kinds == [("open", "people.csv", "owner"), ("question", "people.csv", "owner")]


WRONG = {
    "a picture": (["cat.png"], "cat\\.png cannot be opened here. Files that can: .csv"),
    "no ending": (["readme"], "readme cannot be opened here"),
    "two databases": (["a.db", "b.db"], "a.db is a whole database and is opened alone"),
    "a database and a table": (["t.csv", "b.sqlite"], "b.sqlite is a whole database"),
    "no database": (["x.db"], "cannot be read: x.db is neither a DuckDB nor a SQLite file"),
    "a broken database": (["x.duckdb"], "cannot be read: x.duckdb cannot be opened as a DuckDB file"),
    "a broken parquet": (["x.parquet"], "cannot be read: x.parquet"),
    "an empty file": (["empty.db"], "cannot be read: empty.db is empty"),
    "none": ([], "No file was chosen"),
    "too many": ([f"{i}.csv" for i in range(51)], "At most 50 files"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_files_are_refused_in_words_and_nothing_is_kept(
    name: str, brought: Uploads, tmp_path: Path
) -> None:
    names, message = WRONG[name]
    folder = tmp_path / "gradio"
    folder.mkdir()
    for file in names:
        (folder / file).write_bytes(b"" if "empty" in file else b"nothing in particular, " * 9)
    talk = Talk(assistant=None, new_conversation=list, shop="s", role="r", open_files=brought.open)  # type: ignore[arg-type]
    note, own = bring_files(talk, [folder / n for n in names], "en")
    plain = note.replace("\\", "")
    assert own is None
    assert message.replace("\\", "") in plain
    assert str(tmp_path) not in plain
    assert list(brought.folder.iterdir()) == [] and list(folder.iterdir()) == []
    assert brought._open == 0
    chinese, _ = bring_files(talk, [], "zh")
    assert chinese == "没有选择文件，没有任何改动。"


def test_files_that_are_too_large_are_refused(
    brought: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_MB", 0.00001)
    with pytest.raises(UploadRefused, match="upload_large"):
        brought.open([csv(tmp_path / "a")])


def test_more_shops_than_memory_allows_are_refused(
    brought: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_SHOPS", 1)
    own = brought.open([csv(tmp_path / "a")])
    with pytest.raises(UploadRefused, match="upload_crowded"):
        brought.open([csv(tmp_path / "b")])
    own.close()
    brought.open([csv(tmp_path / "c")])


def test_names_cannot_lead_out_of_the_folder(brought: Uploads, tmp_path: Path) -> None:
    own = brought.open([csv(tmp_path / "a", "..people.csv")])
    assert own.tables == ("people",)


def test_without_a_log_no_file_is_opened(tmp_path: Path, brought: Uploads) -> None:
    brought.house.settings.home.mkdir()
    (brought.house.settings.home / "audit").write_text("in the way")
    talk = Talk(assistant=None, new_conversation=list, shop="s", role="r", open_files=brought.open)  # type: ignore[arg-type]
    note, own = bring_files(talk, [csv(tmp_path / "a")], "en")
    assert own is None and "the log cannot be written" in note
    assert list(brought.folder.iterdir()) == []


class Closed:
    def __init__(self) -> None:
        self.times = 0

    def own(self) -> OwnShop:
        talk = Talk(assistant=None, new_conversation=list, shop="own", role="owner")  # type: ignore[arg-type]
        return OwnShop(talk=talk, tables=("t",), close=self.close)

    def close(self) -> None:
        self.times += 1


def test_own_files_end_with_the_tab_and_outlive_a_new_conversation() -> None:
    visitors, closed, other = Visitors(list, most=2), Closed(), Closed()
    own = closed.own()
    visitors.switch("a", own)
    visitors.of("a").conversation.append("q")
    assert visitors.restart("a").own is own and visitors.of("a").conversation == []
    assert closed.times == 0
    visitors.switch("a", other.own())
    assert (closed.times, other.times) == (1, 0)
    assert visitors.switch("a", None).own is None
    assert other.times == 1
    for end in (lambda: visitors.leave("a"), visitors.close):
        gone = Closed()
        visitors.switch("a", gone.own())
        end()
        assert gone.times == 1
    gone = Closed()
    visitors.switch("a", gone.own())
    visitors.of("b"), visitors.of("c")
    assert gone.times == 1, "the tab unused for longest is forgotten with its files"
