"""``import shoptalk``: the same answers as the command line, as Python values; errors of one family."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from roles_shop import build_roles_shop
from typer.testing import CliRunner
from ui_shop import BY_COUNTRY, MAY, Writer, add_review, build_shop, count_of

import shoptalk
from app import engines
from llm.engine import Completion, Request
from ui.cli import app

ROOT = Path(__file__).parent.parent.parent
REVENUE = "What was the revenue last month?"
STATEMENT = "SELECT country, revenue FROM sales WHERE DURING('May 2026') GROUP BY country"
BY_MONTH = "SELECT MONTH, revenue FROM sales GROUP BY MONTH"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("SHOPTALK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOPTALK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say what the language model writes; without it, loading one fails the test."""

    def forbid(settings: Any) -> Any:
        raise AssertionError("the language model was loaded")

    monkeypatch.setattr(engines, "load_engine", forbid)

    def write(*replies: str) -> None:
        monkeypatch.setattr(engines, "load_engine", lambda settings: Writer(*replies))

    return write


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return build_shop(tmp_path / "shop")


def without_seconds(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "seconds": None}


# --- answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [REVENUE, "x" * 9_000])
def test_an_answer_is_that_of_the_command_line(question: str, place: Path, model: Any) -> None:
    model(MAY)
    printed = CliRunner().invoke(app, ["ask", question, "--shop", str(place), "--json"])
    with shoptalk.open(place) as shop:
        answer = shop.ask(question)
    assert without_seconds(answer.to_dict()) == without_seconds(json.loads(printed.stdout))
    assert answer.status == answer.to_dict()["status"]


def test_every_part_of_an_answer_is_a_python_value(place: Path) -> None:
    with shoptalk.open(str(place)) as shop:
        answer = shop.ask("Revenue by month")
    told = answer.to_dict()
    assert answer.text == told["text"] and answer.statement == BY_MONTH == told["statement"]
    assert answer.read_as == told["read_as"] != "" and answer.sql == told["sql"][0]
    assert answer.confidence == told["confidence"] and answer.unheard == ()
    assert answer.df is not None and answer.df is answer.tables[0]
    assert list(answer.df.columns) == [c["name"] for c in told["tables"][0]["columns"]]
    assert {str(kind) for kind in answer.df.dtypes} == {"datetime64[s]", "float64"}
    assert answer.df.attrs["units"] == {"revenue": "EUR"} and answer.df.attrs["sql"] == answer.sql
    assert answer.df["revenue"].sum() == 250
    figure = answer.figures[0]
    assert figure.text in answer.text.replace("\\", "")
    assert float(answer.tables[figure.table][figure.column][figure.row]) == float(figure.text)
    assert answer.chart is not None and answer.chart.to_dict()["mark"] == told["chart"]["mark"]


def test_an_answer_without_a_table_has_no_frame(place: Path) -> None:
    with shoptalk.open(place) as shop:
        answer = shop.ask("Hello")
    assert (answer.df, answer.tables, answer.sql, answer.chart) == (None, (), "", None)


def test_chinese_is_answered_in_chinese(place: Path, model: Any) -> None:
    model(MAY)
    with shoptalk.open(place) as shop:
        answer = shop.ask("上个月的销售额是多少？")
    assert answer.status == "answered" and "150" in answer.text and answer.df is not None


def test_a_conversation_edits_its_statement_and_a_lone_question_does_not(place: Path) -> None:
    with shoptalk.open(place) as shop:
        talk = shop.conversation()
        assert talk.ask("What was the revenue?").statement == "SELECT revenue FROM sales"
        assert talk.ask("and by month?").statement == BY_MONTH
        assert shop.ask("and by month?").statement != BY_MONTH
        assert shop.conversation().ask("and by month?").statement != BY_MONTH


def test_questions_of_one_conversation_wait_for_one_another(place: Path) -> None:
    async def both(talk: shoptalk.Conversation) -> list[shoptalk.Answer]:
        first = asyncio.create_task(talk.ask_async("What was the revenue?"))
        await asyncio.sleep(0)
        return [await asyncio.create_task(talk.ask_async("and by month?")), await first]

    with shoptalk.open(place) as shop:
        second, first = asyncio.run(both(shop.conversation()))
    assert (first.statement, second.statement) == ("SELECT revenue FROM sales", BY_MONTH)


