"""From a file or folder to a layer: which product it was written for, and the files that count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sql.errors import ShopFileError
from sql.shop.layers.cube import is_cube, read_cube
from sql.shop.layers.dbt import is_dbt, models_of, read_dbt, relations_of
from sql.shop.layers.documents import Item, layer_files, read_documents
from sql.shop.layers.layer import Layer, LeftOut, Place

MANIFEST = Path("target") / "semantic_manifest.json"
"""Where dbt leaves what it compiled: the names of the tables are there."""


def read_layer(path: Path | str) -> Layer:
    """The semantic layer in a file, or in all files of a folder.

    Args:
        path: a dbt project, a ``semantic_manifest.json``, a folder of Cube models, or one of their files.
    Raises:
        ShopFileError: nothing is there, both products are, or a file is damaged; with file and line.
    """
    path = Path(path)
    files, scripts = layer_files(path)
    left: list[LeftOut] = []
    dbt: list[Item] = []
    models: list[Item] = []
    cubes: list[Item] = []
    for file in files:
        if (
            b"{%" in (raw := file.read_bytes()) and b"cubes" in raw
        ):  # Cube renders its files before it reads them
            reason = "the file is a Jinja template ({% … %}), and templates are not run"
            left.append(LeftOut(what="cubes of a file", place=Place(path=file), reason=reason))
            continue
        for document in read_documents(file):
            dbt += [document] if is_dbt(document) else []
            models += [document] if not is_dbt(document) and models_of(document) else []
            cubes += [document] if is_cube(document) else []
    if dbt and cubes:
        reason = "it holds both dbt's semantic models and Cube's cubes; name the folder of one of them"
        raise ShopFileError(path, None, reason)
    if dbt:
        manifest = path / MANIFEST
        (compiled,) = read_documents(manifest) if manifest.is_file() else (None,)
        return read_dbt([*models, *dbt], relations_of(compiled) if compiled is not None else None)
    scripts = [script for script in scripts if _is_model(script)]
    if not cubes and not scripts and not left:
        reason = "no semantic models of dbt and no cubes of Cube are found here"
        raise ShopFileError(path, None, reason)
    layer = read_cube(cubes, scripts)
    return replace(layer, left_out=(*left, *layer.left_out))


def _is_model(script: Path) -> bool:
    """Whether a script defines cubes."""
    try:
        text = script.read_text("utf-8", errors="replace")
    except OSError:
        return False
    return any(f"{word}({quote}" in text for word in ("cube", "view") for quote in "`'\"") or (
        script.suffix == ".jinja" and "cubes" in text
    )
