"""Forgetting a customer: a home that was really used, and afterwards no trace of them in any of its files."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import json
import re
import shutil
import sqlite3
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from customers_shop import (
    ANA,
    EMAIL,
    INNOCENT,
    KEY,
    NAME,
    NAMING,
    OTHER,
    PHONE,
    WRITTEN,
    build_customers_shop,
)
from served_shop import ServedShop, ask, serving
from typer.testing import CliRunner

from app import forget as forgetting
from app.errors import CustomerUnclear, WrongUse
from app.feedback_log import FeedbackLog
from app.finding import find_shop, folder_of
from app.forget import STORES, Receipt, forget, owner_of
from app.inbox import Message, Told
from app.kept_uploads import KeptUploads
from app.library import archive_in, audience_folder
from app.person import Person, role_of
from app.rules.keeping import keeper_of
from app.salts import salt_in
from app.schedules import Schedule, read_timetable
from app.schedules.lookup import schedules_of
from app.settings import Settings
from app.watching import inbox_of
from bot.audit import AuditLog
from bot.memory import Conversation
from jobs.notify.rule import Rule
from jobs.report.archive import Archive
from jobs.report.types import Report, Section
from retrieval import storage
from sql.personal import pseudonym
from ui.cli import app

pytestmark = pytest.mark.long

OWNER = Person(id="olga", role="owner")
REMADE = re.compile("segment-|/said/")
"""Files that are written anew, or made again when they are asked of."""
HELD_IN = "What was the revenue last month?"


def message(id: str, value: str) -> Message:
    told = Told(metric="revenue", by="buyer", value=value, side=-1, first="2026-06-01", last="2026-06-02")
    text = {"en": f"Revenue of {value} fell.", "zh": f"{value} 的销售额下降。"}
    return Message(id=id, day="2026-06-02", text=text, see="unusual metric=revenue", series=(told,))


def quoting(words: str, review: str, key: str) -> Report:
    """An answer that was delivered, and quotes a review without the name of who wrote it."""
    section = Section(id="answer", title="Answer", text=f"One says: {words}", figures=(), tables=())
    return Report(
        id=f"2026-07-01-0700-{key}", name="answer", title="What of lamps?", shop="Tiny", language="en",
        start=dt.date(2026, 7, 1), end=dt.date(2026, 7, 2), sections=(section,), cites=(review,),
    )  # fmt: skip


def used(served: ServedShop) -> dict[str, Any]:
    """Use the shop as people do, about Ana and about Björn; what is needed to go on."""
    key = served.key("olga")
    served.key(EMAIL, role="clerk", customer=KEY)
    served.key("bjorn", role="clerk", customer=OTHER[0])
    conversation = ""
    shop = find_shop(served.settings, str(served.shop))
    archive = archive_in(audience_folder(folder_of(served.settings, shop), role_of(shop, OWNER)))
    archive.save(quoting(WRITTEN[5], "review:5", "0000000a"))
    archive.save(quoting(INNOCENT[5], "review:7", "0000000b"))
    with served.client(key) as client:
        for who in (ANA, OTHER):
            for text in (*who, f"customer {who[0]}"):
                asked = ask(client, f"What was the revenue of {text} last month?").json()
            rated = {"answer": asked["id"], "verdict": "down", "comment": f"Wrong for {who[1]}"}
            assert client.post("/v1/feedback", json=rated).status_code == 200
        answered = ask(client, f"{HELD_IN} {NAME}").json()
        conversation = answered["conversation"]
        assert (
            client.get("/v1/search", params={"text": "crooked shade"}).json()["hits"][0]["id"] == "review:5"
        )
        assert client.get("/v1/reports").json()["reports"]
        assert ask(client, "remarks per=product").json()["status"] == "answered"
    inbox = inbox_of(served.settings, str(served.shop), OWNER)
    with inbox.changed() as memory:
        memory.messages += [message("a", NAME), message("b", OTHER[1])]
        memory.muted += [f"revenue by buyer={EMAIL}", f"revenue by buyer={OTHER[2]}"]
    timetable = read_timetable("monday 08:00")
    assert timetable is not None
    schedules = schedules_of(served.settings, shop)
    for who in (ANA, OTHER):
        what, due = f"Revenue of {who[1]}", dt.datetime(2026, 7, 6, tzinfo=dt.UTC)
        schedules.add(
            Schedule(what=what, message=what, language="en", timetable=timetable,
                     to=("mail:o@example.org",), shop=str(served.shop), zone="",
                     person="olga", role=None, due=due)
        )  # fmt: skip
        rule = Rule(
            text=f"tell me when revenue of {who[1]} doubles", metric="revenue", kind="change", side="above",
            amount=2.0, per="week", only={"buyer": (who[1],)},
        )  # fmt: skip
        keeper_of(served.settings, shop, OWNER).keep(rule, due.date(), (who[1],), "en")
    kept = KeptUploads(folder=served.settings.brought, page="x")
    for name, who in (("ana", ANA), ("bjorn", OTHER)):
        file = served.shop.parent / f"{name}.csv"
        file.write_text("name,email,phone\n" + ",".join(who[1:]) + "\n", encoding="utf-8")
        kept.keep(f"browser of {name}", [file], {})
        packed = served.shop.parent / f"{name}.csv.gz"
        packed.write_bytes(gzip.compress(file.read_bytes()))
        kept.keep(f"another browser of {name}", [packed], {})
        file.unlink()
        packed.unlink()
    return {"key": key, "conversation": conversation, "answer": answered["id"]}


@dataclass(frozen=True)
class Place:
    """A home that was used, and the shop that it was used for."""

    settings: Settings
    shop: Path


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Filled over HTTP once, by a server that has ended."""
    with serving(tmp_path_factory.mktemp("forget"), build=build_customers_shop) as served:
        used(served)
    return Place(served.settings, served.shop)


