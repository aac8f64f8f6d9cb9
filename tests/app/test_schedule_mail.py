"""Scheduled reports by e-mail, against a real SMTP server on loopback: TLS, signing in, refusals, headers."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from postbox import MailServer as Server

from app.errors import NotDelivered, WrongUse
from app.schedules import mail
from app.schedules.mail import Mailer
from app.schedules.targets import Parcel, Target, read_target
from app.settings import Settings
from jobs.report.types import Report, Section

ANNA = Target(kind="mail", place="anna@example.org")


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.controller.stop()


def settings_for(port: int, **changed: Any) -> Settings:
    return Settings(
        home=Path("unused"), smtp_host="127.0.0.1", smtp_port=port, smtp_from="shop@example.org", **changed
    )


def parcel(title: str = "Tiny: monthly report, May 2026") -> Parcel:
    section = Section(id="overview", title="Overview", text="Revenue <b>150</b> EUR.", figures=(), tables=())
    report = Report(
        id="2026-05-monthly", name="monthly", title=title, shop="Tiny", language="en",
        start=dt.date(2026, 5, 1), end=dt.date(2026, 6, 1), sections=(section,),
    )  # fmt: skip
    return Parcel(report=report, name="2026-06-01-0700-月报-1a2b")


def test_the_words_stand_in_the_message_and_the_page_is_attached(server: Server) -> None:
    Mailer(settings_for(server.port))(ANNA, parcel())
    message = server.postbox.message()
    assert server.postbox.taken[0].rcpt_tos == ["anna@example.org"]
    assert message["Subject"] == "Tiny: monthly report, May 2026"
    assert message["From"].addresses[0].addr_spec == "shop@example.org"
    body, [page] = message.get_body(), list(message.iter_attachments())
    assert body is not None and "Revenue <b>150</b> EUR." in body.get_content()
    assert page.get_filename() == "2026-06-01-0700-月报-1a2b.html"
    assert "Revenue &lt;b&gt;150&lt;/b&gt; EUR." in page.get_content()
    Mailer(settings_for(server.port))(ANNA, parcel())
    assert server.postbox.message()["Message-ID"] == message["Message-ID"], "a run sent twice is one message"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x00"])
def test_no_word_of_a_shop_becomes_a_header(server: Server, end: str) -> None:
    Mailer(settings_for(server.port))(ANNA, parcel(f"Tiny{end}Bcc: eve@example.org{end}{end}Pay here"))
    message = server.postbox.message()
    assert message["Bcc"] is None and server.postbox.taken[0].rcpt_tos == ["anna@example.org"]
    assert message["Subject"] == "Tiny Bcc: eve@example.org Pay here"


def test_a_subject_of_any_length_and_script_is_sent(server: Server) -> None:
    Mailer(settings_for(server.port))(ANNA, parcel("小店：" + "卖得怎么样" * 80))
    assert server.postbox.message()["Subject"].startswith("小店：卖得怎么样")


def test_what_the_server_says_is_told(server: Server) -> None:
    server.postbox.refuses = "550 5.1.1 no such\tmailbox here"
    with pytest.raises(NotDelivered, match=r"refused anna@example\.org: 550 5\.1\.1 no such mailbox here"):
        Mailer(settings_for(server.port))(ANNA, parcel())
    assert server.postbox.taken == []


def test_a_server_that_does_not_answer_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NotDelivered, match=f"127.0.0.1:{port} cannot be used: Connection refused"):
        Mailer(settings_for(port))(ANNA, parcel())


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"smtp_host": None}, "set SHOPTALK_SMTP_HOST"), ({"smtp_from": None}, "set SHOPTALK_SMTP_FROM")],
)
def test_what_is_not_set_is_named(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(NotDelivered, match=says):
        Mailer(replace(settings_for(25), **changed))(ANNA, parcel())


def test_nothing_is_sent_readable_to_another_computer(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "is_loopback", lambda host: False)
    with pytest.raises(NotDelivered, match="STARTTLS"):
        Mailer(settings_for(server.port))(ANNA, parcel())
    assert server.postbox.taken == []


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """One for 127.0.0.1 that signed itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path = tmp_path / "server.pem"
    path.write_bytes(
        made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


def test_tls_and_a_password_from_a_file(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sign_in(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        is_right = (data.login, data.password) == (b"shop@example.org", b"s3cret")
        return AuthResult(success=is_right, handled=is_right)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(
        tls_context=context, require_starttls=True, authenticator=sign_in, auth_required=True
    )  # fmt: skip
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    try:
        environment = {
            "SHOPTALK_HOME": str(tmp_path), "SHOPTALK_SMTP_HOST": "127.0.0.1",
            "SHOPTALK_SMTP_PORT": str(server.port), "SHOPTALK_SMTP_USER": "shop@example.org",
            "SHOPTALK_SMTP_PASSWORD_FILE": str(password),
        }  # fmt: skip
        settings = Settings.from_environment(environment)
        assert "s3cret" not in repr(settings)
        with pytest.raises(NotDelivered, match=r"cannot be used: .*certificate"):
            Mailer(settings)(ANNA, parcel())
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        Mailer(settings)(ANNA, parcel())
        assert server.postbox.message()["From"].addresses[0].addr_spec == "shop@example.org"
        with pytest.raises(NotDelivered, match="refused: 535"):
            Mailer(replace(settings, smtp_password="wrong"))(ANNA, parcel())
        assert len(server.postbox.taken) == 1
    finally:
        server.controller.stop()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SMTP_PASSWORD_FILE", "/nowhere/at/all", "does not exist"),
        ("SMTP_PORT", "0", "from 1 to 65535"),
        ("SMTP_FROM", "me\nBcc: eve@example.org", "expected an address"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str, says: str) -> None:
    with pytest.raises(WrongUse, match=f"SHOPTALK_{name}.*{says}"):
        Settings.from_environment({f"SHOPTALK_{name}": value})


@pytest.mark.parametrize(
    "text",
    [
        "mail:", "mail:anna", "mail:anna@example.org, eve@example.org", "mail:a b@example.org",
        "mail:anna@example.org\nBcc: eve@example.org", "mail:<anna@example.org>", "slack:", "slack:sales",
        "slack:#sales now", "slack:<!channel>", "", " ", "a\0b",
    ],
)  # fmt: skip
def test_a_target_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="--to is"):
        read_target(text)
