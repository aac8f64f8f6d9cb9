"""The secret that a shop's pseudonyms are made with: random, made at its first use, kept under home alone.

Who has it can find out whose pseudonym it is by trying values; without it nobody can. It is in no answer, no
log and no ``shop.yml``. Deleted, every pseudonym is another from then on.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from app.errors import WrongUse

_BYTES = 32


def salt_in(folder: Path) -> bytes:
    """The salt of the shop that has that folder.

    Raises:
        WrongUse: it cannot be read or written, or is damaged; names the file.
    """
    path = folder / "salt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        salt = path.read_bytes()
    except OSError as error:
        raise WrongUse(f"The salt of pseudonyms cannot be read: {error.strerror} ({path}).") from error
    if len(salt) != _BYTES:
        raise WrongUse(
            f"The salt of pseudonyms in {path} is damaged. Put it back from a copy of SHOPTALK_HOME; or "
            "delete it, and pseudonyms are others from then on."
        )
    return salt


def _make(path: Path) -> None:
    """Write it whole, for its owner alone; of two processes at once the first one's stays."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".salt.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
