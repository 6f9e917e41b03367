"""The AWS command line, unchanged but for its --endpoint-url, drives every operation: it does what it is for, and is refused twice."""

import base64
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import typing
import unittest

from keyfold_server import ACCOUNT, REGION, Server
from kms_client import Kms
from operations import served_operations

AWS = pathlib.Path(sys.executable).parent / "aws"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OTHER_ACCOUNT = "210987654321"
REFUSED = (254, 255)  # Exit statuses when the service refuses: of version 2, and of version 1, which knows no other.
CONTEXT = {"tenant": "north-star", "größe": "naïve ☃"}
AT_A_TIME = 3  # Each process takes about a second of a processor.


class Bad(typing.NamedTuple):
    """Arguments that must be refused. The message is the whole of it; None: what AWS says is not known, so any."""

    code: str
    message: str | None
    arguments: tuple
    access_key: str = "test"
    secret: str = "test"


class Row(typing.NamedTuple):
    """`shows` takes the answer, when every call has been made, and gives pairs that must be equal."""

    good: tuple
    shows: typing.Callable
    bad: tuple


def arn(key):
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"


def alias_arn(alias):
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:{alias}"


def too_much(value, member, most):
    return (f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
            f"Member must have value less than or equal to {most}")


def table(kms, file):
    """A row for each operation, on keys of its own, so that no call minds when the others are made. `kms` prepares them and looks
    afterwards; `file` writes bytes where the command line reads them."""

    def disabled():
        key = kms.new_key()
        kms.must("DisableKey", KeyId=key)
        return key

    def doomed():
        key = kms.new_key()
        kms.must("ScheduleKeyDeletion", KeyId=key)
        return key

    def alias(name, key):
        kms.must("CreateAlias", AliasName=name, TargetKeyId=key)
        return name

    def described(key):
        return kms.must("DescribeKey", KeyId=key)["KeyMetadata"]

    def tags(key):
        return kms.must("ListResourceTags", KeyId=key)["Tags"]

    def rotation(key):
        return kms.must("GetKeyRotationStatus", KeyId=key)

    def opened(answer, **more):
        return kms.decrypt(answer["CiphertextBlob"], **more)

    def blob(base64_text):
        return file(base64.b64decode(base64_text))

    def size(base64_text):
        return len(base64.b64decode(base64_text))

    key, another, off, ending = kms.new_key(), kms.new_key(), disabled(), doomed()
    absent = "00000000-0000-4000-8000-000000000000"
    context = json.dumps(CONTEXT)
    data = bytes(range(256)) * 16  # 4096 bytes, the most that Encrypt takes.
    sealed = blob(kms.encrypt(key, data, EncryptionContext=CONTEXT))

    def no_such(*more):
        return Bad("NotFoundException", "Invalid keyId 'nothing'", ("--key-id", "nothing", *more))

    def is_off(*more):
        return Bad("DisabledException", f"{arn(off)} is disabled.", ("--key-id", off, *more))

    def is_ending(*more):
        return Bad("KMSInvalidStateException", f"{arn(ending)} is pending deletion.", ("--key-id", ending, *more))

    def no_such_alias(name, *more):
        return Bad("NotFoundException", f"Alias {alias_arn(name)} is not found.", (*more, name))

    no_prefix = ('Alias must start with the prefix "alias/". Please see '
                 "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html")
    bad_marker = "InvalidMarkerException", None
    reserved = "Tags beginning with aws: are reserved"

    to_cancel, to_disable, to_enable, to_end, to_describe = doomed(), kms.new_key(), disabled(), kms.new_key(), kms.new_key()
    rotating, to_rotate_yearly, to_stop_rotating, rotated_out = kms.new_key(), kms.new_key(), kms.new_key(), kms.new_key()
    for yearly in (rotating, to_stop_rotating):
        kms.must("EnableKeyRotation", KeyId=yearly, RotationPeriodInDays=180)
    for _ in range(25):
        kms.must("RotateKeyOnDemand", KeyId=rotated_out)
    to_rotate = kms.new_key()
    first_material = described(to_rotate)["CurrentKeyMaterialId"]
    tagged, to_tag, to_untag = kms.new_key(), kms.new_key(), kms.new_key()
    for labelled in (tagged, to_untag):
        kms.must("TagResource", KeyId=labelled, Tags=[{"TagKey": "owner", "TagValue": "größe"}, {"TagKey": "team", "TagValue": ""}])
    to_govern = kms.new_key()
    policy = {"Version": "2012-10-17", "Statement": [{"Sid": "Renamed", "Effect": "Allow", "Principal": {"AWS": ROOT},
                                                      "Action": "kms:*", "Resource": "*"}]}
    lockout = json.loads(json.dumps(policy).replace("kms:*", "kms:Encrypt"))
    granted = kms.new_key()
    grantee, cleaner = f"arn:aws:iam::{OTHER_ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:user/cleaner"

    def grant(name, **more):
        return kms.must("CreateGrant", KeyId=granted, GranteePrincipal=grantee, Operations=["Decrypt"], Name=name, **more)

    def grants(**which):
        return [entry["GrantId"] for entry in kms.must("ListGrants", KeyId=granted, **which)["Grants"]]

    listed_grant, retirable, to_retire, to_revoke = grant("listed"), grant("retirable", RetiringPrincipal=cleaner), grant("retired"), grant("revoked")
    no_grant = "0" * 64
    absent_grant = Bad("NotFoundException", f"Grant ID {no_grant} not found", ("--key-id", granted, "--grant-id", no_grant))
    bad_grant = Bad("InvalidGrantIdException", "Invalid grant ID x", ("--key-id", granted, "--grant-id", "x"))
    alias("alias/taken", key)
    alias("alias/moving", key)
    alias("alias/going", key)
    alias("alias/listed", another)

    return {
        "CancelKeyDeletion": Row(
            ("--key-id", to_cancel),
            lambda answer: [(answer, {"KeyId": arn(to_cancel)}), (described(to_cancel)["KeyState"], "Disabled")],
            (Bad("KMSInvalidStateException", f"{arn(key)} is not pending deletion.", ("--key-id", key)), no_such())),
        "CreateAlias": Row(
            ("--alias-name", "alias/ledger", "--target-key-id", key),
            lambda answer: [(answer, None), (described("alias/ledger")["KeyId"], key)],
            (Bad("AlreadyExistsException", f"An alias with the name {alias_arn('alias/taken')} already exists",
                 ("--alias-name", "alias/taken", "--target-key-id", key)),
             Bad("ValidationException", no_prefix, ("--alias-name", "ledger", "--target-key-id", key)),
             Bad("NotAuthorizedException", "", ("--alias-name", "alias/aws/s3", "--target-key-id", key)))),
        "CreateGrant": Row(
            ("--key-id", granted, "--grantee-principal", grantee, "--operations", "Encrypt", "Decrypt", "--constraints",
             "EncryptionContextSubset={tenant=north-star}", "--name", "by-hand"),
            lambda answer: [(sorted(answer), ["GrantId", "GrantToken"]), (grants(GrantId=answer["GrantId"]), [answer["GrantId"]])],
            (Bad("InvalidArnException", "ARN does not refer to a valid principal: nobody",
                 ("--key-id", granted, "--grantee-principal", "nobody", "--operations", "Decrypt")),
             is_off("--grantee-principal", grantee, "--operations", "Decrypt"),
             no_such("--grantee-principal", grantee, "--operations", "Decrypt"),
             Bad("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.",
                 ("--key-id", granted, "--grantee-principal", grantee, "--operations", "Decrypt", "--dry-run")))),
        "CreateKey": Row(
            ("--description", "größer ☃", "--tags", "TagKey=domain,TagValue=payments"),
            lambda answer: [(answer["KeyMetadata"]["Arn"], arn(answer["KeyMetadata"]["KeyId"])),
                            (answer["KeyMetadata"]["Description"], "größer ☃"),
                            (tags(answer["KeyMetadata"]["KeyId"]), [{"TagKey": "domain", "TagValue": "payments"}])],
            (Bad("MalformedPolicyDocumentException", None, ("--policy", "{}")),
             Bad("TagException", reserved, ("--tags", "TagKey=aws:x,TagValue=y")))),
        "Decrypt": Row(
            ("--ciphertext-blob", sealed, "--encryption-context", context),
            lambda answer: [(base64.b64decode(answer["Plaintext"]), data), (answer["KeyId"], arn(key))],
            (Bad("InvalidCiphertextException", "", ("--ciphertext-blob", sealed, "--encryption-context", "tenant=south-star")),
             Bad("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.",
                 ("--ciphertext-blob", sealed, "--encryption-context", context, "--key-id", arn(another))),
             Bad("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this "
                 "region, or you are not allowed to access.", ("--ciphertext-blob", sealed, "--encryption-context", context),
                 access_key=OTHER_ACCOUNT))),
        "DeleteAlias": Row(
            ("--alias-name", "alias/going"),
            lambda answer: [(answer, None), (kms.call("DescribeKey", KeyId="alias/going")[0], 400)],
            (no_such_alias("alias/nowhere", "--alias-name"), Bad("ValidationException", no_prefix, ("--alias-name", "nowhere")))),
        "DescribeKey": Row(
            ("--key-id", arn(to_describe)),
            lambda answer: [(answer["KeyMetadata"]["KeyId"], to_describe), (answer["KeyMetadata"]["KeyState"], "Enabled")],
            (Bad("NotFoundException", f"Key '{arn(absent)}' does not exist", ("--key-id", absent)),
             no_such_alias("alias/nowhere", "--key-id"))),
        "DisableKey": Row(
            ("--key-id", to_disable),
            lambda answer: [(answer, None), (described(to_disable)["KeyState"], "Disabled")],
            (is_ending(), no_such())),
        "DisableKeyRotation": Row(
            ("--key-id", to_stop_rotating),
            lambda answer: [(answer, None), (rotation(to_stop_rotating)["KeyRotationEnabled"], False)],
            (is_off(), no_such())),
        "EnableKey": Row(
            ("--key-id", to_enable),
            lambda answer: [(answer, None), (described(to_enable)["KeyState"], "Enabled")],
            (is_ending(), no_such())),
        "EnableKeyRotation": Row(
            ("--key-id", to_rotate_yearly, "--rotation-period-in-days", 90),
            lambda answer: [(answer, None), (rotation(to_rotate_yearly)["RotationPeriodInDays"], 90)],
            (is_off(), Bad("ValidationException", too_much(2561, "rotationPeriodInDays", 2560),
                           ("--key-id", key, "--rotation-period-in-days", 2561)))),
        "Encrypt": Row(
            ("--key-id", "alias/taken", "--plaintext", file(data), "--encryption-context", context),
            lambda answer: [(answer["KeyId"], arn(key)), (opened(answer, EncryptionContext=CONTEXT), data)],
            (Bad("ValidationException", "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
                 "Member must have length less than or equal to 4096", ("--key-id", key, "--plaintext", file(data + b"x"))),
             is_off("--plaintext", file(b"x")))),
        "GenerateDataKey": Row(
            ("--key-id", arn(key), "--key-spec", "AES_256", "--encryption-context", context),
            lambda answer: [(size(answer["Plaintext"]), 32), (answer["KeyId"], arn(key)),
                            (opened(answer, EncryptionContext=CONTEXT), base64.b64decode(answer["Plaintext"]))],
            (Bad("ValidationException", "Please specify either number of bytes or key spec.", ("--key-id", key)),
             is_ending("--key-spec", "AES_256"))),
        "GenerateDataKeyWithoutPlaintext": Row(
            ("--key-id", key, "--number-of-bytes", 64),
            lambda answer: [("Plaintext" in answer, False), (answer["KeyId"], arn(key)), (len(opened(answer)), 64)],
            (Bad("ValidationException", too_much(1025, "numberOfBytes", 1024), ("--key-id", key, "--number-of-bytes", 1025)),
             is_off("--key-spec", "AES_128"))),
        "GenerateRandom": Row(
            ("--number-of-bytes", 1024),
            lambda answer: [(size(answer["Plaintext"]), 1024)],
            (Bad("ValidationException", too_much(1025, "numberOfBytes", 1024), ("--number-of-bytes", 1025)),
             Bad("ValidationException", "NumberOfBytes is required.", ()))),
        "GetKeyPolicy": Row(
            ("--key-id", key, "--policy-name", "default"),
            lambda answer: [(json.loads(answer["Policy"])["Statement"][0]["Principal"], {"AWS": ROOT}), (answer["PolicyName"], "default")],
            (no_such(), Bad("NotFoundException", None, ("--key-id", key, "--policy-name", "other")))),
        "GetKeyRotationStatus": Row(
            ("--key-id", rotating),
            lambda answer: [(answer["KeyRotationEnabled"], True), (answer["RotationPeriodInDays"], 180), (answer["KeyId"], arn(rotating))],
            (no_such(), Bad("NotFoundException", "Invalid keyId 'alias/taken'", ("--key-id", "alias/taken")))),
        "ListAliases": Row(
            ("--key-id", another, "--page-size", 1),
            lambda answer: [([(a["AliasName"], a["AliasArn"], a["TargetKeyId"]) for a in answer["Aliases"]],
                             [("alias/listed", alias_arn("alias/listed"), another)])],
            (Bad("ValidationException", too_much(101, "limit", 100), ("--limit", 101)), Bad(*bad_marker, ("--marker", "nonsense")))),
        "ListGrants": Row(
            ("--key-id", granted, "--grant-id", listed_grant["GrantId"]),
            lambda answer: [([(entry["GrantId"], entry["Name"], entry["GranteePrincipal"], entry["Operations"], entry["IssuingAccount"])
                              for entry in answer["Grants"]],
                             [(listed_grant["GrantId"], "listed", grantee, ["Decrypt"], ROOT)])],
            (bad_grant, no_such())),
        "ListKeyPolicies": Row(
            ("--key-id", key),
            lambda answer: [(answer["PolicyNames"], ["default"])],
            (no_such(), Bad("ValidationException", too_much(1001, "limit", 1000), ("--key-id", key, "--limit", 1001)))),
        "ListKeyRotations": Row(
            ("--key-id", rotated_out, "--page-size", 10),
            lambda answer: [([r["RotationType"] for r in answer["Rotations"]], ["ON_DEMAND"] * 25)],
            (no_such(), Bad(*bad_marker, ("--key-id", rotated_out, "--marker", "nonsense")))),
        "ListKeys": Row(
            ("--page-size", 20),
            lambda answer: [([entry for entry in answer["Keys"] if entry["KeyId"] in (key, off, ending)],
                             [{"KeyId": found, "KeyArn": arn(found)} for found in sorted((key, off, ending))])],
            (Bad(*bad_marker, ("--marker", "nonsense")), Bad("ValidationException", too_much(1001, "limit", 1000), ("--limit", 1001)),
             Bad("InvalidSignatureException", None, (), secret="wrong"),
             Bad("UnrecognizedClientException", None, (), access_key="AKIANOBODY"))),
        "ListResourceTags": Row(
            ("--key-id", tagged, "--page-size", 1),
            lambda answer: [(answer["Tags"], [{"TagKey": "owner", "TagValue": "größe"}, {"TagKey": "team", "TagValue": ""}])],
            (no_such(), Bad(*bad_marker, ("--key-id", tagged, "--marker", "nonsense")))),
        "ListRetirableGrants": Row(
            ("--retiring-principal", cleaner),
            lambda answer: [([entry["GrantId"] for entry in answer["Grants"]], [retirable["GrantId"]])],
            (Bad("InvalidArnException", "ARN does not refer to a valid principal: nobody", ("--retiring-principal", "nobody")),
             Bad(*bad_marker, ("--retiring-principal", cleaner, "--marker", "nonsense")))),
        "PutKeyPolicy": Row(
            ("--key-id", to_govern, "--policy-name", "default", "--policy", file(json.dumps(policy).encode(), "file")),
            lambda answer: [(answer, None), (json.loads(kms.must("GetKeyPolicy", KeyId=to_govern)["Policy"]), policy)],
            (Bad("MalformedPolicyDocumentException", None, ("--key-id", key, "--policy", "{}")),
             Bad("MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.",
                 ("--key-id", key, "--policy", json.dumps(lockout))))),
        "ReEncrypt": Row(
            ("--ciphertext-blob", sealed, "--source-encryption-context", context, "--destination-key-id", another,
             "--destination-encryption-context", "moved=yes"),
            lambda answer: [(answer["SourceKeyId"], arn(key)), (answer["KeyId"], arn(another)),
                            (opened(answer, EncryptionContext={"moved": "yes"}, KeyId=another), data)],
            (Bad("InvalidCiphertextException", "", ("--ciphertext-blob", sealed, "--destination-key-id", another)),
             Bad("DisabledException", f"{arn(off)} is disabled.",
                 ("--ciphertext-blob", sealed, "--source-encryption-context", context, "--destination-key-id", off)))),
        "RetireGrant": Row(
            ("--grant-token", to_retire["GrantToken"]),
            lambda answer: [(answer, None), (grants(GrantId=to_retire["GrantId"]), [])],
            (Bad("InvalidGrantTokenException", "The grant token is not valid.", ("--grant-token", "x")),
             absent_grant, bad_grant)),
        "RevokeGrant": Row(
            ("--key-id", granted, "--grant-id", to_revoke["GrantId"]),
            lambda answer: [(answer, None), (grants(GrantId=to_revoke["GrantId"]), [])],
            (absent_grant, bad_grant)),
        "RotateKeyOnDemand": Row(
            ("--key-id", to_rotate),
            lambda answer: [(answer, {"KeyId": arn(to_rotate)}), (described(to_rotate)["CurrentKeyMaterialId"] == first_material, False)],
            (is_off(), Bad("LimitExceededException", "The on-demand rotations limit has been reached for the given keyId. "
                           f"No more on-demand rotations can be performed for this key: {arn(rotated_out)}", ("--key-id", rotated_out)))),
        "ScheduleKeyDeletion": Row(
            ("--key-id", to_end, "--pending-window-in-days", 7),
            lambda answer: [((answer["KeyId"], answer["KeyState"], answer["PendingWindowInDays"]), (arn(to_end), "PendingDeletion", 7)),
                            (described(to_end)["KeyState"], "PendingDeletion")],
            (is_ending(), Bad("ValidationException", None, ("--key-id", key, "--pending-window-in-days", 6)))),
        "TagResource": Row(
            ("--key-id", to_tag, "--tags", "TagKey=owner,TagValue=größe"),
            lambda answer: [(answer, None), (tags(to_tag), [{"TagKey": "owner", "TagValue": "größe"}])],
            (Bad("TagException", "Duplicate tag keys", ("--key-id", key, "--tags", "TagKey=a,TagValue=1", "TagKey=a,TagValue=2")),
             Bad("TagException", "Too many tags", ("--key-id", key, "--tags", *(f"TagKey={i},TagValue=x" for i in range(51)))))),
        "UntagResource": Row(
            ("--key-id", to_untag, "--tag-keys", "owner", "never-there"),
            lambda answer: [(answer, None), (tags(to_untag), [{"TagKey": "team", "TagValue": ""}])],
            (Bad("TagException", reserved, ("--key-id", key, "--tag-keys", "AWS:x")), is_ending("--tag-keys", "owner"))),
        "UpdateAlias": Row(
            ("--alias-name", "alias/moving", "--target-key-id", arn(another)),
            lambda answer: [(answer, None), (described("alias/moving")["KeyId"], another)],
            (no_such_alias("alias/nowhere", "--target-key-id", key, "--alias-name"),
             Bad("KMSInvalidStateException", f"{arn(ending)} is pending deletion.",
                 ("--alias-name", "alias/taken", "--target-key-id", ending)))),
        "UpdateKeyDescription": Row(
            ("--key-id", to_describe, "--description", "anew ☃"),
            lambda answer: [(answer, None), (described(to_describe)["Description"], "anew ☃")],
            (is_ending("--description", "x"),
             Bad("NotFoundException", "Invalid keyId 'alias/taken'", ("--key-id", "alias/taken", "--description", "x")))),
    }


