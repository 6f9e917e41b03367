"""A throwaway PostgreSQL server for tests: in a temporary folder, on a socket there, as an ordinary user (it refuses to be root's)."""

import ctypes
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

READY_WITHIN_S = 60
PR_SET_PDEATHSIG = 1


def _end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def programs():
    """Where initdb and postgres are; nothing when they are not installed (Debian's package: postgresql)."""
    folders = [*sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True), *os.environ.get("PATH", "").split(":")]
    return next((pathlib.Path(folder) for folder in folders if all((pathlib.Path(folder) / name).exists() for name in ("initdb", "postgres"))), None)


def required():
    return "postgresql" in os.environ.get("KEYFOLD_REQUIRE", "").split(",")


class Postgresql:
    """A running server. Ends with stop(), or with the test that started it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="keyfold-postgresql-"))
        self._user = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.process = None
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        data, log = self.folder / "data", open(self.folder / "log", "wb")
        with log:
            subprocess.run([programs() / "initdb", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-U", "keyfold", "-D", data],
                           check=True, stdout=log, stderr=log, cwd=self.folder, **self._user)
            # Without a TCP port: the port is only part of the socket's name.
            self.process = subprocess.Popen([programs() / "postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off"],
                                            stdout=log, stderr=log, cwd=self.folder, preexec_fn=_end_with_parent, **self._user)
        deadline = time.monotonic() + READY_WITHIN_S
        while subprocess.run([programs() / "pg_isready", "-q", "-h", self.folder], check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"postgres did not start: {(self.folder / 'log').read_text(errors='replace')}")
            time.sleep(0.05)

    def address(self):
        return f"postgresql://keyfold@/postgres?host={self.folder}"

    def sql(self, text):
        return subprocess.run([programs() / "psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.address(), "-c", text],
                              check=True, capture_output=True, text=True).stdout.strip()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # Closes its connections.
            self.process.wait(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)
