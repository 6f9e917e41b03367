"""A disk that is full or read-only, and a log that is taken away: no call is answered that is not recorded, and nothing is lost."""

import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from keyfold_server import READY_WITHIN_S, Production, Server, cli
from kms_client import Kms, error_of

OWN_MOUNTS = "KEYFOLD_TEST_OWN_MOUNTS"  # Set in the process that has a mount namespace of its own.
DISK_SIZE = 8 << 20  # Bytes.
ATTEMPTS = 20000


def can_mount():
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0


def ignore_file_size_signal():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # So that write() says EFBIG, as it would say ENOSPC.


class Disk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-disk-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.production = Production(self.folder)
        self.clients = []

    def start(self, **more):
        server = Server(self.production.arguments(), program="keyfold-kms", log=self.folder / "server.log", **more)
        self.addCleanup(server.__exit__)
        self.clients.append(Kms(server, self.production.credentials()))
        return server, self.clients[-1]

    def ready(self, server):
        try:
            return urllib.request.urlopen(server.metrics + "/readyz", timeout=30).status
        except urllib.error.HTTPError as error:
            return error.code

    def await_ready(self, server):
        deadline = time.monotonic() + READY_WITHIN_S
        while self.ready(server) != 200:
            self.assertLess(time.monotonic(), deadline, server.log())
            time.sleep(0.02)

    def assert_unavailable(self, answer):
        status, reply = answer
        self.assertEqual((status, error_of(reply)), (500, "KMSInternalException"), reply)
        self.assertNotIn("Plaintext", reply)

    def assert_recorded(self, at_least):
        """Each call that was answered is in the log, and the log is whole."""
        events = [json.loads(line) for line in cli("audit", "show", self.production.data / "audit").stdout.splitlines()]
        recorded = {event["requestID"] for event in events if "requestID" in event and not event.get("errorCode")}
        answered = {request_id for client in self.clients for request_id in client.answered}
        self.assertGreaterEqual(len(answered), at_least)
        self.assertEqual(answered - recorded, set(), "answers without a record")

    def test_a_log_that_is_removed_or_replaced_is_noticed_before_the_next_answer(self):
        def remove(segment):
            segment.unlink()

        def replace(segment):
            copy = segment.with_suffix(".copy")
            shutil.copy(segment, copy)
            copy.rename(segment)

        def remove_folder(segment):
            segment.parent.rename(segment.parent.with_name("audit-away"))

        for harm in (remove, replace, remove_folder):
            with self.subTest(harm=harm.__name__):
                self.production = Production(self.folder / harm.__name__)
                self.production.folder.mkdir()
                server, kms = self.start()
                key = kms.new_key()
                blob = kms.encrypt(key, b"before")
                harm(next((self.production.data / "audit").glob("*.kfa")))
                self.assert_unavailable(kms.call("Decrypt", CiphertextBlob=blob))
                self.assert_unavailable(kms.call("Encrypt", KeyId=key, Plaintext="AAAA"))
                self.assert_unavailable(kms.call("CreateKey"))
                self.assertEqual(self.ready(server), 503)
                self.assertIsNone(server.process.poll())
                self.assertIn("audit log", server.log())

    def test_a_log_that_is_moved_back_is_gone_on_with(self):
        server, kms = self.start()
        blob = kms.encrypt(kms.new_key(), b"before")
        segment = next((self.production.data / "audit").glob("*.kfa"))
        away = segment.rename(self.production.data / "away")
        self.assert_unavailable(kms.call("Decrypt", CiphertextBlob=blob))
        away.rename(segment)
        self.await_ready(server)
        self.assertEqual(kms.decrypt(blob), b"before")
        self.assertEqual(server.stop(), 0)
        self.assert_recorded(at_least=3)

    def test_when_nothing_can_be_written_nothing_is_answered_and_nothing_lost(self):
        server, kms = self.start(preexec_fn=ignore_file_size_signal, restore_signals=False)
        key = kms.new_key()
        blob = kms.encrypt(key, b"before")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        self.assert_unavailable(kms.call("Decrypt", CiphertextBlob=blob))
        self.assert_unavailable(kms.call("CreateKey", Description="not acknowledged"))
        self.assert_unavailable(kms.call("UpdateKeyDescription", KeyId=key, Description="not acknowledged"))
        self.assertEqual(self.ready(server), 503)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.await_ready(server)  # By itself.
        self.assertEqual(kms.decrypt(blob), b"before")
        self.assertEqual(kms.must("DescribeKey", KeyId=key)["KeyMetadata"]["Description"], "")
        kms.new_key()
        self.assertEqual(server.stop(), 0)
        server, kms = self.start()
        self.assertEqual(kms.decrypt(blob), b"before")
        self.assertEqual(len(kms.must("ListKeys")["Keys"]), 2)
        self.assertEqual(server.stop(), 0)
        self.assert_recorded(at_least=7)

    def test_when_the_store_is_the_first_that_cannot_be_written_a_restart_finds_all(self):
        server, kms = self.start(preexec_fn=ignore_file_size_signal, restore_signals=False)
        key = kms.new_key(Description="acknowledged")
        blob = kms.encrypt(key, b"before")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        self.assert_unavailable(kms.call("UpdateKeyDescription", KeyId=key, Description="not acknowledged"))
        self.assert_unavailable(kms.call("Decrypt", CiphertextBlob=blob))
        server.kill()
        server, kms = self.start()
        self.assertEqual(kms.must("DescribeKey", KeyId=key)["KeyMetadata"]["Description"], "acknowledged")
        self.assertEqual(kms.decrypt(blob), b"before")
        kms.must("UpdateKeyDescription", KeyId=key, Description="of today")
        self.assertEqual(server.stop(), 0)
        self.assert_recorded(at_least=5)


