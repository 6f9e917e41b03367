"""A first start, or a `keyfold admin --credentials`, that is ended at any moment: a credentials file has its whole content or is not there,
and what comes next is not in its way."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from keyfold_server import BIN, Production, read_credentials
from kms_client import Kms

KILLS_MAX = 200  # More than a first start has system calls of those kinds.
DURABLE = ("linkat", "link", "unlink", "rename", "fsync", "fdatasync", "fchmod")
REPLY = {"ok": True, "arn": "arn:aws:iam::123456789012:user/writer", "access_key_id": "AKIAEXAMPLEEXAMPLE00", "secret_access_key": "s" * 40}


def nameless_files_in(folder):
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY))
        return True
    except OSError:
        return False


@unittest.skipUnless(shutil.which("strace"), "needs strace")
class FirstStart(unittest.TestCase):
    """Killed at each of its calls that change a disk, one start after another."""

    def killed_at(self, call, number, folder):
        """Whether it came as far as that call."""
        production = Production(folder)
        command = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}",
                   BIN / "keyfold-kms", *production.arguments(), "--listen", "127.0.0.1:0", "--ready-file", folder / "ready"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            while process.poll() is None and not (folder / "ready").exists():
                try:
                    process.wait(0.01)
                except subprocess.TimeoutExpired:
                    pass
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return not (folder / "ready").exists()

    def assert_goes_on(self, folder):
        production = Production(folder)
        if production.credentials_file.exists():
            self.assertEqual([len(text) for text in read_credentials(production.credentials_file)], [20, 40], "half a file")
            self.assertEqual(production.credentials_file.stat().st_mode & 0o777, 0o600)
            said = self.said_by_a_start(production)
            if said:
                self.assertIn("the store has no access key yet: remove or move this file and start again", said)
                production.credentials_file.unlink()
        with production.start() as server:
            Kms(server, production.credentials()).new_key()
        hidden = [path for path in folder.iterdir() if path.name.startswith(".keyfold-")]
        self.assertTrue(not hidden or not nameless_files_in(folder), hidden)

    def said_by_a_start(self, production):
        """Empty: it started."""
        try:
            with production.start():
                return ""
        except RuntimeError as error:
            return str(error)

    def test_the_next_one_goes_on_or_says_what_to_remove(self):
        for call in DURABLE:
            with self.subTest(call=call):
                for number in range(1, KILLS_MAX):
                    with tempfile.TemporaryDirectory(prefix="keyfold-first-") as name:
                        folder = pathlib.Path(name)
                        came_there = self.killed_at(call, number, folder)
                        if not came_there:
                            break
                        with self.subTest(number=number):
                            self.assert_goes_on(folder)
                else:
                    self.fail(f"more than {KILLS_MAX} calls")


class AskedServer:
    """In place of a server: takes one command on an admin socket, and answers it when it is told to."""

    def __init__(self, data):
        data.mkdir(mode=0o700)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(data / "admin.sock"))
        self.listener.listen(1)
        self.listener.settimeout(60)

    def await_command(self):
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(60)
        return json.loads(self.connection.recv(4096))

    def answer(self, reply):
        self.connection.sendall(json.dumps(reply).encode() + b"\n")

    def close(self):
        self.connection.close()
        self.listener.close()


class Admin(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-admin-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "writer.credentials"
        self.server = AskedServer(self.folder / "data")
        self.addCleanup(self.server.close)
        command = [BIN / "keyfold", "admin", "user", "add", "--name", "writer", "--data", self.folder / "data", "--credentials", self.file]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end)
        self.assertEqual(self.server.await_command()["command"], "user-add")

    def end(self):
        self.process.kill()
        self.process.communicate()

    def test_a_killed_one_leaves_nothing_in_the_next_one_s_way(self):
        if not nameless_files_in(self.folder):
            self.skipTest(f"the file system of {self.folder} has no nameless files")
        self.process.kill()
        self.process.wait(60)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["data"])

    def test_an_interrupted_one_writes_the_key_that_was_made_before_it_ends(self):
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.process.send_signal(ending)
        self.server.answer(REPLY)
        self.assertLess(self.process.wait(60), 0)
        self.assertEqual(read_credentials(self.file), (REPLY["access_key_id"], REPLY["secret_access_key"]))
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)

    def test_a_refusal_leaves_no_file(self):
        self.server.answer({"ok": False, "error": "no"})
        self.assertEqual(self.process.wait(60), 1)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["data"])

    def test_a_file_that_came_meanwhile_is_not_replaced(self):
        self.file.write_text("somebody's")
        self.server.answer(REPLY)
        _, said = self.process.communicate(timeout=60)
        self.assertEqual(self.process.returncode, 1)
        self.assertIn(REPLY["access_key_id"].encode(), said)
        self.assertIn(b"nobody has its secret", said)
        self.assertNotIn(REPLY["secret_access_key"].encode(), said)
        self.assertEqual(self.file.read_text(), "somebody's")


if __name__ == "__main__":
    unittest.main()
