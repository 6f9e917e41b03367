"""boto3 drives every operation: the happy path, and at least two failures each, in AWS's own words."""

import json
import unittest

import boto3
import botocore.config
import botocore.exceptions
from keyfold_server import ACCOUNT, REGION, Server

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
server = None
kms = None


def client(access_key="test", secret="test", region=REGION):
    return boto3.client("kms", endpoint_url=server.endpoint, region_name=region, aws_access_key_id=access_key,
                        aws_secret_access_key=secret, config=botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1}))


def setUpModule():
    global server, kms
    server = Server([])
    kms = client()


def tearDownModule():
    server.kill()


class Case(unittest.TestCase):
    def refused(self, code, operation, *, message=None, by=None, **request):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            getattr(by or kms, operation)(**request)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code, error)
        self.assertIn(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], (400,))
        if message is not None:
            self.assertIn(message, error.get("Message", ""))

    @staticmethod
    def key(**request):
        return kms.create_key(**request)["KeyMetadata"]

    def disabled(self):
        key = self.key()
        kms.disable_key(KeyId=key["KeyId"])
        return key

    def doomed(self):
        key = self.key()
        kms.schedule_key_deletion(KeyId=key["KeyId"])
        return key


class KeyLifecycle(Case):
    def test_create_key(self):
        key = self.key(Description="ledger", Tags=[{"TagKey": "domain", "TagValue": "payments"}])
        self.assertEqual(key["Arn"], f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key['KeyId']}")
        self.assertEqual((key["KeyState"], key["Enabled"], key["KeySpec"], key["KeyUsage"], key["Origin"], key["KeyManager"]),
                         ("Enabled", True, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS", "CUSTOMER"))
        self.refused("MalformedPolicyDocumentException", "create_key", Policy="{}")
        self.refused("TagException", "create_key", Tags=[{"TagKey": "aws:x", "TagValue": ""}])
        self.refused("ValidationException", "create_key", Description="x" * 8193)

    def test_describe_key(self):
        key = self.key()
        for name in (key["KeyId"], key["Arn"]):
            self.assertEqual(kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"], key["KeyId"])
        absent = "00000000-0000-4000-8000-000000000000"
        self.refused("NotFoundException", "describe_key", KeyId=absent,
                     message=f"Key 'arn:aws:kms:{REGION}:{ACCOUNT}:key/{absent}' does not exist")
        self.refused("NotFoundException", "describe_key", KeyId="alias/nowhere", message="is not found.")
        self.refused("NotFoundException", "describe_key", KeyId="no-such-key", message="Invalid keyId 'no-such-key'")

    def test_list_keys_in_pages(self):
        made = {self.key()["KeyId"] for _ in range(5)}
        listed = {key["KeyId"] for page in kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
                  for key in page["Keys"]}
        self.assertLessEqual(made, listed)
        self.refused("InvalidMarkerException", "list_keys", Marker="not-a-marker")
        self.refused("ValidationException", "list_keys", Limit=1001,
                     message="1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: "
                             "Member must have value less than or equal to 1000")

    def test_update_key_description(self):
        key = self.key()
        kms.update_key_description(KeyId=key["KeyId"], Description="anew")
        self.assertEqual(kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["Description"], "anew")
        self.refused("KMSInvalidStateException", "update_key_description", KeyId=self.doomed()["KeyId"], Description="x")
        self.refused("NotFoundException", "update_key_description", KeyId="alias/x", Description="x", message="Invalid keyId 'alias/x'")

    def test_enable_and_disable_key(self):
        key = self.disabled()
        self.refused("DisabledException", "encrypt", KeyId=key["KeyId"], Plaintext=b"x", message=f"{key['Arn']} is disabled.")
        kms.enable_key(KeyId=key["KeyId"])
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
        doomed = self.doomed()
        for operation in ("enable_key", "disable_key"):
            self.refused("KMSInvalidStateException", operation, KeyId=doomed["KeyId"], message=f"{doomed['Arn']} is pending deletion.")
            self.refused("NotFoundException", operation, KeyId="nothing")

    def test_schedule_and_cancel_key_deletion(self):
        key = self.key()
        answer = kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
        self.assertEqual((answer["KeyId"], answer["KeyState"], answer["PendingWindowInDays"]), (key["Arn"], "PendingDeletion", 7))
        self.refused("KMSInvalidStateException", "encrypt", KeyId=key["KeyId"], Plaintext=b"x")
        self.refused("KMSInvalidStateException", "schedule_key_deletion", KeyId=key["KeyId"])
        self.assertEqual(kms.cancel_key_deletion(KeyId=key["KeyId"])["KeyId"], key["Arn"])
        self.assertEqual(kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"], "Disabled")
        self.refused("KMSInvalidStateException", "cancel_key_deletion", KeyId=key["KeyId"], message="is not pending deletion.")
        self.refused("NotFoundException", "cancel_key_deletion", KeyId="nothing")
        for days in (6, 31):
            self.refused("ValidationException", "schedule_key_deletion", KeyId=self.key()["KeyId"], PendingWindowInDays=days)


class Aliases(Case):
    def test_create_update_list_delete_alias(self):
        first, second = self.key(), self.key()
        kms.create_alias(AliasName="alias/one", TargetKeyId=first["KeyId"])
        kms.update_alias(AliasName="alias/one", TargetKeyId=second["Arn"])
        listed = kms.list_aliases(KeyId=second["KeyId"])["Aliases"]
        self.assertEqual([(a["AliasName"], a["TargetKeyId"]) for a in listed], [("alias/one", second["KeyId"])])
        self.assertEqual(kms.encrypt(KeyId="alias/one", Plaintext=b"x")["KeyId"], second["Arn"])
        self.refused("AlreadyExistsException", "create_alias", AliasName="alias/one", TargetKeyId=first["KeyId"])
        kms.delete_alias(AliasName="alias/one")
        self.refused("NotFoundException", "delete_alias", AliasName="alias/one")
        self.refused("NotFoundException", "update_alias", AliasName="alias/one", TargetKeyId=first["KeyId"])
        self.refused("ValidationException", "create_alias", AliasName="one", TargetKeyId=first["KeyId"])
        self.refused("ValidationException", "delete_alias", AliasName="one")
        self.refused("ValidationException", "update_alias", AliasName="one", TargetKeyId=first["KeyId"])
        self.refused("NotAuthorizedException", "create_alias", AliasName="alias/aws/s3", TargetKeyId=first["KeyId"])
        self.refused("InvalidMarkerException", "list_aliases", Marker="nonsense")
        self.refused("ValidationException", "list_aliases", Limit=0)


class Tags(Case):
    def test_tag_untag_list(self):
        key = self.key()
        kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": f"k{i:02}", "TagValue": "v"} for i in range(50)])
        tags = [t["TagKey"] for page in kms.get_paginator("list_resource_tags").paginate(KeyId=key["KeyId"], PaginationConfig={"PageSize": 20})
                for t in page["Tags"]]
        self.assertEqual(len(tags), 50)
        self.refused("TagException", "tag_resource", KeyId=key["KeyId"], Tags=[{"TagKey": "more", "TagValue": "v"}], message="Too many tags")
        kms.untag_resource(KeyId=key["KeyId"], TagKeys=["k00", "never-there"])
        self.refused("TagException", "tag_resource", KeyId=key["KeyId"],
                     Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}], message="Duplicate tag keys")
        self.refused("TagException", "untag_resource", KeyId=key["KeyId"], TagKeys=["AWS:x"], message="Tags beginning with aws: are reserved")
        self.refused("KMSInvalidStateException", "untag_resource", KeyId=self.doomed()["KeyId"], TagKeys=["x"])
        self.refused("InvalidMarkerException", "list_resource_tags", KeyId=key["KeyId"], Marker="nonsense")
        self.refused("NotFoundException", "list_resource_tags", KeyId="nothing")


class Policies(Case):
    def test_get_put_list(self):
        key = self.key()
        document = json.loads(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])
        self.assertEqual(document["Statement"][0]["Principal"], {"AWS": ROOT})
        document["Statement"][0]["Sid"] = "Renamed"
        kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=json.dumps(document))
        self.assertIn("Renamed", kms.get_key_policy(KeyId=key["KeyId"])["Policy"])
        self.assertEqual(kms.list_key_policies(KeyId=key["KeyId"])["PolicyNames"], ["default"])
        for wrong in ("{", "[]", json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotPrincipal": "*"}]}),
                      json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*",
                                  "Resource": "*", "Condition": {"StringMatches": {"kms:EncryptionContext:a": "b"}}}]})):
            self.refused("MalformedPolicyDocumentException", "put_key_policy", KeyId=key["KeyId"], PolicyName="default", Policy=wrong)
        lockout = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:Encrypt",
                                                           "Resource": "*"}]}
        self.refused("MalformedPolicyDocumentException", "put_key_policy", KeyId=key["KeyId"], PolicyName="default",
                     Policy=json.dumps(lockout))
        self.refused("NotFoundException", "get_key_policy", KeyId="nothing")
        self.refused("NotFoundException", "get_key_policy", KeyId=key["KeyId"], PolicyName="other")
        self.refused("NotFoundException", "list_key_policies", KeyId="nothing")
        self.refused("ValidationException", "list_key_policies", KeyId=key["KeyId"], Limit=0)


