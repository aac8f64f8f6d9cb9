"""Who is named and who is not: keys, addresses, numbers and names, as people and programs write them."""

from __future__ import annotations

import pytest

from sql.traces import Traces

ANA = Traces(
    pseudonym="P",
    texts=("Ana O'Brien", "ana_ob@x.example", "+49 30 123-4567", "王小明"),
    key="7",
    key_words=("customer_id", "customer", "客户"),
)
MASKED = {
    "customer 7": "customer P",
    "customers 5, 7 and 9": "customers 5, P and 9",
    "customer_id IN (5, 7)": "customer_id IN (5, P)",
    '"t"."customer_id" = 7 AND x = 7': '"t"."customer_id" = P AND x = 7',
    "CAST(customer_id AS TEXT) = '7'": "CAST(customer_id AS TEXT) = 'P'",
    "客户编号是 7": "客户编号是 P",
    "ANA O''BRIEN": "P",
    "Ana  O&#x27;Brien": "P",
    r"ana\_ob@x.example": "P",
    "0049301234567": "P",
    "call (030) +49-30-1234567.": "call (030) P.",
    "王小明的订单": "P的订单",
}
KEPT = [
    "the top 7 customers", "customer 77", "customers in 2026-05-7", "customers by month, 7 days", "order 7",
    "diana O'Brien", "xana_ob@x.example", "+49 30 123-45678", "Ana", "王小",
]  # fmt: skip


@pytest.mark.parametrize("text", MASKED)
def test_whoever_is_named_is_masked(text: str) -> None:
    assert ANA.names(text) and ANA.masked(text) == MASKED[text]
    assert not ANA.names(MASKED[text])


@pytest.mark.parametrize("text", KEPT)
def test_others_are_not(text: str) -> None:
    assert not ANA.names(text) and ANA.masked(text) == text


def test_a_key_of_capitals_is_a_word_in_capitals() -> None:
    key = Traces(pseudonym="P", key="SAVEA", key_words=("customer",))
    assert key.masked("orders of SAVEA, savea and customer savea") == "orders of P, savea and customer P"


def test_cells_and_attributes_are_masked_where_they_are_the_customers() -> None:
    kept = {"n": 7, "user": {"customer": 7, "customer_id": ["7", 8], "store": 7}, "rows": 7}
    assert ANA.masked_json(kept) == {
        "n": 7, "user": {"customer": "P", "customer_id": ["P", 8], "store": 7}, "rows": 7,
    }  # fmt: skip
    assert not ANA.without_key.names_cell("customer_id", "7") and not ANA.names_cell("customer", True)
