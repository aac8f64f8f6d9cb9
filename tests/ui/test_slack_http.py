"""The Events API below ``shoptalk serve``: what Slack signed is answered, all else is refused."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from mock_slack import BOT, BOT_TOKEN, MockSlack, mock_slack
from served_shop import PLAIN, ServedShop, serving, until

from app.errors import WrongUse
from ui.chats.slack import signed_mount

SECRET = "0123456789abcdef0123456789abcdef"
PEOPLE = "people: {ana: {role: owner, slack: U0ANA}}"


@pytest.fixture(scope="module")
def slack() -> Iterator[MockSlack]:
    with mock_slack() as slack:
        yield slack


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, slack: MockSlack) -> Iterator[ServedShop]:
    folder = tmp_path_factory.mktemp("signed")
    (folder / "home").mkdir()
    (folder / "home" / "people.yml").write_text(PEOPLE, "utf-8")
    settings = {"slack_bot_token": BOT_TOKEN, "slack_signing_secret": SECRET}
    with serving(
        folder, settings=settings, signed=lambda desk, ring: signed_mount(desk, ring, base_url=slack.base_url)
    ) as served:
        yield served


@pytest.fixture
def client(served: ServedShop) -> Iterator[httpx.Client]:
    with served.client() as client:
        yield client


def signed(body: str, *, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def mention(slack: MockSlack, channel: str, ts: str = "1.1") -> str:
    event = {
        "type": "app_mention",
        "user": "U0ANA",
        "text": f"<@{BOT}> {PLAIN}",
        "channel": channel,
        "ts": ts,
    }
    return json.dumps(slack.event(event))


def post(client: httpx.Client, body: str, headers: dict[str, str], kind: str = "json") -> httpx.Response:
    content_type = "application/json" if kind == "json" else "application/x-www-form-urlencoded"
    return client.post("/slack/events", content=body, headers={"Content-Type": content_type, **headers})


def test_what_slack_signed_is_acknowledged_and_answered(client: httpx.Client, slack: MockSlack) -> None:
    body = mention(slack, "C0SIGNED")
    response = post(client, body, signed(body))
    assert (response.status_code, response.text) == (200, "")
    until(lambda: any("150.00 EUR" in each.words for each in slack.in_thread("C0SIGNED", "1.1")))


def test_slack_may_verify_the_address(client: httpx.Client) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"})
    assert "abc" in post(client, body, signed(body)).text


def test_a_command_comes_as_a_form(client: httpx.Client, slack: MockSlack) -> None:
    body = urlencode(
        {"command": "/shoptalk", "text": PLAIN, "user_id": "U0ANA", "channel_id": "C0", "team_id": "T0",
         "trigger_id": uuid.uuid4().hex, "response_url": f"{slack.address}/respond"}
    )  # fmt: skip
    assert post(client, body, signed(body), "form").status_code == 200
    until(
        lambda: any("150.00 EUR" in each.words for each in slack.messages.values() if each.channel == "D0ANA")
    )


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(lambda body: {}, id="no signature"),
        pytest.param(lambda body: signed(body, secret="f" * 32), id="another secret"),
        pytest.param(lambda body: signed(body, secret=""), id="an empty secret"),
        pytest.param(lambda body: signed(body + " "), id="another body"),
        pytest.param(lambda body: signed(body, at=time.time() - 600), id="ten minutes old"),
        pytest.param(lambda body: signed(body, at=time.time() + 600), id="from the future"),
        pytest.param(
            lambda body: {**signed(body), "X-Slack-Request-Timestamp": str(int(time.time()) - 1)},
            id="other time",
        ),
        pytest.param(lambda body: {**signed(body), "X-Slack-Request-Timestamp": "soon"}, id="no time"),
    ],
)
def test_what_slack_did_not_sign_now_is_refused_and_nothing_is_asked(
    headers: object, client: httpx.Client, slack: MockSlack, served: ServedShop
) -> None:
    body = mention(slack, "C0FORGED")
    asked = len(slack.calls)
    response = post(client, body, headers(body))  # type: ignore[operator]
    assert response.status_code == 401 and "Tiny" not in response.text
    ssl_check = "ssl_check=1&command=%2Fshoptalk&user_id=U0ANA&text=revenue"
    assert post(client, ssl_check, {"X-Slack-Request-Timestamp": "1"}, "form").text == ""
    assert len(slack.calls) == asked and not slack.in_thread("C0FORGED", "1.1")


def test_a_signed_delivery_that_is_sent_again_is_answered_once(
    client: httpx.Client, slack: MockSlack
) -> None:
    body = mention(slack, "C0AGAIN", "3.3")
    headers = signed(body)
    for more in ({}, {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}, {}):
        assert post(client, body, {**headers, **more}).status_code == 200
    until(lambda: any("150.00 EUR" in each.words for each in slack.in_thread("C0AGAIN", "3.3")))
    other = mention(slack, "C0AGAIN", "4.4")
    post(client, other, signed(other))
    until(lambda: any("150.00 EUR" in each.words for each in slack.in_thread("C0AGAIN", "4.4")))
    assert len(slack.in_thread("C0AGAIN", "3.3")) == 1


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[]", b"{", b"null", b'{"type": 7}'])
def test_odd_bodies_are_refused(body: bytes, client: httpx.Client) -> None:
    response = client.post("/slack/events", content=body, headers={"Content-Type": "application/json"})
    assert 400 <= response.status_code < 500


def test_beside_it_everything_needs_a_key_as_before(client: httpx.Client) -> None:
    assert client.get("/v1/shop").status_code == 401 and client.get("/slackx").status_code == 401
    for path in ("/slack", "/slack/other", "/slack/events", "/slack/../v1/shop", "/slack/%2e%2e/v1/shop"):
        assert client.get(path).status_code in (401, 404, 405), path
    large = "x" * 300_000
    assert post(client, large, signed(large)).status_code == 413


def test_without_a_secret_there_is_no_such_address_and_a_secret_needs_a_token(tmp_path: Path) -> None:
    with serving(tmp_path, signed=signed_mount) as served, served.client() as client:
        assert client.post("/slack/events", content="{}").status_code == 404
    with (
        pytest.raises(WrongUse, match="SHOPTALK_SLACK_BOT_TOKEN is not"),
        serving(tmp_path / "b", settings={"slack_signing_secret": SECRET}, signed=signed_mount),
    ):
        pass
