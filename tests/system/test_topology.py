"""Key topology as code: three domains in three environments and two Regions, planned, applied, killed at every call, applied again,
changed by hand, found and put right; what the generated policies allow, at the server; and sealing and opening in a domain."""

import base64
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.request

from interrupting import Interrupting
from keyfold_server import ACCOUNT, BIN, Production, cli
from kms_client import Kms, error_of, exchange, signed_headers

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "topology" / "topology.toml"
FRANKFURT, DUBLIN = REGIONS = ("eu-central-1", "eu-west-1")
DOMAINS = ("payments/cards", "customers", "mail")
ENVIRONMENTS = ("production", "staging", "development")
READS = ("List", "Get", "Describe")
DRIFTED = 3
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def alias_of(environment, domain):
    return f"alias/shop/{environment}/{domain}"


class RegionalKms(Kms):
    """Calls one Region."""

    def __init__(self, server, credentials, region=FRANKFURT):
        super().__init__(server, credentials)
        self.region = region

    def call(self, operation, **request):
        body = json.dumps(request).encode()
        host = self.server.endpoint.split("//")[1]
        headers = signed_headers(host, self.credentials, operation, body, region=self.region)
        status, _, reply = exchange(self.server, headers, body)
        return status, reply

    def all(self, operation, name, **request):
        """Every page."""
        found, marker = [], {}
        while True:
            page = self.must(operation, **request, **marker)
            found += page[name]
            if not page.get("Truncated"):
                return found
            marker = {"Marker": page["NextMarker"]}


