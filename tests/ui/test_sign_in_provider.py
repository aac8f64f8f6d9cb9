"""Sign-in by OpenID Connect: who is let in as whom, and what a hostile browser or provider tries."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from oidc_provider import CLIENT, SECRET, FakeProvider, by_secret, provider, signed, unsigned
from served_shop import BY_COUNTRY, ServedShop, ask, serving

from app import provider as provider_module
from app.provider import Provider
from app.settings import Settings

PEOPLE = """\
people:
  ana: {role: owner, oidc: a-1}
  bo: {roles: [branch, owner], attributes: {country: Germany, product: Lamp}, oidc: b-1}
  owners: {role: owner, oidc_group: shop-owners}
  branches: {role: branch, oidc_group: shop-branches, attributes: {product: Chair}, claims: {country: land}}
"""


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeProvider]:
    with provider() as fake:
        yield fake


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, fake: FakeProvider) -> Iterator[ServedShop]:
    folder = tmp_path_factory.mktemp("served")
    with serving(folder, settings=lambda address: given(fake.issuer, address)) as served:
        served.settings.people_file.parent.mkdir(exist_ok=True)
        served.settings.people_file.write_text(PEOPLE, "utf-8")
        yield served


@pytest.fixture
def browser(served: ServedShop, fake: FakeProvider) -> Iterator[httpx.Client]:
    fake.behave()
    with served.client(Accept="text/html") as client:
        yield client


def given(issuer: str, address: str, **more: Any) -> dict[str, Any]:
    return {
        "oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "public_url": address,
        **more,
    }  # fmt: skip


def come_back(browser: httpx.Client, path: str = "/sign-in/provider") -> str:
    """Go to the provider and return the address to which it sends the browser back."""
    led = browser.get(path)
    assert led.status_code == 303, led.text
    return str(httpx.get(led.headers["location"]).headers["location"])


def sign_in(browser: httpx.Client) -> httpx.Response:
    return browser.get(come_back(browser))


def person(browser: httpx.Client) -> tuple[Any, Any]:
    rows = ask(browser, BY_COUNTRY).json()["tables"][0]["rows"]
    return browser.get("/v1/shop").json()["role"], rows


def refused(response: httpx.Response, status: int, words: str) -> None:
    assert response.status_code == status and words in response.text, response.text
    assert 'role="alert"' in response.text and "shoptalk_session" not in response.headers.get(
        "set-cookie", ""
    )
    assert response.headers["cache-control"] == "no-store"


# --- who is let in, as whom -------------------------------------------------------------------------------


def test_the_account_of_a_line_signs_in_and_out_again(browser: httpx.Client, served: ServedShop) -> None:
    assert browser.get("/v1/shop").status_code == 401, "nobody is let in for being on this computer"
    form = browser.get("/sign-in")
    assert f'href="{served.address}/sign-in/provider"' in form.text and 'name="key"' in form.text
    entered = sign_in(browser)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = next(each for each in entered.headers.get_list("set-cookie") if "shoptalk_session=" in each)
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie
    assert person(browser) == ("owner", [["France", 50], ["Germany", 100]])
    assert "signed in as ana" in browser.get("/sign-in").text
    assert served.audited()[-1]["person"] == "ana"
    token = browser.cookies["shoptalk_session"]
    left = browser.post("/sign-out", headers={"Origin": served.address})
    assert left.headers["location"] == "/sign-in?left" and "signed out" in browser.get("/sign-in?left").text
    browser.cookies.set("shoptalk_session", token)
    assert browser.get("/v1/shop").status_code == 401, "the session is gone, not only the cookie"


def test_groups_give_the_role_and_claims_the_rows(browser: httpx.Client, fake: FakeProvider) -> None:
    fake.behave(sub="g-1", groups=["everybody", "shop-branches"], land="France")
    sign_in(browser)
    assert person(browser) == ("branch", [["France", 50]])


def test_what_the_token_does_not_say_is_asked_of_userinfo(browser: httpx.Client, fake: FakeProvider) -> None:
    fake.behave(sub="g-2")
    fake.more = {"groups": "shop-owners"}
    sign_in(browser)
    assert person(browser)[0] == "owner"
    fake.more = {"groups": "shop-owners", "sub": "a-1"}
    refused(sign_in(browser), 401, "proves nobody")


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "x-1"},
        {"sub": "A-1"},
        {"sub": "x-1", "groups": ["", "Shop-Owners", 7, None, ["shop-owners"]]},
        {"sub": "x-1", "groups": {"shop-owners": True}},
        {"sub": "x-1", "groups": ["shop-branches"]},
        {"sub": "x-1", "groups": ["shop-branches"], "land": True},
        {"sub": "x-1", "groups": ["shop-branches"], "land": {"$ne": ""}},
        {"sub": "ana", "role": "owner"},
    ],
)
def test_whom_no_line_means_gets_no_role_at_all(
    claims: dict[str, Any], browser: httpx.Client, fake: FakeProvider
) -> None:
    fake.behave(**claims)
    refused(sign_in(browser), 403, f"The provider knows you as {claims['sub']}")
    assert browser.get("/v1/shop").status_code == 401


def test_the_name_of_an_account_is_text(browser: httpx.Client, fake: FakeProvider) -> None:
    fake.behave(sub="<script>alert(1)</script>{0}")
    told = sign_in(browser)
    refused(told, 403, "&lt;script&gt;alert(1)&lt;/script&gt;{0}")


def test_whoever_is_taken_out_of_the_file_is_out_at_once(browser: httpx.Client, served: ServedShop) -> None:
    sign_in(browser)
    try:
        served.settings.people_file.write_text(PEOPLE.replace("oidc: a-1", "oidc: a-9"), "utf-8")
        assert browser.get("/v1/shop").json()["type"] == "urn:shoptalk:problem:key-revoked"
        served.settings.people_file.write_text("people: [", "utf-8")
        assert browser.get("/v1/shop").status_code == 503
        refused(sign_in(browser), 503, "Nobody can be let in now")
    finally:
        served.settings.people_file.write_text(PEOPLE, "utf-8")


def test_of_several_roles_one_is_chosen_and_none_beside_them(
    browser: httpx.Client, fake: FakeProvider, served: ServedShop
) -> None:
    fake.behave(sub="b-1")
    sign_in(browser)
    assert person(browser) == ("branch", [["Germany", 100]])
    begun = ask(browser, BY_COUNTRY).json()["conversation"]
    own = {"Origin": served.address}
    assert browser.post("/role", data={"role": "owner"}, headers=own).headers["location"] == "/"
    assert person(browser) == ("owner", [["France", 50], ["Germany", 100]])
    told = ask(browser, "and in April?", conversation=begun).json()
    assert told["status"] != "answered", "nothing is gone on with as another role"
    for role in ("partner", "", "owner' --"):
        refused(browser.post("/role", data={"role": role}, headers=own), 403, "none of yours")
    assert browser.post("/role", data={"role": "branch"}, headers={"Origin": "null"}).status_code == 403
    assert browser.get("/v1/shop").json()["role"] == "owner"
    token = browser.cookies["shoptalk_session"]
    sign_in(browser)
    assert browser.get("/v1/shop").json()["role"] == "branch", "each sign-in begins in the usual role"
    browser.cookies.set("shoptalk_session", token)
    assert browser.get("/v1/shop").status_code == 401, "a new sign-in ends the one before in that browser"


# --- what is refused --------------------------------------------------------------------------------------


def test_an_end_without_its_own_beginning_is_refused(
    browser: httpx.Client, served: ServedShop, fake: FakeProvider
) -> None:
    back = come_back(browser)
    forged = back.replace(parse_qs(urlsplit(back).query)["state"][0], "a" * 43)
    refused(browser.get(forged), 400, "cannot be ended here")
    refused(browser.get(back.partition("?")[0]), 400, "cannot be ended here")
    with served.client() as victim:  # who is led to the end of somebody else's sign-in
        refused(victim.get(back), 400, "cannot be ended here")
        come_back(victim)
        refused(victim.get(back), 400, "cannot be ended here")
    state = browser.cookies["shoptalk_sign_in"]
    assert browser.get(back).status_code == 303
    browser.cookies.set("shoptalk_sign_in", state)
    refused(browser.get(back), 400, "cannot be ended here")  # replayed, with the very same cookie


def test_a_replayed_code_is_refused(browser: httpx.Client) -> None:
    first = come_back(browser)
    code = parse_qs(urlsplit(first).query)["code"][0]
    assert browser.get(first).status_code == 303
    second = come_back(browser)
    refused(
        browser.get(second.replace(parse_qs(urlsplit(second).query)["code"][0], code)), 401, "proves nobody"
    )


def test_a_code_of_another_sign_in_is_refused(browser: httpx.Client, served: ServedShop) -> None:
    with served.client() as thief:
        stolen = parse_qs(urlsplit(come_back(browser)).query)["code"][0]
        own = come_back(thief)
        code = parse_qs(urlsplit(own).query)["code"][0]
        refused(thief.get(own.replace(code, stolen)), 401, "proves nobody")  # PKCE


SPOILED = {
    "of another sign-in": lambda claims: claims.update(nonce="n" * 43),
    "without its nonce": lambda claims: claims.pop("nonce"),
    "expired": lambda claims: claims.update(exp=int(time.time()) - 120, iat=int(time.time()) - 600),
    "without an end": lambda claims: claims.pop("exp"),
    "from the future": lambda claims: claims.update(iat=int(time.time()) + 600),
    "for another client": lambda claims: claims.update(aud="other"),
    "for several": lambda claims: claims.update(aud=[CLIENT, "other"]),
    "asked for by another": lambda claims: claims.update(azp="other"),
    "of another issuer": lambda claims: claims.update(iss="https://evil.example"),
    "about nobody": lambda claims: claims.pop("sub"),
    "about a list": lambda claims: claims.update(sub=["a-1"]),
    "with a name of many lines": lambda claims: claims.update(sub="a-1\r\nSet-Cookie: x"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    what: str, browser: httpx.Client, fake: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    fake.spoil = SPOILED[what]
    with caplog.at_level(logging.INFO):
        refused(sign_in(browser), 401, "proves nobody")
    assert "was refused: unproven" in caplog.text and "a-1" not in caplog.text


def test_clocks_may_differ_a_little(browser: httpx.Client, fake: FakeProvider) -> None:
    fake.spoil = lambda claims: claims.update(exp=int(time.time()) - 20, iat=int(time.time()) + 20)
    assert sign_in(browser).status_code == 303


@pytest.mark.parametrize("forge", [unsigned, by_secret], ids=["alg none", "by the shared secret"])
def test_a_token_that_the_providers_key_did_not_sign_is_refused(
    forge: Any, browser: httpx.Client, fake: FakeProvider
) -> None:
    fake.forge = forge
    refused(sign_in(browser), 401, "proves nobody")


def test_foreign_keys_are_refused_and_rotated_ones_found(
    browser: httpx.Client, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = fake._new_key()
    fake.forge = lambda claims: signed(claims, stranger)
    refused(sign_in(browser), 401, "proves nobody")
    fake.forge = lambda claims: signed(claims, stranger, kid=fake.key.kid)  # under the name of a known key
    refused(sign_in(browser), 401, "proves nobody")
    fake.behave()
    asked = fake.asked.count("keys")
    refused_again = [sign_in(browser).status_code for _ in range(2)]
    assert refused_again == [303, 303] and fake.asked.count("keys") == asked, (
        "known keys are not asked for anew"
    )
    fake.rotate()
    monkeypatch.setattr(provider_module, "AGAIN_S", 0.0)
    assert sign_in(browser).status_code == 303
    assert fake.asked.count("keys") == asked + 1


def test_the_provider_says_no_or_is_another(browser: httpx.Client, fake: FakeProvider) -> None:
    back = come_back(browser)
    state = parse_qs(urlsplit(back).query)["state"][0]
    refused(browser.get(f"/sign-in/back?error=access_denied&state={state}"), 401, "let nobody in")
    back = come_back(browser).replace(
        fake.issuer.replace(":", "%3A").replace("/", "%2F"), "https%3A%2F%2Fevil"
    )
    refused(browser.get(back), 401, "proves nobody")  # RFC 9207: the answer of another


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "http://localhost.evil.example/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ],
)
def test_a_description_that_cannot_be_right_is_not_used(told: dict[str, Any], fake: FakeProvider) -> None:
    fake.behave()
    fake.told = told
    settings = Settings(home=Path("nowhere"), **given(fake.issuer, "http://127.0.0.1:1"))
    with pytest.raises(Exception, match="provider_away"):
        Provider(settings).begin()
    fake.behave()


def test_an_address_counts_only_when_it_is_verified(tmp_path: Path, fake: FakeProvider) -> None:
    def settings(address: str) -> dict[str, Any]:
        return given(fake.issuer, address, oidc_account_claim="email")

    with serving(tmp_path, settings=settings) as served, served.client() as browser:
        served.settings.people_file.parent.mkdir(exist_ok=True)
        served.settings.people_file.write_text(
            "people: {ana: {role: owner, oidc: ana@shop.example}}", "utf-8"
        )
        fake.behave(email="ana@shop.example", groups=[])
        refused(sign_in(browser), 403, "not verified")
        fake.behave(email="ana@shop.example", email_verified="true", groups=[])
        refused(sign_in(browser), 403, "not verified")
        fake.behave(email="ana@shop.example", email_verified=True, groups=[])
        assert sign_in(browser).status_code == 303 and person(browser)[0] == "owner"


def test_nothing_is_fetched_before_somebody_signs_in_and_a_provider_away_is_told(tmp_path: Path) -> None:
    away = "http://127.0.0.1:9"
    with serving(tmp_path, settings=lambda address: given(away, address)) as served:
        with served.client(**{"Accept-Language": "zh"}) as browser:
            assert "用所在组织的账号登录" in browser.get("/sign-in").text
            refused(browser.get("/sign-in/provider"), 503, "无法连接登录服务")
        with served.client(served.key("cy")) as cy:
            assert cy.get("/v1/shop").status_code == 200, "keys go on working"