class Cryptography(Case):
    def test_encrypt_and_decrypt(self):
        key = self.key()
        context = {"tenant": "north-star", "größe": "naïve ☃"}
        for size in (1, 4096):
            sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x" * size, EncryptionContext=context)
            self.assertEqual((sealed["KeyId"], sealed["EncryptionAlgorithm"]), (key["Arn"], "SYMMETRIC_DEFAULT"))
            opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
            self.assertEqual((opened["Plaintext"], opened["KeyId"]), (b"x" * size, key["Arn"]))
            self.assertEqual(opened["KeyMaterialId"], kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"])
        blob = sealed["CiphertextBlob"]
        self.refused("ValidationException", "encrypt", KeyId=key["KeyId"], Plaintext=b"x" * 4097,
                     message="Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096")
        self.refused("KMSInvalidStateException", "encrypt", KeyId=self.doomed()["KeyId"], Plaintext=b"x")
        self.refused("InvalidCiphertextException", "decrypt", CiphertextBlob=blob)
        self.refused("InvalidCiphertextException", "decrypt", CiphertextBlob=blob, EncryptionContext={"tenant": "North-star"})
        self.refused("InvalidCiphertextException", "decrypt", CiphertextBlob=blob[:-1], EncryptionContext=context)
        self.refused("InvalidCiphertextException", "decrypt", CiphertextBlob=b"nonsense")
        self.refused("IncorrectKeyException", "decrypt", CiphertextBlob=blob, EncryptionContext=context, KeyId=self.key()["KeyId"])
        self.refused("DryRunOperationException", "decrypt", CiphertextBlob=blob, EncryptionContext=context, DryRun=True)
        self.refused("InvalidCiphertextException", "decrypt", CiphertextBlob=blob, DryRun=True)
        self.refused("DryRunOperationException", "encrypt", KeyId=key["KeyId"], Plaintext=b"x", DryRun=True)

    def test_re_encrypt(self):
        source, target = self.key(), self.key()
        blob = kms.encrypt(KeyId=source["KeyId"], Plaintext=b"secret", EncryptionContext={"a": "1"})["CiphertextBlob"]
        answer = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"a": "1"}, DestinationKeyId=target["Arn"],
                                DestinationEncryptionContext={"b": "2"})
        self.assertEqual((answer["SourceKeyId"], answer["KeyId"]), (source["Arn"], target["Arn"]))
        self.assertEqual(kms.decrypt(CiphertextBlob=answer["CiphertextBlob"], EncryptionContext={"b": "2"})["Plaintext"], b"secret")
        self.refused("InvalidCiphertextException", "re_encrypt", CiphertextBlob=blob, DestinationKeyId=target["KeyId"])
        self.refused("NotFoundException", "re_encrypt", CiphertextBlob=blob, SourceEncryptionContext={"a": "1"}, DestinationKeyId="nothing")
        self.refused("DisabledException", "re_encrypt", CiphertextBlob=blob, SourceEncryptionContext={"a": "1"},
                     DestinationKeyId=self.disabled()["KeyId"])

    def test_generate_data_key(self):
        key = self.key()
        for spec, size in (({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 1024}, 1024)):
            made = kms.generate_data_key(KeyId=key["KeyId"], EncryptionContext={"a": "b"}, **spec)
            self.assertEqual(len(made["Plaintext"]), size)
            self.assertEqual(kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "b"})["Plaintext"], made["Plaintext"])
            hidden = kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], **spec)
            self.assertNotIn("Plaintext", hidden)
            self.assertEqual(len(kms.decrypt(CiphertextBlob=hidden["CiphertextBlob"])["Plaintext"]), size)
        for operation in ("generate_data_key", "generate_data_key_without_plaintext"):
            self.refused("ValidationException", operation, KeyId=key["KeyId"], message="Please specify either number of bytes or key spec.")
            self.refused("ValidationException", operation, KeyId=key["KeyId"], NumberOfBytes=1025)
            self.refused("DisabledException", operation, KeyId=self.disabled()["KeyId"], KeySpec="AES_256")

    def test_generate_random(self):
        self.assertEqual(len(kms.generate_random(NumberOfBytes=1024)["Plaintext"]), 1024)
        self.refused("ValidationException", "generate_random", NumberOfBytes=1025,
                     message="1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: "
                             "Member must have value less than or equal to 1024")
        self.refused("ValidationException", "generate_random")


