"""One process, one shop, five ways to ask it: the same figures and the same refusals for each role."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Protocol

import openai
import pytest
from mcp_clients import Caller, calling, over_http
from served_shop import BY_COUNTRY, HARD, PLAIN, Held, ServedShop, serving
from typer.testing import CliRunner

import shoptalk
from app import engines
from app.person import Person
from bot.memory import Conversation
from ui.cli import app as command_line
from ui.mounted import mounts_for
from ui.served_talks import ServedTalks
from ui.talk import Talk, Visitors, follow

GERMANY = {"country": "Germany", "product": "Lamp"}
ROLES = {"ana": ("owner", {}), "bo": ("branch", GERMANY)}
"""Ana sees everything; Bo the rows of one country and product, no ``sale_id`` and no ``stock``."""
FORECAST = "forecast horizon=2weeks"

QUESTIONS: list[tuple[str, str, Any, Any]] = [
    (PLAIN, "answered", [[150]], [[100]]),
    (BY_COUNTRY, "answered", [["France", 50], ["Germany", 100]], [["Germany", 100]]),
    ("上个月的销售额是多少？", "answered", [[150]], [[100]]),
    ("Revenue for Chair", "answered", [[100]], None),
    (HARD, "answered", [["France", 150], ["Germany", 100]], [["Germany", 100]]),
    ("What do customers say about the lamp?", "answered", None, None),
    ("Delete all sales", "declined", None, None),
    ("What is the weather?", "", None, None),
    ("Number of sales per stock", "", None, None),
    ("Average sale id", "", None, None),
    (FORECAST, "declined", None, None),
    ("report month=2026-05", "answered", None, None),
    ("report month=never", "declined", None, None),
    ("How now?", "", None, None),
]
"""Each with its status and first rows for Ana and Bo; empty and ``None`` where only their sameness counts."""


class Way(Protocol):
    """Asks a question, and gives the JSON of the answer."""

    def __call__(self, question: str) -> dict[str, Any]: ...


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    with serving(tmp_path_factory.mktemp("one"), mounts=mounts_for) as served:
        yield served


@pytest.fixture(scope="module")
def keys(served: ServedShop) -> dict[str, str]:
    return {name: served.key(name, role, **attributes) for name, (role, attributes) in ROLES.items()}


@pytest.fixture(scope="module", params=list(ROLES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def mcp(name: str, served: ServedShop, keys: dict[str, str]) -> Iterator[Caller]:
    with calling(over_http(f"{served.address}/mcp", keys[name])) as caller:
        yield caller


@pytest.fixture(scope="module")
def package(name: str, served: ServedShop) -> Iterator[shoptalk.Shop]:
    role, attributes = ROLES[name]
    with pytest.MonkeyPatch.context() as patch:
        for variable in [each for each in os.environ if each.startswith("SHOPTALK_")]:
            patch.delenv(variable)
        patch.setenv("SHOPTALK_HOME", str(served.settings.home))
        patch.setattr(engines, "load_engine", lambda settings: Held())
        with shoptalk.open(served.shop, person=Person(id=name, role=role, attributes=attributes)) as shop:
            yield shop


@pytest.fixture(scope="module")
def ways(
    name: str, served: ServedShop, keys: dict[str, str], mcp: Caller, package: shoptalk.Shop
) -> Iterator[dict[str, Way]]:
    role, attributes = ROLES[name]
    anybody = Talk(assistant=served.desk.seat(Person()), new_conversation=Conversation, shop="Tiny", role="")
    talk = ServedTalks(served.desk, anybody).of(Person(id=name, role=role, attributes=attributes))
    visitors = Visitors(Conversation)

    def page(question: str) -> dict[str, Any]:
        *_, last = follow(talk, visitors.restart("tab"), question)
        assert last.answer is not None, last.note
        return last.answer.to_json()

    with (
        served.client(keys[name]) as http,
        openai.OpenAI(base_url=f"{served.address}/v1", api_key=keys[name], max_retries=0) as client,
    ):
        yield {
            "http": lambda question: http.post("/v1/ask", json={"question": question}).json(),
            "openai": lambda question: client.chat.completions.create(
                model="shoptalk", messages=[{"role": "user", "content": question}]
            ).model_extra["shoptalk"],
            "mcp": lambda question: mcp.result("ask", question=question),
            "python": lambda question: package.ask(question).to_dict(),
            "page": page,
        }  # fmt: skip
    visitors.close()


def bare(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what belongs to a surface or a moment."""
    own = ("id", "conversation", "notice", "seconds")
    kept = {key: value for key, value in answer.items() if key not in own}
    kept["figures"] = [{k: v for k, v in each.items() if v is not None} for each in answer["figures"]]
    return kept


