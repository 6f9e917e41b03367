"""`keyfold access` on a whole server: who can, why, until when; and lint with ten faults planted, and none in a generated topology."""

import json
import pathlib
import tempfile
import unittest

from keyfold_server import ACCOUNT, REGION, Production, cli
from kms_client import Kms
from policies import ROOT

USER = f"arn:aws:iam::{ACCOUNT}:user/"
ALL = {"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}


class Explained(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-access-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.production = Production(folder.name)
        self.server = self.production.start()
        self.addCleanup(self.server.__exit__)
        self.kms = Kms(self.server, self.production.credentials())

    def user(self, name):
        cli("admin", "user", "add", "--data", self.production.data, "--name", name, "--credentials", self.folder / name)

    def key(self, *statements):
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        return self.kms.must("CreateKey", Policy=policy, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]

    def access(self, *arguments, check=True):
        done = cli("access", *arguments, server=self.server, credentials=self.production.credentials(), check=check)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def rules(self):
        answer = self.access("lint", "--json", check=False)
        return [json.loads(line)["Rule"] for line in answer.stdout.splitlines()], answer.returncode

    def test_who_can_says_by_what_and_on_what_condition(self):
        self.user("reader")
        key = self.key(ALL, {"Sid": "readers", "Effect": "Allow", "Principal": {"AWS": USER + "reader"}, "Action": "kms:Decrypt", "Resource": "*",
                             "Condition": {"StringEquals": {"kms:EncryptionContext:domain": "ledger"}}})
        told = self.access("who-can", "kms:Decrypt", key).stdout
        self.assertIn(f'{ROOT}  allow  by the account\'s root, by "Root" of the key policy', told)
        self.assertIn(f'{USER}reader  depends\n    if StringEquals kms:EncryptionContext:domain ledger   ("readers" of the key policy)', told)
        self.assertIn(f'{USER}reader  allow  by "readers" of the key policy',
                      self.access("who-can", "kms:Decrypt", key, "--context", "domain=ledger").stdout)
        self.assertNotIn("reader", self.access("who-can", "kms:Decrypt", key, "--no-context").stdout)
        one = json.loads(self.access("explain", "--principal", USER + "reader", "--action", "kms:Encrypt", "--key", key, "--json").stdout)
        self.assertEqual(one["Verdict"], "deny")
        self.assertIn("because no identity-based policy allows the kms:Encrypt action", one["Text"])
        refused = self.access("explain", "--principal", USER + "gone", "--action", "kms:Encrypt", "--key", key, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("There is no principal", refused.stderr)

    def test_lint_finds_ten_planted_faults(self):
        self.user("reader")
        self.assertEqual(self.rules(), ([], 0))
        reader, foreign = {"AWS": USER + "reader"}, {"AWS": "arn:aws:iam::444455556666:root"}
        allow = {"Effect": "Allow", "Resource": "*"}
        never = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
        planted = {
            "every-action": dict(allow, Principal=reader, Action="kms:*"),
            "anyone": dict(allow, Principal="*", Action="kms:Encrypt"),
            "administrator-decrypts": dict(allow, Principal=reader, Action=["kms:PutKeyPolicy", "kms:Decrypt"]),
            "never-applies": {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": never},
            "foreign-account": dict(allow, Principal=foreign, Action="kms:Decrypt"),
            "all-others": dict(allow, Principal=reader, NotAction=["kms:Decrypt", "kms:ReEncrypt*", "kms:CreateGrant", "kms:Put*"]),
            "unbound-grants": dict(allow, Principal=reader, Action="kms:CreateGrant"),
            "no-effect": {"Effect": "Allow", "Principal": reader, "Action": "kms:Encrypt"},
            "unknown-principal": dict(allow, Principal={"AWS": USER + "gone"}, Action="kms:Encrypt"),
        }
        for rule, fault in planted.items():
            with self.subTest(rule):
                before, _ = self.rules()
                self.key(ALL, fault)
                after, status = self.rules()
                self.assertEqual(after.count(rule), before.count(rule) + 1, after)
                self.assertEqual(status, 3)
        self.key(dict(allow, Principal=reader, Action="kms:Encrypt"))
        self.assertEqual(self.rules()[0].count("locked-out"), 1)
        self.kms.must("CreateGrant", KeyId=self.key(ALL), GranteePrincipal=USER + "reader", Operations=["Encrypt"])
        self.assertEqual(self.rules()[0].count("nobody-retires"), 1)

    def test_a_generated_topology_has_none(self):
        for name in ("keeper", "production-crm", "production-clearing", "production-checkout"):
            self.user(name)
        (self.folder / "topology.toml").write_text(f"""
topology     = "shop"
account      = "{ACCOUNT}"
regions      = ["{REGION}"]
environments = ["production"]
[defaults]
administrators = ["{USER}keeper"]
[domains."payments/cards"]
encryptors = ["{USER}{{environment}}-checkout"]
decryptors = ["{USER}{{environment}}-clearing"]
[domains.customers]
encryptors = ["{USER}{{environment}}-crm"]
decryptors = ["{USER}{{environment}}-crm"]
""")
        cli("topology", "apply", "--file", self.folder / "topology.toml", server=self.server, credentials=self.production.credentials())
        self.assertEqual(self.rules(), ([], 0))
        told = self.access("who-can", "kms:Decrypt", "alias/shop/production/payments/cards", "--context", "domain=payments/cards",
                           "--context", "environment=production").stdout
        self.assertEqual([line.split()[0] for line in told.splitlines()], [USER + "production-clearing"], told)


if __name__ == "__main__":
    unittest.main()
