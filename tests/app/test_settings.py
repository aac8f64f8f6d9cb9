from pathlib import Path

import pytest

from app.errors import WrongUse
from app.settings import Settings, wants_debug


def test_an_empty_environment_gives_the_documented_defaults(tmp_path: Path) -> None:
    settings = Settings.from_environment({"SHOPTALK_HOME": str(tmp_path)})
    assert settings.home == tmp_path
    assert settings.model == "qwen2.5-coder-1.5b-instruct"
    assert (settings.host, settings.port) == ("127.0.0.1", None)
    assert (settings.device, settings.precision, settings.engine_url, settings.model_path) == (None,) * 4
    assert settings.weights == tmp_path / "weights"
    assert settings.demo == tmp_path / "demo"


def test_without_a_home_the_systems_folder_for_user_data_is_taken() -> None:
    assert Settings.from_environment({}).home.name == "shoptalk"


def test_empty_variables_count_as_absent_and_auto_means_choose() -> None:
    settings = Settings.from_environment(
        {"SHOPTALK_PORT": " ", "SHOPTALK_DEVICE": "auto", "SHOPTALK_MODEL": ""}
    )
    assert settings.port is None
    assert settings.device is None
    assert settings.model == "qwen2.5-coder-1.5b-instruct"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SHOPTALK_PORT", "abc", "SHOPTALK_PORT is 'abc'; expected a whole number from 1 to 65535"),
        ("SHOPTALK_PORT", "70000", "from 1 to 65535"),
        ("SHOPTALK_PORT", "-1", "from 1 to 65535"),
        ("SHOPTALK_THREADS", "0", "from 1 to 1024"),
        ("SHOPTALK_DEVICE", "tpu", "SHOPTALK_DEVICE is 'tpu'; use one of auto, cpu, cuda"),
        ("SHOPTALK_PRECISION", "int3", "use one of auto, nf4"),
        ("SHOPTALK_ENGINE_URL", "localhost:8000", "expected an address such as http"),
        ("SHOPTALK_MODEL_PATH", "/nowhere/at/all", "which does not exist"),
        ("SHOPTALK_DATA", "/nowhere/at/all", "which does not exist"),
    ],
)
def test_a_bad_value_names_the_variable_and_what_is_expected(name: str, value: str, message: str) -> None:
    with pytest.raises(WrongUse, match=name) as caught:
        Settings.from_environment({name: value})
    assert message in str(caught.value)


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(WrongUse, match="which is a file"):
        Settings.from_environment({"SHOPTALK_HOME": str(tmp_path / "file")})


@pytest.mark.parametrize(
    ("value", "wanted"), [("1", True), ("yes", True), ("0", False), ("", False), ("off", False)]
)
def test_debug_is_read_leniently(value: str, wanted: bool) -> None:
    assert wants_debug({"SHOPTALK_DEBUG": value}) is wanted


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("", "https://open.feishu.cn"),
        ("https://open.larksuite.com/", "https://open.larksuite.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://open.feishu.cn", None),
        ("https://user@open.feishu.cn", None),
        ("https://open.feishu.cn/open-apis", None),
        ("http://127.0.0.1.evil.example", None),
        ("open.feishu.cn", None),
    ],
)
def test_the_secret_of_feishus_app_is_sent_over_tls_or_to_this_computer(value: str, url: str | None) -> None:
    if url is not None:
        assert Settings.from_environment({"SHOPTALK_FEISHU_URL": value}).feishu_url == url
        return
    with pytest.raises(WrongUse, match=r"SHOPTALK_FEISHU_URL is .* expected https://open\.feishu\.cn"):
        Settings.from_environment({"SHOPTALK_FEISHU_URL": value})


