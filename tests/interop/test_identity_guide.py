"""What docs/identities.md tells people to type does what it says: its ```sh blocks, from the top, with the AWS command line."""

import os
import pathlib
import sys
import tempfile
import unittest

import boto3
from documents import Shell, blocks, statements
from keyfold_server import ACCOUNT, REGION, Server

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "identities.md"
ENDPOINT = "https://kms.example.org:8443"  # As the document has it; the system chooses ours.
TOOLS = pathlib.Path(sys.executable).parent  # `aws`


class Guide(unittest.TestCase):
    def setUp(self):
        self.server = Server(("--clock", "virtual"))
        self.addCleanup(self.server.__exit__)
        folder = tempfile.TemporaryDirectory(prefix="keyfold-guide-")
        self.addCleanup(folder.cleanup)
        environment = {"PATH": f"{TOOLS}:{os.environ['PATH']}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_PAGER": "",
                       "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}
        self.shell = self.enterContext(Shell(folder.name, **environment))
        self.iam = boto3.client("iam", endpoint_url=self.server.endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")

    def test_its_commands_do_what_it_says(self):
        self.iam.create_user(UserName="scheduler")
        key = self.iam.create_access_key(UserName="scheduler")["AccessKey"]
        scheduler = f"AWS_ACCESS_KEY_ID={key['AccessKeyId']} AWS_SECRET_ACCESS_KEY={key['SecretAccessKey']} "
        typed = [statement for block in blocks(GUIDE.read_text(), "sh") for statement in statements(block) if statement]
        self.assertGreaterEqual(len(typed), 9)
        said = {}
        for statement in typed:
            with self.subTest(statement):
                ours = statement.replace(ENDPOINT, self.server.endpoint)
                if statement.endswith("# as the scheduler"):
                    status, output = self.shell.run(ours)  # The root may not,
                    self.assertNotEqual(status, 0, output)
                    ours = scheduler + ours  # but he.
                status, output = self.shell.run(ours)
                self.assertEqual(status, 0, output)
                said[" ".join(statement.split()[1:3])] = output
        for told, output in (("SecretAccessKey", "iam create-access-key"), ("SessionToken", "sts assume-role")):
            self.assertIn(told, said[output])
        attached = self.iam.list_attached_user_policies(UserName="ledger-writer")["AttachedPolicies"]
        self.assertEqual(attached, [{"PolicyName": "encrypt-ledger", "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/encrypt-ledger"}])
        self.assertEqual(self.iam.list_user_tags(UserName="ledger-writer")["Tags"], [{"Key": "team", "Value": "ledger"}])
        self.assertEqual(self.iam.list_role_policies(RoleName="night-run")["PolicyNames"], ["AWSRevokeOlderSessions", "decrypt"])


if __name__ == "__main__":
    unittest.main()
