"""boto3 makes, uses, lists and ends grants. The grantee is the root of another account, whom no policy here lets do anything."""

import unittest

import boto3
import botocore.config
import botocore.exceptions
from keyfold_server import ACCOUNT, REGION, Server

GUEST_ACCOUNT = "111122223333"
GUEST = f"arn:aws:iam::{GUEST_ACCOUNT}:root"
CLEANER = f"arn:aws:iam::{ACCOUNT}:user/cleaner"
NO_GRANT = "0" * 64
CONTEXT = {"tenant": "north-star", "größe": "naïve ☃"}


class Grants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server([]))
        cls.kms, cls.guest = cls.client("test"), cls.client(GUEST_ACCOUNT)

    @classmethod
    def client(cls, access_key):
        return boto3.client("kms", endpoint_url=cls.server.endpoint, region_name=REGION, aws_access_key_id=access_key, aws_secret_access_key="test",
                            config=botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1}))

    def setUp(self):
        self.key = self.kms.create_key()["KeyMetadata"]["Arn"]

    def grant(self, *operations, by=None, **more):
        return (by or self.kms).create_grant(KeyId=self.key, **{"GranteePrincipal": GUEST, **more}, Operations=list(operations))

    def refused(self, code, operation, *, message=None, by=None, **request):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            getattr(by or self.kms, operation)(**request)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code, error)
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)
        if message is not None:
            self.assertEqual(error.get("Message", ""), message)

    def test_a_grant_is_used_at_once_and_ends_at_once(self):
        self.refused("AccessDeniedException", "encrypt", by=self.guest, KeyId=self.key, Plaintext=b"x")
        grant = self.grant("Encrypt", "Decrypt", "GenerateDataKey")
        self.assertRegex(grant["GrantId"], "^[0-9a-f]{64}$")
        self.assertLessEqual(len(grant["GrantToken"]), 8192)
        blob = self.guest.encrypt(KeyId=self.key, Plaintext=b"x", EncryptionContext=CONTEXT, GrantTokens=[grant["GrantToken"]])["CiphertextBlob"]
        self.assertEqual(self.guest.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"], b"x")
        self.assertEqual(len(self.guest.generate_data_key(KeyId=self.key, KeySpec="AES_256")["Plaintext"]), 32)
        self.refused("AccessDeniedException", "describe_key", by=self.guest, KeyId=self.key)
        self.kms.revoke_grant(KeyId=self.key, GrantId=grant["GrantId"])
        self.refused("AccessDeniedException", "encrypt", by=self.guest, KeyId=self.key, Plaintext=b"x")
        self.refused("AccessDeniedException", "encrypt", by=self.guest, KeyId=self.key, Plaintext=b"x", GrantTokens=[grant["GrantToken"]])

    def test_constraints_bind_the_encryption_context(self):
        self.grant("Encrypt", Constraints={"EncryptionContextSubset": {"tenant": "north-star"}})
        self.grant("GenerateDataKey", Constraints={"EncryptionContextEquals": CONTEXT})
        self.guest.encrypt(KeyId=self.key, Plaintext=b"x", EncryptionContext=CONTEXT)
        self.guest.generate_data_key(KeyId=self.key, KeySpec="AES_256", EncryptionContext=CONTEXT)
        for context in ({}, {"tenant": "North-Star"}, {"Tenant": "north-star"}):
            self.refused("AccessDeniedException", "encrypt", by=self.guest, KeyId=self.key, Plaintext=b"x", EncryptionContext=context)
        self.refused("AccessDeniedException", "generate_data_key", by=self.guest, KeyId=self.key, KeySpec="AES_256",
                     EncryptionContext={**CONTEXT, "more": ""})

    def test_create_grant_by_name_and_its_refusals(self):
        first = self.grant("Encrypt", Name="nightly", RetiringPrincipal=CLEANER)
        again = self.grant("Encrypt", Name="nightly", RetiringPrincipal=CLEANER)
        self.assertEqual(first["GrantId"], again["GrantId"])
        self.assertNotEqual(first["GrantToken"], again["GrantToken"])
        self.assertNotEqual(self.grant("Decrypt", Name="nightly", RetiringPrincipal=CLEANER)["GrantId"], first["GrantId"])
        grant = {"KeyId": self.key, "GranteePrincipal": GUEST, "Operations": ["Decrypt"]}
        self.refused("InvalidArnException", "create_grant", **{**grant, "GranteePrincipal": "nobody"},
                     message="ARN does not refer to a valid principal: nobody")
        self.refused("ValidationException", "create_grant", **{**grant, "Operations": ["Sign"]})
        self.refused("ValidationException", "create_grant", **{**grant, "Operations": ["Delete"]})
        self.refused("ValidationException", "create_grant", **grant, Constraints={"EncryptionContextEquals": {str(i): "" for i in range(9)}})
        self.refused("InvalidGrantTokenException", "create_grant", **grant, GrantTokens=["x"])
        self.refused("DryRunOperationException", "create_grant", **grant, DryRun=True,
                     message="The request would have succeeded, but the DryRun option is set.")
        self.kms.disable_key(KeyId=self.key)
        self.refused("DisabledException", "create_grant", **grant, message=f"{self.key} is disabled.")

    def test_a_child_is_no_wider_than_its_parent(self):
        self.grant("Encrypt", "CreateGrant", Constraints={"EncryptionContextSubset": {"tenant": "a"}})
        child = {"KeyId": self.key, "GranteePrincipal": f"arn:aws:iam::{GUEST_ACCOUNT}:user/u"}
        narrower = {"EncryptionContextEquals": {"tenant": "a", "more": "b"}}
        self.guest.create_grant(**child, Operations=["Encrypt"], Constraints=narrower)
        self.refused("AccessDeniedException", "create_grant", by=self.guest, **child, Operations=["Encrypt"])
        self.refused("AccessDeniedException", "create_grant", by=self.guest, **child, Operations=["Decrypt"], Constraints=narrower)

    def test_list_grants_in_pages(self):
        made = {self.grant("Encrypt", Name=f"n{i}")["GrantId"] for i in range(5)}
        pages = list(self.kms.get_paginator("list_grants").paginate(KeyId=self.key, PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(page["Grants"]) for page in pages], [2, 2, 1])
        self.assertEqual({entry["GrantId"] for page in pages for entry in page["Grants"]}, made)
        entry = pages[0]["Grants"][0]
        self.assertEqual((entry["KeyId"], entry["GranteePrincipal"], entry["IssuingAccount"], entry["Operations"]),
                         (self.key, GUEST, f"arn:aws:iam::{ACCOUNT}:root", ["Encrypt"]))
        self.assertEqual(self.kms.list_grants(KeyId=self.key, GranteePrincipal=CLEANER)["Grants"], [])
        self.refused("InvalidGrantIdException", "list_grants", KeyId=self.key, GrantId="x")
        self.refused("InvalidMarkerException", "list_grants", KeyId=self.key, Marker="x")
        self.refused("NotFoundException", "list_grants", KeyId="alias/x", message="Invalid keyId 'alias/x'")

    def test_list_retirable_grants(self):
        grant = self.grant("Encrypt", RetiringPrincipal=f"{CLEANER}-2")
        listed = self.kms.list_retirable_grants(RetiringPrincipal=f"{CLEANER}-2")
        self.assertEqual([(entry["KeyId"], entry["GrantId"]) for entry in listed["Grants"]], [(self.key, grant["GrantId"])])
        self.refused("AccessDeniedException", "list_retirable_grants", RetiringPrincipal=GUEST)
        self.refused("InvalidArnException", "list_retirable_grants", RetiringPrincipal="nobody")

    def test_retire_grant(self):
        grant = self.grant("Encrypt", RetiringPrincipal=GUEST)
        self.refused("DryRunOperationException", "retire_grant", by=self.guest, GrantToken=grant["GrantToken"], DryRun=True)
        self.guest.retire_grant(GrantToken=grant["GrantToken"])
        self.refused("NotFoundException", "retire_grant", KeyId=self.key, GrantId=grant["GrantId"],
                     message=f"Grant ID {grant['GrantId']} not found")
        self.refused("InvalidGrantTokenException", "retire_grant", GrantToken=grant["GrantToken"][:-4])
        self.refused("InvalidGrantIdException", "retire_grant", KeyId=self.key, GrantId="x")
        self.refused("ValidationException", "retire_grant", KeyId=self.key)
        other = self.grant("Encrypt")
        self.refused("AccessDeniedException", "retire_grant", by=self.guest, KeyId=self.key, GrantId=other["GrantId"])
        self.kms.retire_grant(KeyId=self.key, GrantId=other["GrantId"])

    def test_revoke_grant(self):
        grant = self.grant("Encrypt", "RetireGrant")
        self.refused("AccessDeniedException", "revoke_grant", by=self.guest, KeyId=self.key, GrantId=grant["GrantId"])
        self.refused("DryRunOperationException", "revoke_grant", KeyId=self.key, GrantId=grant["GrantId"], DryRun=True)
        self.kms.revoke_grant(KeyId=self.key, GrantId=grant["GrantId"])
        self.refused("NotFoundException", "revoke_grant", KeyId=self.key, GrantId=grant["GrantId"])
        self.refused("NotFoundException", "revoke_grant", KeyId=self.key, GrantId=NO_GRANT, message=f"Grant ID {NO_GRANT} not found")
        self.refused("InvalidGrantIdException", "revoke_grant", KeyId=self.key, GrantId="x")


if __name__ == "__main__":
    unittest.main()
