"""A real PostgreSQL and a real MariaDB (or MySQL) of one's own, for tests and measurements.

    with servers.postgres() as server:
        server.execute("CREATE TABLE t (x integer); INSERT INTO t VALUES (1)")
        database = open_database(server.reader_url)

Each lives in a temporary folder on a free port of this machine, holds one empty database ``shop``, and is
gone afterwards, also when this process is killed: a small shell waits beside the server for our end of a pipe
to close. Durability is switched off and the buffers are small. The reader of ``reader_url`` is made by the
script that the package ships (``sql/databases/reader_*.sql``), so whatever uses it tests that script too.

Started by root, the servers run as a user without rights. Nothing of an installed server is touched.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

ROOT = Path(__file__).resolve().parent.parent
START_S = 90.0
"""Seconds that a server may take to answer: many times what it needs, for machines that are busy."""
GRACE_S = 5.0
"""Seconds before a server without a process is taken for one that ended."""
READER = "shoptalk_reader"
_STOP = """folder=$1; signal=$2; shift 2
"$@" </dev/null &
server=$!
read -r _
kill -s "$signal" "$server" 2>/dev/null
wait "$server" 2>/dev/null
rm -rf "$folder"
"""
"""Runs a server until the pipe to standard input closes, then ends it and removes its folder."""


class ServerMissing(RuntimeError):
    """The server's programs are not on this machine; the message has the one command that brings them."""


