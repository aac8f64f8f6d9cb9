"""What the files of deploy/ name is there: commands, ports, settings, paths, and time enough to stop."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import DEFAULT_PORT, Settings, file_keys
from ui.http.identity import OPEN
from ui.stopping import WAIT_S

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
CONTAINER = (DEPLOY / "Containerfile").read_text("utf-8")
UNIT = (DEPLOY / "shoptalk.service").read_text("utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8"))
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
VARIABLES = {*file_keys(Settings).values(), "SHOPTALK_HOME", "SHOPTALK_SETTINGS"} | {
    variable.removesuffix("_FILE") for variable in file_keys(Settings).values()
}


def instruction(name: str) -> list[str]:
    """What follows it, each time that it stands there in the last stage; continued lines joined."""
    stage = CONTAINER.split("\nFROM ")[-1].replace("\\\n", " ")
    return [line.split(" ", 1)[1].strip() for line in stage.splitlines() if line.startswith(f"{name} ")]


def environment() -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(instruction("ENV"))))


def entry(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT, re.MULTILINE)


def test_a_linter_of_container_files_finds_nothing() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, DEPLOY / "Containerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_holds_every_package_and_no_torch() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", CONTAINER, re.MULTILINE))
    packages = {
        each.removesuffix("*") for each in CONFIG["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    assert copied == packages
    let_in = set(re.findall(r"^!(\S+)$", (DEPLOY / "Containerfile.dockerignore").read_text(), re.MULTILINE))
    assert let_in == packages | {"constraints.txt", "pyproject.toml", "README.md", "LICENSE"}
    (extras,) = re.findall(r'"\.\[([\w,]+)\]"', CONTAINER)
    known = CONFIG["project"]["optional-dependencies"]
    for extra in extras.split(","):
        assert not any("torch" in requirement for requirement in known[extra]), extra


@pytest.mark.parametrize(
    "command",
    [
        ["serve"],
        COMPOSE["services"]["shoptalk"]["command"],
        ["weights"],
        entry("ExecStart")[0].split()[1:],
        ["people", "add", "ana", "--role", "owner"],
    ],
    ids=" ".join,
)
def test_commands_and_their_options_exist(command: list[str]) -> None:
    from typer.main import get_command

    from ui.cli import app

    found: Any = get_command(app)
    while command and command[0] in getattr(found, "commands", {}):
        found, command = found.commands[command[0]], command[1:]
    assert not hasattr(found, "commands"), "it is a command, and no group of them"
    options = {option for parameter in found.params for option in parameter.opts}
    assert {part for part in command if part.startswith("--")} <= options
    assert json.loads(instruction("ENTRYPOINT")[0]) == list(CONFIG["project"]["scripts"])


def test_every_variable_is_a_setting_and_its_value_is_taken(tmp_path: Path) -> None:
    named = {
        *environment(),
        *COMPOSE["services"]["shoptalk"]["environment"],
        *(each.partition("=")[0] for each in entry("Environment")),
    }
    assert {name for name in named if name.startswith("SHOPTALK_")} <= VARIABLES
    given = {name: value for name, value in environment().items() if name.startswith("SHOPTALK_")}
    settings = Settings.from_environment({**given, "SHOPTALK_HOME": str(tmp_path)})
    assert (settings.port, settings.log_format, settings.host) == (DEFAULT_PORT, "json", "0.0.0.0")


def test_ports_health_and_volumes_are_the_programs_own() -> None:
    shoptalk = COMPOSE["services"]["shoptalk"]
    assert instruction("EXPOSE") == [str(DEFAULT_PORT)] and environment()["SHOPTALK_PORT"] == str(
        DEFAULT_PORT
    )
    assert shoptalk["ports"] == [f"127.0.0.1:{DEFAULT_PORT}:{DEFAULT_PORT}"], "no other computer reaches it"
    (health,) = instruction("HEALTHCHECK")
    address = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", health)
    assert address is not None and int(address[1]) == DEFAULT_PORT and address[2] in OPEN, "it needs no key"
    compile(json.loads(health[health.index("[") :])[2], "health", "exec")
    home = environment()["SHOPTALK_HOME"]
    assert instruction("VOLUME") == [home] and f"data:{home}" in shoptalk["volumes"]
    assert entry("Environment")[0] == f"SHOPTALK_HOME=/var/lib/{entry('StateDirectory')[0]}"


def test_it_runs_without_rights_and_with_a_file_system_that_it_cannot_change() -> None:
    shoptalk = COMPOSE["services"]["shoptalk"]
    assert instruction("USER") == ["10001:10001"] and entry("User") == ["shoptalk"]
    assert shoptalk["read_only"] is True and shoptalk["cap_drop"] == ["ALL"]
    assert all(volume.endswith(":ro") or volume.startswith("data:") for volume in shoptalk["volumes"])
    assert entry("ProtectSystem") == ["strict"] and entry("NoNewPrivileges") == ["yes"]


def test_secrets_come_by_files_and_none_is_written_down() -> None:
    for name, service in COMPOSE["services"].items():
        for variable, value in service["environment"].items():
            if "PASSWORD" in variable or variable in VARIABLES:
                assert (
                    variable.endswith("_FILE") and value.removeprefix("/run/secrets/") in service["secrets"]
                ), name
    assert {Path(each["file"]).parent.name for each in COMPOSE["secrets"].values()} == {"secrets"}
    assert "/secrets/" in (DEPLOY / ".gitignore").read_text("utf-8").splitlines()
    for text in (CONTAINER, UNIT):
        assert not re.search(r"(PASSWORD|SECRET|TOKEN|KEY)\w*=", text)


def test_there_is_time_for_the_questions_that_are_under_way() -> None:
    grace = int(COMPOSE["services"]["shoptalk"]["stop_grace_period"].removesuffix("s"))
    assert grace > WAIT_S < int(entry("TimeoutStopSec")[0])
    assert instruction("STOPSIGNAL") == entry("KillSignal") == ["SIGTERM"]


def test_what_compose_names_is_said_further_down() -> None:
    for service in COMPOSE["services"].values():
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        assert {each.partition(":")[0] for each in service["volumes"] if each[0] != "."} <= set(
            COMPOSE["volumes"]
        )
        assert set(service.get("depends_on", ())) <= set(COMPOSE["services"])
    build = COMPOSE["services"]["shoptalk"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).exists()
    postgres = COMPOSE["services"]["postgres"]
    for option, variable in (("--username", "POSTGRES_USER"), ("--dbname", "POSTGRES_DB")):
        assert f"{option}={postgres['environment'][variable]}" in postgres["healthcheck"]["test"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "shoptalk.service"
    here = Path(sys.executable).parent / "shoptalk"
    unit.write_text(UNIT.replace(entry("ExecStart")[0].split()[0], str(here)), "utf-8")
    verify = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "shoptalk" in line]) == (0, [])