class AwsCli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server([]))
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="keyfold-awscli-")))
        cls.table = table(Kms(cls.server, ("test", "test")), cls.file)

    @classmethod
    def file(cls, data, scheme="fileb"):
        path = cls.folder / str(len(list(cls.folder.iterdir())))
        path.write_bytes(data)
        return f"{scheme}://{path}"

    def run_aws(self, operation, arguments, access_key="test", secret="test"):
        environment = dict(os.environ, AWS_ACCESS_KEY_ID=access_key, AWS_SECRET_ACCESS_KEY=secret, AWS_MAX_ATTEMPTS="1", AWS_PAGER="")
        name = re.sub("(?<=.)([A-Z])", r"-\1", operation).lower()
        command = [sys.executable, str(AWS), "kms", name, *map(str, arguments), "--endpoint-url", self.server.endpoint,
                   "--region", REGION, "--output", "json"]
        return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, timeout=60, check=False)

    def test_every_operation_of_the_server_is_in_the_table_with_two_refusals(self):
        self.assertEqual(sorted(self.table), sorted(served_operations()))
        for operation, row in self.table.items():
            self.assertGreaterEqual(len(row.bad), 2, operation)

    def test_every_operation_answers_and_refuses_as_the_table_says(self):
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
            done = {operation: (pool.submit(self.run_aws, operation, row.good),
                                [pool.submit(self.run_aws, operation, bad.arguments, bad.access_key, bad.secret) for bad in row.bad])
                    for operation, row in self.table.items()}
        for operation, (good, refusals) in done.items():
            row = self.table[operation]
            with self.subTest(operation):
                self.assert_answered(good.result(), row.shows)
            for bad, refusal in zip(row.bad, refusals, strict=True):
                with self.subTest(operation, refused=bad.code):
                    self.assert_refused(refusal.result(), operation, bad)

    def assert_answered(self, done, shows):
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for actual, expected in shows(json.loads(done.stdout) if done.stdout else None):
            self.assertEqual(actual, expected)

    def assert_refused(self, done, operation, bad):
        self.assertIn(done.returncode, REFUSED, done.stderr)
        self.assertEqual(done.stdout, "")
        said = f"An error occurred ({bad.code}) when calling the {operation} operation:"
        self.assertIn(said, done.stderr)
        if bad.message is not None:
            self.assertEqual(done.stderr[done.stderr.index(said) + len(said):].strip(), bad.message)


if __name__ == "__main__":
    unittest.main()
