"""boto3 and the AWS command line make users, groups, roles and policies, assume roles, call KMS with the session, and lose access
when it is taken away."""

import base64
import concurrent.futures
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import boto3
import botocore.config
import botocore.exceptions
from keyfold_server import ACCOUNT, REGION, Production, Server

OTHER_ACCOUNT = "210987654321"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
AT_ONCE_S = 1.0  # How soon a change must be in force.
AWS = pathlib.Path(sys.executable).parent / "aws"


def client(server, service, credentials=("test", "test"), region=REGION):
    """`credentials`: an access key, or what AssumeRole gives."""
    if isinstance(credentials, dict):
        credentials = credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return boto3.client(service, endpoint_url=server.endpoint, region_name=region, **dict(zip(names, credentials)),
                        config=botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False))


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trusting(principal, action="sts:AssumeRole", **more):
    return policy({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, **more})


class Case(unittest.TestCase):
    """One development server for all cases of a class, and its root."""

    arguments = ("--clock", "virtual")

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.arguments)
        cls.addClassCleanup(cls.server.__exit__)
        cls.iam, cls.sts, cls.kms = (client(cls.server, service) for service in ("iam", "sts", "kms"))
        cls.key = cls.kms.create_key()["KeyMetadata"]["Arn"]

    def fails(self, code, call, *, status=None, message=None, **request):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**request)
        answer = caught.exception.response
        self.assertEqual(answer["Error"]["Code"], code, answer)
        self.assertTrue(answer["ResponseMetadata"].get("RequestId") or answer["ResponseMetadata"]["HTTPHeaders"].get("x-amzn-requestid"))
        if status:
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], status)
        if message:
            self.assertIn(message, answer["Error"]["Message"])

    def new_user(self, name, *statements):
        """His access key."""
        self.iam.create_user(UserName=name)
        if statements:
            self.iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        return self.new_key(name)

    def new_key(self, name):
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def new_role(self, name, *statements, trust=ROOT, **more):
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(trust), **more)["Role"]["Arn"]
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        return arn

    def assume(self, user, role, session="a-session", **more):
        return client(self.server, "sts", user).assume_role(RoleArn=role, RoleSessionName=session, **more)

    def encrypts(self, credentials, **more):
        """Whether these credentials may encrypt; the error's code if not."""
        try:
            client(self.server, "kms", credentials).encrypt(KeyId=self.key, Plaintext=b"x", **more)
            return True
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"]

    def is_refused_at_once(self, credentials, change, code="AccessDeniedException"):
        self.assertIs(self.encrypts(credentials), True)
        begun = time.monotonic()
        change()
        self.assertEqual(self.encrypts(credentials), code)
        self.assertLess(time.monotonic() - begun, AT_ONCE_S)

    def advance(self, seconds):
        request = urllib.request.Request(self.server.metrics + "/clock", method="POST",
                                         data=json.dumps({"advance_seconds": seconds}).encode())
        urllib.request.urlopen(request, timeout=30).read()


