"""Several callers: users and access keys through the admin socket and offline, what key policies allow them, and what the audit log
says of those who were refused."""

import json
import pathlib
import socket
import subprocess
import tempfile
import threading
import unittest

from keyfold_server import ACCOUNT, BIN, Production, cli, read_credentials
from kms_client import Kms, error_of
from policies import ROOT, policy_of, statement


def answer_one(listener, reply):
    peer, _ = listener.accept()
    with peer:
        while not peer.recv(4096).endswith(b"\n"):
            pass
        peer.sendall(reply)


class Access(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-access-")
        self.addCleanup(folder.cleanup)
        self.production = Production(folder.name)

    def start(self):
        server = self.production.start()
        self.addCleanup(server.__exit__)
        return server

    def admin(self, *arguments, check=True):
        return cli("admin", *arguments, "--data", self.production.data, check=check)

    def offline(self, *arguments, check=True):
        return self.admin(*arguments, "--root-key", self.production.root_key, check=check)

    def new_user(self, name, *more, offline=False):
        """Its ARN and credentials."""
        said = json.loads((self.offline if offline else self.admin)("user", "add", "--name", name, *more).stdout)
        self.assertEqual(said["arn"], f"arn:aws:iam::{ACCOUNT}:user/{name}")
        return said["arn"], (said["access_key_id"], said["secret_access_key"])

    def audit(self):
        return [json.loads(line) for line in cli("audit", "show", self.production.data / "audit").stdout.splitlines()]

    def set_policy(self, root, key, *statements):
        root.must("PutKeyPolicy", KeyId=key, PolicyName="default", Policy=policy_of(*statements))

    def assert_denied(self, answer, arn, action, resource):
        status, reply = answer
        self.assertEqual(status, 400, reply)
        self.assertEqual(error_of(reply), "AccessDeniedException")
        said = reply["Message"]  # With a capital letter, in AWS's AccessDeniedException.
        self.assertTrue(said.startswith(f"User: {arn} is not authorized to perform: {action} on resource: {resource} "), said)
        return said

    def test_a_user_who_may_only_encrypt_is_denied_decrypt_and_the_record_says_why(self):
        server = self.start()
        root = Kms(server, self.production.credentials())
        arn, credentials = self.new_user("collector")
        collector = Kms(server, credentials)
        key = root.new_key()
        key_arn = root.must("DescribeKey", KeyId=key)["KeyMetadata"]["Arn"]
        self.assert_denied(collector.call("Encrypt", KeyId=key, Plaintext="AAAA"), arn, "kms:Encrypt", key_arn)
        self.set_policy(root, key, statement("Collectors", arn, "kms:Encrypt"))
        blob = collector.encrypt(key, b"a reading")
        said = self.assert_denied(collector.call("Decrypt", CiphertextBlob=blob), arn, "kms:Decrypt", key_arn)
        self.assertIn("because no identity-based policy allows the kms:Decrypt action", said)
        self.assertEqual(root.decrypt(blob), b"a reading")

        self.set_policy(root, key, statement("Collectors", arn, "kms:Encrypt"), statement("NotHe", arn, "kms:Decrypt", effect="Deny"))
        said = self.assert_denied(collector.call("Decrypt", CiphertextBlob=blob), arn, "kms:Decrypt", key_arn)
        self.assertIn("with an explicit deny in a resource-based policy", said)

        refusals = [event for event in self.audit() if event["eventName"] == "Decrypt" and event.get("errorCode")]
        self.assertEqual([event["errorCode"] for event in refusals], ["AccessDenied"] * 2, refusals)
        self.assertEqual([event["userIdentity"]["arn"] for event in refusals], [arn] * 2)
        for event in refusals:
            self.assertEqual([resource["ARN"] for resource in event["resources"]], [key_arn])
            self.assertIn("is not authorized to perform: kms:Decrypt", event["errorMessage"])
        reasons = [event["additionalEventData"] for event in refusals]
        self.assertIn("NotHe", json.dumps(reasons[1]))
        self.assertNotIn("NotHe", json.dumps(reasons[0]))
        self.assertEqual([reason["decision"] for reason in reasons], ["implicit deny", "explicit deny"])
        allowed = [event for event in self.audit() if event["eventName"] == "Encrypt" and not event.get("errorCode")]
        self.assertEqual(allowed[-1]["additionalEventData"]["decidingStatement"], "Collectors")

    def test_a_condition_on_the_encryption_context_allows_its_value_and_no_other(self):
        server = self.start()
        root = Kms(server, self.production.credentials())
        arn, credentials = self.new_user("tenant-4711")
        tenant = Kms(server, credentials)
        key = root.new_key()
        key_arn = root.must("DescribeKey", KeyId=key)["KeyMetadata"]["Arn"]
        self.set_policy(root, key, statement("Tenant", arn, "kms:Encrypt", "kms:Decrypt",
                                             condition={"StringEquals": {"kms:EncryptionContext:tenant": "4711"}}))
        contexts = ({"tenant": "4711"}, {"tenant": "4711", "purpose": "export"}, {"tenant": "4712"}, {"tenant": "4711 "},
                    {"tenant": "47111"}, {"Purpose": "4711"}, {})
        for context in contexts:
            allowed = context.get("tenant") == "4711"
            blob = root.encrypt(key, b"of a tenant", EncryptionContext=context)
            with self.subTest(context=context):
                opened = tenant.call("Decrypt", CiphertextBlob=blob, EncryptionContext=context)
                sealed = tenant.call("Encrypt", KeyId=key, Plaintext="AAAA", EncryptionContext=context)
                if allowed:
                    self.assertEqual((opened[0], sealed[0]), (200, 200), (opened, sealed))
                else:
                    self.assert_denied(opened, arn, "kms:Decrypt", key_arn)
                    self.assert_denied(sealed, arn, "kms:Encrypt", key_arn)
        # The right context for the policy, the wrong one for the ciphertext.
        blob = root.encrypt(key, b"of another", EncryptionContext={"tenant": "4712"})
        status, reply = tenant.call("Decrypt", CiphertextBlob=blob, EncryptionContext={"tenant": "4711"})
        self.assertEqual((status, error_of(reply)), (400, "InvalidCiphertextException"))

    def test_conditions_on_the_caller_and_on_the_names_of_the_context(self):
        server = self.start()
        root = Kms(server, self.production.credentials())
        callers = {}
        for name in ("ledger", "courier"):
            arn, credentials = self.new_user(name)
            callers[name] = (arn, Kms(server, credentials))
        key = root.new_key()
        own = statement("Own", "*", "kms:Encrypt", "kms:Decrypt",
                        condition={"StringEquals": {"kms:EncryptionContext:owner": "${aws:username}"}})
        no_other_names = statement("NoOtherNames", "*", "kms:Encrypt", "kms:Decrypt", effect="Deny",
                                   condition={"ForAnyValue:StringNotEquals": {"kms:EncryptionContextKeys": ["owner", "purpose"]},
                                              "ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:root"}})
        self.set_policy(root, key, own, no_other_names)
        for name, (_, kms) in callers.items():
            for context, allowed in (({"owner": name}, True), ({"owner": name, "purpose": "x"}, True), ({"owner": "another"}, False),
                                     ({"owner": name, "extra": "x"}, False), ({}, False)):
                with self.subTest(name=name, context=context):
                    blob = root.encrypt(key, b"somebody's", EncryptionContext=context)
                    status, _ = kms.call("Decrypt", CiphertextBlob=blob, EncryptionContext=context)
                    self.assertEqual(status, 200 if allowed else 400)

    def test_a_policy_with_what_is_not_understood_is_refused_and_the_former_one_stays(self):
        server = self.start()
        root = Kms(server, self.production.credentials())
        key = root.new_key()
        before = root.must("GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"]
        for condition in ({"StringMatches": {"kms:EncryptionContext:tenant": "*"}}, {"NumericLessThan": {"kms:TrailingDaysWithoutKeyUsage": "30"}}):
            with self.subTest(condition=condition):
                status, reply = root.call("PutKeyPolicy", KeyId=key, PolicyName="default",
                                          Policy=policy_of(statement("New", ROOT, "kms:Decrypt", condition=condition)))
                self.assertEqual((status, error_of(reply)), (400, "MalformedPolicyDocumentException"), reply)
        self.assertEqual(root.must("GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"], before)

    def test_a_deactivated_access_key_is_refused_at_once(self):
        server = self.start()
        root = Kms(server, self.production.credentials())
        arn, credentials = self.new_user("writer")
        writer = Kms(server, credentials)
        key = root.new_key()
        self.set_policy(root, key, statement("Writers", arn, "kms:*"))
        writer.encrypt(key, b"while it may")
        second = json.loads(self.admin("user", "key", "add", "--name", "writer").stdout)
        other = Kms(server, (second["access_key_id"], second["secret_access_key"]))
        for command, works in (("deactivate", False), ("activate", True), ("remove", False)):
            self.admin("user", "key", command, "--access-key-id", credentials[0])
            status, reply = writer.call("Encrypt", KeyId=key, Plaintext="AAAA")
            with self.subTest(command=command):
                if works:
                    self.assertEqual(status, 200, reply)
                else:
                    self.assertEqual((status, error_of(reply)), (400, "UnrecognizedClientException"), reply)
            other.encrypt(key, b"the other one is not touched")
        self.admin("user", "remove", "--name", "writer")
        status, reply = other.call("Encrypt", KeyId=key, Plaintext="AAAA")
        self.assertEqual((status, error_of(reply)), (400, "UnrecognizedClientException"), reply)
        names = [event["eventName"] for event in self.audit() if event["eventType"] == "KeyfoldAdmin"]
        self.assertEqual(names.count("CreateUser"), 1)
        self.assertEqual(names.count("DeleteUser"), 1)
        self.assertEqual(names.count("UpdateAccessKey"), 2)

    def test_a_list_is_printed_however_long(self):
        self.production.data.mkdir()
        for size in (1 << 20, 2 << 20):  # A full account's has two million bytes: said by another than keyfold-kms, it takes no hour.
            users = [{"user": "u" * 64, "number": number} for number in range(size // 80)]
            said = json.dumps({"ok": True, "users": users}, separators=(",", ":")).encode().ljust(size) + b"\n"
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(self.production.data / "admin.sock"))
                listener.listen()
                answering = threading.Thread(target=answer_one, args=(listener, said))
                answering.start()
                listed = self.admin("user", "list", check=False)
                answering.join()
            (self.production.data / "admin.sock").unlink()
            self.assertEqual((listed.returncode, listed.stderr), (0, b""))
            self.assertEqual(listed.stdout, said)

    def test_users_are_made_offline_with_the_root_key_only(self):
        self.start().stop()
        refused = self.admin("user", "add", "--name", "writer", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(b"--root-key", refused.stderr)
        _, credentials = self.new_user("writer", "--administrator", offline=True)
        server = self.start()
        maker = Kms(server, credentials)
        key = maker.new_key()
        status, reply = maker.call("Encrypt", KeyId=key, Plaintext="AAAA")
        self.assertEqual((status, error_of(reply)), (400, "AccessDeniedException"), reply)
        users = json.loads(self.admin("user", "list").stdout)["users"]
        self.assertIn("writer", json.dumps(users))
        again = self.admin("user", "add", "--name", "writer", check=False)
        self.assertNotEqual(again.returncode, 0)
        self.assertIn(b"writer", again.stderr)

    def test_reset_root_gives_a_new_key_offline_and_ends_the_former_ones(self):
        server = self.start()
        former = self.production.credentials()
        key = Kms(server, former).new_key()
        blob = Kms(server, former).encrypt(key, b"before the reset")
        refused = self.offline("reset-root", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn(b"in use by process", refused.stderr)
        Kms(server, former).must("DescribeKey", KeyId=key)
        server.stop()

        file = self.production.folder / "new.credentials"
        self.offline("reset-root", "--credentials", file)
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.production.credentials_file = file
        server = self.start()
        status, reply = Kms(server, former).call("DescribeKey", KeyId=key)
        self.assertEqual((status, error_of(reply)), (400, "UnrecognizedClientException"), reply)
        self.assertEqual(Kms(server, self.production.credentials()).decrypt(blob), b"before the reset")
        self.assertTrue([event for event in self.audit() if event["eventType"] == "KeyfoldAdmin" and event["sourceIPAddress"] == "offline"])

    def test_without_a_place_for_the_new_access_key_nothing_changes(self):
        server = self.start()
        root = self.production.credentials()
        taken = self.production.folder / "taken"
        taken.write_text("somebody's")
        link = self.production.folder / "link"
        link.symlink_to(self.production.folder / "elsewhere")
        places = (pathlib.Path("/no/such/x"), self.production.folder, taken, link)
        before = self.admin("user", "list").stdout, self.admin("user", "key", "list").stdout

        def assert_nothing_happens(run, *command):
            for place in places:
                with self.subTest(command=command, place=place):
                    refused = run(*command, "--credentials", place, check=False)
                    self.assertEqual((refused.returncode, refused.stdout), (1, b""))
                    self.assertIn(str(place).encode(), refused.stderr)
            self.assertEqual((run("user", "list").stdout, run("user", "key", "list").stdout), before)

        assert_nothing_happens(self.admin, "user", "add", "--name", "writer")
        assert_nothing_happens(self.admin, "user", "key", "add")
        server.stop()
        assert_nothing_happens(self.offline, "user", "add", "--name", "writer")
        assert_nothing_happens(self.offline, "reset-root")
        server = self.start()
        Kms(server, root).new_key()
        self.assertEqual(taken.read_text(), "somebody's")
        self.assertFalse((self.production.folder / "elsewhere").exists())

    def test_a_command_that_fails_leaves_no_credentials_file(self):
        self.start()
        file = self.production.folder / "writer.credentials"
        said = self.admin("user", "add", "--name", "writer", "--credentials", file).stdout
        self.assertEqual(said.decode().strip(), f"arn:aws:iam::{ACCOUNT}:user/writer")
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertTrue(read_credentials(file)[1])
        other = self.production.folder / "other.credentials"
        for command in (("user", "add", "--name", "writer"), ("user", "key", "add", "--name", "nobody"), ("reset-root",)):
            with self.subTest(command=command):
                self.assertEqual(self.admin(*command, "--credentials", other, check=False).returncode, 1)
                self.assertFalse(other.exists())

    def test_a_new_access_key_that_nobody_could_be_given_is_named(self):
        self.start()
        with open("/dev/full", "wb") as full:
            command = [str(BIN / "keyfold"), "admin", "user", "add", "--name", "writer", "--data", str(self.production.data)]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        keys = json.loads(self.admin("user", "key", "list").stdout)["keys"]
        made = [key["access_key_id"] for key in keys if key["user"] == "writer"]
        self.assertEqual(len(made), 1)
        self.assertIn(made[0].encode(), done.stderr)


if __name__ == "__main__":
    unittest.main()