class Rotation(Case):
    def test_enable_disable_status(self):
        key = self.key()
        self.assertFalse(kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"])
        kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
        status = kms.get_key_rotation_status(KeyId=key["Arn"])
        self.assertEqual((status["KeyRotationEnabled"], status["RotationPeriodInDays"]), (True, 90))
        self.assertIn("NextRotationDate", status)
        kms.disable_key_rotation(KeyId=key["KeyId"])
        self.assertFalse(kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"])
        for days in (89, 2561):
            self.refused("ValidationException", "enable_key_rotation", KeyId=key["KeyId"], RotationPeriodInDays=days)
        for operation in ("enable_key_rotation", "disable_key_rotation"):
            self.refused("DisabledException", operation, KeyId=self.disabled()["KeyId"])
            self.refused("NotFoundException", operation, KeyId="nothing")
        self.refused("NotFoundException", "get_key_rotation_status", KeyId="nothing")
        self.refused("NotFoundException", "get_key_rotation_status", KeyId="alias/x")

    def test_rotate_on_demand_and_list(self):
        key = self.key()
        blobs = []
        for number in range(25):
            blobs.append(kms.encrypt(KeyId=key["KeyId"], Plaintext=str(number).encode())["CiphertextBlob"])
            self.assertEqual(kms.rotate_key_on_demand(KeyId=key["KeyId"])["KeyId"], key["Arn"])
        self.refused("LimitExceededException", "rotate_key_on_demand", KeyId=key["KeyId"], message="on-demand rotations limit")
        for number, blob in enumerate(blobs):
            self.assertEqual(kms.decrypt(CiphertextBlob=blob)["Plaintext"], str(number).encode())
        rotations = kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"]
        self.assertEqual([r["RotationType"] for r in rotations], ["ON_DEMAND"] * 25)
        everything = kms.list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
        self.assertEqual(len(everything), 26)
        self.refused("DisabledException", "rotate_key_on_demand", KeyId=self.disabled()["KeyId"])
        self.refused("InvalidMarkerException", "list_key_rotations", KeyId=key["KeyId"], Marker="nonsense")
        self.refused("NotFoundException", "list_key_rotations", KeyId="nothing")


class Access(Case):
    def test_other_accounts_and_regions_are_apart(self):
        key = self.key()
        other = client("210987654321", "test")
        self.refused("NotFoundException", "describe_key", by=other, KeyId=key["KeyId"])
        for named in (key["Arn"], key["Arn"].replace(key["KeyId"], "12345678-1234-1234-1234-123456789012")):
            self.refused("AccessDeniedException", "encrypt", by=other, KeyId=named, Plaintext=b"x",
                         message=f"User: arn:aws:iam::210987654321:root is not authorized to perform: kms:Encrypt on resource: {named} because "
                                 "the resource does not exist in this Region, no resource-based policies allow access, or a resource-based "
                                 "policy explicitly denies access")
        self.refused("NotFoundException", "describe_key", by=client(region="us-west-2"), KeyId=key["KeyId"])
        blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
        unknown = blob[:10] + bytes([blob[10] ^ 1]) + blob[11:]  # Inside of the key id.
        told = ("The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
                "or you are not allowed to access.")
        for ciphertext in (blob, unknown):
            self.refused("AccessDeniedException", "decrypt", by=other, CiphertextBlob=ciphertext, message=told)
            self.refused("AccessDeniedException", "re_encrypt", by=other, CiphertextBlob=ciphertext, message=told,
                         DestinationKeyId=other.create_key()["KeyMetadata"]["KeyId"])

    def test_wrong_credentials(self):
        self.refused("InvalidSignatureException", "list_keys", by=client(secret="wrong"))
        self.refused("UnrecognizedClientException", "list_keys", by=client("AKIAIOSFODNN7NOBODY0", "test"))

    def test_what_is_not_there_says_so(self):
        self.refused("UnknownOperationException", "verify_mac", KeyId="x", Message=b"x", Mac=b"x", MacAlgorithm="HMAC_SHA_256")
        self.refused("UnknownOperationException", "sign", KeyId="x", Message=b"x", SigningAlgorithm="ECDSA_SHA_256")
        self.refused("UnsupportedOperationException", "create_key", KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")


if __name__ == "__main__":
    unittest.main()