class Operations(Case):
    """Each does what it is for, and fails twice in AWS's words."""

    def test_users(self):
        made = self.iam.create_user(UserName="ledger-writer", Path="/books/", Tags=[{"Key": "team", "Value": "ledger"}])["User"]
        self.assertEqual(made["Arn"], f"arn:aws:iam::{ACCOUNT}:user/books/ledger-writer")
        self.assertRegex(made["UserId"], "^AIDA[A-Z2-7]{17}$")
        self.assertEqual(self.iam.get_user(UserName="ledger-writer")["User"]["Tags"], [{"Key": "team", "Value": "ledger"}])
        self.assertEqual([u["UserName"] for u in self.iam.list_users(PathPrefix="/books/")["Users"]], ["ledger-writer"])
        self.iam.tag_user(UserName="ledger-writer", Tags=[{"Key": "TEAM", "Value": "clerks"}, {"Key": "floor", "Value": "2"}])
        self.assertEqual(len(self.iam.list_user_tags(UserName="ledger-writer")["Tags"]), 2)
        self.iam.untag_user(UserName="ledger-writer", TagKeys=["floor"])
        self.assertEqual(self.iam.list_user_tags(UserName="ledger-writer")["Tags"], [{"Key": "TEAM", "Value": "clerks"}])
        self.fails("EntityAlreadyExists", self.iam.create_user, UserName="Ledger-Writer", status=409,
                   message="User with name Ledger-Writer already exists.")
        self.fails("ValidationError", self.iam.create_user, UserName="a b", status=400)
        for call in (self.iam.get_user, self.iam.list_user_tags, self.iam.delete_user):
            self.fails("NoSuchEntity", call, UserName="nobody", status=404, message="The user with name nobody cannot be found.")
            self.fails("ValidationError", call, UserName="no/body", status=400)
        self.fails("ValidationError", self.iam.list_users, PathPrefix="books", status=400)
        self.fails("ValidationError", self.iam.list_users, Marker="!", status=400, message="Invalid Marker.")
        self.fails("NoSuchEntity", self.iam.tag_user, UserName="nobody", Tags=[{"Key": "a", "Value": ""}])
        self.fails("InvalidInput", self.iam.tag_user, UserName="ledger-writer", Tags=[{"Key": "aws:a", "Value": ""}], status=400)
        self.fails("InvalidInput", self.iam.tag_user, UserName="ledger-writer", Tags=[{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}])
        self.fails("LimitExceeded", self.iam.tag_user, UserName="ledger-writer", status=409,
                   Tags=[{"Key": f"k{i}", "Value": ""} for i in range(50)])
        self.fails("NoSuchEntity", self.iam.untag_user, UserName="nobody", TagKeys=["a"])
        self.fails("ValidationError", self.iam.untag_user, UserName="no/body", TagKeys=["a"])
        self.iam.put_user_policy(UserName="ledger-writer", PolicyName="p", PolicyDocument=policy(allow("kms:Encrypt")))
        self.fails("DeleteConflict", self.iam.delete_user, UserName="ledger-writer", status=409,
                   message="Cannot delete entity, must delete policies first.")
        self.iam.delete_user_policy(UserName="ledger-writer", PolicyName="p")
        self.iam.delete_user(UserName="ledger-writer")
        self.fails("NoSuchEntity", self.iam.get_user, UserName="ledger-writer")

    def test_groups(self):
        made = self.iam.create_group(GroupName="clerks", Path="/books/")["Group"]
        self.assertEqual(made["Arn"], f"arn:aws:iam::{ACCOUNT}:group/books/clerks")
        self.iam.create_user(UserName="clerk")
        self.iam.add_user_to_group(GroupName="clerks", UserName="clerk")
        self.assertEqual([u["UserName"] for u in self.iam.get_group(GroupName="clerks")["Users"]], ["clerk"])
        self.assertEqual([g["GroupName"] for g in self.iam.list_groups_for_user(UserName="clerk")["Groups"]], ["clerks"])
        self.assertIn("clerks", [g["GroupName"] for g in self.iam.list_groups()["Groups"]])
        self.fails("DeleteConflict", self.iam.delete_group, GroupName="clerks", status=409)
        self.fails("DeleteConflict", self.iam.delete_user, UserName="clerk")
        self.fails("EntityAlreadyExists", self.iam.create_group, GroupName="CLERKS", message="Group with name CLERKS already exists.")
        self.fails("ValidationError", self.iam.create_group, GroupName="c/k")
        for call in (self.iam.get_group, self.iam.delete_group):
            self.fails("NoSuchEntity", call, GroupName="nobodies", message="The group with name nobodies cannot be found.")
            self.fails("ValidationError", call, GroupName="no/bodies")
        self.fails("ValidationError", self.iam.list_groups, PathPrefix="x")
        self.fails("ValidationError", self.iam.list_groups, Marker="?")
        self.fails("NoSuchEntity", self.iam.list_groups_for_user, UserName="nobody")
        self.fails("ValidationError", self.iam.list_groups_for_user, UserName="no/body")
        for call in (self.iam.add_user_to_group, self.iam.remove_user_from_group):
            self.fails("NoSuchEntity", call, GroupName="nobodies", UserName="clerk")
            self.fails("NoSuchEntity", call, GroupName="clerks", UserName="nobody")
        for number in range(9):
            self.iam.create_group(GroupName=f"more-{number}")
            self.iam.add_user_to_group(GroupName=f"more-{number}", UserName="clerk")
        self.iam.create_group(GroupName="one-too-many")
        self.fails("LimitExceeded", self.iam.add_user_to_group, GroupName="one-too-many", UserName="clerk",
                   message="Cannot exceed quota for GroupsPerUser: 10")
        self.iam.remove_user_from_group(GroupName="clerks", UserName="clerk")
        self.iam.delete_group(GroupName="clerks")

    def test_roles(self):
        trust = trusting(ROOT)
        made = self.iam.create_role(RoleName="auditor", Path="/x/", AssumeRolePolicyDocument=trust, Description="reads", MaxSessionDuration=7200)["Role"]
        self.assertEqual(made["AssumeRolePolicyDocument"], json.loads(trust))
        self.assertEqual((made["MaxSessionDuration"], made["Description"]), (7200, "reads"))
        self.iam.update_role(RoleName="auditor", MaxSessionDuration=3600)
        self.iam.update_assume_role_policy(RoleName="auditor", PolicyDocument=trusting(f"arn:aws:iam::{OTHER_ACCOUNT}:root"))
        role = self.iam.get_role(RoleName="auditor")["Role"]
        self.assertEqual((role["MaxSessionDuration"], role["Description"]), (3600, "reads"))
        self.assertIn(OTHER_ACCOUNT, json.dumps(role["AssumeRolePolicyDocument"]))
        self.assertEqual([r["RoleName"] for r in self.iam.list_roles(PathPrefix="/x/")["Roles"]], ["auditor"])
        self.iam.tag_role(RoleName="auditor", Tags=[{"Key": "a", "Value": "1"}])
        self.assertEqual(self.iam.list_role_tags(RoleName="auditor")["Tags"], [{"Key": "a", "Value": "1"}])
        self.iam.untag_role(RoleName="auditor", TagKeys=["A"])
        self.assertEqual(self.iam.list_role_tags(RoleName="auditor")["Tags"], [])
        self.fails("EntityAlreadyExists", self.iam.create_role, RoleName="Auditor", AssumeRolePolicyDocument=trust, status=409)
        self.fails("MalformedPolicyDocument", self.iam.create_role, RoleName="other", AssumeRolePolicyDocument="{", status=400)
        self.fails("ValidationError", self.iam.create_role, RoleName="other", AssumeRolePolicyDocument=trust, MaxSessionDuration=3599)
        self.fails("LimitExceeded", self.iam.create_role, RoleName="other", status=409,
                   AssumeRolePolicyDocument=trusting([f"arn:aws:iam::{ACCOUNT}:user/{'u' * 60}{i}" for i in range(40)]))
        self.fails("MalformedPolicyDocument", self.iam.update_assume_role_policy, RoleName="auditor", PolicyDocument=policy(allow("sts:AssumeRole")))
        self.fails("NoSuchEntity", self.iam.update_assume_role_policy, RoleName="nobody", PolicyDocument=trust)
        for call in (self.iam.get_role, self.iam.delete_role, self.iam.list_role_tags, self.iam.update_role):
            self.fails("NoSuchEntity", call, RoleName="nobody", message="The role with name nobody cannot be found.")
            self.fails("ValidationError", call, RoleName="no/body")
        self.fails("NoSuchEntity", self.iam.tag_role, RoleName="nobody", Tags=[{"Key": "a", "Value": ""}])
        self.fails("InvalidInput", self.iam.tag_role, RoleName="auditor", Tags=[{"Key": "AWS:a", "Value": ""}])
        self.fails("NoSuchEntity", self.iam.untag_role, RoleName="nobody", TagKeys=["a"])
        self.fails("ValidationError", self.iam.untag_role, RoleName="no/body", TagKeys=["a"])
        self.fails("ValidationError", self.iam.list_roles, PathPrefix="x")
        self.fails("ValidationError", self.iam.list_roles, Marker="x")
        self.iam.put_role_policy(RoleName="auditor", PolicyName="p", PolicyDocument=policy(allow("kms:Encrypt")))
        self.fails("DeleteConflict", self.iam.delete_role, RoleName="auditor")
        self.iam.delete_role_policy(RoleName="auditor", PolicyName="p")
        self.iam.delete_role(RoleName="auditor")

    def test_access_keys(self):
        self.iam.create_user(UserName="key-holder")
        first, second = self.new_key("key-holder"), self.new_key("key-holder")
        self.assertEqual(sorted(k["AccessKeyId"] for k in self.iam.list_access_keys(UserName="key-holder")["AccessKeyMetadata"]),
                         sorted((first[0], second[0])))
        self.fails("LimitExceeded", self.iam.create_access_key, UserName="key-holder", status=409,
                   message="Cannot exceed quota for AccessKeysPerUser: 2")
        self.fails("NoSuchEntity", self.iam.create_access_key, UserName="nobody")
        self.fails("NoSuchEntity", self.iam.list_access_keys, UserName="nobody")
        self.fails("ValidationError", self.iam.list_access_keys, UserName="no/body")
        self.assertEqual(self.iam.get_access_key_last_used(AccessKeyId=first[0])["AccessKeyLastUsed"]["ServiceName"], "N/A")
        self.assertEqual(client(self.server, "sts", first).get_caller_identity()["Arn"], f"arn:aws:iam::{ACCOUNT}:user/key-holder")
        used = self.iam.get_access_key_last_used(AccessKeyId=first[0])
        self.assertEqual((used["UserName"], used["AccessKeyLastUsed"]["ServiceName"], used["AccessKeyLastUsed"]["Region"]),
                         ("key-holder", "sts", REGION))
        self.fails("NoSuchEntity", self.iam.get_access_key_last_used, AccessKeyId="AKIANOBODYNOBODYNOBO")
        self.fails("ValidationError", self.iam.get_access_key_last_used, AccessKeyId="A-KEY-THAT-IS-NONE")
        self.iam.update_access_key(UserName="key-holder", AccessKeyId=first[0], Status="Inactive")
        self.fails("InvalidClientTokenId", client(self.server, "sts", first).get_caller_identity, status=403)
        self.iam.update_access_key(UserName="key-holder", AccessKeyId=first[0], Status="Active")
        client(self.server, "sts", first).get_caller_identity()
        self.fails("ValidationError", self.iam.update_access_key, UserName="key-holder", AccessKeyId=first[0], Status="Gone")
        for call, more in ((self.iam.update_access_key, {"Status": "Active"}), (self.iam.delete_access_key, {})):
            self.fails("NoSuchEntity", call, UserName="key-holder", AccessKeyId="AKIANOBODYNOBODYNOBO", **more)
            self.fails("NoSuchEntity", call, UserName="nobody", AccessKeyId=first[0], **more)
        self.iam.create_user(UserName="stranger")
        self.fails("NoSuchEntity", self.iam.delete_access_key, UserName="stranger", AccessKeyId=first[0])
        self.fails("DeleteConflict", self.iam.delete_user, UserName="key-holder", message="must delete access keys first")
        self.iam.delete_access_key(UserName="key-holder", AccessKeyId=first[0])
        self.fails("InvalidClientTokenId", client(self.server, "sts", first).get_caller_identity)
        self.iam.delete_access_key(UserName="key-holder", AccessKeyId=second[0])
        self.iam.delete_user(UserName="key-holder")

    def test_managed_policies(self):
        document = policy(allow("kms:Encrypt"))
        made = self.iam.create_policy(PolicyName="encrypt", PolicyDocument=document, Description="d", Tags=[{"Key": "a", "Value": "b"}])["Policy"]
        arn = made["Arn"]
        self.assertEqual((arn, made["DefaultVersionId"], made["AttachmentCount"]), (f"arn:aws:iam::{ACCOUNT}:policy/encrypt", "v1", 0))
        for number in range(2, 6):
            version = self.iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow(f"kms:Op{number}")), SetAsDefault=number == 2)
            self.assertEqual((version["PolicyVersion"]["VersionId"], version["PolicyVersion"]["IsDefaultVersion"]), (f"v{number}", number == 2))
        self.fails("LimitExceeded", self.iam.create_policy_version, PolicyArn=arn, PolicyDocument=document, status=409)
        self.assertEqual([v["VersionId"] for v in self.iam.list_policy_versions(PolicyArn=arn)["Versions"]], ["v1", "v2", "v3", "v4", "v5"])
        self.iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        self.assertEqual(self.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"], "v1")
        self.assertEqual(self.iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"], json.loads(document))
        self.fails("DeleteConflict", self.iam.delete_policy_version, PolicyArn=arn, VersionId="v1", status=409)
        self.fails("NoSuchEntity", self.iam.delete_policy_version, PolicyArn=arn, VersionId="v9")
        self.iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
        self.assertEqual(self.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document)["PolicyVersion"]["VersionId"], "v6")
        self.fails("DeleteConflict", self.iam.delete_policy, PolicyArn=arn)
        for number in (2, 4, 5, 6):
            self.iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
        self.iam.create_user(UserName="attached")
        self.iam.attach_user_policy(UserName="attached", PolicyArn=arn)
        self.assertEqual(self.iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"], 1)
        self.assertEqual([u["UserName"] for u in self.iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"]], ["attached"])
        self.assertIn("encrypt", [p["PolicyName"] for p in self.iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]])
        self.assertEqual(self.iam.list_policies(Scope="AWS")["Policies"], [])
        self.fails("DeleteConflict", self.iam.delete_policy, PolicyArn=arn, message="Cannot delete a policy attached to entities.")
        self.iam.detach_user_policy(UserName="attached", PolicyArn=arn)
        self.fails("EntityAlreadyExists", self.iam.create_policy, PolicyName="Encrypt", PolicyDocument=document)
        self.fails("MalformedPolicyDocument", self.iam.create_policy, PolicyName="other", PolicyDocument='{"Statement":[]')
        self.fails("LimitExceeded", self.iam.create_policy, PolicyName="other", PolicyDocument=policy(allow(["kms:" + "x" * 100 + str(i) for i in range(60)])))
        absent = f"arn:aws:iam::{ACCOUNT}:policy/absent"
        for call, more in ((self.iam.get_policy, {}), (self.iam.delete_policy, {}), (self.iam.list_policy_versions, {}),
                           (self.iam.list_entities_for_policy, {}), (self.iam.get_policy_version, {"VersionId": "v1"}),
                           (self.iam.set_default_policy_version, {"VersionId": "v1"}), (self.iam.delete_policy_version, {"VersionId": "v1"}),
                           (self.iam.create_policy_version, {"PolicyDocument": document})):
            self.fails("NoSuchEntity", call, PolicyArn=absent, status=404, message=f"Policy {absent} was not found.", **more)
            self.fails("ValidationError", call, PolicyArn="arn:aws:iam::1:policy/x", **more)
        for call in (self.iam.get_policy_version, self.iam.set_default_policy_version):
            self.fails("NoSuchEntity", call, PolicyArn=arn, VersionId="v7")
        self.fails("ValidationError", self.iam.list_policies, Scope="Mine")
        self.fails("ValidationError", self.iam.list_policies, Marker="x")
        self.iam.delete_policy(PolicyArn=arn)

    def test_policies_of_users_groups_and_roles(self):
        document = policy(allow("kms:Encrypt"))
        arn = self.iam.create_policy(PolicyName="attachable", PolicyDocument=document)["Policy"]["Arn"]
        extra = [self.iam.create_policy(PolicyName=f"extra-{i}", PolicyDocument=document)["Policy"]["Arn"] for i in range(10)]
        absent = f"arn:aws:iam::{ACCOUNT}:policy/absent"
        self.iam.create_user(UserName="holder")
        self.iam.create_group(GroupName="holder")
        self.new_role("holder")
        for kind, size in (("user", 2048), ("group", 5120), ("role", 10240)):
            name = {f"{kind.capitalize()}Name": "holder"}
            nobody = {f"{kind.capitalize()}Name": "nobody"}

            def op(text):
                return getattr(self.iam, text.replace("KIND", kind))

            op("put_KIND_policy")(**name, PolicyName="p", PolicyDocument=document)
            self.assertEqual(op("get_KIND_policy")(**name, PolicyName="p")["PolicyDocument"], json.loads(document))
            self.assertEqual(op("list_KIND_policies")(**name)["PolicyNames"], ["p"])
            self.fails("MalformedPolicyDocument", op("put_KIND_policy"), **name, PolicyName="q", PolicyDocument='{"Version":"2012-10-17"}')
            self.fails("NoSuchEntity", op("put_KIND_policy"), **nobody, PolicyName="q", PolicyDocument=document)
            long = policy(allow(["kms:" + "x" * 90 + str(i) for i in range(size // 90)]))
            self.fails("LimitExceeded", op("put_KIND_policy"), **name, PolicyName="q", PolicyDocument=long, status=409,
                       message=f"Maximum policy size of {size} bytes exceeded for {kind} holder")
            for call in ("get_KIND_policy", "delete_KIND_policy"):
                self.fails("NoSuchEntity", op(call), **name, PolicyName="absent", message=f"The {kind} policy with name absent cannot be found.")
                self.fails("NoSuchEntity", op(call), **nobody, PolicyName="p")
            self.fails("NoSuchEntity", op("list_KIND_policies"), **nobody)
            self.fails("ValidationError", op("list_KIND_policies"), **name, Marker="x")
            op("delete_KIND_policy")(**name, PolicyName="p")
            op("attach_KIND_policy")(**name, PolicyArn=arn)
            op("attach_KIND_policy")(**name, PolicyArn=arn)
            self.assertEqual(op("list_attached_KIND_policies")(**name)["AttachedPolicies"], [{"PolicyName": "attachable", "PolicyArn": arn}])
            self.fails("NoSuchEntity", op("attach_KIND_policy"), **name, PolicyArn=absent, message="does not exist or is not attachable")
            self.fails("NoSuchEntity", op("attach_KIND_policy"), **nobody, PolicyArn=arn)
            for more in extra[:9]:
                op("attach_KIND_policy")(**name, PolicyArn=more)
            self.fails("LimitExceeded", op("attach_KIND_policy"), **name, PolicyArn=extra[9],
                       message=f"Cannot exceed quota for PoliciesPer{kind.capitalize()}: 10")
            self.fails("NoSuchEntity", op("list_attached_KIND_policies"), **nobody)
            self.fails("ValidationError", op("list_attached_KIND_policies"), **name, PathPrefix="x")
            self.fails("NoSuchEntity", op("detach_KIND_policy"), **name, PolicyArn=absent)
            self.fails("NoSuchEntity", op("detach_KIND_policy"), **nobody, PolicyArn=arn)
            op("detach_KIND_policy")(**name, PolicyArn=arn)
        for kind in ("user", "role"):
            name = {f"{kind.capitalize()}Name": "holder"}
            put, delete = getattr(self.iam, f"put_{kind}_permissions_boundary"), getattr(self.iam, f"delete_{kind}_permissions_boundary")
            put(**name, PermissionsBoundary=arn)
            got = getattr(self.iam, f"get_{kind}")(**name)[kind.capitalize()]
            self.assertEqual(got["PermissionsBoundary"], {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn})
            self.fails("DeleteConflict", self.iam.delete_policy, PolicyArn=arn)
            self.fails("NoSuchEntity", put, **name, PermissionsBoundary=absent)
            self.fails("NoSuchEntity", put, **{f"{kind.capitalize()}Name": "nobody"}, PermissionsBoundary=arn)
            delete(**name)
            self.fails("NoSuchEntity", delete, **name)
            self.fails("NoSuchEntity", delete, **{f"{kind.capitalize()}Name": "nobody"})

    def test_every_parameter_that_aws_documents_is_taken(self):
        def value_of(shape):
            """Something of this shape, that names nothing there is."""
            if shape.type_name == "list":
                return [value_of(shape.member)]
            if shape.type_name == "structure":
                return {name: value_of(member) for name, member in shape.members.items()}
            if shape.type_name == "integer":
                return shape.metadata.get("min", 1)
            return shape.type_name == "boolean" or shape.enum[0] if shape.type_name != "string" or shape.enum else "nothing-of-this-name"

        served = 0
        for service in (self.iam, self.sts):
            model = service.meta.service_model
            for name in model.operation_names:
                code, _ = self.told(service, name)
                if code == "InvalidAction":
                    continue
                served += 1
                shape = model.operation_model(name).input_shape
                for parameter, member in (shape.members if shape else {}).items():
                    for value in [value_of(member)] + ([[]] if member.type_name == "list" else []):
                        _, message = self.told(service, name, **{parameter: value})
                        self.assertNotIn("is not valid for", message, f"{name} {parameter}")
        self.assertGreaterEqual(served, 66)

    def told(self, service, operation, **request):
        try:
            service._make_api_call(operation, request)
            return "", ""
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]

    def test_what_is_described_is_listed(self):
        self.new_role("described")
        for bad in ("\ufffe", "\uffff", "\u20ac", "\x01"):
            self.fails("ValidationError", self.iam.update_role, RoleName="described", Description=bad)
            self.fails("ValidationError", self.iam.tag_role, RoleName="described", Tags=[{"Key": "k", "Value": bad}] if bad != "\u20ac" else [{"Key": "", "Value": ""}])
        self.iam.create_policy(PolicyName="described", PolicyDocument=policy(allow("kms:Encrypt")), Description="\ufffe<&>\u20ac")
        arn = f"arn:aws:iam::{ACCOUNT}:policy/described"
        self.assertEqual(self.iam.get_policy(PolicyArn=arn)["Policy"]["Description"], "\ufffd<&>\u20ac")
        self.assertIn("described", [role["RoleName"] for role in self.iam.list_roles()["Roles"]])

    def test_lists_come_in_pages(self):
        names = sorted(f"paged-{i:02}" for i in range(25))
        for name in names:
            self.iam.create_user(UserName=name, Path="/paged/")
        pages = list(self.iam.get_paginator("list_users").paginate(PathPrefix="/paged/", PaginationConfig={"PageSize": 10}))
        self.assertEqual([len(page["Users"]) for page in pages], [10, 10, 5])
        self.assertEqual([user["UserName"] for page in pages for user in page["Users"]], names)
        self.fails("ValidationError", self.iam.list_users, MaxItems=1001)

    def test_sts(self):
        self.assertEqual({k: v for k, v in self.sts.get_caller_identity().items() if k != "ResponseMetadata"},
                         {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": ROOT})
        self.fails("InvalidClientTokenId", client(self.server, "sts", ("AKIANOBODYNOBODYNOBO", "x")).get_caller_identity, status=403)
        self.fails("SignatureDoesNotMatch", client(self.server, "sts", ("test", "wrong")).get_caller_identity, status=403)
        user = self.new_user("sts-user", allow("sts:AssumeRole"))
        role = self.new_role("sts-role")
        self.fails("AccessDenied", self.sts.assume_role, RoleArn=role, RoleSessionName="root", message="Roles may not be assumed by root accounts.")
        self.fails("AccessDenied", self.assume, user=user, role=f"arn:aws:iam::{ACCOUNT}:role/absent", status=403,
                   message=f"User: arn:aws:iam::{ACCOUNT}:user/sts-user is not authorized to perform: sts:AssumeRole on resource: "
                           f"arn:aws:iam::{ACCOUNT}:role/absent")
        self.fails("ValidationError", self.assume, user=user, role=role, session="a b")
        self.fails("ValidationError", self.assume, user=user, role=role, DurationSeconds=899)
        self.fails("ValidationError", self.assume, user=user, role=role, DurationSeconds=3601, message="MaxSessionDuration set for this role")
        self.fails("MalformedPolicyDocument", self.assume, user=user, role=role, Policy="{")
        self.fails("ValidationError", self.assume, user=user, role=role, PolicyArns=[{"arn": f"arn:aws:iam::{ACCOUNT}:policy/absent"}])
        self.fails("AccessDenied", self.sts.get_session_token)
        self.fails("ValidationError", client(self.server, "sts", user).get_session_token, DurationSeconds=899)
        unknown = self.iam._make_api_call  # What boto3 knows and this server does not.
        self.fails("InvalidAction", lambda: unknown("ListSAMLProviders", {}), status=400)


class Access(Case):
    """What is given, and taken away."""

    def test_a_session_calls_kms_and_says_who_it_is(self):
        user = self.new_user("caller", allow("sts:AssumeRole"))
        role = self.new_role("worker", allow("kms:Encrypt", self.key))
        answer = self.assume(user, role, session="morning-run")
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/morning-run"
        self.assertEqual(answer["AssumedRoleUser"]["Arn"], arn)
        identity = client(self.server, "sts", answer["Credentials"]).get_caller_identity()
        self.assertEqual((identity["Arn"], identity["UserId"]), (arn, answer["AssumedRoleUser"]["AssumedRoleId"]))
        self.assertIs(self.encrypts(answer["Credentials"]), True)
        self.assertEqual(self.encrypts(user), "AccessDeniedException")
        self.fails("AccessDeniedException", client(self.server, "kms", answer["Credentials"]).describe_key, KeyId=self.key, message=arn)

    def test_access_ends_at_once_when_it_is_taken_away(self):
        managed = self.iam.create_policy(PolicyName="may-encrypt", PolicyDocument=policy(allow("kms:Encrypt")))["Policy"]["Arn"]
        caller = self.new_user("revoked", allow("sts:AssumeRole"))
        role = self.new_role("revocable")
        self.iam.attach_role_policy(RoleName="revocable", PolicyArn=managed)
        session = self.assume(caller, role)["Credentials"]
        issued = session["Expiration"] - datetime.timedelta(hours=1)
        self.is_refused_at_once(session, lambda: self.iam.detach_role_policy(RoleName="revocable", PolicyArn=managed))
        self.iam.attach_role_policy(RoleName="revocable", PolicyArn=managed)
        deny = {"Effect": "Deny", "Action": "kms:*", "Resource": "*"}
        self.is_refused_at_once(session, lambda: self.iam.put_role_policy(RoleName="revocable", PolicyName="no", PolicyDocument=policy(deny)))
        self.iam.delete_role_policy(RoleName="revocable", PolicyName="no")
        # As the console's "Revoke active sessions".
        self.advance(2)
        moment = (issued + datetime.timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        older = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment}}}
        self.is_refused_at_once(session, lambda: self.iam.put_role_policy(RoleName="revocable", PolicyName="AWSRevokeOlderSessions",
                                                                          PolicyDocument=policy(older)))
        later = self.assume(caller, role)["Credentials"]
        self.assertIs(self.encrypts(later), True)
        # A new default version, a boundary, and the end of the role.
        self.iam.create_policy_version(PolicyArn=managed, PolicyDocument=policy(allow("kms:Decrypt")), SetAsDefault=True)
        self.assertEqual(self.encrypts(later), "AccessDeniedException")
        self.iam.set_default_policy_version(PolicyArn=managed, VersionId="v1")
        boundary = self.iam.create_policy(PolicyName="only-decrypt", PolicyDocument=policy(allow("kms:Decrypt")))["Policy"]["Arn"]
        self.is_refused_at_once(later, lambda: self.iam.put_role_permissions_boundary(RoleName="revocable", PermissionsBoundary=boundary))
        self.iam.delete_role_permissions_boundary(RoleName="revocable")

        def delete():
            self.iam.delete_role_policy(RoleName="revocable", PolicyName="AWSRevokeOlderSessions")
            self.iam.detach_role_policy(RoleName="revocable", PolicyArn=managed)
            self.iam.delete_role(RoleName="revocable")

        self.is_refused_at_once(later, delete, "UnrecognizedClientException")
        self.new_role("revocable", allow("kms:Encrypt"))  # The name again, but not the role.
        self.assertEqual(self.encrypts(later), "UnrecognizedClientException")

    def test_groups_give_and_take(self):
        self.iam.create_group(GroupName="encryptors")
        self.iam.put_group_policy(GroupName="encryptors", PolicyName="p", PolicyDocument=policy(allow("kms:Encrypt")))
        key = self.new_user("member")
        self.assertEqual(self.encrypts(key), "AccessDeniedException")
        self.iam.add_user_to_group(GroupName="encryptors", UserName="member")
        self.is_refused_at_once(key, lambda: self.iam.remove_user_from_group(GroupName="encryptors", UserName="member"))
        self.iam.add_user_to_group(GroupName="encryptors", UserName="member")
        self.is_refused_at_once(key, lambda: self.iam.delete_group_policy(GroupName="encryptors", PolicyName="p"))

    def test_principal_tags_and_session_tags(self):
        tagged = {"StringEquals": {"aws:PrincipalTag/team": "ledger"}}
        key = self.new_user("tagged", allow("kms:Encrypt", Condition=tagged), allow(["sts:AssumeRole", "sts:TagSession"]))
        self.assertEqual(self.encrypts(key), "AccessDeniedException")
        self.iam.tag_user(UserName="tagged", Tags=[{"Key": "team", "Value": "ledger"}])
        self.is_refused_at_once(key, lambda: self.iam.untag_user(UserName="tagged", TagKeys=["team"]))
        role = self.new_role("tagging", allow("kms:Encrypt", Condition=tagged), Tags=[{"Key": "team", "Value": "none"}])
        self.assertEqual(self.encrypts(self.assume(key, role)["Credentials"]), "AccessDeniedException")
        ledger = [{"Key": "team", "Value": "ledger"}]
        self.fails("AccessDenied", self.assume, user=key, role=role, Tags=ledger, message="sts:TagSession")
        self.iam.update_assume_role_policy(RoleName="tagging", PolicyDocument=trusting(ROOT, ["sts:AssumeRole", "sts:TagSession"]))
        self.assertIs(self.encrypts(self.assume(key, role, Tags=ledger)["Credentials"]), True)
        self.fails("ValidationError", self.assume, user=key, role=role, Tags=ledger, TransitiveTagKeys=["team"])

    def test_who_creates_with_tags_needs_to_tag(self):
        tags = [{"Key": "clearance", "Value": "top"}]
        maker = client(self.server, "iam", self.new_user("maker", allow(["iam:CreateUser", "iam:CreateRole", "iam:CreatePolicy"])))
        self.fails("AccessDenied", maker.create_user, UserName="made", Tags=tags, message="iam:TagUser")
        self.fails("AccessDenied", maker.create_role, RoleName="made", AssumeRolePolicyDocument=trusting(ROOT), Tags=tags, message="iam:TagRole")
        self.fails("AccessDenied", maker.create_policy, PolicyName="made", PolicyDocument=policy(allow("kms:Encrypt")), Tags=tags,
                   message="iam:TagPolicy")
        maker.create_user(UserName="made")
        self.fails("NoSuchEntity", self.iam.get_role, RoleName="made")

    def test_session_policies_limit(self):
        user = self.new_user("limiter", allow("sts:AssumeRole"))
        role = self.new_role("limited", allow("kms:*"))
        only = self.iam.create_policy(PolicyName="only-describe", PolicyDocument=policy(allow("kms:DescribeKey")))["Policy"]["Arn"]
        for more, may in (({}, True), ({"Policy": policy(allow("kms:Encrypt"))}, True),
                          ({"Policy": policy(allow("kms:DescribeKey"))}, "AccessDeniedException"),
                          ({"PolicyArns": [{"arn": only}]}, "AccessDeniedException"),
                          ({"PolicyArns": [{"arn": only}], "Policy": policy(allow("kms:Encrypt"))}, True)):
            self.assertEqual(self.encrypts(self.assume(user, role, **more)["Credentials"]), may, more)
        session = self.assume(user, role, PolicyArns=[{"arn": only}])["Credentials"]
        client(self.server, "kms", session).describe_key(KeyId=self.key)
        self.iam.create_policy_version(PolicyArn=only, PolicyDocument=policy(allow("kms:Encrypt")), SetAsDefault=True)
        self.assertIs(self.encrypts(session), True)  # A new default version is in force at once.
        self.iam.delete_policy_version(PolicyArn=only, VersionId="v1")
        self.iam.delete_policy(PolicyArn=only)
        self.assertEqual(self.encrypts(session), "AccessDeniedException")
        self.iam.create_policy(PolicyName="only-describe", PolicyDocument=policy(allow("kms:Encrypt")))
        self.assertEqual(self.encrypts(session), "AccessDeniedException")  # Another policy, whatever its name.
        self.fails("PackedPolicyTooLarge", self.assume, user=user, role=role, Policy=policy(allow("kms:" + "x" * 1500)), status=400,
                   PolicyArns=[{"arn": self.iam.create_policy(PolicyName="n" * 110 + str(i), Path=f"/{'p' * 400}/",
                                                              PolicyDocument=policy(allow("kms:Encrypt")))["Policy"]["Arn"]} for i in range(9)])

    def test_who_may_assume_a_role(self):
        asker = self.new_user("asker")
        arn = f"arn:aws:iam::{ACCOUNT}:user/asker"
        role = self.new_role("guarded", trust=arn)
        self.assume(asker, role)  # Named by the trust policy: that is enough in one account.
        self.iam.update_assume_role_policy(RoleName="guarded", PolicyDocument=trusting(ROOT))
        self.fails("AccessDenied", self.assume, user=asker, role=role)  # Delegated: his own policies decide.
        self.iam.put_user_policy(UserName="asker", PolicyName="p", PolicyDocument=policy(allow("sts:AssumeRole", role)))
        self.assume(asker, role)
        self.iam.update_assume_role_policy(RoleName="guarded", PolicyDocument=trusting(ROOT, Condition={"StringEquals": {"sts:ExternalId": "42"}}))
        self.fails("AccessDenied", self.assume, user=asker, role=role)
        self.fails("AccessDenied", self.assume, user=asker, role=role, ExternalId="43")
        self.assume(asker, role, ExternalId="42")
        self.iam.update_assume_role_policy(RoleName="guarded", PolicyDocument=trusting(ROOT, Condition={"StringLike": {"sts:RoleSessionName": "day-*"}}))
        self.fails("AccessDenied", self.assume, user=asker, role=role)
        self.assume(asker, role, session="day-1")
        # From another account, both must allow.
        abroad = client(self.server, "iam", (OTHER_ACCOUNT, "test"))
        abroad.create_user(UserName="visitor")
        key = abroad.create_access_key(UserName="visitor")["AccessKey"]
        visitor = key["AccessKeyId"], key["SecretAccessKey"]
        self.iam.update_assume_role_policy(RoleName="guarded", PolicyDocument=trusting(f"arn:aws:iam::{OTHER_ACCOUNT}:root"))
        self.fails("AccessDenied", self.assume, user=visitor, role=role)
        abroad.put_user_policy(UserName="visitor", PolicyName="p", PolicyDocument=policy(allow("sts:AssumeRole", role)))
        self.assume(visitor, role)
        self.iam.update_assume_role_policy(RoleName="guarded", PolicyDocument=trusting(ROOT))
        self.fails("AccessDenied", self.assume, user=visitor, role=role)

    def test_a_session_of_a_user(self):
        user = self.new_user("traveller", allow(["kms:Encrypt", "sts:AssumeRole", "iam:*"]))
        session = client(self.server, "sts", user).get_session_token(DurationSeconds=900)["Credentials"]
        self.assertIs(self.encrypts(session), True)
        sts = client(self.server, "sts", session)
        self.assertEqual(sts.get_caller_identity()["Arn"], f"arn:aws:iam::{ACCOUNT}:user/traveller")
        self.fails("AccessDenied", sts.get_session_token, message="Cannot call GetSessionToken with session credentials")
        self.fails("InvalidClientTokenId", client(self.server, "iam", session).get_user)
        self.assume(session, self.new_role("travelling", MaxSessionDuration=7200), DurationSeconds=7200)  # That is no chaining.
        for key in self.iam.list_access_keys(UserName="traveller")["AccessKeyMetadata"]:
            self.iam.delete_access_key(UserName="traveller", AccessKeyId=key["AccessKeyId"])
        self.assertIs(self.encrypts(session), True)  # As on AWS: the session outlives the key it was got with,
        self.iam.delete_user_policy(UserName="traveller", PolicyName="inline")
        self.assertEqual(self.encrypts(session), "AccessDeniedException")
        self.iam.delete_user(UserName="traveller")  # but not the user.
        self.assertEqual(self.encrypts(session), "UnrecognizedClientException")

    def test_a_session_expires(self):
        user = self.new_user("patient", allow("sts:AssumeRole"))
        role = self.new_role("brief", allow("kms:Encrypt"))
        session = self.assume(user, role, DurationSeconds=900)["Credentials"]
        self.advance(890)
        self.assertIs(self.encrypts(session), True)
        self.advance(11)
        self.assertEqual(self.encrypts(session), "ExpiredTokenException")
        self.fails("ExpiredToken", client(self.server, "sts", session).get_caller_identity, status=403)

    def test_no_other_token_will_do(self):
        user = self.new_user("forger", allow("sts:AssumeRole"))
        role = self.new_role("forged", allow("kms:Encrypt"))
        session, other = self.assume(user, role)["Credentials"], self.assume(user, role)["Credentials"]
        refused = "UnrecognizedClientException"
        key = session["AccessKeyId"], session["SecretAccessKey"]
        self.assertEqual(self.encrypts(key), refused)  # None at all.
        self.assertEqual(self.encrypts((*key, other["SessionToken"])), refused)
        self.assertEqual(self.encrypts((*user, session["SessionToken"])), refused)
        self.assertEqual(self.encrypts((session["AccessKeyId"], other["SecretAccessKey"], session["SessionToken"])), "InvalidSignatureException")
        token = base64.b64decode(session["SessionToken"])

        def altered(at):
            changed = bytearray(token)
            changed[at] ^= 1
            return self.encrypts((*key, base64.b64encode(bytes(changed)).decode()))

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(altered, range(len(token))))
        self.assertEqual(set(answers), {refused})
        for text in (token[:-1], token + b"\0", b"", b"x" * 9000):
            self.assertEqual(self.encrypts((*key, base64.b64encode(text).decode() or "x")), refused)
        # Of another server with the same users, and of another account of this one.
        with Server(()) as foreign:
            iam = client(foreign, "iam")
            iam.create_user(UserName="forger")
            made = iam.create_access_key(UserName="forger")["AccessKey"]
            iam.put_user_policy(UserName="forger", PolicyName="p", PolicyDocument=policy(allow("sts:AssumeRole")))
            iam.create_role(RoleName="forged", AssumeRolePolicyDocument=trusting(ROOT))
            foreigner = client(foreign, "sts", (made["AccessKeyId"], made["SecretAccessKey"])).assume_role(RoleArn=role, RoleSessionName="a-session")
        self.assertEqual(self.encrypts(foreigner["Credentials"]), refused)
        abroad = client(self.server, "iam", (OTHER_ACCOUNT, "test"))
        abroad.create_user(UserName="neighbour")
        made = abroad.create_access_key(UserName="neighbour")["AccessKey"]
        theirs = client(self.server, "sts", (made["AccessKeyId"], made["SecretAccessKey"])).get_session_token()["Credentials"]
        self.assertEqual(self.encrypts((*key, theirs["SessionToken"])), refused)
        self.assertEqual(self.encrypts(theirs), "AccessDeniedException")  # Somebody, but a stranger to the key.


class Survival(unittest.TestCase):
    def test_what_was_acknowledged_is_there_after_a_kill_and_a_session_too(self):
        with tempfile.TemporaryDirectory(prefix="keyfold-test-") as folder:
            production = Production(folder)
            with production.start() as server:
                iam, kms = client(server, "iam", production.credentials()), client(server, "kms", production.credentials())
                key = kms.create_key()["KeyMetadata"]["Arn"]
                arn = iam.create_policy(PolicyName="encrypt", PolicyDocument=policy(allow("kms:Encrypt")))["Policy"]["Arn"]
                iam.create_group(GroupName="clerks")
                iam.attach_group_policy(GroupName="clerks", PolicyArn=arn)
                iam.create_user(UserName="clerk", Path="/books/", Tags=[{"Key": "team", "Value": "ledger"}])
                iam.add_user_to_group(GroupName="clerks", UserName="clerk")
                made = iam.create_access_key(UserName="clerk")["AccessKey"]
                clerk = made["AccessKeyId"], made["SecretAccessKey"]
                role = iam.create_role(RoleName="night", AssumeRolePolicyDocument=trusting(f"arn:aws:iam::{ACCOUNT}:user/books/clerk"))["Role"]["Arn"]
                iam.put_role_policy(RoleName="night", PolicyName="p", PolicyDocument=policy(allow("kms:Encrypt")))
                session = client(server, "sts", clerk).assume_role(RoleArn=role, RoleSessionName="one")["Credentials"]
                server.kill()
            with production.start() as server:
                for credentials in (clerk, session):
                    client(server, "kms", credentials).encrypt(KeyId=key, Plaintext=b"x")
                iam = client(server, "iam", production.credentials())
                self.assertEqual(iam.list_user_tags(UserName="clerk")["Tags"], [{"Key": "team", "Value": "ledger"}])
                iam.detach_group_policy(GroupName="clerks", PolicyArn=arn)
                server.kill()
            with production.start() as server:
                with self.assertRaises(botocore.exceptions.ClientError):
                    client(server, "kms", clerk).encrypt(KeyId=key, Plaintext=b"x")
                self.assertEqual(client(server, "iam", production.credentials()).list_attached_group_policies(GroupName="clerks")["AttachedPolicies"], [])
                self.assertEqual(server.stop(), 0)
            with production.start() as server:  # After an orderly stop, when keys were used is known.
                used = client(server, "iam", production.credentials()).get_access_key_last_used(AccessKeyId=clerk[0])
                self.assertEqual(used["AccessKeyLastUsed"]["ServiceName"], "kms")
            log = "".join(path.read_bytes().decode(errors="replace") for path in (production.data / "audit").iterdir())
            for secret in (clerk[1], session["SecretAccessKey"], session["SessionToken"]):
                self.assertNotIn(secret, log)
            for said in ('"eventSource":"iam.amazonaws.com","eventName":"CreateRole"', '"eventSource":"sts.amazonaws.com","eventName":"AssumeRole"',
                         '"type":"AssumedRole"', '"sessionIssuer":{"type":"Role"', f'"accessKeyId":"{session["AccessKeyId"]}"'):
                self.assertIn(said, log)


class CommandLine(Case):
    def aws(self, *arguments, credentials=("test", "test"), check=True):
        environment = dict(os.environ, AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION, AWS_PAGER="", AWS_ACCESS_KEY_ID=credentials[0], AWS_SECRET_ACCESS_KEY=credentials[1])
        if len(credentials) > 2:
            environment["AWS_SESSION_TOKEN"] = credentials[2]
        done = subprocess.run([AWS, *arguments, "--endpoint-url", self.server.endpoint, "--output", "json"], env=environment,
                              capture_output=True, text=True, timeout=120, check=False)
        if not check:
            return done.stderr
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout or "{}")

    def test_the_aws_command_line_does_the_same(self):
        self.aws("iam", "create-user", "--user-name", "cli-user", "--tags", "Key=team,Value=ledger")
        key = self.aws("iam", "create-access-key", "--user-name", "cli-user")["AccessKey"]
        user = key["AccessKeyId"], key["SecretAccessKey"]
        self.aws("iam", "put-user-policy", "--user-name", "cli-user", "--policy-name", "p", "--policy-document", policy(allow("sts:AssumeRole")))
        role = self.aws("iam", "create-role", "--role-name", "cli-role", "--assume-role-policy-document", trusting(ROOT))["Role"]["Arn"]
        self.aws("iam", "put-role-policy", "--role-name", "cli-role", "--policy-name", "p", "--policy-document", policy(allow("kms:Encrypt")))
        given = self.aws("sts", "assume-role", "--role-arn", role, "--role-session-name", "cli", credentials=user)["Credentials"]
        session = given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        self.assertEqual(self.aws("sts", "get-caller-identity", credentials=session)["Arn"], f"arn:aws:sts::{ACCOUNT}:assumed-role/cli-role/cli")
        self.assertIn("CiphertextBlob", self.aws("kms", "encrypt", "--key-id", self.key, "--plaintext", "aGVsbG8=", credentials=session))
        self.aws("iam", "delete-role-policy", "--role-name", "cli-role", "--policy-name", "p")
        self.assertIn("(AccessDeniedException)", self.aws("kms", "encrypt", "--key-id", self.key, "--plaintext", "aGVsbG8=",
                                                          credentials=session, check=False))
        self.assertIn("(NoSuchEntity)", self.aws("iam", "get-user", "--user-name", "nobody", check=False))


if __name__ == "__main__":
    unittest.main()
