"""The command line: results, progress, exit statuses and the public JSON contract."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer.main
from typer.testing import CliRunner
from ui_shop import BY_COUNTRY, MAY, SHOP, Writer, add_review, build_shop, count_of

from app import engines
from app.settings import Settings
from llm.errors import WeightsMissing
from ui.cli import app

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent.parent
COMMANDS = {c.name or c.callback.__name__: c for c in app.registered_commands if c.callback}
Run = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("SHOPTALK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOPTALK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return build_shop(tmp_path / "shop")


@pytest.fixture
def run(home: Path) -> Run:
    def run(*arguments: str, **options: Any) -> Any:
        return CliRunner().invoke(app, [str(a) for a in arguments], **options)

    return run


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say what the language model writes; without it, loading one fails the test."""

    def forbid(settings: Settings) -> Any:
        raise AssertionError("the language model was loaded")

    monkeypatch.setattr(engines, "load_engine", forbid)

    def write(*replies: str) -> None:
        monkeypatch.setattr(engines, "load_engine", lambda settings: Writer(*replies))

    return write


def one_line(result: Any) -> str:
    """What went wrong: one line, no traceback."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("shoptalk: ")]
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    return lines[0]


# --- help ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_what_it_does_and_what_each_option_means(name: str, run: Run) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name} has no help"


def test_the_public_commands_are_there_and_nothing_unfinished() -> None:
    assert set(COMMANDS) == {
        "demo", "ask", "search", "guard", "evaluate", "report", "init", "index", "weights", "doctor", "audit",
        "compile", "feishu", "mcp", "serve", "job", "slack", "forget",
    }  # fmt: skip


def test_the_version_is_that_of_the_project(run: Run) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert run("--version").output == f"shoptalk {declared}\n"


def test_help_loads_no_heavy_package() -> None:
    script = (
        "import sys; import ui.cli; "
        "heavy = {'torch', 'gradio', 'numpy', 'pandas', 'duckdb', 'sqlglot', 'faiss', 'transformers'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "[]"


# --- wrong use: 2 -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["ask"],
        ["ask", "x", "--frob"],
        ["search", "x", "--k", "0"],
        ["search", "x", "--min-rating", "9"],
        ["demo", "--port", "99999"],
    ],
)
def test_wrong_arguments_are_told_by_status_2(arguments: list[str], run: Run) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", "x", "--shop", "/nowhere/shop.yml"], "does not exist; name a shop.yml"),
        (
            ["ask", "x", "--shop", "SHOP", "--role", "boss"],
            "--role is 'boss'; shop 'Tiny' has owner, seller, clerk",
        ),
        (["search", " ", "--shop", "SHOP"], "TEXT is empty"),
        (["search", "x", "--shop", "SHOP", "--since", "May"], "--since is 'May'; expected a day such as"),
        (["search", "x", "--shop", "SHOP", "--role", "clerk"], "no reviews that role 'clerk' may read"),
        (["guard", "--shop", "SHOP", "--dialect", "cobol"], "--dialect is 'cobol'; use one of duckdb"),
        (["report", "yearly", "--shop", "SHOP"], "There is no report 'yearly'"),
        (["report", "monthly", "--shop", "SHOP", "--month", "May"], "--month is 'May"),
        (["report", "monthly", "--shop", "SHOP", "--out", "x.doc"], "must end in .html, .pdf, .md, .json"),
        (["evaluate", "--questions", "/nowhere", "--database-root", "/"], "--questions is '/nowhere'"),
        (["init", "/nowhere.duckdb", "--out", "/nowhere/shop.yml"], "the folder '/nowhere' does not exist"),
    ],
)
def test_wrong_use_is_one_line_that_says_the_way_out(
    arguments: list[str], message: str, run: Run, shop: Path
) -> None:
    result = run(*[str(shop) if a == "SHOP" else a for a in arguments])
    assert result.exit_code == 2, result.output
    assert message in one_line(result)


def test_a_bad_setting_is_wrong_use(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPTALK_PORT", "many")
    result = run("ask", "x")
    assert result.exit_code == 2
    assert "SHOPTALK_PORT is 'many'" in one_line(result)


# --- failures: 1 --------------------------------------------------------------------------------


def test_a_broken_shop_file_names_line_and_reason(run: Run, tmp_path: Path) -> None:
    broken = build_shop(tmp_path / "broken", description=SHOP.replace("type: integer", "type: whole", 1))
    result = run("ask", "x", "--shop", str(broken))
    assert result.exit_code == 1
    assert re.search(r"shop\.yml, line 11: .*whole", one_line(result))


def test_a_missing_database_is_named(run: Run, shop: Path) -> None:
    (shop.parent / "shop.duckdb").unlink()
    result = run("guard", "--shop", str(shop), input="")
    assert result.exit_code == 1
    assert "shop.duckdb does not exist" in one_line(result)


def test_a_corrupt_database_is_named(run: Run, shop: Path) -> None:
    (shop.parent / "shop.duckdb").write_bytes(b"not a database" * 100)
    result = run("guard", "--shop", str(shop), input="")
    assert result.exit_code == 1
    assert "shop.duckdb" in one_line(result)


def test_debug_shows_the_traceback(run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop.parent / "shop.duckdb").unlink()
    monkeypatch.setenv("SHOPTALK_DEBUG", "1")
    result = run("guard", "--shop", str(shop), input="")
    assert result.exit_code == 1
    assert type(result.exception).__name__ == "DatabaseUnavailable"


def test_missing_weights_end_in_status_1_with_the_way_out(
    run: Run, shop: Path, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(settings: Settings) -> Any:
        raise WeightsMissing("The weights are not here. Run: shoptalk weights")

    monkeypatch.setattr(engines, "load_engine", missing)
    result = run("ask", "Which product earned most last month?", "--shop", str(shop), "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["status"] == "failed"
    assert "shoptalk weights" in answer["text"]


def test_a_full_disk_while_indexing_is_one_line_and_the_next_run_works(
    run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from retrieval import storage

    def full(*args: Any, **kwargs: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "write_manifest", full)
        result = run("search", "lamp", "--shop", str(shop))
    assert result.exit_code == 1
    assert "No space left on device" in one_line(result)
    assert run("search", "lamp", "--shop", str(shop)).exit_code == 0


# --- ask ----------------------------------------------------------------------------------------

CONTRACT = {
    "question": str, "standalone_question": str, "language": str, "skill": str, "status": str, "text": str,
    "sql": list, "tables": list, "chart": (dict, type(None)), "citations": list, "figures": list,
    "confidence": (int, float), "warnings": list, "seconds": dict,
}  # fmt: skip


def check_contract(answer: dict[str, Any]) -> None:
    """Every field of the public contract, by name and type."""
    for name, kind in CONTRACT.items():
        assert isinstance(answer[name], kind), name
    assert answer["status"] in ("answered", "clarify", "declined", "failed")
    assert 0 <= answer["confidence"] <= 1
    assert len(answer["sql"]) == len(answer["tables"])
    for table in answer["tables"]:
        assert set(table) == {"columns", "rows", "truncated"}
        assert all(set(column) == {"name", "type"} for column in table["columns"])
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
        assert isinstance(table["truncated"], bool)
    for citation in answer["citations"]:
        assert set(citation) == {"id", "kind", "text", "score"}
        assert isinstance(citation["score"], float)
    for figure in answer["figures"]:
        assert set(figure) == {"text", "table", "row", "column"}
        assert figure["text"] in answer["text"]
        names = [column["name"] for column in answer["tables"][figure["table"]]["columns"]]
        assert figure["column"] in names
        assert figure["row"] < len(answer["tables"][figure["table"]]["rows"])
    assert {"understand", "draft", "run", "total"} <= set(answer["seconds"])
    assert all(isinstance(s, float | int) for s in answer["seconds"].values())


def test_an_answer_in_json_keeps_the_public_contract(run: Run, shop: Path, model: Any) -> None:
    model(MAY)
    result = run("ask", "What was the revenue last month?", "--shop", str(shop), "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    check_contract(answer)
    assert answer["status"] == "answered"
    assert answer["tables"][0]["rows"] == [[150]]
    assert [f["text"] for f in answer["figures"]] == ["150"] or "150" in answer["text"]


def test_an_answer_for_people_has_words_rows_sql_and_no_colours_in_a_pipe(
    run: Run, shop: Path, model: Any
) -> None:
    model(BY_COUNTRY)
    result = run("ask", "Revenue by country last month", "--shop", str(shop))
    assert result.exit_code == 0, result.output
    for part in ("Germany", "100", "France", "2 rows", "GROUP BY", "%)"):
        assert part in result.stdout
    assert "\x1b" not in result.stdout


def test_quotes_need_no_model_and_carry_their_ids(run: Run, shop: Path, model: Any) -> None:
    result = run("ask", "What do buyers say about the lamp?", "--shop", str(shop), "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    check_contract(answer)
    assert {c["id"] for c in answer["citations"]} & {"review:1", "review:2"}


def test_a_saved_conversation_makes_follow_ups_work(run: Run, shop: Path, model: Any, tmp_path: Path) -> None:
    talk = tmp_path / "talk.json"
    model(MAY)
    assert run("ask", "Revenue in May 2026", "--shop", shop, "--conversation", talk).exit_code == 0
    model(BY_COUNTRY)
    result = run("ask", "and by country?", "--shop", shop, "--conversation", talk, "--json")
    answer = json.loads(result.stdout)
    assert "revenue" in answer["standalone_question"].lower() and "May" in answer["standalone_question"]
    assert len(answer["tables"][0]["rows"]) == 2
    talk.write_text("{")
    result = run("ask", "and now?", "--shop", shop, "--conversation", talk)
    assert result.exit_code == 1
    assert "cannot be read" in one_line(result)


@pytest.mark.parametrize(
    "question", ["", "🎉🎉🎉", "revenue " * 2500, "drop table raw_sales", "How will the weather be tomorrow?"]
)
def test_questions_that_are_no_questions_are_answered_in_words(
    question: str, run: Run, shop: Path, model: Any
) -> None:
    result = run("ask", "-", "--shop", str(shop), "--json", input=question)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    check_contract(answer)
    assert answer["status"] in ("clarify", "declined") and answer["text"]
    with duckdb.connect(str(shop.parent / "shop.duckdb"), read_only=True) as database:
        assert database.execute("SELECT COUNT(*) FROM raw_sales").fetchone() == (4,)


def test_a_database_file_without_a_description_can_be_asked(run: Run, shop: Path, model: Any) -> None:
    model(*count_of("raw_sales"))
    result = run("ask", "How many raw sales are there?", "--shop", shop.parent / "shop.duckdb", "--json")
    assert json.loads(result.stdout)["tables"][0]["rows"] == [[4]]


# --- search and index ---------------------------------------------------------------------------


def hits(result: Any) -> list[str]:
    assert result.exit_code == 0, result.output
    return [hit["id"] for hit in json.loads(result.stdout)["hits"]]


def test_search_finds_and_filters(run: Run, shop: Path) -> None:
    def search(*options: str) -> list[str]:
        return hits(run("search", "light of the lamp", "--shop", shop, "--json", *options))

    assert search("--k", "1") == ["review:1"]
    assert set(search("--product", "Lamp")) == {"review:1", "review:2"}
    assert search("--product", "Lamp", "--max-rating", "2") == ["review:2"]
    assert search("--language", "zh") == ["review:3"]
    assert search("--product", "Lamp", "--since", "2026-05-10", "--until", "2026-05-10") == ["review:2"]


def test_a_hit_in_json_says_where_it_comes_from(run: Run, shop: Path) -> None:
    result = run("search", "lamp", "--shop", shop, "--json", "--k", "1", "--product", "Lamp")
    [hit] = json.loads(result.stdout)["hits"]
    assert set(hit) == {
        "id", "kind", "text", "score", "similarity", "product", "category", "rating", "language",
        "written_at",
    }  # fmt: skip
    assert hit["product"] == "Lamp" and hit["written_at"].startswith("2026-05")


def test_search_for_people_shows_text_product_stars_day_and_id(run: Run, shop: Path) -> None:
    result = run("search", "switch broke", "--shop", shop, "--product", "Lamp", "--max-rating", "1")
    assert "1. The switch broke after two days." in result.stdout
    assert "Lamp · ★☆☆☆☆ · 2026-05-10 · review:2" in result.stdout


def test_the_second_search_builds_nothing_and_a_new_review_is_added(run: Run, shop: Path) -> None:
    assert "Indexing" in run("search", "lamp", "--shop", shop).stderr
    assert "ndex" not in run("search", "lamp", "--shop", shop).stderr
    add_review(shop, (5, "2026-06-20", 1, "en", "Sofa", "The sofa smells of fish."))
    result = run("search", "smell of fish", "--shop", shop, "--json", "--k", "1")
    assert "Adding 1 new texts" in result.stderr
    assert hits(result) == ["review:5"]


def test_a_review_that_was_changed_is_indexed_anew(run: Run, shop: Path) -> None:
    run("search", "lamp", "--shop", shop)
    with duckdb.connect(str(shop.parent / "shop.duckdb")) as database:
        database.execute("UPDATE raw_reviews SET body = 'Glows like the moon itself.' WHERE review_id = 1")
    result = run("search", "moon", "--shop", shop, "--json", "--product", "Lamp")
    assert "moon" in str(json.loads(result.stdout)["hits"])


def test_a_question_that_sql_answers_builds_no_index_and_one_about_reviews_does(
    run: Run, shop: Path, model: Any, home: Path
) -> None:
    """For one about the tables no text is read, none embedded, and no model for it is loaded."""
    model(MAY)
    result = run("ask", "What was the revenue last month?", "--shop", shop, "--json")
    assert json.loads(result.stdout)["status"] == "answered"
    assert "ndexing" not in result.stderr and not list(home.glob("shops"))
    log = (home / "audit" / "audit.jsonl").read_text("utf-8")
    assert "revenue" in log and "LENGTH(" not in log
    result = run("ask", "What do buyers say about the switch?", "--shop", shop, "--json")
    assert "Indexing" in result.stderr
    assert json.loads(result.stdout)["citations"] and len(list(home.glob("shops/*/readers-*/index"))) == 1
    assert not list(home.glob("shops/*/readers-*/reports")), "no question quotes a report"
    result = run("search", "revenue", "--shop", shop, "--json")
    assert "new texts to the index" in result.stderr and any(id.startswith("report:") for id in hits(result))
    result = run("ask", "What do buyers say about the chair?", "--shop", shop, "--json")
    assert "ndexing" not in result.stderr and "new texts" not in result.stderr
    entries = [json.loads(line) for line in (home / "audit" / "audit.jsonl").read_text("utf-8").splitlines()]
    [asked] = [e for e in entries if e["kind"] == "question" and "switch" in e["question"]]
    assert any("LENGTH(" in s["sql"] for s in asked["statements"]), "what the building read is logged too"


def test_roles_that_read_the_same_texts_embed_them_once_and_find_only_their_own(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = "  owner: {}\n  lamps: {rows: {reviews: \"product = 'Lamp'\"}}\n"
    shop = build_shop(tmp_path / "two", description=SHOP.replace("  owner: {}\n", roles))
    from retrieval import embed

    embedded: list[str] = []
    embed_here = embed._embed_here

    def counted(embedder: Any, texts: list[str], **options: Any) -> Any:
        embedded.extend(texts)
        return embed_here(embedder, texts, **options)

    monkeypatch.setattr(embed, "_embed_here", counted)
    query = ("--shop", shop, "--json", "--k", "50")
    owner = hits(run("search", "lamp chair", *query))
    assert {"review:1", "review:2", "review:3", "review:4"} <= set(owner)
    assert any("wobbly chair" in text for text in embedded)
    embedded.clear()
    lamps = hits(run("search", "lamp chair wobbly sharp edges", *query, "--role", "lamps"))
    assert {id for id in lamps if id.startswith("review:")} == {"review:1", "review:2"}
    assert not any("Bright and warm" in text or "wobbly" in text for text in embedded)
    assert len(list(home.glob("shops/*/readers-*/index"))) == 2


def test_a_review_id_that_occurs_twice_is_told_everywhere_and_stops_nothing(
    run: Run, shop: Path, model: Any
) -> None:
    add_review(shop, (2, "2026-06-20", 5, "en", "Lamp", "A switch of another review."))
    model(MAY)
    assert run("ask", "What was the revenue last month?", "--shop", shop).exit_code == 0
    told = "Warning: reviews whose id another review has, of which only the first is searched: 1 left out"
    for _ in "built", "opened":
        result = run("search", "switch", "--shop", shop, "--json", "--product", "Lamp")
        assert told in result.stderr
        assert {"review:1", "review:2"} == set(hits(result))
        assert "A switch of another review" not in result.stdout
    quoted = json.loads(run("ask", "What do buyers say about the switch?", "--shop", shop, "--json").stdout)
    assert quoted["citations"]
    assert quoted["warnings"] == ["Not searched: reviews whose id another review has (1)."]
    assert "Warning: reviews whose id another review has" in run("doctor").stdout


def test_a_damaged_index_is_named_and_built_again(run: Run, shop: Path, home: Path) -> None:
    assert run("search", "lamp", "--shop", shop).exit_code == 0
    [manifest] = home.glob("shops/*/readers-*/index/manifest.json")
    manifest.write_text("{")
    result = run("search", "lamp", "--shop", shop, "--json", "--k", "1")
    assert "The index cannot be used" in result.stderr and "built again" in result.stderr
    assert len(hits(result)) == 1
    assert run("index", "--shop", shop).stdout.endswith("texts indexed\n")


def test_roles_with_other_rights_never_share_an_index(run: Run, shop: Path, home: Path) -> None:
    owner = hits(run("search", "lamp", "--shop", shop, "--json"))
    seller = hits(run("search", "lamp", "--shop", shop, "--json", "--role", "seller"))
    assert any(id.startswith("review:") for id in owner)
    assert seller and all(id.startswith("report:") for id in seller), "reports of what a seller may see"
    assert len(list(home.glob("shops/*/readers-*/index"))) == 2


# --- guard --------------------------------------------------------------------------------------


def test_guard_answers_every_line_in_order(run: Run, shop: Path) -> None:
    lines = [
        '{"sql": "SELECT SUM(amount) FROM sales"}',
        '{"sql": "DROP TABLE raw_sales"}',
        '{"sql": "SELECT * FROM reviews"}',
        "not json",
        '{"other": 1}',
        '{"sql": "SELECT 1; SELECT 2"}',
        "",
    ]
    result = run("guard", "--shop", shop, "--role", "seller", input="\n".join(lines))
    assert result.exit_code == 0, result.output
    verdicts = [json.loads(line) for line in result.stdout.splitlines()]
    assert [v["verdict"] for v in verdicts] == ["allow", "refuse", "refuse", "refuse", "refuse", "refuse"]
    for verdict in verdicts:
        assert set(verdict) == {"verdict", "reason", "sql"}
        assert bool(verdict["sql"]) == (verdict["verdict"] == "allow")
        assert bool(verdict["reason"]) == (verdict["verdict"] == "refuse")
    assert "raw_sales" in verdicts[0]["sql"] and "LIMIT" in verdicts[0]["sql"]


def test_guard_speaks_the_dialect_that_is_asked_for(run: Run, shop: Path) -> None:
    result = run(
        "guard", "--shop", shop, "--dialect", "mysql", input='{"sql": "SELECT `amount` FROM `sales`"}'
    )
    assert json.loads(result.stdout)["verdict"] == "allow"


# --- the rest -----------------------------------------------------------------------------------


def test_init_writes_a_description_that_can_be_asked_and_never_overwrites(
    run: Run, shop: Path, tmp_path: Path, model: Any
) -> None:
    out = tmp_path / "mine.yml"
    result = run("init", shop.parent / "shop.duckdb", "--out", out)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(out)
    model(*count_of("raw_reviews"))
    result = run("ask", "How many raw reviews are there?", "--shop", out, "--json")
    assert json.loads(result.stdout)["tables"][0]["rows"] == [[4]]
    out.write_text("mine")
    assert run("init", shop.parent / "shop.duckdb", "--out", out).exit_code == 2
    assert out.read_text() == "mine"
    assert run("init", shop.parent / "shop.duckdb", "--out", out, "--force").exit_code == 0
    assert "Tiny" not in out.read_text() and "raw_sales" in out.read_text()


def test_init_takes_answers_tells_json_and_writes_a_path_that_opens_from_anywhere(
    run: Run, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "orders.csv").write_text(
        "order_id,placed,status,total\n1,2024-05-01,paid,3\n2,2024-05-02,cancelled,4\n3,2024-05-03,paid,5\n"
    )
    out = tmp_path / "elsewhere" / "shop.yml"
    out.parent.mkdir()
    told = json.loads(run("init", data, "--out", out, "--json").stdout)
    assert told["views"] == ["orders"] and "revenue" in told["metrics"]
    assert [(q["id"], q["taken"]) for q in told["questions"]] == [("sold", 1)]
    assert any("2024-05-03" in d["text"] for d in told["decided"])
    for choice, revenue in ((1, 8), (2, 12)):
        again = run("init", data, "--out", out, "--force", "--answer", f"sold={choice}")
        assert again.exit_code == 0
        rows = run("compile", "SELECT revenue FROM orders", "--shop", out, "--run", "--json")
        assert json.loads(rows.stdout)["table"]["rows"] == [[revenue]]
    for wrong, reason in (("sold", "write ID=N"), ("sold=7", "has 2 choices"), ("colour=1", "is not asked")):
        refused = run("init", data, "--out", out, "--force", "--answer", wrong)
        assert refused.exit_code == 2 and reason in refused.output


def test_init_again_takes_what_is_new_in_the_data_and_keeps_what_a_person_wrote(
    run: Run, tmp_path: Path
) -> None:
    data, out = tmp_path / "data", tmp_path / "shop.yml"
    data.mkdir()
    rows = "1,2024-05-01,paid,3{0}\n2,2024-05-02,cancelled,4{0}\n3,2024-05-03,paid,5{0}\n"
    (data / "orders.csv").write_text("order_id,placed,status,total\n" + rows.format(""))
    assert run("init", data, "--out", out, "--answer", "sold=2").exit_code == 0
    nothing = run("init", data, "--out", out)
    assert nothing.exit_code == 0 and "Nothing to change" in nothing.output
    mine = out.read_text().replace("drafted: true\n", "# read by me\ndescription: a shop of mine\n")
    out.write_text(mine)
    (data / "orders.csv").write_text("order_id,placed,status,total,city\n" + rows.format(",Bonn"))
    again = run("init", data, "--out", out)
    assert again.exit_code == 0, again.output
    assert "+      city: {type: text" in again.output and "what you wrote there stays" in again.output
    text = out.read_text()
    assert "# read by me\ndescription: a shop of mine\n" in text and "drafted" not in text
    shown = run("compile", "SELECT city, revenue FROM orders GROUP BY city", "--shop", out, "--run", "--json")
    assert json.loads(shown.stdout)["table"]["rows"] == [["Bonn", 12]], "the answer from before counts"
    out.write_text(text.replace("views:", "view:"))
    refused = run("init", data, "--out", out)
    assert refused.exit_code == 2 and "was left as it was" in refused.output
    assert sorted(each.name for each in tmp_path.glob("*shop*")) == ["shop.yml", "shop.yml.draft"]


def test_a_report_comes_as_markdown_html_or_json(run: Run, shop: Path, tmp_path: Path) -> None:
    shown = run("report", "monthly", "--shop", shop)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("# ")
    for suffix, start in ((".html", "<!"), (".md", "# "), (".json", "{")):
        out = tmp_path / f"report{suffix}"
        assert run("report", "monthly", "--shop", shop, "--month", "2026-05", "--out", out).exit_code == 0
        assert out.read_text("utf-8").lower().startswith(start)
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["start"] == "2026-05-01"


def test_evaluate_measures_databases_of_strangers(run: Run, shop: Path, tmp_path: Path, model: Any) -> None:
    (tmp_path / "root" / "shop").mkdir(parents=True)
    (shop.parent / "shop.duckdb").rename(tmp_path / "root" / "shop" / "shop.duckdb")
    gold = "SELECT COUNT(*) FROM raw_sales"
    questions = tmp_path / "questions.jsonl"
    line = {"database": "shop", "question": "How many raw sales are there?", "sql": gold}
    questions.write_text(json.dumps(line) + "\n")
    model(*count_of("raw_sales"))
    result = run("evaluate", "--questions", questions, "--database-root", tmp_path / "root", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)
    result = run("evaluate", "--questions", questions, "--database-root", tmp_path / "root")
    assert result.exit_code == 0 and "1" in result.stdout


def test_doctor_names_what_is_missing_and_shows_no_secret(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPTALK_ENGINE_KEY", "very-secret")
    result = run("doctor", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found["sections"]) == {"Machine", "Packages", "Language model", "Data", "Settings"}
    assert {"what", "command"} == set(found["missing"][0])
    commands = [m["command"] for m in found["missing"]]
    assert "shoptalk weights" in commands and "shoptalk demo" in commands
    assert str(home) in found["sections"]["Data"]["home"]
    assert "very-secret" not in result.stdout
    text = run("doctor").stdout
    assert "run: shoptalk weights" in text and "very-secret" not in text
    assert not home.exists(), "doctor only looks"


def test_ctrl_c_ends_with_one_line_and_status_130(tmp_path: Path) -> None:
    script = (
        "import os, signal, time\n"
        "from app import house\n"
        "def interrupted(*args, **kwargs):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(20)\n"
        "house.find_shop = interrupted\n"
        "import sys\n"
        "sys.argv = ['shoptalk', 'search', 'lamp']\n"
        "from ui.cli import main\n"
        "main()\n"
    )
    environment = os.environ | {"SHOPTALK_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, env=environment, timeout=60
    )
    assert done.returncode == 130
    assert "run the same command again to continue" in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


@pytest.mark.slow
def test_the_page_is_up_when_its_address_is_printed_and_ctrl_c_closes_it(shop: Path, home: Path) -> None:
    import httpx

    environment = os.environ | {"SHOPTALK_HOME": str(home), "SHOPTALK_ENGINE_URL": "http://127.0.0.1:9/v1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "demo", "--shop", str(shop), "--no-browser"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", ready)
        assert address, ready
        page = httpx.get(address[0], timeout=60)
        assert page.status_code == 200 and "Shoptalk" in page.text
        assert "default-src 'self'" in page.headers["content-security-policy"]
        port = address[0].rsplit(":", 1)[1]
        taken = subprocess.run(
            [sys.executable, "-m", "ui.cli", "demo", "--shop", str(shop), "--no-browser", "--port", port],
            capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120,
        )  # fmt: skip
        assert taken.returncode == 1
        assert f"Port {port} is taken by another program" in taken.stderr
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
    finally:
        process.kill()
        _, errors = process.communicate()
    assert "Traceback" not in errors
