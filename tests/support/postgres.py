"""A PostgreSQL server for the tests: its own directory, a socket in it, no port."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psycopg


def programs():
    """Where Debian or anybody else keeps the server's programs; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def as_user():
    """The server refuses to be root's: then it is the user's that Debian made for it."""
    return {} if os.geteuid() else {"user": "postgres", "group": "postgres", "extra_groups": ()}


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Server:
    """The server; started when made."""

    def __init__(self):
        # Not pytest's directory: a socket's path has to be short, and that user has to get there. In memory, if
        # it can be: the tests make hundreds of stores, and every one is synchronised to the disk.
        memory = Path("/dev/shm")
        place = memory if os.access(memory, os.W_OK) else Path("/tmp")
        self.directory = Path(tempfile.mkdtemp(prefix="qkdctl-pg-", dir=place))
        if not os.geteuid():
            shutil.chown(self.directory, "postgres", "postgres")
        self.user = pwd.getpwuid(os.geteuid()).pw_name if os.geteuid() else "postgres"
        self._run("initdb", "-D", self.directory / "data", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        self.start()

    def _run(self, program, *words):
        done = subprocess.run(
            [programs() / program, *words], capture_output=True, text=True, cwd="/", check=False, **as_user()
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, *settings):
        options = " ".join(["-c listen_addresses=", f"-k {self.directory}", *settings])
        log = self.directory / "log"
        self._run("pg_ctl", "-D", self.directory / "data", "-l", log, "-w", "-o", options, "start")

    def stop(self, how="fast"):
        self._run("pg_ctl", "-D", self.directory / "data", "-m", how, "-w", "stop")

    def kill(self):
        """Kill the server and all its processes, as a power failure would."""
        file = self.directory / "data" / "postmaster.pid"
        pid = int(file.read_text().split()[0])
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
        processes = [pid, *map(int, children.stdout.split())]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        while any(map(alive, processes)):
            time.sleep(0.002)
        # Whoever inherits the dead may not have buried them yet, and then the server's own look is misled.
        for leftover in (file, *self.directory.glob(".s.PGSQL.*")):
            leftover.unlink()

    def conninfo(self):
        return f"host={self.directory} dbname=postgres user={self.user}"

    def emptied(self):
        """Drop all stores; give the words that lead to where the next will be."""
        with psycopg.connect(self.conninfo()) as connection:
            schemas = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'qkdctl%'")
            for (schema,) in schemas.fetchall():
                connection.execute(f'DROP SCHEMA "{schema}" CASCADE')
        return self.conninfo()

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.directory)
