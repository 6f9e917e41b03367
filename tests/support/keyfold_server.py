"""Starts and stops the servers for tests: on loopback, on ports of the system's choosing, by pid, even when a test fails."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

BIN = pathlib.Path(os.environ["KEYFOLD_BIN"])
ACCOUNT = "123456789012"
REGION = "eu-central-1"
READY_WITHIN_S = 60


class Server:
    """A running server. `endpoint` and `metrics` are its URLs."""

    def __init__(self, arguments, program="keyfold-kms-dev", environment=None, log=None, ready_folder=None, temporary=None, **more):
        """`more` is Popen's. A server that runs as somebody else needs a `ready_folder` that it may write to."""
        self._folder = tempfile.TemporaryDirectory(prefix="keyfold-test-")
        ready = pathlib.Path(ready_folder or self._folder.name) / "ready.json"
        self.log_path = pathlib.Path(log) if log else pathlib.Path(self._folder.name) / "log"
        command = [str(BIN / program), *arguments, "--listen", "127.0.0.1:0", "--ready-file", str(ready)]
        if program == "keyfold-kms-dev":  # Without --data it makes a folder of its own, which must go even when it is killed.
            environment = dict(environment or os.environ, TMPDIR=temporary or self._folder.name)
        with open(self.log_path, "ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, **more)
        try:
            self._await_ready(ready)
        except BaseException:
            self.__exit__()
            raise

    def _await_ready(self, ready):
        deadline = time.monotonic() + READY_WITHIN_S
        while not (ready.exists() and ready.stat().st_size > 0):
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}: {self.log()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server was not ready in time: {self.log()}")
            time.sleep(0.02)
        said = json.loads(ready.read_text())
        self.endpoint, self.metrics = said["endpoint"], said["metrics"]

    def log(self):
        return self.log_path.read_text(errors="replace")

    def kill(self):
        """As a power cut would: SIGKILL."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Gracefully; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self._folder.cleanup()


class Production:
    """A data directory with its root key, and the servers that run on it one after another."""

    def __init__(self, folder, *extra):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.root_key = self.folder / "root.key"
        self.credentials_file = self.folder / "root.key.credentials"
        self.extra = extra

    def arguments(self):
        return ["serve", "--data", str(self.data), "--root-key", str(self.root_key), "--account", ACCOUNT, "--region", REGION,
                *self.extra]

    def start(self):
        return Server(self.arguments(), program="keyfold-kms", log=self.folder / "server.log")

    def fails_to_start(self, *more, timeout=60):
        """What a server that must not start says, and its exit status."""
        done = subprocess.run([str(BIN / "keyfold-kms"), *self.arguments(), "--listen", "127.0.0.1:0", *more],
                              capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode != 0, "it should not have started"
        return done.stderr.strip(), done.returncode

    def credentials(self):
        return read_credentials(self.credentials_file)


def read_credentials(path):
    values = dict(line.split(" = ", 1) for line in pathlib.Path(path).read_text().splitlines() if " = " in line)
    return values["aws_access_key_id"], values["aws_secret_access_key"]


def cli(*arguments, server=None, credentials=("test", "test"), check=True, input=None, **more):
    """Runs `keyfold`; its CompletedProcess, in bytes. `credentials`: an access key and its secret; of a session its token too."""
    environment = dict(os.environ, AWS_ACCESS_KEY_ID=credentials[0], AWS_SECRET_ACCESS_KEY=credentials[1], AWS_REGION=REGION,
                       AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    if len(credentials) > 2:
        environment["AWS_SESSION_TOKEN"] = credentials[2]
    command = [str(BIN / "keyfold"), *map(str, arguments)]
    if server is not None:
        command += ["--endpoint-url", server.endpoint]
    done = subprocess.run(command, capture_output=True, env=environment, input=input, check=False, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} failed: {done.stderr.decode(errors='replace')}")
    return done
