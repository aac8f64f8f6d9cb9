"""Settings, read from the environment and one file once, here and nowhere else.

A variable wins over the file. A secret may stand in a file of its own, which ``SHOPTALK_…_FILE`` names.
Also the place that fixes what must be fixed before numpy, faiss, torch or gradio load: thread counts and
the switches that keep libraries from calling home.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path

from app.errors import WrongUse

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "nf4", "bfloat16", "float32")
DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct"
DEFAULT_PORT = 7860
FEISHU_URL = "https://open.feishu.cn"
OIDC_SCOPES = "openid profile email"

QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "BITSANDBYTES_NOWELCOME": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Switches of third-party libraries: no telemetry."""

SETTINGS_FILE = "settings.yml"
"""Name of the file below home."""
LOG_FORMATS = ("plain", "json")
LOG_LEVELS = ("warning", "info")

_SECRETS = {
    "SHOPTALK_ENGINE_KEY", "SHOPTALK_SLACK_BOT_TOKEN", "SHOPTALK_SLACK_APP_TOKEN",
    "SHOPTALK_SLACK_SIGNING_SECRET", "SHOPTALK_SMTP_PASSWORD",
    "SHOPTALK_FEISHU_APP_SECRET", "SHOPTALK_FEISHU_ENCRYPT_KEY",
    "SHOPTALK_FEISHU_VERIFICATION_TOKEN", "SHOPTALK_STORE", "SHOPTALK_OIDC_CLIENT_SECRET",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the environment and the file decide. Options of the command line win over these.

    Of each field the first sentence of its docstring and its variable are what docs/running.md tells.
    """

    home: Path
    """Where weights, indexes, the store, the audit log and the demonstration shop are kept.
    ``SHOPTALK_HOME``."""
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
    """Of torch: ``nf4``, ``bfloat16`` or ``float32``; ``None`` runs llama.cpp on a CPU and NF4 on a card.
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
    """Questions of one person with a key in a minute; 0 for as many as they like.
    ``SHOPTALK_QUESTIONS_A_MINUTE``."""
    questions_a_day: int = 1_000
    """Questions of one person with a key in 24 hours. ``SHOPTALK_QUESTIONS_A_DAY``."""
    keep_days: int = 0
    """Days that a server keeps feedback, conversations, reports and files of visitors; 0 until they are
    deleted. ``SHOPTALK_KEEP_DAYS``."""
    slack_bot_token: str | None = field(default=None, repr=False)
    """Token of the bot in Slack (xoxb-…); never shown. ``SHOPTALK_SLACK_BOT_TOKEN``."""
    slack_app_token: str | None = field(default=None, repr=False)
    """Token of the app in Slack (xapp-…), for Socket Mode; never shown. ``SHOPTALK_SLACK_APP_TOKEN``."""
    slack_signing_secret: str | None = field(default=None, repr=False)
    """What Slack signs with, for the Events API; never shown. ``SHOPTALK_SLACK_SIGNING_SECRET``."""
    slack_help_channel: str | None = None
    """Id of the channel in Slack where people are asked for help; ``None`` for no such button.
    ``SHOPTALK_SLACK_HELP_CHANNEL``."""
    smtp_host: str | None = None
    """Mail server for scheduled reports; ``None`` for none. ``SHOPTALK_SMTP_HOST``."""
    smtp_port: int = 587
    """Port of the mail server: TLS from the start on 465, by STARTTLS on others. ``SHOPTALK_SMTP_PORT``."""
    smtp_user: str | None = None
    """Who signs in at the mail server; ``None`` for nobody. ``SHOPTALK_SMTP_USER``."""
    smtp_password: str | None = field(default=None, repr=False)
    """Password at the mail server; never shown. ``SHOPTALK_SMTP_PASSWORD``."""
    smtp_from: str | None = None
    """Address that scheduled reports come from; ``None`` takes the user's. ``SHOPTALK_SMTP_FROM``."""
    feishu_app_id: str | None = None
    """Id of the app in Feishu or Lark (cli_…). ``SHOPTALK_FEISHU_APP_ID``."""
    feishu_app_secret: str | None = field(default=None, repr=False)
    """Secret of the app in Feishu; never shown. ``SHOPTALK_FEISHU_APP_SECRET``."""
    feishu_encrypt_key: str | None = field(default=None, repr=False)
    """What deliveries of Feishu over HTTP are encrypted and signed with; never shown.
    ``SHOPTALK_FEISHU_ENCRYPT_KEY``."""
    feishu_verification_token: str | None = field(default=None, repr=False)
    """What deliveries of Feishu over HTTP bear; never shown. ``SHOPTALK_FEISHU_VERIFICATION_TOKEN``."""
    feishu_url: str = FEISHU_URL
    """Address of Feishu's open platform; https://open.larksuite.com for Lark. ``SHOPTALK_FEISHU_URL``."""
    oidc_issuer: str | None = None
    """Address of the OpenID provider where people sign in to the page; ``None`` for sign-in by keys alone.
    ``SHOPTALK_OIDC_ISSUER``."""
    oidc_client_id: str | None = None
    """What the provider calls this server. ``SHOPTALK_OIDC_CLIENT_ID``."""
    oidc_client_secret: str | None = field(default=None, repr=False)
    """Secret of this server at the provider; ``None`` where it has none; never shown.
    ``SHOPTALK_OIDC_CLIENT_SECRET``."""
    oidc_scopes: str = OIDC_SCOPES
    """What is asked of the provider, ``openid`` among it. ``SHOPTALK_OIDC_SCOPES``."""
    oidc_account_claim: str = "sub"
    """Claim that names an account: sub, or email where the provider says that it is verified.
    ``SHOPTALK_OIDC_ACCOUNT_CLAIM``."""
    oidc_groups_claim: str = "groups"
    """Claim with the groups of an account. ``SHOPTALK_OIDC_GROUPS_CLAIM``."""
    public_url: str | None = None
    """Address under which browsers reach this server, such as https://ask.shop.example; needed where there is
    a provider. ``SHOPTALK_PUBLIC_URL``."""
    audit_path: Path | None = None
    """File of the audit log; ``None`` puts it under home. ``SHOPTALK_AUDIT_PATH``."""
    store: str | None = field(default=None, repr=False)
    """Address of the PostgreSQL database for people, keys, conversations and feedback; ``None`` keeps them in
    SQLite under home; never shown. ``SHOPTALK_STORE``."""
    log_format: str = "plain"
    """``plain`` or ``json``, of the log on standard error. ``SHOPTALK_LOG_FORMAT``."""
    log_level: str = "warning"
    """``warning``, or ``info`` for a line of each request and question too. ``SHOPTALK_LOG_LEVEL``."""
    log_questions: bool = False
    """Whether the log may hold what people ask, and the words of errors. ``SHOPTALK_LOG_QUESTIONS``."""
    traces_url: str | None = None
    """Address that OpenTelemetry traces are sent to over HTTP; ``None`` sends none. ``SHOPTALK_TRACES_URL``,
    or OpenTelemetry's own ``OTEL_EXPORTER_OTLP_ENDPOINT``."""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment, for ``${NAME}`` in the ``database`` of a shop.yml: a password, say. Never shown."""
    is_debug: bool = False
    """Show tracebacks of expected errors. ``SHOPTALK_DEBUG``."""
    has_display: bool = False
    """A browser could be opened here: without one, only the page's address is printed."""

    @property
    def tells_words(self) -> bool:
        """Whether the words of errors get into the log: they may quote a question or a row."""
        return self.log_questions or self.is_debug

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
    def store_file(self) -> Path:
        """Database of people, keys, conversations and feedback where no ``store`` is given."""
        return self.home / "store.db"

    @property
    def people_file(self) -> Path:
        """File in which role and attributes of people may be written."""
        return self.home / "people.yml"

    @property
    def forgotten(self) -> Path:
        """File that says how often somebody was forgotten, and which texts must not come back."""
        return self.home / "forgotten.json"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read and check ``SHOPTALK_*`` and the file; an empty variable counts as absent.

        Args:
            environment: what to read; ``None`` reads the process's own.
        Raises:
            WrongUse: a value that cannot be used; names the variable, the value and what is expected.
        """
        given = {k: v.strip() for k, v in (os.environ if environment is None else environment).items()}
        home = _home(given.get("SHOPTALK_HOME") or None)
        written = _written(_named(given.get("SHOPTALK_SETTINGS")) or home / SETTINGS_FILE, cls)
        given = written | {name: value for name, value in given.items() if value or name not in written}

        def text(name: str) -> str | None:
            variable = f"SHOPTALK_{name}"
            if variable in _SECRETS and not given.get(variable):
                return _first_line(f"{variable}_FILE", given.get(f"{variable}_FILE") or None)
            return given.get(variable) or None

        def most(name: str, default: int) -> int:
            found = _whole(f"SHOPTALK_{name}", text(name), 0, 1_000_000)
            return default if found is None else found

        issuer, client_id = _secure("SHOPTALK_OIDC_ISSUER", text("OIDC_ISSUER")), text("OIDC_CLIENT_ID")
        public_url = _secure("SHOPTALK_PUBLIC_URL", text("PUBLIC_URL"))
        if issuer is not None and (client_id is None or public_url is None):
            missing = "SHOPTALK_OIDC_CLIENT_ID" if client_id is None else "SHOPTALK_PUBLIC_URL"
            raise WrongUse(
                f"SHOPTALK_OIDC_ISSUER needs {missing} beside it (docs/sign-in.md); or unset it, for sign-in "
                "by keys alone."
            )

        return cls(
            home=home,
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
            smtp_password=text("SMTP_PASSWORD"),
            smtp_from=_address("SHOPTALK_SMTP_FROM", text("SMTP_FROM")),
            feishu_app_id=text("FEISHU_APP_ID"),
            feishu_app_secret=text("FEISHU_APP_SECRET"),
            feishu_encrypt_key=text("FEISHU_ENCRYPT_KEY"),
            feishu_verification_token=text("FEISHU_VERIFICATION_TOKEN"),
            feishu_url=_platform("SHOPTALK_FEISHU_URL", text("FEISHU_URL")),
            oidc_issuer=issuer,
            oidc_client_id=client_id,
            oidc_client_secret=text("OIDC_CLIENT_SECRET"),
            oidc_scopes=_scopes("SHOPTALK_OIDC_SCOPES", text("OIDC_SCOPES")),
            oidc_account_claim=text("OIDC_ACCOUNT_CLAIM") or cls.oidc_account_claim,
            oidc_groups_claim=text("OIDC_GROUPS_CLAIM") or cls.oidc_groups_claim,
            public_url=public_url and public_url.rstrip("/"),
            audit_path=_log_file("SHOPTALK_AUDIT_PATH", text("AUDIT_PATH")),
            store=text("STORE"),
            log_format=_choice("SHOPTALK_LOG_FORMAT", text("LOG_FORMAT"), LOG_FORMATS) or cls.log_format,
            log_level=_choice("SHOPTALK_LOG_LEVEL", text("LOG_LEVEL"), LOG_LEVELS) or cls.log_level,
            log_questions=_is_on(given.get("SHOPTALK_LOG_QUESTIONS", "")),
            traces_url=_url("SHOPTALK_TRACES_URL", text("TRACES_URL"))
            or _url("OTEL_EXPORTER_OTLP_ENDPOINT", given.get("OTEL_EXPORTER_OTLP_ENDPOINT") or None),
            variables={name: value for name, value in given.items() if name not in _SECRETS},
            is_debug=wants_debug(given),
            has_display=sys.platform in ("darwin", "win32")
            or bool(given.get("DISPLAY") or given.get("WAYLAND_DISPLAY")),
        )


def wants_debug(environment: Mapping[str, str] | None = None) -> bool:
    """Whether ``SHOPTALK_DEBUG`` asks for tracebacks; readable even when other settings are wrong."""
    return _is_on((os.environ if environment is None else environment).get("SHOPTALK_DEBUG", ""))


def _is_on(value: str) -> bool:
    return value.strip().lower() not in ("", "0", "false", "no", "off")


def prepare_process(settings: Settings) -> None:
    """Set thread counts and quiet switches; call before numpy, faiss, torch or gradio are imported."""
    from llm.hardware import set_threads

    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if not _is_terminal(sys.stderr):  # a log file, where every turn of a progress bar is a line
        os.environ.setdefault("TQDM_MININTERVAL", "15")
    if settings.log_format == "json":  # bars are no JSON
        os.environ["TQDM_DISABLE"] = "1"
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


def _first_line(name: str, value: str | None) -> str | None:
    path = _existing(name, value)
    if path is None:
        return None
    try:
        return path.read_text("utf-8").partition("\n")[0].strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{name} is {value!r}, which cannot be read.") from error


def file_keys(settings: type[Settings]) -> dict[str, str]:
    """What the file may say, and the variable that says the same: no secret, nothing that is read before."""
    others = ("home", "variables", "has_display", "is_debug")
    names = [f.name for f in fields(settings) if f.name not in others]
    keys = {name.removeprefix("is_"): f"SHOPTALK_{name.removeprefix('is_').upper()}" for name in names}
    return {
        **{key: variable for key, variable in keys.items() if variable not in _SECRETS},
        **{f"{key}_file": f"{variable}_FILE" for key, variable in keys.items() if variable in _SECRETS},
    }


def _named(value: str | None) -> Path | None:
    return _existing("SHOPTALK_SETTINGS", value or None)


def _written(path: Path, settings: type[Settings]) -> dict[str, str]:
    """Variables that the file stands for; none where there is no file."""
    if not path.exists():
        return {}
    import yaml

    try:
        said = yaml.safe_load(path.read_text("utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongUse(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    if not isinstance(said, dict):
        raise WrongUse(f"{path} must hold lines such as port: 7860.")
    known = file_keys(settings)
    for key, value in said.items():
        if f"{key}_file" in known:
            raise WrongUse(f"{path}: {key} is a secret; name a file that holds it: {key}_file: PATH.")
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            hint = f"; did you mean {near[0]}?" if near else "; docs/running.md lists what it may say."
            raise WrongUse(f"{path}: there is no setting {key!r}{hint}")
        if not isinstance(value, str | int | float | bool | None):
            raise WrongUse(f"{path}: {key} must be one text, number, yes or no.")
    return {known[key]: "" if value is None else str(value).strip() for key, value in said.items()}


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


def _secure(name: str, value: str | None) -> str | None:
    """Who people are is told there: over TLS, unless on this computer."""
    on_this = r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s?#]*)?"
    if value is not None and not re.fullmatch(rf"https://[\w.\[\]:-]+(/[^\s?#]*)?|{on_this}", value):
        raise WrongUse(f"{name} is {value!r}; expected an address that begins with https://.")
    return value


def _scopes(name: str, value: str | None) -> str:
    if value is None:
        return OIDC_SCOPES
    if "openid" not in value.split():
        raise WrongUse(f"{name} is {value!r}; expected names with spaces between, openid among them.")
    return " ".join(value.split())


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