@pytest.fixture
def place(filled: Place, tmp_path: Path) -> Place:
    """A copy of it for one test."""
    home = tmp_path / "home"
    shutil.copytree(filled.settings.home, home)
    return Place(Settings(home=home), filled.shop)


@pytest.fixture
def empty(filled: Place, tmp_path: Path) -> Place:
    """The same shop, and a home in which nothing is kept yet."""
    return Place(Settings(home=tmp_path / "home"), filled.shop)


def contents(path: Path) -> str:
    data = path.read_bytes()
    texts = [data.decode("utf-8", "ignore")]
    if path.suffix == ".parquet":
        texts.append(str(pq.read_table(path).to_pylist()))
    if path.suffix == ".gz":
        texts.append(gzip.decompress(data).decode())
    if data.startswith(b"SQLite format 3"):
        with sqlite3.connect(path) as database:
            texts += list(database.iterdump())
    return "\n".join(texts)


def found_in(home: Path, who: tuple[str, ...]) -> dict[str, list[str]]:
    """File → what it says of somebody."""
    files = [path for path in home.rglob("*") if path.is_file()]
    found = {
        path.relative_to(home).as_posix(): [text for text in who if text in contents(path)] for path in files
    }
    return {name: texts for name, texts in found.items() if texts}


def forget_ana(place: Place | ServedShop, **more: Any) -> Receipt:
    return forget(place.settings, str(place.shop), OWNER, KEY, **{"is_dry": False, **more})


