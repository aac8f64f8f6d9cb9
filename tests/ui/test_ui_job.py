"""``shoptalk job``: the list, a run by name, and wrong use; no model is loaded."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ui.cli import app

sys.path.insert(0, str(Path(__file__).parent.parent / "jobs" / "forecast"))

from shops import build, daily


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("job"), daily(200, dt.date(2026, 6, 28)))


def call(home: Path, *arguments: str) -> Any:
    environment = {"SHOPTALK_HOME": str(home), "SHOPTALK_ENGINE_URL": ""}
    return CliRunner().invoke(app, ["job", *arguments], env=environment)


def test_jobs_are_listed_with_what_they_take_and_need(tmp_path: Path) -> None:
    text = call(tmp_path).stdout
    assert "forecast: A forecast of sales" in text and "needs the bindings order_date" in text
    assert "month=…  which month" in text
    listed = json.loads(call(tmp_path, "--json").stdout)
    forecast = next(job for job in listed if job["name"] == "forecast")
    assert {"name", "about", "expected"} == set(forecast["parameters"][0]) and forecast["missing"] is None


def test_a_job_is_run_by_its_name(shop: Path, tmp_path: Path) -> None:
    result = call(tmp_path, "forecast", "horizon=2 weeks", "metric=units_sold", "--shop", str(shop), "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["skill"], answer["status"]) == ("forecast", "answered")
    assert answer["parameters"] == {
        "metric": "units_sold", "horizon": "2 weeks", "grain": "week", "level": "80",
    }  # fmt: skip
    assert [row[1] for row in answer["tables"][0]["rows"]] == [7, 7]
    assert answer["chart"]["layer"]


def test_a_shop_that_binds_nothing_is_told_how(tmp_path: Path) -> None:
    path = build(tmp_path, daily(60, dt.date(2026, 6, 28)), bindings="")
    listed = json.loads(call(tmp_path, "--shop", str(path), "--json").stdout)
    assert next(job["missing"] for job in listed if job["name"] == "forecast") == ["order_date"]
    told = " ".join(call(tmp_path, "forecast", "--shop", str(path)).stdout.split())
    assert "bindings: {order_date: sales.ordered_on}" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fly"], "There is no job 'fly'; there is ask_reviews"),
        (["ask_sql"], "is asked for in words: shoptalk ask"),
        (["forecast", "fast"], "'fast' is no key=value of the job forecast"),
        (["forecast", "speed=9"], "it takes metric, by, only"),
        (["forecast", "only="], "needs a value"),
        (["forecast", 'only=a" metric="b'], "without double quotes"),
    ],
)
def test_wrong_use_names_the_right_one(tmp_path: Path, arguments: list[str], says: str) -> None:
    result = call(tmp_path, *arguments)
    assert result.exit_code == 2 and says in result.stderr