class Topology(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-topology-", dir=MEMORY)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.production = Production(self.folder, "--region", DUBLIN, "--audit-sync", "interval")
        self.server = self.production.start()
        self.addCleanup(self.server.__exit__)
        self.credentials = self.production.credentials()
        self.kms = {region: RegionalKms(self.server, self.credentials, region) for region in REGIONS}
        self.file = self.folder / "topology.toml"
        # keyfold-kms has users; roles are made elsewhere.
        self.write(EXAMPLE.read_text().replace(":role/", ":user/"))

    def write(self, text):
        self.file.write_text(text)

    def edit(self, what, by):
        text = self.file.read_text()
        self.assertIn(what, text)
        self.write(text.replace(what, by))

    def run_cli(self, *arguments, status=0, credentials=None, server=None, **more):
        done = cli(*arguments, server=server or self.server, credentials=credentials or self.credentials, check=False, timeout=120, **more)
        self.assertEqual(done.returncode, status, done.stdout.decode() + done.stderr.decode())
        return done.stdout.decode(), done.stderr.decode()

    def topology(self, action, *more, **options):
        return self.run_cli("topology", action, "--file", self.file, *more, **options)[0]

    def plan(self):
        return json.loads(self.topology("plan", "--json"))

    def drift(self, status=DRIFTED):
        return json.loads(self.topology("drift", "--json", status=status))

    def calls(self):
        """How often each operation was called, as the server counts it."""
        with urllib.request.urlopen(self.server.metrics + "/metrics", timeout=30) as reply:
            text = reply.read().decode()
        return {name: int(count) for name, count in
                re.findall(r'keyfold_request_duration_seconds_count\{operation="(\w+)"\} (\d+)', text)}

    def writes(self):
        return sum(count for name, count in self.calls().items() if not name.startswith(READS))

    def keys(self, region=FRANKFURT):
        """The id of each key by its alias; what is not named has none."""
        return {alias["AliasName"]: alias["TargetKeyId"] for alias in self.kms[region].all("ListAliases", "Aliases")}

    def key(self, environment, domain, region=FRANKFURT):
        return self.keys(region)[alias_of(environment, domain)]

    def assert_exactly_the_file(self):
        wanted = sorted(alias_of(environment, domain) for environment in ENVIRONMENTS for domain in DOMAINS)
        for region in REGIONS:
            keys = self.keys(region)
            self.assertEqual(sorted(keys), wanted)
            self.assertEqual(len(set(keys.values())), 9)
            everything = [key["KeyId"] for key in self.kms[region].all("ListKeys", "Keys")]
            self.assertEqual(sorted(everything), sorted(keys.values()), "a key that has no name, or one too many")
        before = self.writes()
        self.assertIn("nothing to do", self.topology("plan"))
        self.assertEqual(self.topology("apply"), "shop: 0 steps done\n")
        self.assertIn("all as the file says", self.topology("drift"))
        self.assertEqual(self.writes(), before, "a second apply writes nothing")

    def apply(self):
        self.topology("apply")
        self.assert_exactly_the_file()

    # Plan, apply, kill, resume.

    def test_planned_applied_and_a_second_apply_changes_nothing(self):
        plan = self.plan()
        self.assertEqual((len(plan["keys"]), plan["steps"], plan["conflicts"]), (18, 52, 0))
        text = self.topology("plan")
        self.assertIn("eu-west-1 staging payments/cards\n  + make a KMS key\n", text)
        self.assertIn("~ name it alias/shop/production/customers", text)
        self.assertIn("rotate it every 365 days", text)
        self.assertEqual(self.calls().get("CreateKey", 0), 0)
        self.drift()
        done = self.topology("apply").splitlines()
        self.assertEqual(len(done), 53)
        self.assertEqual(done[-1], "shop: 52 steps done")
        self.assert_exactly_the_file()
        for region in REGIONS:
            for alias, key in self.keys(region).items():
                status = self.kms[region].must("GetKeyRotationStatus", KeyId=key)
                off = alias == alias_of("development", "payments/cards")
                self.assertEqual((status["KeyRotationEnabled"], status.get("RotationPeriodInDays")), (False, None) if off else (True, 365))
                tags = {tag["TagKey"]: tag["TagValue"] for tag in self.kms[region].all("ListResourceTags", "Tags", KeyId=key)}
                self.assertEqual("/".join(["alias", tags["keyfold:topology"], tags["keyfold:environment"], tags["keyfold:domain"]]), alias)

    def test_killed_after_every_single_call_it_goes_on_and_makes_nothing_twice(self):
        kills = 0
        with Interrupting(self.server) as way:
            while True:
                process = self.start_apply(way)
                way.kill_at_next_write(process, done=kills % 4 != 3)  # Sometimes the call never arrives.
                process.communicate(timeout=120)
                if process.returncode == 0:
                    break
                self.assertEqual(process.returncode, -9)
                kills += 1
        self.assertGreaterEqual(kills, 52)
        self.assertEqual(self.calls()["CreateKey"], 18)
        self.assert_exactly_the_file()

    def start_apply(self, way):
        environment = dict(os.environ, AWS_ACCESS_KEY_ID=self.credentials[0], AWS_SECRET_ACCESS_KEY=self.credentials[1],
                           AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
        return subprocess.Popen([BIN / "keyfold", "topology", "apply", "--file", self.file, "--endpoint-url", way.endpoint],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)

    def test_somebody_who_may_not_make_keys_is_told_and_nothing_is_half_done(self):
        said = self.add_user("courier")
        out, error = self.run_cli("topology", "plan", "--file", self.file, status=1, credentials=said)
        self.assertIn("not authorized to perform: kms:ListAliases", error)
        self.assertEqual(self.calls().get("CreateKey", 0), 0)

    def test_an_administrator_of_the_account_applies_it_too(self):
        administrator = self.add_user("operator", "--administrator")
        self.topology("apply", credentials=administrator)
        self.assert_exactly_the_file()

    # Drift.

    def test_what_is_changed_by_hand_is_named_and_put_right(self):
        self.apply()
        kms = self.kms[FRANKFURT]
        cards, staging = self.key("production", "payments/cards"), self.key("staging", "payments/cards")
        policy = json.loads(kms.must("GetKeyPolicy", KeyId=cards)["Policy"])
        policy["Statement"].append({"Sid": "Helpful", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"})
        by_hand = {
            "policy": lambda: kms.must("PutKeyPolicy", KeyId=cards, Policy=json.dumps(policy)),
            "rotation": lambda: kms.must("DisableKeyRotation", KeyId=cards),
            "tags": lambda: kms.must("TagResource", KeyId=cards, Tags=[{"TagKey": "owner", "TagValue": "me"}]),
            "alias": lambda: kms.must("UpdateAlias", AliasName=alias_of("production", "payments/cards"), TargetKeyId=staging),
            "state": lambda: kms.must("DisableKey", KeyId=cards),
            "description": lambda: kms.must("UpdateKeyDescription", KeyId=cards, Description="mine\nnow"),
        }
        for aspect, change in by_hand.items():
            with self.subTest(aspect):
                change()
                found = self.drift()["keys"]
                self.assertEqual([(key["region"], key["environment"], key["domain"], key["key"]) for key in found],
                                 [(FRANKFURT, "production", "payments/cards", cards)])
                self.assertEqual([difference["aspect"] for difference in found[0]["differences"]], [aspect])
                text = self.topology("drift", status=DRIFTED)
                self.assertRegex(text, rf"eu-central-1 production payments/cards  {cards}\n  {aspect}: ")
                if aspect == "policy":
                    self.assertIn('-   "Sid": "Helpful"', text)
                self.assertEqual(len(self.topology("apply").splitlines()), 2)
                self.assert_exactly_the_file()
        for change in by_hand.values():  # All at once.
            change()
        self.topology("drift", status=DRIFTED)
        self.apply()

    def test_what_is_missing_is_named_and_put_back(self):
        self.apply()
        kms = self.kms[DUBLIN]
        cards = self.key("production", "payments/cards", DUBLIN)
        kms.must("DeleteAlias", AliasName=alias_of("production", "payments/cards"))
        kms.must("UntagResource", KeyId=self.key("staging", "mail", DUBLIN), TagKeys=["keyfold:domain"])
        kms.must("ScheduleKeyDeletion", KeyId=self.key("staging", "customers", DUBLIN), PendingWindowInDays=7)
        text = self.topology("drift", status=DRIFTED)
        self.assertIn("there is no alias/shop/production/payments/cards", text)
        self.assertIn("the tag keyfold:domain is missing", text)
        self.assertIn("it is scheduled for deletion", text)
        self.apply()
        self.assertEqual(self.key("production", "payments/cards", DUBLIN), cards, "the same key, not another")
        self.assertEqual(kms.must("DescribeKey", KeyId=self.key("staging", "customers", DUBLIN))["KeyMetadata"]["KeyState"], "Enabled")

    def test_where_it_is_in_doubt_which_key_is_meant_nothing_is_done(self):
        self.apply()
        kms = self.kms[FRANKFURT]
        theirs = kms.must("CreateKey", Description="theirs")["KeyMetadata"]["KeyId"]
        cards = self.key("production", "payments/cards")
        kms.must("UpdateAlias", AliasName=alias_of("production", "payments/cards"), TargetKeyId=theirs)
        for tag in ("keyfold:topology", "keyfold:domain", "keyfold:environment"):
            kms.must("UntagResource", KeyId=cards, TagKeys=[tag])
        before = self.writes()
        out, error = self.run_cli("topology", "apply", "--file", self.file, status=1)
        self.assertIn(f"names the key {theirs}, which has neither its tags nor its description", out)
        self.assertIn("must be looked at first; nothing was done", error)
        self.topology("drift", status=DRIFTED)
        self.assertEqual(self.writes(), before)

    def test_an_impostor_does_not_take_the_place_of_the_key_that_was_there(self):
        self.apply()
        kms = self.kms[FRANKFURT]
        cards, tags = self.key("production", "payments/cards"), ("keyfold:topology", "keyfold:domain", "keyfold:environment")
        values = dict(zip(tags, ("shop", "payments/cards", "production")))
        impostor = kms.must("CreateKey", Tags=[{"TagKey": name, "TagValue": value} for name, value in values.items()])["KeyMetadata"]["KeyId"]
        for tag in tags:
            with self.subTest(tag):
                kms.must("UntagResource", KeyId=cards, TagKeys=[tag])
                out, _ = self.run_cli("topology", "apply", "--allow-deletion", "--file", self.file, status=1)
                self.assertRegex(out, f"(?s){impostor}.*{cards}|{cards}.*{impostor}")
                self.topology("drift", status=DRIFTED)
                kms.must("TagResource", KeyId=cards, Tags=[{"TagKey": tag, "TagValue": values[tag]}])
        self.assertIn("1 key left for a person to decide about", self.topology("apply", "--allow-deletion"))
        self.assertEqual(self.calls().get("ScheduleKeyDeletion", 0), 0)
        self.assertEqual(self.key("production", "payments/cards"), cards)

    def test_a_key_that_lost_alias_and_tags_is_not_made_again(self):
        self.apply()
        kms = self.kms[FRANKFURT]
        cards, made = self.key("production", "payments/cards"), self.calls()["CreateKey"]
        kms.must("DeleteAlias", AliasName=alias_of("production", "payments/cards"))
        kms.must("UntagResource", KeyId=cards, TagKeys=["keyfold:topology", "keyfold:domain", "keyfold:environment"])
        out, _ = self.run_cli("topology", "apply", "--file", self.file, status=1)
        self.assertIn(cards, out)
        self.assertEqual(self.calls()["CreateKey"], made)

    def test_a_multi_region_key_is_no_domains(self):
        self.apply()
        alias = alias_of("production", "payments/cards")
        model = self.kms[FRANKFURT].must("DescribeKey", KeyId=alias)["KeyMetadata"]["Arn"]
        tags = self.kms[FRANKFURT].all("ListResourceTags", "Tags", KeyId=model)
        described = self.kms[FRANKFURT].must("DescribeKey", KeyId=model)["KeyMetadata"]["Description"]
        self.server.stop()
        pair = subprocess.run([BIN / "make_multi_region_pair", self.production.data, self.production.root_key, model, DUBLIN],
                              capture_output=True, text=True, timeout=60, check=True).stdout.split()
        self.server.__exit__()
        self.server = self.production.start()
        self.addCleanup(self.server.__exit__)
        kms = RegionalKms(self.server, self.credentials)
        kms.must("UpdateKeyDescription", KeyId=pair[0], Description=described)
        kms.must("TagResource", KeyId=pair[0], Tags=tags)
        kms.must("UpdateAlias", AliasName=alias, TargetKeyId=pair[0])
        self.assertIn("is a multi-Region key: its replicas have policies of their own", self.topology("drift", status=DRIFTED))
        out, _ = self.run_cli("topology", "apply", "--allow-deletion", "--file", self.file, status=1)
        self.assertIn("is a multi-Region key", out)

    def test_another_accounts_keys_are_not_touched(self):
        self.apply()
        before = self.writes()
        self.edit(ACCOUNT, "444455556666")
        self.edit('"development"]', '"test"]')
        self.edit('environments.development]', 'environments.test]')
        _, error = self.run_cli("topology", "apply", "--allow-deletion", "--file", self.file, status=1)
        self.assertIn("the file is about account 444455556666 in eu-central-1, and the KMS has", error)
        self.assertEqual(self.writes(), before)

    # Deletion.

    def test_keys_that_the_file_has_no_more_go_only_when_that_is_allowed(self):
        self.apply()
        going = [self.key("development", domain) for domain in DOMAINS]
        self.edit(', "development"]', "]")
        self.edit('[domains."payments/cards".environments.development]\nrotation_days = "off"\n', "")
        self.assertIn("--allow-deletion lets it go", self.topology("plan"))
        self.assertIn('the file has no domain "mail" in an environment "development"', self.topology("drift", status=DRIFTED))
        self.assertIn("6 keys not in the file left", self.topology("apply"))
        self.assertEqual(self.calls().get("ScheduleKeyDeletion", 0), 0)
        self.assertIn("delete it in 30 days", self.topology("plan", "--allow-deletion"))
        self.assertIn("shop: 6 steps done", self.topology("apply", "--allow-deletion"))
        for key in going:
            self.assertEqual(self.kms[FRANKFURT].must("DescribeKey", KeyId=key)["KeyMetadata"]["KeyState"], "PendingDeletion")
        self.assertEqual(self.topology("apply", "--allow-deletion"), "shop: 0 steps done\n")
        self.assertIn("all as the file says", self.topology("drift"))
        # The environment is wanted again: the same keys.
        self.edit('["production", "staging"]', '["production", "staging", "development"]')
        self.edit("[domains.customers]", '[domains."payments/cards".environments.development]\nrotation_days = "off"\n\n[domains.customers]')
        self.apply()
        self.assertEqual([self.key("development", domain) for domain in DOMAINS], going)

    # What the generated policies allow, at the server.

    def add_user(self, name, *more):
        said = json.loads(cli("admin", "user", "add", "--name", name, "--data", self.production.data, *more).stdout)
        return said["access_key_id"], said["secret_access_key"]

    def as_user(self, name, *more):
        return RegionalKms(self.server, self.add_user(name, *more))

    def assert_denied(self, answer):
        self.assertEqual(answer[0], 400, answer)
        self.assertEqual(error_of(answer[1]), "AccessDeniedException")

    def assert_allowed(self, answer):
        self.assertEqual(answer[0], 200, answer)
        return answer[1]

    def test_each_may_do_his_part_and_nothing_else(self):
        self.apply()
        checkout, clearing, administrator = (self.as_user(name) for name in ("production-checkout", "production-clearing", "key-administrator"))
        outsider, operator, root = self.as_user("staging-clearing"), self.as_user("operator", "--administrator"), self.kms[FRANKFURT]
        key = self.key("production", "payments/cards")
        right = {"domain": "payments/cards", "environment": "production"}
        text = base64.b64encode(b"4111").decode()
        blob = self.assert_allowed(checkout.call("Encrypt", KeyId=key, Plaintext=text, EncryptionContext=right))["CiphertextBlob"]
        self.assert_allowed(checkout.call("GenerateDataKey", KeyId=key, KeySpec="AES_256", EncryptionContext=right))
        self.assert_allowed(checkout.call("GenerateDataKeyWithoutPlaintext", KeyId=key, KeySpec="AES_256", EncryptionContext=right))
        opened = self.assert_allowed(clearing.call("Decrypt", KeyId=key, CiphertextBlob=blob, EncryptionContext=right))
        self.assertEqual(opened["Plaintext"], text)
        for who in (checkout, clearing):
            self.assert_allowed(who.call("DescribeKey", KeyId=alias_of("production", "payments/cards")))
            self.assert_denied(who.call("PutKeyPolicy", KeyId=key, Policy="{}"))
            self.assert_denied(who.call("ScheduleKeyDeletion", KeyId=key))
        # An encryptor cannot decrypt, nor re-encrypt to where he could.
        self.assert_denied(checkout.call("Decrypt", KeyId=key, CiphertextBlob=blob, EncryptionContext=right))
        self.assert_denied(checkout.call("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=key, SourceEncryptionContext=right,
                                         DestinationEncryptionContext=right))
        # A decryptor cannot encrypt.
        self.assert_denied(clearing.call("Encrypt", KeyId=key, Plaintext=text, EncryptionContext=right))
        self.assert_denied(clearing.call("GenerateDataKey", KeyId=key, KeySpec="AES_256", EncryptionContext=right))
        # Who administers, or is of elsewhere, uses nothing: not even the account's root.
        for who in (administrator, operator, root, outsider):
            self.assert_denied(who.call("Decrypt", KeyId=key, CiphertextBlob=blob, EncryptionContext=right))
            self.assert_denied(who.call("Encrypt", KeyId=key, Plaintext=text, EncryptionContext=right))
            self.assert_denied(who.call("GenerateDataKey", KeyId=key, KeySpec="AES_256", EncryptionContext=right))
        for who in (administrator, operator, root):
            self.assert_allowed(who.call("UpdateKeyDescription", KeyId=key, Description="x"))
            self.assert_allowed(who.call("GetKeyPolicy", KeyId=key))

    def test_no_context_but_the_right_one_is_enough(self):
        self.apply()
        both = self.as_user("staging-crm")
        key = self.key("staging", "customers")
        right = {"domain": "customers", "environment": "staging"}
        self.assert_allowed(both.call("GenerateDataKey", KeyId=key, KeySpec="AES_256", EncryptionContext={**right, "record": "1"}))
        for wrong in ({}, {"domain": "customers"}, {"environment": "staging"}, {**right, "environment": "production"},
                      {**right, "domain": "mail"}, {**right, "Environment": "production"}, {"aws-crypto-ec:domain": "customers",
                                                                                           "aws-crypto-ec:environment": "staging"}):
            with self.subTest(wrong):
                self.assert_denied(both.call("GenerateDataKey", KeyId=key, KeySpec="AES_256", EncryptionContext=wrong))
                self.assert_denied(both.call("Encrypt", KeyId=key, Plaintext="AAAA", EncryptionContext=wrong))
        self.assert_denied(both.call("GenerateDataKey", KeyId=self.key("production", "customers"), KeySpec="AES_256", EncryptionContext=right))
        # A statement that somebody adds allows nobody more than that.
        root = self.kms[FRANKFURT]
        policy = json.loads(root.must("GetKeyPolicy", KeyId=key)["Policy"])
        policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/intruder"}, "Action": "kms:*", "Resource": "*"})
        root.must("PutKeyPolicy", KeyId=key, Policy=json.dumps(policy))
        self.assert_denied(self.as_user("intruder").call("GenerateDataKey", KeyId=key, KeySpec="AES_256", EncryptionContext=right))

    # Sealing and opening in a domain.

    def seal(self, environment, domain, text, *more, credentials, out="sealed", status=0):
        path = self.folder / out
        self.run_cli("encrypt", "--topology", self.file, "--environment", environment, "--domain", domain, "-o", path, *more,
                     input=text, credentials=credentials, status=status)
        return path

    def open(self, environment, domain, path, *more, credentials, status=0):
        return self.run_cli("decrypt", "--topology", self.file, "--environment", environment, "--domain", domain, "-i", path, *more,
                            credentials=credentials, status=status)

    def test_sealing_takes_the_domains_key_context_and_suite(self):
        self.apply()
        checkout, clearing, crm = (self.add_user(name) for name in ("production-checkout", "production-clearing", "production-crm"))
        sealed = self.seal("production", "payments/cards", b"4111", "--context", "order=7", credentials=checkout)
        told = json.loads(cli("inspect", "--json", sealed).stdout)
        self.assertEqual({name: told["encryption_context"][name] for name in ("domain", "environment", "order")},
                         {"domain": "payments/cards", "environment": "production", "order": "7"})
        self.assertIn("0578", json.dumps(told))
        self.assertIn(self.key("production", "payments/cards"), json.dumps(told))
        self.assertEqual(self.open("production", "payments/cards", sealed, credentials=clearing)[0], "4111")
        _, error = self.open("production", "payments/cards", sealed, credentials=checkout, status=1)
        self.assertIn("not authorized to perform: kms:Decrypt", error)
        # What is not signed might be of any reader.
        unsigned = self.folder / "unsigned"
        self.run_cli("encrypt", "--key", alias_of("production", "payments/cards"), "--context", "domain=payments/cards", "--context",
                     "environment=production", "-o", unsigned, input=b"4111", credentials=checkout)
        before = self.calls()
        _, error = self.open("production", "payments/cards", unsigned, credentials=clearing, status=1)
        self.assertIn("the message is not signed", error)
        self.assertEqual(self.calls(), before)
        self.edit("caching    =", "opens_unsigned = true\ncaching    =")
        self.assertEqual(self.open("production", "payments/cards", unsigned, credentials=clearing)[0], "4111")
        sealed = self.seal("production", "customers", b"Ada", credentials=crm)
        self.assertIn("0578", cli("inspect", "--json", sealed).stdout.decode(), "support reads, and does not write")

    def test_staging_opening_a_productions_message_calls_no_kms(self):
        self.apply()
        sealed = self.seal("production", "customers", b"Ada", credentials=self.add_user("production-crm"))
        staging = self.add_user("staging-crm")
        before = self.calls()
        _, error = self.open("staging", "customers", sealed, credentials=staging, status=1)
        self.assertIn('the message is of the environment "production", and was to be opened in "staging"', error)
        _, error = self.open("production", "payments/cards", sealed, credentials=staging, status=1)
        self.assertIn('the message is of the domain "customers", and was to be opened in "payments/cards"', error)
        plain = self.folder / "plain"
        _, error = self.open("staging", "customers", sealed, "-o", plain, credentials=staging, status=1)
        self.assertFalse(plain.exists())
        with self.assertRaises(AssertionError):
            self.seal("staging", "customers", b"x", "--context", "environment=production", credentials=staging, out="none")
        self.assertFalse((self.folder / "none").exists())
        self.assertEqual(self.calls(), before, "not one call")
        # With its own key instead of a topology: the KMS refuses.
        _, error = self.run_cli("decrypt", "--key", self.key("production", "customers"), "-i", sealed, credentials=staging, status=1)
        self.assertIn("not authorized to perform: kms:Decrypt", error)

    def test_the_environment_is_not_guessed(self):
        for arguments in (("--topology", self.file), ("--topology", self.file, "--domain", "mail"),
                          ("--topology", self.file, "--environment", "staging"), ("--environment", "staging"),
                          ("--topology", self.file, "--domain", "mail", "--environment", "staging", "--key", "alias/x"),
                          ("--topology", self.file, "--domain", "mail", "--environment", "staging", "--suite", "0478")):
            with self.subTest(arguments):
                self.run_cli("encrypt", *arguments, status=2, input=b"x")
        _, error = self.run_cli("encrypt", "--topology", self.file, "--domain", "mail", "--environment", "prod", status=1, input=b"x")
        self.assertIn('no environment "prod"; it has production, staging, development', error)
        _, error = self.run_cli("encrypt", "--topology", self.file, "--domain", "mail", "--environment", "staging", "--region", "us-east-1",
                                status=1, input=b"x")
        self.assertIn('no Region "us-east-1"', error)

    def test_tenants_have_branch_keys_that_their_keeper_makes(self):
        self.apply()
        mail, keeper = self.add_user("production-mail"), self.add_user("production-tenant-keeper")
        key = self.kms[FRANKFURT].must("DescribeKey", KeyId=alias_of("production", "mail"))["KeyMetadata"]["Arn"]
        store = self.folder / f"mail-production-{FRANKFURT}.sqlite"
        make = ("branch-key", "create", "--store", store, "--logical-name", "shop/production/mail", "--key", key)
        bound = ("--context", "domain=mail", "--context", "environment=production")
        self.run_cli(*make, "--id", "4711", *bound, credentials=keeper)
        _, error = self.run_cli(*make, "--id", "4712", "--context", "domain=mail", "--context", "environment=staging", credentials=keeper, status=1)
        self.assertIn("not authorized", error)
        _, error = self.run_cli(*make, "--id", "4713", *bound, credentials=mail, status=1)
        self.assertIn("not authorized", error)
        # Who keeps branch keys does not read them, nor by way of a key of his own.
        own = self.kms[FRANKFURT].must("CreateKey", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/production-tenant-keeper"}, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}]}))["KeyMetadata"]["Arn"]
        context = {"aws-crypto-ec:domain": "mail", "aws-crypto-ec:environment": "production"}
        made = RegionalKms(self.server, keeper).must("GenerateDataKeyWithoutPlaintext", KeyId=key, NumberOfBytes=32, EncryptionContext=context)
        for destination, allowed in ((key, True), (own, False)):
            answer = RegionalKms(self.server, keeper).call("ReEncrypt", CiphertextBlob=made["CiphertextBlob"], SourceKeyId=key, DestinationKeyId=destination,
                                                           SourceEncryptionContext=context, DestinationEncryptionContext=context)
            (self.assert_allowed if allowed else self.assert_denied)(answer)
        sealed = self.seal("production", "mail", b"Dear", "--context", "tenant=4711", credentials=mail)
        self.assertIn("aws-kms-hierarchy", cli("inspect", "--json", sealed).stdout.decode())
        self.assertEqual(self.open("production", "mail", sealed, credentials=mail)[0], "Dear")
        _, error = self.open("production", "mail", sealed, credentials=keeper, status=1)
        self.assertIn("not authorized to perform: kms:Decrypt", error)
        before = self.calls()
        _, error = self.open("staging", "mail", sealed, credentials=mail, status=1)
        self.assertIn('the message is of the environment "production"', error)
        self.assertEqual(self.calls(), before)
        _, error = self.run_cli("encrypt", "--topology", self.file, "--environment", "production", "--domain", "mail",
                                "--context", "tenant=9999", credentials=mail, input=b"x", status=1)
        self.assertIn("no branch key 9999", error.replace("has no branch:ACTIVE of branch key", "no branch key"))
        self.run_cli("branch-key", "rotate", "--store", store, "--logical-name", "shop/production/mail", "--key", key, "4711", credentials=keeper)
        self.run_cli("branch-key", "rewrap", "--store", store, "--logical-name", "shop/production/mail", "--key", key, credentials=keeper)
        self.assertEqual(self.open("production", "mail", sealed, credentials=mail)[0], "Dear")

    def test_a_file_that_is_wrong_is_refused_by_line_and_name(self):
        for what, by, said in (("rotation_days        = 365", "rotation_days = 3", r"topology.toml: line \d+: rotation_days is 90 to 2560 days"),
                               ("[domains.mail]", "[domain.mail]", r"line \d+: domain is not known in a topology"),
                               ("user/{environment}-mail", "root", r"is not the ARN of a user or a role")):
            with self.subTest(what):
                whole = self.file.read_text()
                self.edit(what, by)
                _, error = self.run_cli("topology", "plan", "--file", self.file, status=1)
                self.assertRegex(error, said)
                self.write(whole)
        _, error = self.run_cli("topology", "plan", "--file", self.folder / "none.toml", status=1)
        self.assertIn("cannot read the topology file", error)
        self.assertEqual(self.calls(), {})


if __name__ == "__main__":
    unittest.main()
