"""Roles on the command line: attributes of users, texts of one user never another's, everything logged."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from roles_shop import build_roles_shop
from typer.testing import CliRunner
from ui_shop import BY_COUNTRY, MAY, Writer, count_of

from app import engines
from app.person import account
from app.settings import Settings
from ui.cli import app

Run = Callable[..., Any]
GERMANY = ("--role", "branch", "--user", "country=Germany", "--user", "product=Lamp")
FRANCE = ("--role", "branch", "--user", "country=France", "--user", "product=Chair")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("SHOPTALK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOPTALK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return build_roles_shop(tmp_path / "shop")


@pytest.fixture
def run(home: Path, shop: Path) -> Run:
    def run(*arguments: object, **options: Any) -> Any:
        return CliRunner().invoke(app, [str(a) for a in (*arguments, "--shop", shop)], **options)

    return run


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def write(*replies: str) -> None:
        monkeypatch.setattr(engines, "load_engine", lambda settings: Writer(*replies))

    return write


def answer_of(result: Any) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def entries(home: Path) -> list[dict[str, Any]]:
    lines = (home / "audit" / "audit.jsonl").read_text("utf-8").splitlines()
    return [entry for entry in map(json.loads, lines) if entry["kind"] != "begun"]


# --- attributes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [("ask", "Revenue"), ("search", "lamp"), ("report",), ("guard",), ("index",), ("demo",)]
)
def test_a_role_that_needs_an_attribute_is_refused_without_it_in_one_line(
    command: tuple[str, ...], run: Run, home: Path
) -> None:
    result = run(*command, "--role", "branch", "--user", "country=Germany", input="")
    assert result.exit_code == 2, result.output
    [line] = [line for line in result.stderr.splitlines() if line.startswith("shoptalk: ")]
    assert "Role 'branch' of shop 'Tiny'" in line and "--user product=…" in line
    assert "country=…" not in line and result.stdout == ""
    assert not (home / "audit").exists(), "nothing was opened, so nothing is logged"


def test_rows_follow_the_user(run: Run, model: Any) -> None:
    model(BY_COUNTRY)
    question = ("ask", "Revenue by country last month", "--json")
    assert answer_of(run(*question, *GERMANY))["tables"][0]["rows"] == [["Germany", 100]]
    assert answer_of(run(*question, *FRANCE))["tables"][0]["rows"] == [["France", 50]]
    assert len(answer_of(run(*question))["tables"][0]["rows"]) == 2


def test_an_answer_under_a_row_rule_says_that_it_covers_a_part(run: Run, model: Any) -> None:
    model(MAY)
    english = answer_of(run("ask", "What was the revenue last month?", "--json", *GERMANY))
    assert english["tables"][0]["rows"] == [[100]]
    note = "This covers only the part of the data that the role branch may see."
    assert english["warnings"] == [note]
    chinese = answer_of(run("ask", "上个月的销售额是多少？", "--json", *GERMANY))
    assert "以上只包括角色 branch 可见的那部分数据。" in chinese["warnings"]
    assert note not in answer_of(run("ask", "What was the revenue last month?", "--json"))["warnings"]


def test_guard_fills_the_attributes_in_as_values(run: Run) -> None:
    hostile = "x' OR '1'='1"
    result = run("guard", "--role", "branch", "--user", f"country={hostile}", "--user", "product=1",
                 input='{"sql": "SELECT country FROM sales"}\n')  # fmt: skip
    verdict = json.loads(result.stdout)
    assert verdict["verdict"] == "allow"
    assert "'x'' OR ''1''=''1'" in verdict["sql"]


# --- texts ------------------------------------------------------------------------------------------------


def hits(result: Any) -> set[str]:
    assert result.exit_code == 0, result.output
    return {hit["id"] for hit in json.loads(result.stdout)["hits"]}


def test_one_users_texts_are_never_anothers(run: Run, home: Path) -> None:
    """One role, two users: each has an index and reports of its own."""
    found = {}
    for name, who in (("Germany", GERMANY), ("France", FRANCE), ("Germany again", GERMANY)):
        found[name] = hits(run("search", "lamp chair light switch edges", "--k", "50", "--json", *who))
    reviews = {name: {i for i in ids if i.startswith("review:")} for name, ids in found.items()}
    assert reviews["Germany"] == {"review:1", "review:2"} == reviews["Germany again"]
    assert reviews["France"] == {"review:3", "review:4"}
    folders = list((home / "shops").glob("*/readers-*"))
    assert len(folders) == 2
    kept = ["".join(p.read_text("utf-8") for p in f.glob("reports/*.json")) for f in folders]
    assert sorted("Germany" in text for text in kept) == [False, True]
    assert sorted("France" in text for text in kept) == [False, True]


def test_a_report_under_a_row_rule_holds_only_these_rows(run: Run) -> None:
    result = run("report", "monthly", "--month", "2026-05", *FRANCE)
    assert result.exit_code == 0, result.output
    assert "Tiny (the part that role branch may see): monthly report" in result.stdout
    assert "Revenue in May 2026: 50.00 EUR" in result.stdout, "150 EUR in all"
    assert "Germany" not in result.stdout


def test_a_role_that_sees_aggregates_only_gets_no_texts_and_no_reports(run: Run, home: Path) -> None:
    result = run("search", "lamp", "--role", "partner")
    assert result.exit_code == 2 and "no reviews that role 'partner' may read" in result.stderr
    result = run("report", "--role", "partner")
    assert result.exit_code == 1 and "figures about groups of at least 2 only" in result.stderr
    assert not list((home / "shops").glob("*/readers-*/index"))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What do buyers say about the lamp?", "groups of at least 2, never single rows"),
        ("顾客对 Lamp 有什么评价？", "至少 2 条一组的统计"),
    ],
)
def test_a_quote_is_a_single_row(question: str, words: str, run: Run, model: Any) -> None:
    answer = answer_of(run("ask", question, "--json", "--role", "partner"))
    assert answer["status"] == "declined" and words in answer["text"]
    assert answer["citations"] == [] and answer["tables"] == []


# --- the log ----------------------------------------------------------------------------------------------


def test_every_question_search_and_report_is_logged_with_its_statements(
    run: Run, model: Any, home: Path
) -> None:
    model(MAY)
    answer = answer_of(run("ask", "What was the revenue last month?", "--json", *GERMANY))
    run("search", "lamp", *GERMANY)
    run("report", "monthly", "--month", "2026-05", *GERMANY)
    opened, asked, searched, again, reported = entries(home)
    kinds = [e["kind"] for e in (opened, asked, searched, again, reported)]
    assert kinds == ["open", "question", "search", "open", "report"]
    assert asked["question"] == "What was the revenue last month?" and asked["status"] == "answered"
    assert asked["role"] == "branch" and asked["user"] == {"country": "Germany", "product": "Lamp"}
    assert asked["statements"][0]["sql"] == answer["sql"][0]
    assert asked["statements"][0]["verdict"] == "ran" and asked["rows"] == 1
    assert searched["question"] == "lamp" and searched["status"] == "done"
    assert reported["question"] == "monthly 2026-05"
    assert all("Germany" in s["sql"] for s in reported["statements"] if "raw_sales" in s["sql"])
    assert len(reported["statements"]) > 2


def test_a_log_that_cannot_be_written_stops_everything_before_it_runs(
    run: Run, model: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model(MAY)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SHOPTALK_AUDIT_PATH", str(tmp_path / "file" / "audit.jsonl"))
    for command in (("ask", "Revenue"), ("search", "lamp"), ("report",), ("index",), ("guard",)):
        result = run(*command, input="")
        assert result.exit_code == 1, result.output
        assert "cannot be written" in result.stderr and result.stdout == ""


def test_a_failed_query_of_a_report_tells_no_value(
    run: Run, shop: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shop.read_text("utf-8")
    shop.write_text(text.replace("sql: SUM(amount)", "sql: SUM(CAST(country AS INTEGER))"), "utf-8")
    result = run("report", "monthly", "--month", "2026-05")
    assert result.exit_code == 1
    assert "A query could not be run: the database refused it" in result.stderr
    told = result.stderr + result.stdout + (home / "audit" / "audit.jsonl").read_text("utf-8")
    assert "Germany" not in told and "France" not in told
    monkeypatch.setenv("SHOPTALK_DEBUG", "1")
    assert type(run("report", "monthly", "--month", "2026-05").exception).__name__ == "QueryFailed"


def test_the_log_can_be_shown_and_verified(run: Run, model: Any, home: Path) -> None:
    model(MAY)
    run("ask", "What was the revenue last month?", *GERMANY)
    audit = CliRunner().invoke(app, ["audit", "--verify"])
    assert audit.exit_code == 0, audit.output
    assert f"question  answered  Tiny as {account()}, branch country=Germany product=Lamp" in audit.stdout
    assert "“What was the revenue last month?”" in audit.stdout
    assert "ran, 1 rows" in audit.stdout and "as it was written" in audit.stdout
    shown = json.loads(CliRunner().invoke(app, ["audit", "--verify", "--last", "1", "--json"]).stdout)
    assert [e["kind"] for e in shown["entries"]] == ["question"]
    assert shown["verification"]["problems"] == []
    assert CliRunner().invoke(app, ["audit", "--known", shown["verification"]["head"]]).exit_code == 0
    assert CliRunner().invoke(app, ["audit", "--known", "0" * 64]).exit_code == 1
    path = home / "audit" / "audit.jsonl"
    path.write_text(path.read_text("utf-8").replace("country=Germany", "country=France").replace(
        '"Germany"', '"France"'), "utf-8")  # fmt: skip
    audit = CliRunner().invoke(app, ["audit", "--verify"])
    assert audit.exit_code == 1
    assert "PROBLEM" in audit.stdout and "NOT as it was written" in audit.stdout


def test_the_log_of_one_shop_can_be_shown_alone(run: Run, shop: Path, model: Any, tmp_path: Path) -> None:
    model(*count_of("things"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "things.csv").write_text("thing,size\na,1\nb,2\n", "utf-8")
    asked = CliRunner().invoke(app, ["ask", "How many things are there?", "--json", "--shop",
                                     str(tmp_path / "other")])  # fmt: skip
    assert json.loads(asked.stdout)["tables"][0]["rows"] == [[2]]
    run("search", "lamp")
    shown = json.loads(CliRunner().invoke(app, ["audit", "--json", "--shop", str(shop)]).stdout)
    assert {e["shop"] for e in shown["entries"]} == {"Tiny"}
    assert len(json.loads(CliRunner().invoke(app, ["audit", "--json"]).stdout)["entries"]) == 3


def test_an_empty_log_is_shown_as_empty(home: Path) -> None:
    audit = CliRunner().invoke(app, ["audit", "--verify"])
    assert audit.exit_code == 0 and "0 lines" in audit.stdout


@pytest.mark.parametrize("name", ["people.csv", "people.parquet", "people.sqlite"])
def test_a_single_file_can_be_asked(name: str, home: Path, model: Any, tmp_path: Path) -> None:
    import sqlite3

    import duckdb

    path = tmp_path / name
    rows = "SELECT 1 AS id, 'Ana' AS name UNION SELECT 2, 'Bo'"
    if name.endswith("sqlite"):
        with sqlite3.connect(path) as database:
            database.execute(f"CREATE TABLE people AS {rows}")
        database.close()
    elif name.endswith("csv"):
        duckdb.sql(rows).write_csv(str(path))
    else:
        duckdb.sql(rows).write_parquet(str(path))
    model(*count_of("people"))
    result = CliRunner().invoke(app, ["ask", "How many people are there?", "--json", "--shop", str(path)])
    assert answer_of(result)["tables"][0]["rows"] == [[2]]


def test_a_databases_place_may_come_from_the_environment(
    run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write_text(shop.read_text("utf-8").replace("shop.duckdb", "${TINY_PLACE}/shop.duckdb"), "utf-8")
    missing = run("search", "lamp")
    assert missing.exit_code == 1 and "TINY_PLACE, which is not set" in missing.stderr
    monkeypatch.setenv("TINY_PLACE", str(shop.parent))
    assert run("search", "lamp").exit_code == 0


def test_a_password_is_in_no_name_no_folder_and_no_message(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The address is a server's; what answers is a DuckDB file in its place."""
    import sql.databases
    from app.finding import folder_of, shop_of_location

    real = sql.databases.open_database
    file = build_roles_shop(tmp_path / "server").parent / "shop.duckdb"
    monkeypatch.setattr(sql.databases, "open_database", lambda location, **more: real(str(file), **more))
    settings = Settings(home=home)
    folders = set()
    for password in ("hunter2", "hunter3"):
        for address, name in (
            (f"postgresql://ana:{password}@db.example:5432/shop?sslmode=require", "shop"),
            (f"mysql://ana:{password}@db.example", "db"),
        ):
            described = shop_of_location(address)
            assert described.name == name
            folders.add(folder_of(settings, described))
    assert len(folders) == 2, "a new password is no new shop"
    out = tmp_path / "made.yml"
    made = CliRunner().invoke(app, ["init", "postgresql://ana:hunter2@db.example/shop", "--out", str(out)])
    assert made.exit_code == 0, made.output
    assert "hunter2" not in made.output + made.stderr + out.read_text("utf-8")