@pytest.mark.parametrize(
    ("question", "status", "all_rows", "some_rows"), QUESTIONS, ids=lambda v: str(v)[:30]
)
def test_every_surface_gives_the_same_answer(
    question: str, status: str, all_rows: Any, some_rows: Any, name: str, ways: dict[str, Way]
) -> None:
    answers = {surface: bare(ask(question)) for surface, ask in ways.items()}
    told = answers["http"]
    for surface, answer in answers.items():
        assert answer == told, surface
    rows = all_rows if name == "ana" else some_rows
    if rows is not None:
        assert (told["status"], told["tables"][0]["rows"]) == (status, rows)
    elif status and (name == "ana" or all_rows is None):
        assert told["status"] == status, told["text"]
    if name == "bo":
        assert "France" not in str(told), "rows of others"


def test_a_job_by_name_is_the_message_by_that_name(mcp: Caller, ways: dict[str, Way], name: str) -> None:
    found = mcp.result("run_job", job="report", parameters={"month": "2026-05"})
    assert bare(found) == bare(ways["http"]("report month=2026-05")) and found["skill"] == "report"
    asked = mcp.result("ask", question="and for April?", conversation=found["conversation"])
    if name == "ana":
        assert asked["parameters"] == {"which": "monthly", "month": "2026-04"}
    else:
        assert asked["status"] == "declined", "Bo's lamp was not sold in April"
    assert "order\\_date" in mcp.result("run_job", job="forecast")["text"], "what the shop lacks"


STATEMENTS = ("SELECT country, revenue FROM sales GROUP BY country", "SELECT sale_id FROM sales",
              "SELECT product FROM stock", "SELECT nothing FROM sales", "SELECT product FROM nowhere",
              "SELECT sales.sale_id FROM sales", "DROP TABLE sales")  # fmt: skip


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statements_mean_the_same_everywhere(
    statement: str, name: str, mcp: Caller, package: shoptalk.Shop, served: ServedShop
) -> None:
    role, attributes = ROLES[name]
    users = [part for key, value in attributes.items() for part in ("--user", f"{key}={value}")]
    printed = CliRunner().invoke(
        command_line,
        ["compile", statement, "--run", "--shop", str(served.shop), "--role", role, *users],
        env={"SHOPTALK_HOME": str(served.settings.home)},
    )
    found = mcp.call("run_statement", statement=statement)
    if found.is_error:
        told = found.content[0].text
        with pytest.raises(shoptalk.WrongStatement) as caught:
            package.compile(statement, run=True)
        assert str(caught.value) == told and printed.stderr.strip() == f"shoptalk: {told}"
    else:
        assert package.compile(statement, run=True).to_dict()["table"] == found.structured_content["table"]
        assert found.structured_content["checked_sql"].splitlines()[0] and printed.exit_code == 0
    assert found.is_error == (
        statement not in STATEMENTS[: 1 if name == "bo" else 3] + STATEMENTS[5:6][name == "bo" :]
    )
    if name == "bo":
        said = f"{printed.output}{found.content[0].text}"
        said = said.replace(statement, "").replace("no view stock;", "").replace("('stock')", "")
        assert not [hidden for hidden in ("stock", "France", "partner") if hidden in said]


def test_searches_find_the_same(
    mcp: Caller, package: shoptalk.Shop, served: ServedShop, keys: Any, name: str
) -> None:
    hits = [hit["id"] for hit in mcp.result("search", text="the switch of the lamp", k=3)["hits"]]
    assert [hit.document.id for hit in package.search("the switch of the lamp", 3)] == hits
    with served.client(keys[name]) as http:
        found = http.get("/v1/search", params={"text": "the switch of the lamp", "k": 3}).json()["hits"]
    assert [hit["id"] for hit in found] == hits and "review:2" in hits
