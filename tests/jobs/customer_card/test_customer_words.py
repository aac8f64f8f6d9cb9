"""What a message says of a customer: whose it is, who is meant, what a reply to a card means."""
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.customer_card.customer_places import says_open
from jobs.customer_card.customer_words import (
    follow,
    gives_number,
    is_about_customer,
    reference,
    show_customer,
)
from jobs.order_card.order_letters import is_letter
from sql.semantics import ViewColumn

LINES = (Path(__file__).parent / "customer_routes.txt").read_text(encoding="utf-8").splitlines()
ROUTES = [line.split(" | ", 1) for line in LINES if line.strip() and not line.startswith("#")]


def whose(message: str) -> str:
    if is_about_customer(message):
        return "card" if reference(message) else "asks"
    return "letter" if is_letter(message) and gives_number(message) else "not"


@pytest.mark.parametrize(("expected", "message"), ROUTES, ids=[f"{q} → {e}" for e, q in ROUTES])
def test_a_message_is_whose_it_is(expected: str, message: str):
    assert whose(message) == expected


@pytest.mark.parametrize(
    ("message", "who"),
    [
        ("Who is customer 1,042?", "1042"),
        ("customer card for C-77", "C-77"),
        ("my customer number is C-77.", "C-77"),
        ("Everything about anna.b+shop@example.co.uk, please", "anna.b+shop@example.co.uk"),
        ("who is customer Anna Maria Berg", "Anna Maria Berg"),
        ("customer_card customer=C-77 part=orders", "C-77"),
        ('customer_card customer="Anna Berg"', "Anna Berg"),
        ("客户编号：C-77", "C-77"),
        ("顾客王芳的情况", "王芳"),
        ("customer 7 and customer 8", None),
        ("customers 7", None),
        ("customer reviews of 2025", None),
    ],
)
def test_who_is_meant_is_read_and_never_guessed(message: str, who: str | None):
    said = reference(message)
    assert (said.text if said else None) == who


@pytest.mark.parametrize(
    ("previous", "message", "means"),
    [
        ("Who is customer 1042?", "what did she buy last?", "what did she buy last? (customer 1042)"),
        ("Who is customer 1042?", "and her tickets?", "and her tickets? (customer 1042)"),
        ("Who is customer 1042?", "and his orders?", "and his orders? (customer 1042)"),
        ("Who is customer 1042?", "any returns?", "any returns? (customer 1042)"),
        ("客户C-77的情况", "她最近买了什么？", "她最近买了什么？（顾客 C-77）"),
        ("客户C-77的情况", "那他的工单呢", "那他的工单呢（顾客 C-77）"),
        ("customer_card customer=anna@example.com", "what does she like?", "what does she like? (customer anna@example.com)"),
        ('customer_card customer="Li Wei"', "and her tickets?", "and her tickets? (customer “Li Wei”)"),
        ("and her tickets? (customer “Li Wei”)", "what did she buy last?", "what did she buy last? (customer “Li Wei”)"),
        ("Who is customer 1042?", "1043", None),
        ("Who is customer 1042?", "how many orders?", None),
        ("Who is customer 1042?", "how many tickets last month?", None),
        ("Who is customer 1042?", "revenue by country", None),
        ("Who is customer 1042?", "who is customer 7?", None),
        ("Who is customer 1042?", "is it raining?", None),
        ("Who is this customer?", "1042", "Who is customer 1042?"),
        ("这位顾客是谁", "C-77", "顾客 C-77的情况"),
        ("Revenue by month", "what did she buy last?", None),
    ],
)  # fmt: skip
def test_what_is_said_after_a_card_keeps_to_the_customer(previous: str, message: str, means: str | None):
    assert follow(previous, message) == means


@pytest.mark.parametrize("who", ["1042", "C-77", "anna@example.com", "Anna Berg", "ALFKI", "王芳"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_offered_names_who_it_offers(who: str, language: str):
    said = reference(show_customer(who, language))
    assert said is not None and said.text == who


@pytest.mark.parametrize(
    ("type", "value", "is_open"),
    [
        ("boolean", True, True), ("boolean", 0, False), ("timestamp", None, True), ("timestamp", "2026-01-01", False),
        ("text", "open", True), ("text", "Resolved", False), ("text", "unresolved", True), ("text", "已解决", False),
        ("text", "未解决", True), ("text", None, True),
    ],
)  # fmt: skip
def test_whether_a_ticket_is_open_is_read_from_its_column(type: str, value: object, is_open: bool):
    assert says_open(ViewColumn(name="c", type=type), value) is is_open  # type: ignore[arg-type]
