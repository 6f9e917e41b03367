"""Data directories and messages of every format version ever released must open for ever. tests/golden/<version>/ holds one of each:
made by `python3 tests/system/test_golden.py make VERSION` (needs KEYFOLD_BIN), committed, never changed."""

import base64
import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

from keyfold_server import Production, cli

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
CONTEXT = {"tenant": "north-star", "größe": "naïve ☃"}


def call(server, credentials, operation, **request):
    done = cli("call", operation, "-", server=server, credentials=credentials, input=json.dumps(request).encode())
    return json.loads(done.stdout or b"{}")


def make(version):
    """A directory with keys in several states, three materials, an alias, tags, a user; ciphertexts and messages of each."""
    folder = GOLDEN / version
    folder.mkdir(parents=True)
    production = Production(folder)
    expected = {"ciphertexts": [], "messages": []}
    with production.start() as server:
        root = production.credentials()
        key = call(server, root, "CreateKey", Description="golden", Tags=[{"TagKey": "domain", "TagValue": "payments"}])["KeyMetadata"]
        call(server, root, "CreateAlias", AliasName="alias/golden", TargetKeyId=key["KeyId"])
        for number in range(3):
            plaintext = base64.b64encode(f"under material {number}".encode()).decode()
            blob = call(server, root, "Encrypt", KeyId=key["KeyId"], Plaintext=plaintext, EncryptionContext=CONTEXT)["CiphertextBlob"]
            expected["ciphertexts"].append({"blob": blob, "plaintext": plaintext})
            if number < 2:
                call(server, root, "RotateKeyOnDemand", KeyId=key["KeyId"])
        for suite in ("0478", "0578"):
            name = f"message-{suite}"
            cli("encrypt", "--key", key["Arn"], "--context", "tenant=north-star", "--suite", suite, "--frame-length", "64", "-o",
                folder / name, server=server, credentials=root, input=b"a letter that locks itself, and tells of its opening. " * 3)
            expected["messages"].append(name)
        doomed = call(server, root, "CreateKey", Description="doomed")["KeyMetadata"]["KeyId"]
        call(server, root, "ScheduleKeyDeletion", KeyId=doomed, PendingWindowInDays=30)
        call(server, root, "DisableKey", KeyId=call(server, root, "CreateKey", Description="resting")["KeyMetadata"]["KeyId"])
        cli("admin", "user", "add", "--data", production.data, "--name", "courier", "--credentials", folder / "courier.credentials")
        expected["key"] = key["Arn"]
        server.stop()
    (folder / "server.log").unlink()
    for leftover in ("lock", "admin.sock"):
        (production.data / leftover).unlink(missing_ok=True)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


class Golden(unittest.TestCase):
    def test_every_version_opens(self):
        versions = sorted(path for path in GOLDEN.iterdir() if path.is_dir())
        self.assertTrue(versions)
        for version in versions:
            with self.subTest(version=version.name), tempfile.TemporaryDirectory(prefix="keyfold-golden-") as folder:
                shutil.copytree(version, folder, dirs_exist_ok=True)
                for path in (pathlib.Path(folder), *pathlib.Path(folder).rglob("*")):
                    path.chmod(0o700 if path.is_dir() else 0o600)  # git keeps no modes of that kind.
                self.opens(pathlib.Path(folder))

    def opens(self, folder):
        expected = json.loads((folder / "expected.json").read_text())
        production = Production(folder)
        with production.start() as server:
            root = production.credentials()
            for case in expected["ciphertexts"]:
                opened = call(server, root, "Decrypt", CiphertextBlob=case["blob"], EncryptionContext=CONTEXT)
                self.assertEqual((opened["Plaintext"], opened["KeyId"]), (case["plaintext"], expected["key"]))
            for name in expected["messages"]:
                done = cli("decrypt", "--key", "alias/golden", "-i", folder / name, server=server, credentials=root)
                self.assertEqual(done.stdout, b"a letter that locks itself, and tells of its opening. " * 3)
            states = sorted(call(server, root, "DescribeKey", KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
                            for key in call(server, root, "ListKeys")["Keys"])
            self.assertEqual(states, ["Disabled", "Enabled", "PendingDeletion"])
            self.assertEqual(server.stop(), 0)
        cli("audit", "show", production.data / "audit")


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        unittest.main()
