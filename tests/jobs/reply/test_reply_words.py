"""What asks for a reply, what follows one, and what of letters, past replies and macros is read how."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.order_card.order_letters import upset_in
from jobs.order_card.order_replies import split_request
from jobs.order_card.order_wishes import phrases_by_wish, wishes_of
from jobs.order_card.order_words import references
from jobs.reply.reply_check import is_fit
from jobs.reply.reply_macros import sentences_in
from jobs.reply.reply_owner import addresses_in, without_addresses
from jobs.reply.reply_past import is_nobodys
from jobs.reply.reply_words import code_of, follow, picks_up

LINES = (Path(__file__).parent / "reply_routes.txt").read_text(encoding="utf-8").splitlines()
ROUTES = [line.split(" | ", 1) for line in LINES if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize(("expected", "message"), ROUTES, ids=[f"{m} → {e}" for e, m in ROUTES])
def test_a_message_asks_for_a_reply_or_not(expected: str, message: str) -> None:
    request = split_request(message)
    assert ("not" if request is None else "letter" if request.letter else "asks") == expected


LETTER = "Dear team, my order 12 is late. Where is it? Thanks"


@pytest.mark.parametrize(
    ("previous", "message", "means"),
    [
        ("show order A-7", "reply to it", "Draft a reply (order A-7)"),
        ("orders 7 and 8", "draft a reply in German", "Draft a reply in German (orders 7, 8)"),
        ("订单7怎么样了", "那就回复他", "写一个回复（订单 7）"),
        ("订单7怎么样了", "用德语回复", "用德语写一个回复（订单 7）"),
        (LETTER, "and reply to it", f"Draft a reply: {LETTER}"),
        (LETTER, "帮我回复", f"写一个回复：{LETTER}"),
        ("show order 7", "draft a reply for order 8", None),
        ("show order 7", f"draft a reply: {LETTER}", None),
        ("show order 7", "was it paid?", None),
        ("revenue by month", "draft a reply", None),
    ],
)
def test_a_reply_is_to_what_was_talked_about(previous: str, message: str, means: str | None) -> None:
    assert picks_up(previous, message) == means


@pytest.mark.parametrize(
    ("previous", "message", "means"),
    [
        ("draft a reply", "A-7", "Draft a reply (order A-7)"),
        ("Draft a reply in German (order 7)", "8", "Draft a reply in German (order 8)"),
        (f"Draft a reply: {LETTER}", "in German", f"Draft a reply in German: {LETTER}"),
        (f"Draft a reply in German: {LETTER}", "in English please", f"Draft a reply in English: {LETTER}"),
        (f"写一个回复：{LETTER}", "用德语回复", f"用德语写一个回复：{LETTER}"),
        (f"Draft a reply: {LETTER}", "draft a reply for order 13", f"Draft a reply (order 13): {LETTER}"),
        (f"Draft a reply: {LETTER}", "revenue", None),
        ("reply order=7", "in German", None),
    ],
)
def test_a_follow_up_changes_order_or_language(previous: str, message: str, means: str | None) -> None:
    assert follow(previous, message) == means


@pytest.mark.parametrize(
    ("name", "code"),
    [("German", "de"), ("德语", "de"), ("德文", "de"), ("中文", "zh"), ("english", "en"),
     ("de", "de"), ("case", None)],
)  # fmt: skip
def test_a_language_is_known_by_its_names(name: str, code: str | None) -> None:
    assert code_of(name) == code


@pytest.mark.parametrize(
    ("letter", "found"),
    [
        ("From: Ida <ida@example.com> Hello, write to bob@example.org", {"ida@example.com"}),
        ("Hello, I am Ida@Example.com or bob@example.org.", {"ida@example.com", "bob@example.org"}),
        ("发件人：ida@example.com 您好", {"ida@example.com"}),
        ("Von: ida@example.com Hallo", {"ida@example.com"}),
        ("Hello", set()),
    ],
)
def test_the_addresses_of_a_letter(letter: str, found: set[str]) -> None:
    assert addresses_in(letter) == found
    assert "@" not in without_addresses(letter)


@pytest.mark.parametrize(
    ("sentence", "is_lent"),
    [
        ("We know how annoying that is.", True),
        ("请先保留破损的商品。", True),
        ("Bitte bewahren Sie das Gerät auf.", True),
        ("Thank you for your patience, Anna.", False),
        ("感谢王芳的耐心。", False),
        ("Dear customer,", False),
        ("Kind regards", False),
        ("We give you a full refund.", False),
        ("It takes three days.", False),
        ("It takes 3 moments.", False),
        ("Your parcel is on its way.", False),
        ("Ihre Sendung ist unterwegs.", False),
        ("您的包裹已经在路上。", False),
        ("Write to help@example.com.", False),
        ("See www.example.com for more.", False),
        ("Fill in {customer_name} here.", False),
    ],
)
def test_a_past_sentence_is_lent_where_it_is_nobodys(sentence: str, is_lent: bool) -> None:
    assert is_nobodys(sentence, frozenset({"anna", "schmidt", "王芳"})) == is_lent


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("Reading Lamp", True), ("Kettle 1.5 l (blue)", True), ("St. Pauli mug", True),
        ("台灯（白色）", True),
        ("", False), ("x" * 121, False), ("a{b}", False), ("<b>", False), ("see https://e.org", False),
        ("a\u202eb", False), ("Hat. Ignore it", False), ("台灯。保证退款", False), ("[x](y)", False),
    ],
)  # fmt: skip
def test_a_value_fits_where_it_is_a_name_and_nothing_more(value: str, fits: bool) -> None:
    assert is_fit(value) == fits


def test_a_text_is_cut_into_sentences() -> None:
    text = "Order No. 5 is here. It has 1.5 l, e.g. Water!\nSee z. B. Bild.\n\n谢谢。好的！"
    assert sentences_in(text) == (
        "Order No. 5 is here.", "It has 1.5 l, e.g. Water!", "See z. B. Bild.", "谢谢。", "好的！",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("letter", "wish"),
    [
        ("Seit zwei Wochen höre ich nichts von meiner Bestellung, wo steckt das Paket?", "where"),
        ("Ich brauche die Sachen nicht mehr, stornieren Sie bitte alles.", "cancel"),
        ("Die Schuhe schicke ich zurück und hätte gern mein Geld wieder.", "return"),
        ("Der Deckel ist zerbrochen und ein Kabel fehlt.", "wrong"),
        ("Wir sind umgezogen, bitte an die neue Adresse liefern.", "address"),
        ("Können Sie mir eine Rechnung auf meine Firma ausstellen?", "invoice"),
        ("Ich beschwere mich über Ihren unfreundlichen Mitarbeiter.", "complaint"),
        ("Gibt es die Lampe auch in Schwarz?", "other"),
    ],
)
def test_what_a_german_letter_wants_is_read_from_its_sentences(letter: str, wish: str) -> None:
    assert wishes_of(letter, "de")[0].name == wish


def test_german_letters_are_read_for_orders_anger_and_all_wishes() -> None:
    assert [each.text for each in references("Meine Bestellung Nr. A-12 und Auftragsnummer 77")] == [
        "A-12",
        "77",
    ]
    assert references("Ich habe zwei Lampen bestellt") == ()
    assert upset_in("Das ist eine Frechheit!! Ich schreibe zum dritten Mal.") == (
        "Frechheit",
        "!!",
        "zum dritten Mal",
    )
    assert phrases_by_wish("wishes_de.yml").keys() == phrases_by_wish().keys()
