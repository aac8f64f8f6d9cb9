"""Settings, read from the environment once, here and nowhere else.

Also the place that fixes what must be fixed before numpy, faiss, torch or gradio load: thread counts and
the switches that keep libraries from calling home.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import WrongUse

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "nf4", "bfloat16", "float32")
DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct"
DEFAULT_PORT = 7860
FEISHU_URL = "https://open.feishu.cn"

QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "BITSANDBYTES_NOWELCOME": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Switches of third-party libraries: no telemetry."""

_SECRETS = {
    "SHOPTALK_ENGINE_KEY", "SHOPTALK_SLACK_BOT_TOKEN", "SHOPTALK_SLACK_APP_TOKEN",
    "SHOPTALK_SLACK_SIGNING_SECRET", "SHOPTALK_SMTP_PASSWORD",
    "SHOPTALK_FEISHU_APP_SECRET", "SHOPTALK_FEISHU_ENCRYPT_KEY",
    "SHOPTALK_FEISHU_VERIFICATION_TOKEN",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the environment decides. Options of the command line win over these."""

    home: Path
    """Where weights, the demonstration shop, indexes and feedback are kept. ``SHOPTALK_HOME``."""
    model: str = DEFAULT_MODEL
    """Name of the language model. ``SHOPTALK_MODEL``."""
    model_path: Path | None = None
    """A weights file or folder to use instead of the official one. ``SHOPTALK_MODEL_PATH``."""
    adapter: str | None = None
    """LoRA adapter to write SQL with; ``none`` for the bare model; ``None`` for the one that comes with the
    project. ``SHOPTALK_ADAPTER``."""
    device: str | None = None
    """``cpu`` or ``cuda``; ``None`` chooses. ``SHOPTALK_DEVICE``."""
    precision: str | None = None
    """Of torch: one of ``PRECISIONS``; ``None`` runs llama.cpp on a CPU and NF4 on a card.
    ``SHOPTALK_PRECISION``."""
    engine_url: str | None = None
    """Base URL of an OpenAI-compatible server; ``None`` runs the model here. ``SHOPTALK_ENGINE_URL``."""
    engine_key: str | None = field(default=None, repr=False)
    """Bearer key of that server; never shown. ``SHOPTALK_ENGINE_KEY``."""
    data: Path | None = None
    """Folder of public data for the examples; ``None`` when there is none. ``SHOPTALK_DATA``."""
    host: str = "127.0.0.1"
    """Address the page listens on. ``SHOPTALK_HOST``."""
    port: int | None = None
    """Port of the page; ``None`` takes the first free one from 7860. ``SHOPTALK_PORT``."""
    threads: int | None = None
    """CPU threads of the language model, the other libraries get the rest; ``None`` chooses.
    ``SHOPTALK_THREADS``."""
    questions_a_minute: int = 30
    """Of one person with a key; 0 for as many as they like. ``SHOPTALK_QUESTIONS_A_MINUTE``."""
    questions_a_day: int = 1_000
    """The same in 24 hours. ``SHOPTALK_QUESTIONS_A_DAY``."""
    keep_days: int = 0
    """Days that a server keeps feedback, reports and files of visitors; 0 until they are deleted.
    ``SHOPTALK_KEEP_DAYS``."""
    slack_bot_token: str | None = field(default=None, repr=False)
    """Token of the bot in Slack (xoxb-…); never shown. ``SHOPTALK_SLACK_BOT_TOKEN``."""
    slack_app_token: str | None = field(default=None, repr=False)
    """Token of the app (xapp-…), for Socket Mode; never shown. ``SHOPTALK_SLACK_APP_TOKEN``."""
    slack_signing_secret: str | None = field(default=None, repr=False)
    """What Slack signs with, for the Events API; never shown. ``SHOPTALK_SLACK_SIGNING_SECRET``."""
    slack_help_channel: str | None = None
    """Id of the channel where people are asked for help; ``None`` for no such button.
    ``SHOPTALK_SLACK_HELP_CHANNEL``."""
    smtp_host: str | None = None
    """Mail server for scheduled reports; ``None`` for none. ``SHOPTALK_SMTP_HOST``."""
    smtp_port: int = 587
    """Its port: TLS from the start on 465, by STARTTLS on others. ``SHOPTALK_SMTP_PORT``."""
    smtp_user: str | None = None
    """Who signs in there; ``None`` for nobody. ``SHOPTALK_SMTP_USER``."""
    smtp_password: str | None = field(default=None, repr=False)
    """Their password; never shown. ``SHOPTALK_SMTP_PASSWORD``, or a file, ``SHOPTALK_SMTP_PASSWORD_FILE``."""
    smtp_from: str | None = None
    """Address that messages come from; ``None`` takes the user's. ``SHOPTALK_SMTP_FROM``."""
    feishu_app_id: str | None = None
    """Id of the app in Feishu or Lark (cli_…). ``SHOPTALK_FEISHU_APP_ID``."""
    feishu_app_secret: str | None = field(default=None, repr=False)
    """Secret of that app; never shown. ``SHOPTALK_FEISHU_APP_SECRET``."""
    feishu_encrypt_key: str | None = field(default=None, repr=False)
    """What deliveries over HTTP are encrypted and signed with; never shown.
    ``SHOPTALK_FEISHU_ENCRYPT_KEY``."""
    feishu_verification_token: str | None = field(default=None, repr=False)
    """What deliveries over HTTP bear; never shown. ``SHOPTALK_FEISHU_VERIFICATION_TOKEN``."""
    feishu_url: str = FEISHU_URL
    """Address of the open platform; https://open.larksuite.com for Lark. ``SHOPTALK_FEISHU_URL``."""
    audit_path: Path | None = None
    """File of the audit log; ``None`` puts it under home. ``SHOPTALK_AUDIT_PATH``."""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment, for ``${NAME}`` in the ``database`` of a shop.yml: a password, say. Never shown."""
    is_debug: bool = False
    """Show tracebacks of expected errors. ``SHOPTALK_DEBUG``."""
    has_display: bool = False
    """A browser could be opened here: without one, only the page's address is printed."""

    @property
    def weights(self) -> Path:
        """Folder of the model's weights."""
        return self.home / "weights"

    @property
    def adapters(self) -> Path:
        """Folder with one subfolder per LoRA adapter that was trained here."""
        return self.home / "adapters"

    @property
    def demo(self) -> Path:
        """Folder of the demonstration shop."""
        return self.home / "demo"

    @property
    def shops(self) -> Path:
        """Folder with one subfolder per shop: its index, its past reports."""
        return self.home / "shops"

    @property
    def brought(self) -> Path:
        """Folder with the files that were opened on the page and are kept, one subfolder per browser."""
        return self.home / "brought"

    @property
    def audit(self) -> Path:
        """File of the audit log; older parts and its head stand beside it."""
        return self.audit_path or self.home / "audit" / "audit.jsonl"

    @property
    def people(self) -> Path:
        """Database of the people who have keys; made at the first one."""
        return self.home / "people.db"

    @property
    def people_file(self) -> Path:
        """File in which role and attributes of people may be written."""
        return self.home / "people.yml"

    @property
    def feedback(self) -> Path:
        """File of the thumbs that users gave, one JSON object a line."""
        return self.home / "feedback.jsonl"

    @property
    def forgotten(self) -> Path:
        """File that says how often somebody was forgotten, and which texts must not come back."""
        return self.home / "forgotten.json"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read and check ``SHOPTALK_*``; an empty variable counts as absent.

        Args:
            environment: what to read; ``None`` reads the process's own.
        Raises:
            WrongUse: a value that cannot be used; names the variable, the value and what is expected.
        """
        given = {k: v.strip() for k, v in (os.environ if environment is None else environment).items()}

        def text(name: str) -> str | None:
            return given.get(f"SHOPTALK_{name}") or None

        def most(name: str, default: int) -> int:
            found = _whole(f"SHOPTALK_{name}", text(name), 0, 1_000_000)
            return default if found is None else found

        return cls(
            home=_home(text("HOME")),
            model=text("MODEL") or DEFAULT_MODEL,
            model_path=_existing("SHOPTALK_MODEL_PATH", text("MODEL_PATH")),
            adapter=text("ADAPTER"),
            device=_choice("SHOPTALK_DEVICE", text("DEVICE"), DEVICES),
            precision=_choice("SHOPTALK_PRECISION", text("PRECISION"), PRECISIONS),
            engine_url=_url("SHOPTALK_ENGINE_URL", text("ENGINE_URL")),
            engine_key=text("ENGINE_KEY"),
            data=_existing("SHOPTALK_DATA", text("DATA")),
            host=text("HOST") or "127.0.0.1",
            port=_whole("SHOPTALK_PORT", text("PORT"), 1, 65_535),
            threads=_whole("SHOPTALK_THREADS", text("THREADS"), 1, 1_024),
            questions_a_minute=most("QUESTIONS_A_MINUTE", cls.questions_a_minute),
            questions_a_day=most("QUESTIONS_A_DAY", cls.questions_a_day),
            keep_days=_whole("SHOPTALK_KEEP_DAYS", text("KEEP_DAYS"), 0, 36_500) or 0,
            slack_bot_token=text("SLACK_BOT_TOKEN"),
            slack_app_token=text("SLACK_APP_TOKEN"),
            slack_signing_secret=text("SLACK_SIGNING_SECRET"),
            slack_help_channel=text("SLACK_HELP_CHANNEL"),
            smtp_host=text("SMTP_HOST"),
            smtp_port=_whole("SHOPTALK_SMTP_PORT", text("SMTP_PORT"), 1, 65_535) or cls.smtp_port,
            smtp_user=text("SMTP_USER"),
            smtp_password=text("SMTP_PASSWORD") or _first_line(text("SMTP_PASSWORD_FILE")),
            smtp_from=_address("SHOPTALK_SMTP_FROM", text("SMTP_FROM")),
            feishu_app_id=text("FEISHU_APP_ID"),
            feishu_app_secret=text("FEISHU_APP_SECRET"),
            feishu_encrypt_key=text("FEISHU_ENCRYPT_KEY"),
            feishu_verification_token=text("FEISHU_VERIFICATION_TOKEN"),
            feishu_url=_platform("SHOPTALK_FEISHU_URL", text("FEISHU_URL")),
            audit_path=_log_file("SHOPTALK_AUDIT_PATH", text("AUDIT_PATH")),
            variables={name: value for name, value in given.items() if name not in _SECRETS},
            is_debug=wants_debug(given),
            has_display=sys.platform in ("darwin", "win32")
            or bool(given.get("DISPLAY") or given.get("WAYLAND_DISPLAY")),
        )


def wants_debug(environment: Mapping[str, str] | None = None) -> bool:
    """Whether ``SHOPTALK_DEBUG`` asks for tracebacks; readable even when other settings are wrong."""
    value = (os.environ if environment is None else environment).get("SHOPTALK_DEBUG", "")
    return value.strip().lower() not in ("", "0", "false", "no", "off")


def prepare_process(settings: Settings) -> None:
    """Set thread counts and quiet switches; call before numpy, faiss, torch or gradio are imported."""
    from llm.hardware import set_threads

    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if not _is_terminal(sys.stderr):  # a log file, where every turn of a progress bar is a line
        os.environ.setdefault("TQDM_MININTERVAL", "15")
    if settings.threads:
        os.environ["SHOPTALK_THREADS"] = str(settings.threads)
    set_threads()


def _is_terminal(stream: object) -> bool:
    try:
        return bool(getattr(stream, "isatty", lambda: False)())
    except ValueError:  # closed
        return False


def go_offline() -> None:
    """From here on no library looks at a hub: the weights are there, and nothing may wait for a network."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"


def _home(value: str | None) -> Path:
    if value is None:
        from platformdirs import user_data_dir

        return Path(user_data_dir("shoptalk", appauthor=False))
    home = Path(value).expanduser().absolute()
    if home.exists() and not home.is_dir():
        raise WrongUse(f"SHOPTALK_HOME is {value!r}, which is a file; name a folder.")
    return home


def _existing(name: str, value: str | None) -> Path | None:
    if value is None:
        return None
    path = Path(value).expanduser().absolute()
    if not path.exists():
        raise WrongUse(f"{name} is {value!r}, which does not exist; name an existing path or unset it.")
    return path


def _first_line(value: str | None) -> str | None:
    path = _existing("SHOPTALK_SMTP_PASSWORD_FILE", value)
    if path is None:
        return None
    try:
        return path.read_text("utf-8").partition("\n")[0].strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"SHOPTALK_SMTP_PASSWORD_FILE is {value!r}, which cannot be read.") from error