def test_nothing_is_left_of_a_customer_and_all_of_the_others(place: Place, tmp_path: Path) -> None:
    home = place.settings.home
    assert {name.partition("/")[0] for name in found_in(home, ANA)} >= {
        "audit", "brought", "store.db", "shops",
    }  # fmt: skip
    before, database = found_in(home, OTHER), (place.shop.parent / "shop.duckdb").read_bytes()
    entries, head = (
        len(list(AuditLog(place.settings.audit).entries())),
        AuditLog(place.settings.audit).verify(),
    )
    counted = forget_ana(place, is_dry=True)
    assert found_in(home, ANA), "a dry run removes nothing"
    receipt = forget_ana(place)
    assert receipt.is_whole and receipt.left == () and receipt.has_written
    assert [each.found for each in receipt.done] == [each.found for each in counted.done]
    unnamed = {each.store for each in receipt.done if not each.found}
    assert unnamed == {"prompts that were read"}, receipt
    assert found_in(home, (*ANA, WRITTEN[5], NAMING[5])) == {}
    assert not any(text in json.dumps(receipt.to_json(), ensure_ascii=False) for text in ANA)
    after = found_in(home, OTHER)
    lost = {name for name in before if name not in after and not REMADE.search(name)}
    assert not lost and found_in(home, (INNOCENT[5],)), "other customers' data stay"
    log = AuditLog(place.settings.audit)
    assert log.verify(known=[head.head]).problems == (), "the log is whole, and known hashes still hold"
    assert len(list(log.entries())) == entries + 2 * 2 + 1, "no line went; two runs and one note came"
    assert (place.shop.parent / "shop.duckdb").read_bytes() == database
    again = forget_ana(place)
    assert again.found == 0 and again.is_whole, "a second time there is nothing more"


def test_every_file_under_home_belongs_to_a_store_that_says_how_it_forgets(place: Place) -> None:
    home = place.settings.home
    (home / "audit" / "audit-000001.jsonl").touch()
    strangers = [path for path in home.rglob("*") if path.is_file() and owner_of(path, home) is None]
    assert strangers == [], "add what keeps them to app.forget.STORES"
    named = {f.name for f in fields(Settings)} | {
        n for n in dir(Settings) if isinstance(getattr(Settings, n), property)
    }
    places = {n: getattr(place.settings, n) for n in named - {"home"}}
    below = {n: p for n, p in places.items() if isinstance(p, Path) and p.is_relative_to(home)}
    assert len(below) > 8
    for name, path in below.items():
        assert (
            owner_of(path, home) or owner_of(path / "x", home) or owner_of(path / "x" / "index" / "y", home)
        ), name
    for store in STORES:
        assert store.holds_nobody or store.places(place.settings, folder(place)), store.name


def folder(place: Place) -> Path:
    return folder_of(place.settings, find_shop(place.settings, str(place.shop)))


def test_a_process_that_serves_writes_nobody_back(tmp_path: Path) -> None:
    with serving(tmp_path, build=build_customers_shop) as served:
        kept = used(served)
        assert forget_ana(served).is_whole
        with served.client(kept["key"]) as client:
            followed = ask(client, "And by country?", conversation=kept["conversation"]).json()
            assert NAME not in json.dumps(followed)
            rated = {"answer": kept["answer"], "verdict": "up"}
            assert client.post("/v1/feedback", json=rated).status_code == 200
            hits = client.get("/v1/search", params={"text": "crooked shade nobody answers", "k": 50}).json()[
                "hits"
            ]
            assert hits and not {"review:5", "review:6"} & {hit["id"] for hit in hits}
            client.get("/v1/reports")
        last = FeedbackLog.of(served.settings).read()[-1]
        assert (last.answer, last.verdict, last.question, last.sql) == (kept["answer"], "up", "", ())
        assert found_in(served.settings.home, ANA) == {}