def test_secrets_are_neither_shown_nor_given_to_a_shop_file(tmp_path: Path) -> None:
    names = (
        "ENGINE_KEY", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "FEISHU_APP_SECRET",
        "FEISHU_ENCRYPT_KEY", "FEISHU_VERIFICATION_TOKEN",
    )  # fmt: skip
    secrets = {f"SHOPTALK_{name}": f"hush-{name}" for name in names}
    settings = Settings.from_environment({"SHOPTALK_HOME": str(tmp_path), "DB_PASSWORD": "mine", **secrets})
    assert settings.slack_bot_token == "hush-SLACK_BOT_TOKEN" and "hush" not in repr(settings)
    assert settings.variables["DB_PASSWORD"] == "mine" and not secrets.keys() & settings.variables.keys()


def with_file(folder: Path, text: str, **variables: str) -> Settings:
    (folder / "settings.yml").write_text(text, "utf-8")
    return Settings.from_environment({"SHOPTALK_HOME": str(folder), **variables})


def test_the_file_says_what_the_environment_does_not(tmp_path: Path) -> None:
    settings = with_file(
        tmp_path, "port: 8123\nlog_format: json\nlog_questions: yes\nmodel:\n", SHOPTALK_LOG_FORMAT="plain"
    )
    assert (settings.port, settings.log_format, settings.log_questions) == (8123, "plain", True)
    assert settings.model == "qwen2.5-coder-1.5b-instruct", "an empty line is none"
    elsewhere = tmp_path / "other.yml"
    elsewhere.write_text("port: 8124")
    assert with_file(tmp_path, "port: 1", SHOPTALK_SETTINGS=str(elsewhere)).port == 8124
    assert with_file(tmp_path, "").port is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prot: 8123", "there is no setting 'prot'; did you mean port?"),
        ("colour_of_the_page: red", "there is no setting 'colour_of_the_page'; docs/running.md lists"),
        ("engine_key: sk-123", "engine_key is a secret; name a file that holds it: engine_key_file: PATH"),
        ("store: postgresql://u:p@h/d", "store is a secret; name a file"),
        ("port: [1, 2]", "port must be one text, number, yes or no"),
        ("- port", "must hold lines such as port: 7860"),
        ("port: {", "cannot be read"),
        ("port: many", "SHOPTALK_PORT is 'many'; expected a whole number"),
        ("log_level: debug", "SHOPTALK_LOG_LEVEL is 'debug'; use one of warning, info"),
        ("store_file: /nowhere/at/all", "SHOPTALK_STORE_FILE is '/nowhere/at/all', which does not exist"),
    ],
)
def test_a_wrong_line_of_the_file_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(WrongUse) as caught:
        with_file(tmp_path, text)
    assert (
        message in str(caught.value) and "\n" not in str(caught.value) and "sk-123" not in str(caught.value)
    )


def test_a_file_that_is_named_and_not_there_is_told() -> None:
    with pytest.raises(WrongUse, match="SHOPTALK_SETTINGS is '/nowhere'"):
        Settings.from_environment({"SHOPTALK_SETTINGS": "/nowhere"})


@pytest.mark.parametrize(
    "name", ["ENGINE_KEY", "SLACK_BOT_TOKEN", "STORE", "FEISHU_ENCRYPT_KEY", "SMTP_PASSWORD"]
)
def test_a_secret_may_stand_in_a_file_and_is_shown_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("  s3cret \nmore\n", "utf-8")
    settings = Settings.from_environment({f"SHOPTALK_{name}_FILE": str(tmp_path / "secret")})
    assert getattr(settings, name.lower()) == "s3cret" and "s3cret" not in repr(settings)
    given = Settings.from_environment({f"SHOPTALK_{name}": "given", f"SHOPTALK_{name}_FILE": "/nowhere"})
    assert getattr(given, name.lower()) == "given" and f"SHOPTALK_{name}" not in given.variables


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "http://collector:4318"),
        ({"SHOPTALK_TRACES_URL": "http://a:1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://b:2"}, "http://a:1"),
    ],
)
def test_traces_go_where_a_setting_says(variables: dict[str, str], url: str | None) -> None:
    assert Settings.from_environment(variables).traces_url == url