class Slow(Writer):
    """A model that writes nothing until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.was_stopped = threading.Event(), threading.Event()

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        self.began.set()
        assert cancel is not None and cancel.wait(60)
        self.was_stopped.set()
        return []


def test_a_cancelled_task_stops_the_model(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    monkeypatch.setattr(engines, "load_engine", lambda settings: slow)

    async def ask_and_leave(shop: shoptalk.Shop) -> None:
        asking = asyncio.create_task(shop.ask_async("Which country was strangest in the mornings?"))
        assert await asyncio.to_thread(slow.began.wait, 60)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    with shoptalk.open(place) as shop:
        asyncio.run(ask_and_leave(shop))
    assert slow.was_stopped.wait(60)


# --- statements and texts ---------------------------------------------------------------------------------


def test_a_statement_is_compiled_and_run_as_by_the_command_line(place: Path) -> None:
    printed = CliRunner().invoke(app, ["compile", STATEMENT, "--shop", str(place), "--run", "--json"])
    with shoptalk.open(place) as shop:
        compiled = shop.compile(STATEMENT, run=True)
        assert shop.compile(STATEMENT).df is None
    assert compiled.to_dict() == json.loads(printed.stdout)
    assert compiled.statement == STATEMENT and "May 2026" in compiled.read_as
    assert compiled.checked_sql.startswith("WITH sales AS (") and compiled.sql.startswith("SELECT")
    assert compiled.df is not None and dict(compiled.df.values) == {"Germany": 100.0, "France": 50.0}


def test_columns_have_the_types_of_the_database(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "kinds.duckdb")) as database:
        database.execute(
            "CREATE TABLE kinds AS SELECT * FROM (VALUES "
            "(1, 7, 170141183460469231731687303715884105727::HUGEINT, 1.50::DECIMAL(9,2), 'nan'::DOUBLE, "
            "'é', DATE '1969-05-01', TIMESTAMP '2026-05-01 08:00:00', true, false), "
            "(2, NULL, 1, NULL, 2.5, NULL, NULL, NULL, NULL, true)) "
            "AS t(whole, gap, huge, amount, share, word, day, moment, maybe, truth)"
        )
    names = "whole, gap, huge, amount, share, word, day, moment, maybe, truth"
    with shoptalk.open(tmp_path / "kinds.duckdb") as shop:
        df = shop.compile(f"SELECT {names} FROM kinds", run=True).df
        none = shop.compile(f"SELECT {names} FROM kinds WHERE whole > 9", run=True).df
    assert df is not None and none is not None
    assert [str(kind) for kind in df.dtypes] == [
        "int64", "Int64", "object", "float64", "float64", "str", "datetime64[s]", "datetime64[us]", "boolean",
        "bool",
    ]  # fmt: skip
    assert df["huge"][0] == 2**127 - 1 and df["amount"][0] == 1.5 and str(df["day"][0].date()) == "1969-05-01"
    assert df["word"].isna().tolist() == [False, True] and df["gap"].isna().tolist() == [False, True]
    assert (
        len(none) == 0
        and list(none.columns) == list(df.columns)
        and str(none["day"].dtype) == "datetime64[s]"
    )


# --- roles ------------------------------------------------------------------------------------------------


def test_a_role_sees_its_own_rows_and_no_hidden_column(tmp_path: Path, model: Any) -> None:
    place = build_roles_shop(tmp_path / "roles")
    model(BY_COUNTRY)
    ana = shoptalk.Person(id="ana", attributes={"country": "France", "product": "Chair"})
    with shoptalk.open(place, role="branch", person=ana) as shop:
        answer = shop.ask("Revenue by country last month")
        assert answer.to_dict()["tables"][0]["rows"] == [["France", 50]]
        assert answer.warnings == ("This covers only the part of the data that the role branch may see.",)
        with pytest.raises(shoptalk.WrongStatement, match="sales has no column sale_id, nor has"):
            shop.compile("SELECT sale_id FROM sales")
    with shoptalk.open(place, role="partner") as shop, pytest.raises(shoptalk.Refused, match="groups"):
        shop.compile("SELECT country, amount FROM sales")


def test_texts_are_found_and_everything_is_in_the_audit_log(place: Path, home: Path) -> None:
    with shoptalk.open(place, person=shoptalk.Person(id="ana")) as shop:
        shop.ask("Revenue by month")
        shop.compile(STATEMENT, run=True)
        hits = shop.search("the switch of the lamp broke", k=20)
    assert hits[0].document.id == "review:2" and any(hit.document.kind == "report" for hit in hits)
    lines = [json.loads(line) for line in (home / "audit" / "audit.jsonl").read_text("utf-8").splitlines()]
    done = [(entry["kind"], entry["question"]) for entry in lines if entry["kind"] != "begun"]
    assert done == [
        ("open", ""),
        ("question", "Revenue by month"),
        ("question", STATEMENT),
        ("search", "the switch of the lamp broke"),
    ]
    assert {entry["person"] for entry in lines} == {"ana"}


# --- errors: one family -----------------------------------------------------------------------------------

BAD_SHOPS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"shop": "/nowhere/shop.yml"}, shoptalk.WrongArgument, "^shop is '/nowhere/shop.yml', which does not"),
    ({"role": "boss"}, shoptalk.WrongArgument, "^role is 'boss'; shop 'Tiny' has owner, branch, partner"),
    ({"role": "branch"}, shoptalk.WrongArgument, r"needs person attribute country=… person attribute"),
    ({"role": "owner", "person": shoptalk.Person(role="branch")}, shoptalk.WrongArgument, "name one of them"),
    ({"shop": ["/nowhere.csv"]}, shoptalk.WrongArgument, "/nowhere.csv, which is no file"),
    ({"shop": []}, shoptalk.CannotOpen, "No file was chosen"),
    ({"shop": 5}, shoptalk.WrongArgument, "^shop is 5; expected a path, an address or a list of files"),
    ({"shop": b"x"}, shoptalk.WrongArgument, "^shop is b'x'; expected a path"),
    (
        {"role": "branch", "person": shoptalk.Person(attributes={"country": ["x"], "product": 1})},  # type: ignore
        shoptalk.CannotOpen,
        "neither a text, a number nor a list",
    ),
]


@pytest.mark.parametrize(("arguments", "kind", "words"), BAD_SHOPS, ids=[words for *_, words in BAD_SHOPS])
def test_what_cannot_be_opened_says_why(
    arguments: dict[str, Any], kind: type[Exception], words: str, tmp_path: Path
) -> None:
    given = {"shop": build_roles_shop(tmp_path / "roles"), **arguments}
    with pytest.raises(kind, match=words) as caught:
        shoptalk.open(given.pop("shop"), **given)
    assert isinstance(caught.value, shoptalk.ShoptalkError) and "--" not in str(caught.value)


def test_a_broken_description_and_a_missing_database_cannot_be_opened(place: Path) -> None:
    (place.parent / "shop.duckdb").unlink()
    with pytest.raises(shoptalk.CannotOpen, match=r"shop\.duckdb does not exist"):
        shoptalk.open(place)
    place.write_text("views: 7", "utf-8")
    with pytest.raises(shoptalk.CannotOpen, match=r"shop\.yml"):
        shoptalk.open(place)


def test_wrong_arguments_are_told(place: Path) -> None:
    with shoptalk.open(place) as shop:
        with pytest.raises(shoptalk.WrongStatement, match="character 8") as caught:
            shop.compile("SELECT revenu FROM sales")
        assert caught.value.at == 7
        assert shop.ask("What was the revenue \ud800?").status == "answered"
        for ask in (lambda: shop.ask(7), lambda: shop.search(" "), lambda: shop.search("x", k=0)):
            with pytest.raises(shoptalk.WrongArgument):
                ask()


def test_a_role_without_texts_cannot_search(place: Path) -> None:
    with (
        shoptalk.open(place, role="clerk") as shop,
        pytest.raises(shoptalk.WrongArgument, match="no reviews"),
    ):
        shop.search("lamp")


def test_without_an_audit_log_nothing_is_answered(
    place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SHOPTALK_AUDIT_PATH", str(tmp_path / "file" / "audit.jsonl"))
    with pytest.raises(shoptalk.NotDone, match="cannot be written"):
        shoptalk.open(place)


# --- closing ----------------------------------------------------------------------------------------------


def test_a_closed_shop_answers_nothing_and_may_be_closed_again(place: Path) -> None:
    shop = shoptalk.open(place)
    talk = shop.conversation()
    shop.close()
    shop.close()
    assert "closed" in repr(shop)
    for ask in (shop.ask, talk.ask, shop.compile, shop.search):
        with pytest.raises(shoptalk.ShopClosed):
            ask("Revenue")


def test_two_open_shops_load_one_model_and_the_last_frees_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    monkeypatch.setattr(engines, "load_engine", lambda settings: loaded.append(1) or Writer(MAY))
    with shoptalk.open(place) as first:
        first.ask("Sales of lamps in the morning last month")
        with shoptalk.open(place, role="seller") as second:
            second.ask("Sales of lamps in the evening last month")
        assert first.ask(REVENUE).status == "answered", "closing one does not close the other"
    assert loaded == [1]


def test_a_shop_that_is_forgotten_closes_itself(place: Path) -> None:
    from shoptalk.opening import _houses

    shop = shoptalk.open(place)
    assert len(_houses._open) == 1
    del shop
    assert _houses._open == []


def test_several_files_are_opened_together(tmp_path: Path, model: Any) -> None:
    (tmp_path / "things.csv").write_text("thing,size\na,1\nb,\n", "utf-8")
    (tmp_path / "people.csv").write_text("person,age\nx,1\n", "utf-8")
    model(*count_of("things"))
    with shoptalk.open([tmp_path / "things.csv", tmp_path / "people.csv"]) as shop:
        assert shop.compile("SELECT size FROM things", run=True).df["size"].tolist()[0] == 1
        assert str(shop.compile("SELECT size FROM things", run=True).df["size"].dtype) == "Int64"
    assert (tmp_path / "things.csv").is_file()


# --- in a notebook ----------------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script> [x](javascript:alert(1)) ![p](http://e.org/p.png) $\\href{javascript:a}{b}$"
)


def test_a_notebook_shows_doubt_words_chart_table_and_sql_in_that_order(place: Path) -> None:
    with shoptalk.open(place) as shop:
        shown = shop.ask("Revenue by month")._repr_html_()
    marks = ["st-sure", "<strong>", "data:image/svg+xml;base64,", "<table>", "<details><summary>SQL"]
    assert sorted(marks, key=shown.index) == marks
    assert "tex2jax_ignore" in shown and "<script" not in shown


def test_what_strangers_wrote_is_never_html(place: Path, model: Any) -> None:
    add_review(place, (5, "2026-06-02", 1, "en", "Lamp", f"The lamp switch broke. {HOSTILE}"))
    model(MAY)
    with shoptalk.open(place) as shop:
        answer = shop.ask("What do customers say about the lamp?")
        asked = shop.ask(f"Revenue of {HOSTILE} last month")
    assert any(HOSTILE in hit.document.text for hit in answer.citations)
    for shown in (answer._repr_html_(), asked._repr_html_()):
        assert "&lt;script&gt;" in shown
        for tag in ("<script", "<a ", '<img alt="p"', 'src="http'):
            assert tag not in shown


def test_printing_an_answer_says_how_sure_it_is(place: Path) -> None:
    with shoptalk.open(place) as shop:
        assert "%)" in repr(shop.ask("Revenue by month"))


def test_importing_loads_no_heavy_package() -> None:
    script = (
        "import sys; import shoptalk; heavy = {'torch', 'gradio', 'numpy', 'pandas', 'duckdb', 'altair', "
        "'faiss', 'transformers', 'xllamacpp', 'IPython'}; print(sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