class ServerFailed(RuntimeError):
    """The server did not start, or a script for it failed; the message ends with its log."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """One running server, one database of it."""

    dialect: Literal["postgres", "mysql"]
    admin_url: str
    """May do everything; its password is in it."""
    reader_url: str
    """The least-privileged role; its password is in it."""
    host: str
    port: int
    admin_password: str
    reader_password: str
    name: str
    """Name of the database."""
    reader: str
    """Name of the least-privileged role; every database has one of its own."""
    pid: int
    """Process that watches the server; the server is its child."""
    log: Path

    def execute(self, script: str) -> None:
        """Run statements as the administrator, each committed; what they return is dropped."""
        if self.dialect == "postgres":
            import psycopg

            with psycopg.connect(self.admin_url, autocommit=True, connect_timeout=10) as connection:
                connection.execute(script.encode())
            return
        connection = self._mysql_admin()
        try:
            with connection.cursor() as cursor:
                cursor.execute(script)
                while cursor.nextset():
                    pass
        finally:
            connection.close()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of one statement, as the administrator: to look at the database from outside."""
        return self.query_each([sql])[0]

    def query_each(self, statements: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        """The rows of each of the statements, as the administrator, over one connection."""
        if self.dialect == "postgres":
            import psycopg

            with psycopg.connect(self.admin_url, autocommit=True, connect_timeout=10) as opened:
                return [opened.execute(sql.encode()).fetchall() for sql in statements]
        connection = self._mysql_admin()
        try:
            with connection.cursor() as cursor:
                found = []
                for sql in statements:
                    cursor.execute(sql)
                    found.append(list(cursor.fetchall()))
                return found
        finally:
            connection.close()

    def create_database(self, name: str) -> Server:
        """Another, empty database on this server, with a reader of its own; an old one of that name goes."""
        if not name.isidentifier() or name != name.lower():
            raise ValueError(f"the database's name must be a plain word in lower case, not {name!r}")
        scheme, reader = self.admin_url.partition("://")[0], f"reader_{name}"
        made = dataclasses.replace(
            self,
            name=name,
            reader=reader,
            admin_url=self.admin_url.rpartition("/")[0] + f"/{name}",
            reader_url=f"{scheme}://{reader}:{self.reader_password}@{self.host}:{self.port}/{name}",
        )
        if self.dialect == "postgres":
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            self.execute(f"CREATE DATABASE {name}")
        else:
            self.execute(f"DROP DATABASE IF EXISTS `{name}`; CREATE DATABASE `{name}`")
        made.make_reader()
        return made

    def make_reader(self, **variables: str) -> None:
        """Run the shipped script that makes the reader, as its head says."""
        if self.dialect == "postgres":
            values = {"reader": self.reader, "password": self.reader_password} | variables
            options = [part for name, value in values.items() for part in ("-v", f"{name}={value}")]
            script = ROOT / "sql" / "databases" / "reader_postgres.sql"
            _run_client(["psql", "-X", "-q", "-d", self.admin_url, *options, "-f", str(script)], "")
            return
        values = {"shop_database": self.name, "reader_name": self.reader}
        values["reader_password"] = self.reader_password
        sets = ", ".join(f"@{name} = '{value}'" for name, value in (values | variables).items())
        script = ROOT / "sql" / "databases" / "reader_mysql.sql"
        client = _program(("mariadb", "mysql"), (), "mariadb-server")
        arguments = [
            *(str(client), "--no-defaults", f"--host={self.host}", f"--port={self.port}"),
            *("--user=shop_admin", "--protocol=tcp", "--default-character-set=utf8mb4"),
        ]
        environment = {**os.environ, "MYSQL_PWD": self.admin_password}
        _run_client(arguments, f"SET {sets};\n{script.read_text(encoding='utf-8')}", environment)

    def memory_mb(self) -> float:
        """Resident memory of the server's processes in 10**6 bytes; shared pages are counted once only."""
        total = shared = 0
        for process in psutil.Process(self.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                used = process.memory_info()
                total += used.rss - used.shared
                shared = max(shared, used.shared)
        return (total + shared) / 1e6

    def _mysql_admin(self) -> Any:
        import pymysql
        from pymysql.constants import CLIENT

        return pymysql.connect(
            host=self.host,
            port=self.port,
            user="shop_admin",
            password=self.admin_password,
            database=self.name,
            charset="utf8mb4",
            autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS,
            connect_timeout=10,
            ssl_disabled=True,  # on loopback; reading the machine's certificates takes 50 ms each time
        )


@contextlib.contextmanager
def postgres() -> Iterator[Server]:
    """A PostgreSQL server with an empty database.

    Raises:
        ServerMissing: its programs are not here. ServerFailed: it did not start.
    """
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    initdb = _program(("initdb",), places, "postgresql")
    server = _program(("postgres",), places, "postgresql")
    _program(("psql",), places, "postgresql")
    with _folder("postgres") as (folder, user):
        password = secrets.token_urlsafe(12)
        (folder / "password").write_text(password, encoding="ascii")
        _own(folder, user)
        _run_as(
            user,
            [
                *(str(initdb), "-D", str(folder / "data"), "-U", "shop_admin", "--no-sync"),
                *("--auth=scram-sha-256", f"--pwfile={folder / 'password'}"),
                *("--encoding=UTF8", "--locale=C.UTF-8"),
            ],
        )
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "shared_buffers": "32MB",
            "max_connections": "60",
        }

        def command(port: int) -> list[str]:
            options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
            return [str(server), "-D", str(folder / "data"), "-p", str(port), *options]

        def is_ready(port: int) -> bool:
            import psycopg

            try:
                place = f"host=127.0.0.1 port={port} dbname=postgres user=shop_admin password={password}"
                with psycopg.connect(place, autocommit=True, connect_timeout=5) as connection:
                    connection.execute("CREATE DATABASE shop")
            except psycopg.OperationalError:
                return False
            return True

        with _running(folder, user, "QUIT", command, is_ready) as (port, pid, log):
            yield _made("postgres", "postgresql", port, pid, log, password)


@contextlib.contextmanager
def mysql() -> Iterator[Server]:
    """A MariaDB server, else a MySQL server, with an empty database.

    Raises:
        ServerMissing: its programs are not here. ServerFailed: it did not start.
    """
    server = _program(("mariadbd", "mysqld"), [Path("/usr/sbin")], "mariadb-server")
    _program(("mariadb", "mysql"), (), "mariadb-server")
    is_mariadb = "MariaDB" in subprocess.run([server, "--version"], capture_output=True, text=True).stdout
    with _folder("mysql") as (folder, user):
        password = secrets.token_urlsafe(12)
        (folder / "first.sql").write_text(
            "CREATE DATABASE shop;\n"
            f"CREATE USER 'shop_admin'@'%' IDENTIFIED BY '{password}';\n"
            "GRANT ALL PRIVILEGES ON *.* TO 'shop_admin'@'%' WITH GRANT OPTION;\n",
            encoding="ascii",
        )
        # A server that starts clears its temporary folder, also of another running server's tables.
        temporary = folder / "tmp"
        temporary.mkdir()
        _own(folder, user)
        data = folder / "data"
        if is_mariadb:
            install = _program(("mariadb-install-db",), [Path("/usr/bin")], "mariadb-server")
            options = [f"--datadir={data}", "--skip-test-db", "--auth-root-authentication-method=normal"]
            options += [f"--tmpdir={temporary}", "--innodb-log-file-size=8M"]
            _run_as(user, [str(install), "--no-defaults", *options])
        else:
            options = ["--initialize-insecure", f"--datadir={data}", f"--tmpdir={temporary}"]
            _run_as(user, [str(server), "--no-defaults", *options])

        def command(port: int) -> list[str]:
            settings = {
                "datadir": data,
                "tmpdir": temporary,
                "socket": folder / "socket",
                "pid-file": folder / "pid",
                "bind-address": "127.0.0.1",
                "port": port,
                "init-file": folder / "first.sql",
                "innodb-flush-log-at-trx-commit": 0,
                "innodb-buffer-pool-size": "32M",
                "max-connections": 60,
                "character-set-server": "utf8mb4",
            }
            if is_mariadb:
                settings |= {"innodb-log-file-size": "8M", "aria-pagecache-buffer-size": "8M"}
            options = [f"--{name}={value}" for name, value in settings.items()]
            return [str(server), "--no-defaults", "--skip-log-bin", "--skip-name-resolve", *options]

        def is_ready(port: int) -> bool:
            import pymysql

            try:
                pymysql.connect(
                    host="127.0.0.1", port=port, user="shop_admin", password=password, database="shop"
                ).close()
            except (pymysql.err.OperationalError, OSError):
                return False
            return True

        with _running(folder, user, "KILL", command, is_ready) as (port, pid, log):
            yield _made("mysql", "mysql", port, pid, log, password)


def _made(
    dialect: Literal["postgres", "mysql"], scheme: str, port: int, pid: int, log: Path, password: str
) -> Server:
    reader_password = secrets.token_urlsafe(12)
    place = f"127.0.0.1:{port}/shop"
    server = Server(
        dialect=dialect,
        admin_url=f"{scheme}://shop_admin:{password}@{place}",
        reader_url=f"{scheme}://{READER}:{reader_password}@{place}",
        host="127.0.0.1",
        port=port,
        admin_password=password,
        reader_password=reader_password,
        name="shop",
        reader=READER,
        pid=pid,
        log=log,
    )
    server.make_reader()
    return server


@contextlib.contextmanager
def _running(
    folder: Path, user: str | None, signal: str, command: Any, is_ready: Any
) -> Iterator[tuple[int, int, Path]]:
    """Start ``command(port)``, wait until it answers, end it afterwards. Another port where one was taken."""
    log = folder / "log"
    for attempt in range(3):
        port = _free_port()
        with log.open("wb") as output:
            watcher = subprocess.Popen(
                ["/bin/sh", "-c", _STOP, "sh", str(folder), signal, *command(port)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                **_identity(user),
            )
        try:
            started = time.monotonic()
            while not is_ready(port):
                waited = time.monotonic() - started
                # On a busy machine the shell takes its time to start the server: no child yet is no failure.
                is_gone = waited > GRACE_S and not psutil.Process(watcher.pid).children()
                if is_gone or waited > START_S:
                    raise ServerFailed(f"the server did not start:\n{_tail(log)}")
                time.sleep(0.05)
        except BaseException as error:
            text = _tail(log)
            is_taken = "in use" in text and isinstance(error, ServerFailed)
            if is_taken and attempt < 2:
                watcher.kill()
                watcher.wait()
                continue
            _end(watcher)
            raise
        try:
            yield port, watcher.pid, log
        finally:
            _end(watcher)
        return


def _end(watcher: subprocess.Popen[bytes]) -> None:
    assert watcher.stdin is not None
    watcher.stdin.close()
    try:
        watcher.wait(timeout=30)
    except subprocess.TimeoutExpired:
        for process in psutil.Process(watcher.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                process.kill()
        watcher.wait(timeout=10)


@contextlib.contextmanager
def _folder(owner: str) -> Iterator[tuple[Path, str | None]]:
    """A temporary folder, and the user without rights that is to own it when we are root."""
    user = None
    if os.geteuid() == 0:
        known = {entry.pw_name for entry in pwd.getpwall()}
        user = owner if owner in known else "nobody"
    folder = Path(tempfile.mkdtemp(prefix=f"shoptalk-{owner}-", dir="/tmp" if user else None))
    try:
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _own(folder: Path, user: str | None) -> None:
    if user is None:
        return
    entry = pwd.getpwnam(user)
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, entry.pw_uid, entry.pw_gid)


def _identity(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _run_as(user: str | None, command: Sequence[str]) -> None:
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd="/", env=environment, timeout=300, **_identity(user)
    )
    if done.returncode:
        raise ServerFailed(f"{Path(command[0]).name} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def _run_client(command: Sequence[str], text: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    if done.returncode:
        raise ServerFailed(f"{Path(command[0]).name} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def _program(names: Sequence[str], places: Sequence[Path], package: str) -> Path:
    for name in names:
        for place in places:
            if (place / name).is_file():
                return place / name
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ServerMissing(
        f"{' or '.join(names)} is not on this machine. Bring it with: make servers "
        f"(on Debian: sudo apt-get install {package})"
    )


def _version(place: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in place.parent.name.split(".") if part.isdigit())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        return log.read_text(encoding="utf-8", errors="replace")[-3000:]
    return "(it left no log)"