def _address(name: str, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[^\s@<>]+@[A-Za-z0-9.-]+", value):
        raise WrongUse(f"{name} is {value!r}; expected an address such as reports@shop.example.")
    return value


def _log_file(name: str, value: str | None) -> Path | None:
    if value is None:
        return None
    path = Path(value).expanduser().absolute()
    if path.suffix != ".jsonl" or path.is_dir():
        raise WrongUse(f"{name} is {value!r}; expected a file whose name ends in .jsonl.")
    return path


def _choice(name: str, value: str | None, choices: tuple[str, ...]) -> str | None:
    if value is None or value.lower() == "auto":
        return None
    if value.lower() not in choices:
        raise WrongUse(f"{name} is {value!r}; use one of {', '.join(choices)}.")
    return value.lower()


def _url(name: str, value: str | None) -> str | None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise WrongUse(f"{name} is {value!r}; expected an address such as http://127.0.0.1:8000/v1.")
    return value


def _platform(name: str, value: str | None) -> str:
    """The app's secret is sent there: over TLS, unless to this computer."""
    if value is None:
        return FEISHU_URL
    if not re.fullmatch(r"https://[\w.-]+(:\d+)?|http://(127\.0\.0\.1|localhost)(:\d+)?", value.rstrip("/")):
        raise WrongUse(f"{name} is {value!r}; expected {FEISHU_URL} or https://open.larksuite.com.")
    return value.rstrip("/")


def _whole(name: str, value: str | None, low: int, high: int) -> int | None:
    if value is None:
        return None
    if not value.isdecimal() or not low <= int(value) <= high:
        raise WrongUse(f"{name} is {value!r}; expected a whole number from {low} to {high}.")
    return int(value)