@unittest.skipUnless(os.environ.get(OWN_MOUNTS), "needs root and a mount namespace")
class MountedDisk(Disk):
    """On a small disk of its own."""

    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE},mode=755", "none", self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        self.production.data = self.disk / "data"

    def fill(self):
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass

    def test_a_read_only_disk_ends_the_start_and_nothing_is_changed(self):
        server, kms = self.start()
        blob = kms.encrypt(kms.new_key(), b"before")
        server.stop()
        before = {file: file.read_bytes() for file in self.production.data.rglob("*") if file.is_file()}
        subprocess.run(["mount", "-o", "remount,ro", self.disk], check=True)
        said, status = self.production.fails_to_start()
        self.assertEqual(status, 1, said)
        self.assertIn("Read-only file system", said)
        self.assertIn(str(self.production.data), said)
        self.assertEqual({file: file.read_bytes() for file in self.production.data.rglob("*") if file.is_file()}, before)
        subprocess.run(["mount", "-o", "remount,rw", self.disk], check=True)
        server, kms = self.start()
        self.assertEqual(kms.decrypt(blob), b"before")

    def test_a_disk_that_fills_up_refuses_and_loses_nothing(self):
        server, kms = self.start()
        key = kms.new_key()
        blob = kms.encrypt(key, b"before")
        made = [key]
        self.fill()
        for _ in range(ATTEMPTS):
            status, reply = kms.call("CreateKey", Description="x" * 8000)
            if status != 200:
                break
            made.append(reply["KeyMetadata"]["KeyId"])
        self.assert_unavailable((status, reply))
        (self.disk / "filler").unlink()
        server.stop()
        server, kms = self.start()
        for key in made:
            kms.must("DescribeKey", KeyId=key)
        self.assertEqual(kms.decrypt(blob), b"before")
        kms.new_key()
        self.assertEqual(server.stop(), 0)
        self.assert_recorded(at_least=2 * len(made) + 3)

    def test_sealing_stops_when_the_log_cannot_grow_and_goes_on_when_there_is_room(self):
        server, kms = self.start()
        key = kms.new_key()
        self.fill()
        for _ in range(ATTEMPTS):
            status, reply = kms.call("GenerateDataKey", KeyId=key, KeySpec="AES_256")
            if status != 200:
                break
        self.assert_unavailable((status, reply))
        self.assertEqual(self.ready(server), 503)
        (self.disk / "filler").unlink()
        self.await_ready(server)
        kms.must("GenerateDataKey", KeyId=key, KeySpec="AES_256")
        self.assertEqual(server.stop(), 0)
        self.assert_recorded(at_least=2)

    def test_a_full_disk_ends_the_first_start_with_its_reason(self):
        self.fill()
        said, status = self.production.fails_to_start()
        self.assertEqual(status, 1, said)
        self.assertRegex(said, "No space left on device|full")
        (self.disk / "filler").unlink()
        _, kms = self.start()
        kms.new_key()


if __name__ == "__main__":
    if OWN_MOUNTS not in os.environ and can_mount():
        os.execvpe("unshare", ["unshare", "-m", sys.executable, *sys.argv], dict(os.environ, **{OWN_MOUNTS: "1"}))
    unittest.main()
