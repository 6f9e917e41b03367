"""The server runs as a user without privileges, with the usual limit on locked memory: sealing and opening work, and its files are its own."""

import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

import keyfold_server
from keyfold_server import ACCOUNT, REGION, Server, cli, read_credentials

NOBODY = 65534
USUAL_MEMLOCK = 8 << 20  # Bytes; what Linux gives since 5.16.


def limited(bytes_locked):
    """Run in the child, before it becomes nobody."""
    def limit():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (bytes_locked, bytes_locked))
    return limit


class OrdinaryUser(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-user-")
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        # The build may lie where nobody else may look.
        shutil.copy(keyfold_server.BIN / "keyfold-kms", self.home)
        os.chown(self.home, NOBODY, NOBODY)
        self.arguments = ["serve", "--data", str(self.home / "data"), "--root-key", str(self.home / "root.key"), "--account", ACCOUNT,
                          "--region", REGION]

    def as_nobody(self, bytes_locked=USUAL_MEMLOCK):
        return {"user": NOBODY, "group": NOBODY, "extra_groups": [], "preexec_fn": limited(bytes_locked), "cwd": "/"}

    def test_it_seals_opens_and_restarts(self):
        key, sealed = None, None
        for _ in range(2):
            with Server(self.arguments, program=self.home / "keyfold-kms", log=self.home / "log", ready_folder=self.home,
                        **self.as_nobody()) as server:
                status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
                self.assertIn(f"Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}\n", status)
                self.assertIn("CapEff:\t0000000000000000\n", status)
                locked = int(next(line for line in status.splitlines() if line.startswith("VmLck:")).split()[1]) << 10
                self.assertTrue(0 < locked <= USUAL_MEMLOCK, locked)
                who = {"server": server, "credentials": read_credentials(self.home / "root.key.credentials")}
                if key is None:
                    key = json.loads(cli("call", "CreateKey", **who).stdout)["KeyMetadata"]["Arn"]
                    sealed = cli("encrypt", "--key", key, input=b"of an ordinary user", **who).stdout
                self.assertEqual(cli("decrypt", "--key", key, input=sealed, **who).stdout, b"of an ordinary user")
                self.assertEqual(server.stop(), 0)
        for file in self.home.rglob("*"):
            if file.name in ("keyfold-kms", "log"):
                continue  # The test's own.
            with self.subTest(file=file):
                self.assertEqual(file.stat().st_uid, NOBODY)
                if file.name != "ready.json":
                    self.assertEqual(file.stat().st_mode & 0o077, 0)

    def test_without_memory_to_lock_it_says_so_and_makes_nothing(self):
        done = subprocess.run([self.home / "keyfold-kms", *self.arguments, "--listen", "127.0.0.1:0"], capture_output=True, text=True,
                              timeout=60, check=False, **self.as_nobody(bytes_locked=64 << 10))
        self.assertEqual(done.returncode, 1)
        self.assertIn("RLIMIT_MEMLOCK", done.stderr)
        self.assertFalse((self.home / "data").exists())
        self.assertFalse((self.home / "root.key").exists())

    def start_fails(self):
        done = subprocess.run([self.home / "keyfold-kms", *self.arguments, "--listen", "127.0.0.1:0"], capture_output=True, text=True,
                              timeout=60, check=False, **self.as_nobody())
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def test_files_that_it_may_not_use_are_named_and_left_alone(self):
        def start():
            with Server(self.arguments, program=self.home / "keyfold-kms", log=self.home / "log", ready_folder=self.home,
                        **self.as_nobody()) as server:
                self.assertEqual(server.stop(), 0)

        start()
        data, key, store, segment = (self.home / "data", self.home / "root.key", self.home / "data" / "store.sqlite",
                                     next((self.home / "data" / "audit").glob("*.kfa")))
        for path, mode, named in ((data, 0o500, data), (data, 0, data), (key, 0, key), (store, 0, store),
                                  (segment, 0o400, segment), (segment, 0, segment), (segment.parent, 0, segment.parent)):
            with self.subTest(path=path.name, mode=oct(mode)):
                usual, content = path.stat().st_mode & 0o777, path.read_bytes() if path.is_file() else None
                path.chmod(mode)
                try:
                    self.assertIn(str(named), self.start_fails())
                finally:
                    path.chmod(usual)
                if content is not None:
                    self.assertEqual(path.read_bytes(), content)
        start()

    def test_a_keyring_that_the_command_line_may_not_read_is_named(self):
        shutil.copy(keyfold_server.BIN / "keyfold", self.home)
        keyring = self.home / "keyring.json"
        keyring.write_text('{"type":"kms","key":"alias/any"}')
        keyring.chmod(0o600)  # Root's.
        done = subprocess.run([self.home / "keyfold", "encrypt", "--keyring", keyring], input=b"data", capture_output=True, timeout=60,
                              check=False, **self.as_nobody())
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(str(keyring).encode(), done.stderr)

    def test_another_users_data_is_refused(self):
        data = self.home / "data"
        data.mkdir(mode=0o700)  # Root's.
        self.assertIn(str(data), self.start_fails())
        self.assertEqual(list(data.iterdir()), [])
        self.assertFalse((self.home / "root.key").exists())


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: only root can become somebody else")
        sys.exit(77)
    unittest.main()
