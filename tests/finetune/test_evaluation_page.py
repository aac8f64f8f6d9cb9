import re
import shutil

import pytest

from finetune.evaluation_page import VERDICTS, to_html
from finetune.scores import EvaluationReport, Outcome, Preview

EVIL = '<script>window.evil = 1</script> & "quoted" {{ 7 * 7 }}'


def outcome(verdict, **changes):
    fields = {
        "line": 3,
        "database": "lamps",
        "question": "How many lamps?",
        "gold": "SELECT COUNT(*) FROM lamp",
        "sql": None,
        "verdict": verdict,
        "is_contained": False,
        "reason": "",
        "seconds": 1.25,
        "hardness": "easy",
    }
    return Outcome(**fields | changes)


def page(*outcomes):
    return to_html(EvaluationReport(engine="fake", way="product", outcomes=tuple(outcomes)))


def test_a_miss_stands_beside_its_gold():
    html = page(
        outcome(
            "wrong",
            sql="SELECT COUNT(a) FROM lamp",
            gold_rows=Preview(columns=("COUNT(*)",), rows=(("42",),), total=1),
            rows=Preview(columns=("COUNT(a)",), rows=(("41",), (None,)), total=1_234),
            prompt_tokens=250,
            written_tokens=18,
            calls=2,
        ),
        outcome("correct", question="Which lamps?"),
    )
    for text in ("How many lamps?", "SELECT COUNT(a) FROM lamp", "SELECT COUNT(*) FROM lamp", ">42<", ">41<"):
        assert text in html
    assert "1,234 rows, the first 2 shown" in html
    assert '<span class="null">NULL</span>' in html
    assert "2 calls of the model" in html
    assert "50.0%" in html
    assert "Which lamps?" not in html


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_kind_of_miss_is_shown_with_its_reason(verdict):
    html = page(outcome(verdict, reason="because of that", drafted="SELECT nothing"))
    assert "because of that" in html
    assert "SELECT nothing" in html
    assert f"{VERDICTS[verdict]}: 1" in html


def test_values_of_strangers_are_escaped():
    evil = Preview(columns=(EVIL,), rows=((EVIL,),), total=1)
    html = page(
        outcome(
            "wrong", question=EVIL, database=EVIL, gold=EVIL, sql=EVIL, reason=EVIL, source=EVIL,
            hardness=EVIL, rows=evil, gold_rows=evil,
        )
    )  # fmt: skip
    assert "<script" not in html
    assert html.count("{{ 7 * 7 }}") >= 8
    assert "49" not in re.sub(r"#\w+|\d+\.\d+", "", html)


def test_the_page_loads_nothing_and_runs_nothing():
    html = page(outcome("correct"))
    assert "default-src 'none'" in html
    assert not re.search(r"https?://|<link|<img|src=|url\(|@import|\son\w+=", html)
    assert "There are none." in html


def test_light_and_dark_and_small_screens_are_provided_for():
    html = page(outcome("correct"))
    assert "color-scheme: light dark" in html
    assert "prefers-color-scheme: dark" in html
    assert "width=device-width" in html


@pytest.mark.slow
def test_nothing_is_wider_than_a_small_screen(tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium")
    row = ("value " * 20,) * 12
    wide = Preview(columns=tuple(f"a_long_column_{i}" for i in range(12)), rows=(row,), total=1)
    long = "x" * 300
    html = page(
        outcome("wrong", rows=wide, gold_rows=wide, question=long, database=long, gold=long),
        outcome("failed", reason=long, drafted=long),
    )
    (tmp_path / "page.html").write_text(html.replace("<details>", "<details open>"), encoding="utf-8")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        shown = chromium.new_page(viewport={"width": 375, "height": 800}, color_scheme="dark")
        shown.goto((tmp_path / "page.html").as_uri())
        assert shown.evaluate("document.documentElement.scrollWidth") <= 375
        assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
        chromium.close()