def test_texts_do_not_come_back_when_the_index_is_built_anew(place: Place) -> None:
    import duckdb

    forget_ana(place)
    with duckdb.connect(str(place.shop.parent / "shop.duckdb")) as database:
        row = (8, "2026-06-05", 5, "en", "Lamp", "A lamp to read by.", "C-2001")
        database.execute("INSERT INTO raw_reviews VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    environment = {"SHOPTALK_HOME": str(place.settings.home), "SHOPTALK_ENGINE_URL": ""}
    command = ["search", "a lamp to read by", "--k", "50", "--json", "--shop", str(place.shop)]
    said = CliRunner().invoke(app, command, env=environment)
    ids = {hit["id"] for hit in json.loads(said.stdout)["hits"]}
    assert "review:8" in ids and "review:7" in ids and not {"review:5", "review:6"} & ids
    assert found_in(place.settings.home, ANA) == {}


@pytest.mark.parametrize("number", range(7))
def test_cut_off_anywhere_it_is_finished_by_running_it_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    searched = [store for store in STORES if not store.holds_nobody]
    whole = forgetting._Forgetting._done

    def killed(self: Any, name: str, places: Any) -> Any:
        if name == searched[number].name:
            raise KeyboardInterrupt
        return whole(self, name, places)

    with monkeypatch.context() as patch:
        patch.setattr(forgetting._Forgetting, "_done", killed)
        with pytest.raises(KeyboardInterrupt):
            forget_ana(place)
    assert AuditLog(place.settings.audit).verify().problems == ()
    assert forget_ana(place).is_whole
    assert found_in(place.settings.home, ANA) == {}
    assert AuditLog(place.settings.audit).verify().problems == ()


def test_a_log_that_was_cut_off_before_its_lines_changed_still_verifies(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:

    def killed(path: Path, data: bytes) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("bot.audit._write_private", killed)
        with pytest.raises(KeyboardInterrupt):
            forget_ana(place)
    log = AuditLog(place.settings.audit)
    assert log.verify().problems == () and forget_ana(place).is_whole
    assert log.verify().problems == () and found_in(place.settings.home, ANA) == {}
    text = log.path.read_text("utf-8")
    log.path.write_text(text.replace('"was"', '"was" ', 1).replace("forgotten-", "forgotten_", 1), "utf-8")
    assert "was changed" in " ".join(log.verify().problems), "a line that forgot is as well guarded as others"


def test_a_damaged_store_is_told_and_the_others_are_done(place: Place) -> None:
    inbox = inbox_of(place.settings, str(place.shop), OWNER).path
    inbox.write_text(f"{{ {NAME}", encoding="utf-8")
    [manifest] = folder(place).glob("readers-*/index/manifest.json")
    manifest.write_text("{", encoding="utf-8")
    receipt = forget_ana(place)
    problems = {each.store for each in receipt.done if each.problem}
    assert problems == {"index of texts", "inbox of the watch"} and not receipt.is_whole
    left = inbox.relative_to(place.settings.home).as_posix()
    assert receipt.left == (left,) and set(found_in(place.settings.home, ANA)) == {left}
    inbox.unlink()
    assert forget_ana(place).is_whole


UNCLEAR = {
    "unknown": ("C-9999", "nobody"),
    "part of a name": ("Ana", "nobody"),
    "empty": (" ", "nobody"),
    "hostile": ("x' OR '1'='1", "nobody"),
    "two of one name": ("li wei", "several"),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_whoever_is_not_clear_is_not_forgotten(empty: Place, case: str) -> None:
    said, key = UNCLEAR[case]
    shop, settings = empty.shop, empty.settings
    with pytest.raises(CustomerUnclear, match="Nothing was forgotten") as error:
        forget(settings, str(shop), OWNER, said, is_dry=False)
    assert error.value.key == key and (key != "several" or error.value.values["keys"] == "C-3001, C-3002")
    logged = settings.audit.read_text("utf-8")
    assert not said.strip() or said not in logged, "whom somebody wanted to forget is not written down"


@pytest.mark.parametrize("said", [KEY, NAME, NAME.upper(), EMAIL, PHONE])
def test_a_customer_is_found_by_key_name_address_and_number(empty: Place, said: str) -> None:
    shop, settings = empty.shop, empty.settings
    AuditLog(settings.audit).begin("question", f"Orders of {NAME}", shop="Tiny", role="owner").end("answered")
    assert forget(settings, str(shop), OWNER, said, is_dry=True).found == 2


def test_a_name_that_two_share_is_not_searched_for(empty: Place) -> None:
    shop, settings = empty.shop, empty.settings
    AuditLog(settings.audit).begin("question", "Orders of Li Wei", shop="Tiny", role="owner").end("answered")
    receipt = forget(settings, str(shop), OWNER, "C-3001", is_dry=False)
    assert receipt.found == 0 and receipt.shared == 1


def test_a_role_that_does_not_see_everything_forgets_nobody(empty: Place) -> None:
    shop, settings = empty.shop, empty.settings
    with pytest.raises(CustomerUnclear, match="does not see the whole shop"):
        forget(settings, str(shop), Person(role="seller"), KEY, is_dry=False)


def test_a_shop_that_binds_no_customer_says_what_to_write(tmp_path: Path) -> None:
    shop, settings = build_customers_shop(tmp_path / "shop"), Settings(home=tmp_path / "home")
    shop.write_text(shop.read_text("utf-8").replace("bindings: {customer: sales.customer_id}\n", ""), "utf-8")
    with pytest.raises(CustomerUnclear, match=r"write bindings: \{customer: \w+.customer_id\}"):
        forget(settings, str(shop), OWNER, KEY, is_dry=False)


def test_files_elsewhere_and_strangers_under_home(tmp_path: Path) -> None:
    with serving(tmp_path, build=build_customers_shop) as served:
        talk = Conversation()
        served_at = served.house.at(str(served.shop), OWNER)
        list(served_at.answer(f"{HELD_IN} {NAME}", talk))
        talks = tmp_path / "talks"
        talk.save(talks / "ana.json")
        (talks / "other.json").write_text(OTHER[1], encoding="utf-8")
        (served.settings.home / "notes.txt").write_text(f"call {PHONE}", encoding="utf-8")
        served.settings.people_file.write_text(f"people: {{ana: {{attributes: {{mail: {EMAIL}}}}}}}", "utf-8")
        receipt = forget_ana(served, also=[talks])
        assert sorted(path.name for path in talks.iterdir()) == ["other.json"]
        assert receipt.left == ("notes.txt", "people.yml") and not receipt.is_whole


def test_a_question_that_has_not_ended_is_told(place: Place) -> None:
    log = AuditLog(place.settings.audit)
    entry = log.begin("question", f"Orders of {NAME}", shop="Tiny", role="owner")
    assert forget_ana(place).under_way == 1
    entry.end("answered")
    assert forget_ana(place).found == 1 and found_in(place.settings.home, ANA) == {}


def test_over_http_only_an_owner_with_a_key_forgets(tmp_path: Path) -> None:
    with serving(tmp_path, build=build_customers_shop) as served:
        with served.client() as client:
            refused = client.post("/v1/forget", json={"customer": KEY, "dry_run": False})
            assert refused.status_code == 403 and refused.json()["type"].endswith("forget-no-key")
        kept = used(served)
        with served.client(served.key("sam", role="seller")) as client:
            refused = client.post("/v1/forget", json={"customer": KEY, "dry_run": False})
            assert refused.status_code == 403 and "seller" in refused.json()["detail"]
        with served.client(kept["key"], **{"Accept-Language": "zh"}) as client:
            for said, status in (("C-9999", 404), ("Li Wei", 409)):
                told = client.post("/v1/forget", json={"customer": said, "dry_run": False})
                assert told.status_code == status and "没有遗忘" in told.json()["detail"]
            counted = client.post("/v1/forget", json={"customer": EMAIL, "dry_run": True}).json()
            assert counted["dry_run"] and found_in(served.settings.home, ANA)
            receipt = client.post("/v1/forget", json={"customer": EMAIL, "dry_run": False}).json()
        assert receipt["complete"] and found_in(served.settings.home, ANA) == {}


def run(home: Path, *arguments: str, typed: str | None = None) -> Any:
    environment = {"SHOPTALK_HOME": str(home), "SHOPTALK_ENGINE_URL": ""}
    return CliRunner().invoke(app, ["forget", *arguments], env=environment, input=typed)


def test_the_command_counts_asks_and_gives_a_receipt(tmp_path: Path) -> None:
    shop, home = build_customers_shop(tmp_path / "shop"), tmp_path / "home"
    log = AuditLog(home / "audit" / "audit.jsonl")
    log.begin("question", f"Orders of {NAME}", shop="Tiny", role="owner").end("answered")
    assert run(home, KEY, "--shop", str(shop)).exit_code == 2, "nobody can be asked, and nobody said yes"
    dry = run(home, "-", "--dry-run", "--shop", str(shop), typed=f"{KEY}\n")
    assert dry.exit_code == 0 and "Would be forgotten" in dry.stdout and found_in(home, ANA)
    done = run(home, KEY, "--yes", "--json", "--shop", str(shop))
    receipt = json.loads(done.stdout)
    assert (
        done.exit_code == 0 and receipt["complete"] and receipt["views"] == ["customers", "sales", "reviews"]
    )
    assert found_in(home, ANA) == {} and not any(text in done.output for text in ANA)
    told = run(home, KEY, "--yes", "--shop", str(shop))
    assert "only read" in told.stdout
    unknown = run(home, "Nobody Here", "--yes", "--shop", str(shop))
    assert unknown.exit_code == 2 and "Nothing was forgotten" in unknown.stderr


def test_a_report_with_the_key_in_a_table_is_deleted(place: Place) -> None:
    [archive] = [Archive(path) for path in folder(place).glob("readers-*/reports")]
    other, *_, id = (each for each in archive.ids() if each.endswith("monthly"))
    data = json.loads((archive.folder / f"{id}.json").read_text("utf-8"))
    table = data["sections"][0]["tables"][0]
    table["columns"][0] |= {"name": "customer_id"}
    table["rows"][0][0] = KEY
    (archive.folder / f"{id}.json").write_text(json.dumps(data), encoding="utf-8")
    done = {each.store: each.found for each in forget_ana(place).done}
    assert done["past reports"] == 2, "it, and the answer that quotes her review"
    assert id not in archive.ids() and other in archive.ids()
    assert not list(archive.folder.glob(f"{id}*"))


def test_the_shops_own_files_are_never_deleted(empty: Place) -> None:
    for also in (empty.shop.parent, empty.shop.parent / "shop.duckdb", empty.shop, empty.shop.parent.parent):
        with pytest.raises(WrongUse, match="own data"):
            forget(empty.settings, str(empty.shop), OWNER, KEY, is_dry=False, also=[also])
    empty.settings.home.mkdir(exist_ok=True)
    with pytest.raises(WrongUse, match="SHOPTALK_HOME"):
        forget(empty.settings, str(empty.shop), OWNER, KEY, is_dry=False, also=[empty.settings.home])


def test_a_store_that_another_process_holds_is_told_and_done_the_next_time(place: Place) -> None:
    [index] = folder(place).glob("readers-*/index")
    with storage.writing(index):
        receipt = forget_ana(place)
    assert {each.store for each in receipt.done if each.problem} == {
        "index of texts"
    } and not receipt.is_whole
    assert all("index" in name for name in found_in(place.settings.home, ANA))
    assert forget_ana(place).is_whole and found_in(place.settings.home, ANA) == {}


BARE = """
create table customers(customer_id integer primary key, first_name text, last_name text, phone text);
create table orders(order_id integer primary key, customer_id integer references customers(customer_id),
                    ordered_at timestamp, total numeric);
insert into customers values (7, 'Ana', 'O''Brien', '+49 30 1234567'), (8, 'Bo', 'Li', '+49 30 7777777'),
                             (9, 'Cy', 'Li', '+49 30 7777777');
insert into orders values (1, 7, '2026-01-02', 10), (2, 8, '2026-02-03', 20), (3, 9, '2026-02-03', 20);
"""
ASKED = {
    "orders of customer 7": True, "top 7 orders": False, "ana o'brien's orders": True, "O'Brien, Ana": True,
    "Ana's orders": False, "call 0049301234567": True, "customer 8 and 77": False,
}  # fmt: skip


@pytest.mark.parametrize("said", ["7", "ANA O'BRIEN", "O'Brien Ana"])
def test_a_database_that_nobody_described_with_first_and_last_names(tmp_path: Path, said: str) -> None:
    shop, settings = tmp_path / "shop.sqlite", Settings(home=tmp_path / "home")
    with contextlib.closing(sqlite3.connect(shop)) as database:
        database.executescript(BARE)
    log = AuditLog(settings.audit)
    for text in ASKED:
        log.begin("question", text, shop="shop", role="owner").end("answered")
    assert forget(settings, str(shop), OWNER, said, is_dry=False).found == 2 * sum(ASKED.values())
    kept = [entry["question"] for entry in log.entries() if entry["kind"] == "question"]
    assert [text == asked for text, asked in zip(kept, ASKED, strict=True)] == [
        not it for it in ASKED.values()
    ]
    with pytest.raises(CustomerUnclear, match="8, 9"):
        forget(settings, str(shop), OWNER, "+49 30 7777777", is_dry=False)
    assert forget(settings, str(shop), OWNER, "8", is_dry=True).shared == 1


def test_what_a_model_has_read_goes_where_it_was_told_the_customers_values(tmp_path: Path) -> None:
    shop, settings = build_customers_shop(tmp_path / "shop"), Settings(home=tmp_path / "home")
    prompt = settings.weights / "prompts" / "model" / "start.prompt"
    prompt.parent.mkdir(parents=True)
    prompt.write_bytes(b"numbers that nobody can search")
    assert forget(settings, str(shop), OWNER, KEY, is_dry=False).found == 0 and prompt.exists()
    told = shop.read_text("utf-8").replace("name: {type: text}", "name: {type: text, sampled: true}")
    shop.write_text(told, encoding="utf-8")
    receipt = forget(settings, str(shop), OWNER, KEY, is_dry=False)
    assert receipt.found == 1 and receipt.is_whole and not prompt.exists()


def test_a_shop_whose_customers_are_known_by_address_alone(tmp_path: Path) -> None:
    shop, settings = tmp_path / "shop.sqlite", Settings(home=tmp_path / "home")
    with contextlib.closing(sqlite3.connect(shop)) as database:
        database.executescript(
            "create table sales(sale_id integer primary key, customer text, sold_at timestamp, "
            "amount numeric);"
            f"insert into sales values (1, '{EMAIL}', '2026-01-02', 10), (2, '{EMAIL}', '2026-02-02', 10),"
            f"(3, '{OTHER[2]}', '2026-01-02', 10);"
        )
    log = AuditLog(settings.audit)
    for who in (EMAIL, OTHER[2]):
        log.begin("question", f"sales to {who}", shop="shop", role="owner").end("answered")
    assert forget(settings, str(shop), OWNER, EMAIL, is_dry=False).found == 2
    assert EMAIL not in log.path.read_text("utf-8") and OTHER[2] in log.path.read_text("utf-8")


def test_a_pseudonym_of_theirs_goes_with_them(empty: Place) -> None:
    folder = folder_of(empty.settings, find_shop(empty.settings, str(empty.shop)))
    salt, reports = salt_in(folder), folder / "readers-1" / "reports"
    reports.mkdir(parents=True)
    for name, email in (("ana", EMAIL), ("other", OTHER[2])):
        (reports / f"{name}.html").write_text(f"<td>{pseudonym(email, salt)}</td>", "utf-8")
    forget_ana(empty)
    assert [path.name for path in reports.iterdir()] == ["other.html"]
    assert salt_in(folder) == salt, "everybody else keeps theirs"
