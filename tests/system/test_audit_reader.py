"""Two readers of the audit log that share no code agree on a real one, and both find a byte that was edited."""

import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from keyfold_server import Production, cli
from kms_client import Kms

READER = pathlib.Path(__file__).parents[1] / "tools" / "verify_audit.py"
EDITS = 24
HEADER = 67  # Bytes of the first segment's header.


def second_reader(directory, *more):
    return subprocess.run([sys.executable, str(READER), str(directory), *more], capture_output=True, text=True, timeout=120, check=False)


class AuditReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-audit-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        production = Production(folder.name)
        for killed in (True, False):  # The second start goes on after an unclean end.
            with production.start() as server:
                kms = Kms(server, production.credentials())
                key = kms.new_key(Description="für die Prüfung \u2713 \"\\\n")
                blob = kms.encrypt(key, b"x", EncryptionContext={"Zweck": "Prüfung", "empty": ""})
                kms.decrypt(blob, EncryptionContext={"Zweck": "Prüfung", "empty": ""})
                kms.call("Decrypt", CiphertextBlob=blob)
                kms.call("DescribeKey", KeyId="alias/absent")
                if killed:
                    server.kill()
                else:
                    server.stop()
        cls.log = production.data / "audit"

    def test_they_agree_on_every_leaf_and_on_the_root(self):
        shown = cli("audit", "show", self.log)
        leaves = shown.stdout.decode().splitlines()
        read = second_reader(self.log, "--leaves")
        self.assertEqual(read.returncode, 0, read.stderr)
        *read_leaves, summary = read.stdout.splitlines()
        summary = json.loads(summary)
        self.assertEqual(read_leaves, leaves)
        self.assertEqual(summary["size"], len(leaves))
        self.assertIn(summary["root"], shown.stderr.decode())
        names = [json.loads(leaf)["eventName"] for leaf in leaves]
        self.assertEqual(names.count("Decrypt"), 4)
        self.assertEqual(names.count("ServerStart"), 2)
        self.assertEqual(names.count("ServerStop"), 1)

    def test_both_find_an_edited_byte(self):
        chance = random.Random(4711)
        whole = cli("audit", "show", self.log)
        root = json.loads(second_reader(self.log).stdout)["root"]
        segment = next(self.log.glob("*.kfa"))
        content = segment.read_bytes()
        used = len(content.rstrip(b"\0"))
        for at in sorted({0, 9, 20, HEADER - 1, used - 5, *(chance.randrange(used - 16) for _ in range(EDITS))}):
            copy = self.folder / "copy"
            shutil.copytree(self.log, copy)
            edited = bytearray(content)
            edited[at] ^= 1 << chance.randrange(8)
            (copy / segment.name).write_bytes(edited)
            with self.subTest(offset=at):
                shown, read = cli("audit", "show", copy, check=False), second_reader(copy)
                if at < used - 16:  # Before the last frame: what follows vouches for it.
                    self.assertNotEqual(shown.returncode, 0)
                    named = segment.name if at >= HEADER else "audit segment header"
                    self.assertIn(named.encode(), shown.stderr)
                    self.assertEqual(read.returncode, 1, read.stdout)
                    self.assertIn(segment.name, read.stderr)
                else:  # The closing mark alone: at worst the log counts as not closed, and no leaf is lost.
                    self.assertEqual(shown.stdout, whole.stdout)
                    self.assertEqual(json.loads(read.stdout)["root"], root)
            shutil.rmtree(copy)

    def test_both_find_a_log_of_another_beginning(self):
        copy = self.folder / "renamed"
        shutil.copytree(self.log, copy)
        segment = next(copy.glob("*.kfa"))
        segment.rename(copy / ("0" * 19 + "1.kfa"))
        self.assertNotEqual(cli("audit", "show", copy, check=False).returncode, 0)
        self.assertEqual(second_reader(copy).returncode, 1)

    def test_neither_takes_an_empty_folder_for_a_log(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.assertNotEqual(cli("audit", "show", empty, check=False).returncode, 0)
        self.assertEqual(second_reader(empty).returncode, 1)


if __name__ == "__main__":
    unittest.main()
