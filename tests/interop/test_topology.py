"""A topology whose keys boto3 changes by hand, and whose encryptors and decryptors are roles that are made and assumed with boto3."""

import json
import pathlib
import tempfile
import unittest

import boto3
import botocore.config
import botocore.exceptions
from keyfold_server import ACCOUNT, REGION, Server, cli

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ALIAS = "alias/shop/production/payments/cards"
CONTEXT = {"domain": "payments/cards", "environment": "production"}
DRIFTED = 3
FILE = f"""
topology     = "shop"
account      = "{ACCOUNT}"
regions      = ["{REGION}"]
environments = ["production", "staging"]
[defaults]
administrators = ["arn:aws:iam::{ACCOUNT}:role/key-administrator"]
rotation_days  = 365
[domains."payments/cards"]
encryptors = ["arn:aws:iam::{ACCOUNT}:role/{{environment}}-checkout"]
decryptors = ["arn:aws:iam::{ACCOUNT}:role/{{environment}}-clearing"]
"""


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Topology(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server([]))
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="keyfold-topology-")))
        self.file = self.folder / "topology.toml"
        self.file.write_text(FILE)
        self.iam, self.kms = self.client("iam"), self.client("kms")
        self.topology("apply")

    def client(self, service, credentials=("test", "test")):
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        return boto3.client(service, endpoint_url=self.server.endpoint, region_name=REGION, **dict(zip(names, credentials)),
                            config=botocore.config.Config(retries={"total_max_attempts": 1}))

    def topology(self, action, status=0):
        done = cli("topology", action, "--file", self.file, server=self.server, check=False, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout.decode() + done.stderr.decode())
        return done.stdout.decode()

    def denied(self, call, **request):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**request)
        self.assertEqual(caught.exception.response["Error"]["Code"], "AccessDeniedException")

    def test_what_boto3_changes_is_named_and_put_right(self):
        key = self.kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]
        opened = json.loads(self.kms.get_key_policy(KeyId=key)["Policy"])
        opened["Statement"].append({"Sid": "Helpful", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"})
        changes = {
            "policy": lambda: self.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(opened)),
            "rotation": lambda: self.kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90),
            "tags": lambda: self.kms.tag_resource(KeyId=key, Tags=[{"TagKey": "keyfold:environment", "TagValue": "staging"}]),
            "description": lambda: self.kms.update_key_description(KeyId=key, Description="mine"),
            "alias": lambda: self.kms.delete_alias(AliasName=ALIAS),
            "state": lambda: self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7),
        }
        for aspect, change in changes.items():
            with self.subTest(aspect):
                change()
                self.assertRegex(self.topology("drift", DRIFTED), rf"production payments/cards  {key}\n  {aspect}: ")
                self.topology("apply")
                self.topology("drift")
                self.assertEqual(self.kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"], key)

    def session(self, name, *statements):
        """Credentials of a session of a new role."""
        trust = policy({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"})
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        if not hasattr(self, "person"):
            self.iam.create_user(UserName="person")
            self.iam.put_user_policy(UserName="person", PolicyName="inline",
                                     PolicyDocument=policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}))
            made = self.iam.create_access_key(UserName="person")["AccessKey"]
            self.person = made["AccessKeyId"], made["SecretAccessKey"]
        given = self.client("sts", self.person).assume_role(RoleArn=role, RoleSessionName="a-session")["Credentials"]
        return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]

    def in_domain(self, command, environment, *more, credentials, status=0, input=None):
        done = cli(command, "--topology", self.file, "--environment", environment, "--domain", "payments/cards", *more, server=self.server,
                   credentials=credentials, input=input, check=False, timeout=60)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stdout, done.stderr.decode()

    def test_sessions_of_roles_do_their_part_and_nothing_else(self):
        everything = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
        checkout, clearing = self.session("production-checkout", everything), self.session("production-clearing", everything)
        staging, stranger = self.session("staging-clearing", everything), self.session("stranger", everything)
        sealed = self.folder / "sealed"
        self.in_domain("encrypt", "production", "-o", sealed, credentials=checkout, input=b"4111")
        self.assertEqual(self.in_domain("decrypt", "production", "-i", sealed, credentials=clearing)[0], b"4111")
        for who in (checkout, staging, stranger):
            self.assertIn("not authorized to perform: kms:Decrypt", self.in_domain("decrypt", "production", "-i", sealed, credentials=who, status=1)[1])
        for who in (clearing, staging, stranger):
            self.denied(self.client("kms", who).generate_data_key, KeyId=ALIAS, KeySpec="AES_256", EncryptionContext=CONTEXT)
        self.assertIn('of the environment "production"', self.in_domain("decrypt", "staging", "-i", sealed, credentials=staging, status=1)[1])
        # An identity policy that allows everything makes no user of a key its administrator.
        key = self.kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]
        open_to_all = policy({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"})
        for who in (checkout, clearing):
            kms = self.client("kms", who)
            self.denied(kms.put_key_policy, KeyId=key, PolicyName="default", Policy=open_to_all)
            self.denied(kms.schedule_key_deletion, KeyId=key)
            self.denied(kms.disable_key, KeyId=key)
            self.denied(kms.tag_resource, KeyId=key, Tags=[{"TagKey": "keyfold:domain", "TagValue": "x"}])
            self.denied(kms.untag_resource, KeyId=key, TagKeys=["keyfold:domain"])
            self.denied(kms.delete_alias, AliasName=ALIAS)
            self.denied(kms.create_alias, AliasName="alias/mine", TargetKeyId=key)
        self.topology("drift")
        # The administrator administers, and so does whom the account lets.
        administrator = self.client("kms", self.session("key-administrator"))
        administrator.update_key_description(KeyId=key, Description="mine")
        self.denied(administrator.generate_data_key, KeyId=key, KeySpec="AES_256", EncryptionContext=CONTEXT)
        self.topology("drift", DRIFTED)


if __name__ == "__main__":
    unittest.main()
