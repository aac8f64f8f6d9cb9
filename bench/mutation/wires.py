"""Trip-wires outside the answer: files that nobody may open, a port that nobody may call.

Opening, listing, making or changing a file under a watched folder is seen through Linux's inotify, which also
sees what a database server in another process does. Elsewhere only reading times and the folder's listing
are compared, which a file system mounted without reading times defeats.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

_EVENTS = {
    0x00000001: "read",
    0x00000002: "changed",
    0x00000004: "given other rights",
    0x00000008: "closed after writing",
    0x00000020: "opened",
    0x00000040: "moved away",
    0x00000080: "moved in",
    0x00000100: "made",
    0x00000200: "deleted",
}
_OVERFLOW = 0x00004000
_MASK = sum(_EVENTS)
_WRITES = _MASK & ~0x00000001 & ~0x00000020
_NONBLOCK = 0o4000


class FileWire:
    """Tells what was done to files under some folders since it was last asked.

    Args:
        folders: watched folders, not their subfolders.
        writes_only: let opening and reading pass (a database's own folder).
    """

    def __init__(self, folders: Sequence[Path], *, writes_only: bool = False) -> None:
        self._folders = tuple(folders)
        self._writes_only = writes_only
        self._descriptor = -1
        self._names: dict[int, Path] = {}
        if sys.platform == "linux":
            libc = ctypes.CDLL(None, use_errno=True)
            self._descriptor = libc.inotify_init1(_NONBLOCK)
            for folder in folders if self._descriptor >= 0 else ():
                watch = libc.inotify_add_watch(
                    self._descriptor, os.fsencode(folder), _WRITES if writes_only else _MASK
                )
                if watch < 0:
                    raise OSError(ctypes.get_errno(), f"{folder} cannot be watched")
                self._names[watch] = folder
        self._before = self._look()

    def tripped(self) -> list[str]:
        """What happened since the last call, in words; empty when nothing did."""
        if self._descriptor < 0:
            before, self._before = self._before, self._look()
            return [f"file changed or read: {name}" for name, _ in before ^ self._before]
        found: dict[str, None] = {}
        while True:
            try:
                data = os.read(self._descriptor, 65_536)
            except BlockingIOError:
                return list(found)
            position = 0
            while position < len(data):
                watch, mask, _, length = struct.unpack_from("iIII", data, position)
                name = data[position + 16 : position + 16 + length].split(b"\0")[0].decode(errors="replace")
                position += 16 + length
                if mask & _OVERFLOW:
                    found["file events were lost"] = None
                what = ", ".join(word for bit, word in _EVENTS.items() if mask & bit)
                if what:
                    found[f"file {what}: {self._names.get(watch, Path('?')) / name}"] = None

    def close(self) -> None:
        """Stop watching."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _look(self) -> set[tuple[str, tuple[int, ...]]]:
        if self._descriptor >= 0:
            return set()
        found = set()
        for folder in self._folders:
            for path in folder.iterdir():
                state = path.stat()
                times = (state.st_mtime_ns, state.st_size)
                found.add((str(path), times if self._writes_only else (*times, state.st_atime_ns)))
        return found


class PortWire:
    """A port of this machine that must see no connection."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(16)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def tripped(self) -> list[str]:
        """One line for each connection since the last call."""
        found = []
        while True:
            try:
                connection, address = self._socket.accept()
            except BlockingIOError:
                return found
            connection.close()
            found.append(f"connection to the port from {address[0]}")

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def checksum(folder: Path) -> str:
    """One value for the names and contents of all files under ``folder``."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
