"""docs/running.md names every setting as app/settings.py has it: variable, key of the file, default."""

from __future__ import annotations

import ast
import re
from dataclasses import MISSING, fields
from pathlib import Path

import yaml

from app.settings import Settings, file_keys

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "running.md").read_text("utf-8")
HIDDEN = {"variables", "has_display"}
"""What no setting decides."""


def documented() -> dict[str, str]:
    """Docstring of each field."""
    (found,) = [
        node
        for node in ast.parse((ROOT / "app" / "settings.py").read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    ]
    told: dict[str, str] = {}
    for field, text in zip(found.body, found.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            assert isinstance(field.target, ast.Name) and isinstance(text.value, ast.Constant)
            told[field.target.id] = " ".join(str(text.value.value).split())
    return told


def default_of(name: str) -> str:
    """As the table shows it."""
    (field,) = [field for field in fields(Settings) if field.name == name]
    if name == "home":
        return "the system's folder for data"
    value = field.default
    assert value is not MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def table() -> list[str]:
    """The rows that the page must have, in the order of the fields."""
    keys = {variable: key for key, variable in file_keys(Settings).items()}
    rows = []
    for name, text in documented().items():
        if name in HIDDEN:
            continue
        variable = f"SHOPTALK_{name.removeprefix('is_').upper()}"
        what = (
            re.sub(r"\s*``?SHOPTALK_.*$", "", text)
            .replace("``", "`")
            .replace("`None`", "unset")
            .replace("|", "\\|")
            .rstrip(".;, ")
        )
        is_secret = f"{variable}_FILE" in keys
        shown = f"`{variable}`" + (f", `{variable}_FILE`" if is_secret else "")
        key = keys.get(f"{variable}_FILE" if is_secret else variable)
        rows.append(f"| {what} | {shown} | {f'`{key}`' if key else ''} | {default_of(name)} |")
    return rows


def test_the_page_lists_every_setting_as_it_is() -> None:
    start = PAGE.index("| what | variable |")
    written = PAGE[start:].split("\n\n")[0].splitlines()[2:]
    assert written == table()


def test_every_setting_says_its_own_variable() -> None:
    for name, text in documented().items():
        if name not in HIDDEN:
            assert f"``SHOPTALK_{name.removeprefix('is_').upper()}``" in text, name


def test_the_file_that_the_page_shows_is_read(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "settings.yml").write_text(shown, "utf-8")
    (tmp_path / "store").write_text("postgresql+psycopg://shoptalk:secret@127.0.0.1/shoptalk\n", "utf-8")
    file = tmp_path / "settings.yml"
    file.write_text(shown.replace("/etc/shoptalk/store", str(tmp_path / "store")), "utf-8")
    settings = Settings.from_environment({"SHOPTALK_HOME": str(tmp_path)})
    said = yaml.safe_load(shown)
    assert settings.store == "postgresql+psycopg://shoptalk:secret@127.0.0.1/shoptalk"
    assert (settings.port, settings.log_format) == (said["port"], said["log_format"])
