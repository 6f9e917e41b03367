"""The AWS command line, unchanged but for its --endpoint-url, works a key from its making to its end."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from keyfold_server import ACCOUNT, REGION, Server

AWS = pathlib.Path(sys.executable).parent / "aws"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
REFUSED = (254, 255)  # Exit statuses when the service refuses: of version 2, and of version 1, which knows no other.
CONTEXT = json.dumps({"tenant": "north-star", "größe": "naïve ☃"})


class AwsCli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server([]))
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="keyfold-awscli-")))

    def run_aws(self, operation, *arguments, secret="test"):
        environment = dict(os.environ, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY=secret, AWS_MAX_ATTEMPTS="1", AWS_PAGER="")
        command = [sys.executable, str(AWS), "kms", operation, *map(str, arguments), "--endpoint-url", self.server.endpoint,
                   "--region", REGION, "--output", "json"]
        return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, timeout=60, check=False)

    def aws(self, operation, *arguments):
        done = self.run_aws(operation, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout) if done.stdout else None

    def refused(self, code, operation, *arguments, message="", **how):
        done = self.run_aws(operation, *arguments, **how)
        self.assertIn(done.returncode, REFUSED, done.stderr)
        name = operation.title().replace("-", "")
        self.assertIn(f"An error occurred ({code}) when calling the {name} operation: {message}", done.stderr)
        self.assertEqual(done.stdout, "")

    def key(self, *arguments):
        return self.aws("create-key", *arguments)["KeyMetadata"]

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return f"fileb://{path}"

    def blob(self, answer, name):
        return self.file(name, base64.b64decode(answer["CiphertextBlob"]))

    def test_keys_and_aliases(self):
        key = self.key("--description", "größer ☃", "--tags", "TagKey=domain,TagValue=payments")
        self.assertEqual(key["Arn"], f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key['KeyId']}")
        self.aws("create-alias", "--alias-name", "alias/ledger", "--target-key-id", key["KeyId"])
        described = self.aws("describe-key", "--key-id", "alias/ledger")["KeyMetadata"]
        self.assertEqual({name: value for name, value in described.items() if name in key}, key)
        self.assertEqual(described["Description"], "größer ☃")
        self.assertIn({"KeyId": key["KeyId"], "KeyArn": key["Arn"]}, self.aws("list-keys", "--page-size", "1")["Keys"])
        self.refused("AlreadyExistsException", "create-alias", "--alias-name", "alias/ledger", "--target-key-id", key["KeyId"])
        self.refused("NotFoundException", "describe-key", "--key-id", "alias/nowhere",
                     message=f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/nowhere is not found.")
        self.refused("InvalidSignatureException", "list-keys", secret="wrong")

    def test_cryptography(self):
        first, second = self.key(), self.key()
        data = bytes(range(256)) * 16  # 4096 bytes, the most that Encrypt takes.
        sealed = self.aws("encrypt", "--key-id", first["KeyId"], "--plaintext", self.file("plain", data), "--encryption-context", CONTEXT)
        self.assertEqual(sealed["KeyId"], first["Arn"])
        blob = self.blob(sealed, "sealed")
        opened = self.aws("decrypt", "--ciphertext-blob", blob, "--encryption-context", CONTEXT)
        self.assertEqual((base64.b64decode(opened["Plaintext"]), opened["KeyId"]), (data, first["Arn"]))
        self.refused("InvalidCiphertextException", "decrypt", "--ciphertext-blob", blob, "--encryption-context", "tenant=south-star")
        self.refused("IncorrectKeyException", "decrypt", "--ciphertext-blob", blob, "--encryption-context", CONTEXT,
                     "--key-id", second["Arn"])
        self.refused("ValidationException", "encrypt", "--key-id", first["KeyId"], "--plaintext", self.file("long", data + b"x"))
        moved = self.aws("re-encrypt", "--ciphertext-blob", blob, "--source-encryption-context", CONTEXT,
                         "--destination-key-id", second["KeyId"])
        self.assertEqual((moved["SourceKeyId"], moved["KeyId"]), (first["Arn"], second["Arn"]))
        opened = self.aws("decrypt", "--ciphertext-blob", self.blob(moved, "moved"), "--key-id", second["KeyId"])
        self.assertEqual(base64.b64decode(opened["Plaintext"]), data)
        made = self.aws("generate-data-key", "--key-id", first["Arn"], "--key-spec", "AES_256")
        opened = self.aws("decrypt", "--ciphertext-blob", self.blob(made, "data-key"))
        self.assertEqual(len(base64.b64decode(made["Plaintext"])), 32)
        self.assertEqual(opened["Plaintext"], made["Plaintext"])

    def test_tags_policies_rotation_and_the_end(self):
        key = self.key()
        named = ("--key-id", key["KeyId"])
        self.assertIsNone(self.aws("tag-resource", *named, "--tags", "TagKey=owner,TagValue=größe"))
        self.assertEqual(self.aws("list-resource-tags", *named)["Tags"], [{"TagKey": "owner", "TagValue": "größe"}])
        policy = {"Version": "2012-10-17", "Statement": [{"Sid": "Renamed", "Effect": "Allow", "Principal": {"AWS": ROOT},
                                                          "Action": "kms:*", "Resource": "*"}]}
        (self.folder / "policy.json").write_text(json.dumps(policy))
        self.assertIsNone(self.aws("put-key-policy", *named, "--policy-name", "default", "--policy",
                                   f"file://{self.folder / 'policy.json'}"))
        self.assertEqual(json.loads(self.aws("get-key-policy", *named)["Policy"]), policy)
        self.refused("MalformedPolicyDocumentException", "put-key-policy", *named, "--policy", "{}")
        self.assertIsNone(self.aws("enable-key-rotation", *named, "--rotation-period-in-days", "90"))
        self.assertEqual(self.aws("get-key-rotation-status", *named)["RotationPeriodInDays"], 90)
        self.assertEqual(self.aws("rotate-key-on-demand", *named)["KeyId"], key["Arn"])
        ending = self.aws("schedule-key-deletion", *named, "--pending-window-in-days", "7")
        self.assertEqual((ending["KeyId"], ending["KeyState"], ending["PendingWindowInDays"]), (key["Arn"], "PendingDeletion", 7))
        self.refused("KMSInvalidStateException", "generate-data-key", *named, "--key-spec", "AES_256",
                     message=f"{key['Arn']} is pending deletion.")


if __name__ == "__main__":
    unittest.main()
