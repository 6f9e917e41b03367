"""One key store, two programs: the AWS Encryption SDK for Python, with the Material Providers Library, and `keyfold branch-key` make,
rotate and read each other's branch keys, and open what the other sealed under them."""

import json
import logging
import secrets
import unittest

from aws_cryptographic_material_providers.keystore.models import (
    CreateKeyInput,
    GetActiveBranchKeyInput,
    GetBeaconKeyInput,
    GetBranchKeyVersionInput,
    VersionKeyInput,
)
from both_ways import CONTEXTS, OLDER_SUITES, SUITES, Refused, WithSdk, policy_to_open, policy_to_seal
from branch_key_table import BranchKeyTable
from sdk_python import PythonSdk
from two_regions import DUBLIN, FRANKFURT

BOUND = {"department": "admin", "Straße": "Köln, 東京", "𝄞": "=a=b"}
DATA = secrets.token_bytes(300)
FRAME = 128


class Ours:
    """`keyfold branch-key` on a store."""

    def __init__(self, bench, store, key):
        self._bench, self._store, self._key = bench, store, key

    def _run(self, command, *more):
        if command not in ("show", "list", "init"):
            more = ("--key", self._key, *more)
        return self._bench.branch_key(command, "--store", self._store, *more).strip()

    def init(self):
        self._run("init")

    def create(self, name, context):
        return self._run("create", "--id", name, *(part for pair in context.items() for part in ("--context", "=".join(pair))))

    def rotate(self, name):
        self._run("rotate", name)

    def rewrap(self):
        return [json.loads(line)["outcome"] for line in self._run("rewrap", "--json").splitlines()]

    def versions(self, name):
        """Of all records of a branch key but the beacon, the version and the context."""
        records = [json.loads(line) for line in self._run("show", name, "--json").splitlines()]
        return {record["type"]: (record["version"], record["context"]) for record in records if "version" in record}


class Theirs:
    """The SDK's key store on the same store."""

    def __init__(self, store):
        self._store = store

    def create(self, name, context):
        return self._store.create_key(CreateKeyInput(branch_key_identifier=name, encryption_context=context)).branch_key_identifier

    def rotate(self, name):
        self._store.version_key(VersionKeyInput(branch_key_identifier=name))

    def active(self, name):
        return self._store.get_active_branch_key(GetActiveBranchKeyInput(branch_key_identifier=name)).branch_key_materials

    def version(self, name, version):
        return self._store.get_branch_key_version(
            GetBranchKeyVersionInput(branch_key_identifier=name, branch_key_version=version)).branch_key_materials

    def beacon(self, name):
        return self._store.get_beacon_key(GetBeaconKeyInput(branch_key_identifier=name)).beacon_key_materials


class BranchKeys(WithSdk, unittest.TestCase):
    make_sdk = PythonSdk

    def setUp(self):
        self.key = self.bench.kms.says["key"]
        self.store = self.bench.folder / f"{secrets.token_hex(8)}.sqlite"
        self.ours = Ours(self.bench, self.store, self.key)
        self.ours.init()
        self.theirs = Theirs(self.sdk.key_store(self.store, self.key))
        self.makers = {"keyfold": self.ours, "sdk": self.theirs}

    def keyring(self, **says):
        """A new one each time, so that nothing is remembered."""
        return self.bench.keyring(**{"type": "branch-key", "store": self.store.name, "key": self.key, **says})

    def both_ways(self, suite, context, **says):
        sealed = self.bench.seal(self.keyring(**says), suite, context, DATA, FRAME)
        self.assertEqual(self.sdk.decrypt(self.keyring(**says), context, sealed, policy_to_open(suite)), DATA)
        theirs = self.sdk.encrypt(self.keyring(**says), suite, context, DATA, FRAME, policy_to_seal(suite))
        self.assertEqual(self.bench.open(self.keyring(**says), context, theirs, policy=policy_to_open(suite)), DATA)
        return sealed, theirs

    def test_each_reads_and_rotates_what_the_other_made(self):
        for maker, made_by in self.makers.items():
            for rotator, rotated_by in self.makers.items():
                with self.subTest(made=maker, rotated=rotator):
                    name = made_by.create(f"{maker}-{rotator} ☃", BOUND)
                    before, beacon = self.theirs.active(name), self.theirs.beacon(name)
                    rotated_by.rotate(name)
                    after = self.theirs.active(name)
                    versions = self.ours.versions(name)
                    self.assertEqual(set(versions), {"branch:ACTIVE", *(f"branch:version:{made.branch_key_version}" for made in (before, after))})
                    self.assertEqual(versions["branch:ACTIVE"], (after.branch_key_version, BOUND))
                    self.assertEqual(len(after.branch_key), 32)
                    self.assertNotEqual(before.branch_key, after.branch_key)
                    for materials in (before, after):
                        self.assertEqual(materials.encryption_context, BOUND)
                        self.assertEqual(self.theirs.version(name, materials.branch_key_version).branch_key, materials.branch_key)
                    self.assertEqual(self.theirs.beacon(name).beacon_key, beacon.beacon_key)
                    self.assertEqual(len(beacon.beacon_key), 32)

    def test_each_opens_what_the_other_sealed_of_every_suite(self):
        for maker, made_by in self.makers.items():
            name = made_by.create(f"made by {maker}", BOUND)
            for suite in SUITES + OLDER_SUITES:
                for context in CONTEXTS:
                    with self.subTest(made_by=maker, suite=suite, context=context):
                        self.both_ways(suite, context, branch_key_id=name)

    def test_what_older_versions_sealed_opens_after_rotations_by_either_and_a_rewrap(self):
        for maker, made_by in self.makers.items():
            name = made_by.create(f"of several versions, by {maker}", BOUND)
            sealed = []
            for turn in (self.ours, self.theirs, self.ours):
                sealed.extend(self.both_ways("0478", CONTEXTS[2], branch_key_id=name))
                turn.rotate(name)
            outcomes = self.ours.rewrap()
            self.assertEqual(set(outcomes), {"rewrapped"})
            for message in sealed:
                self.assertEqual(self.sdk.decrypt(self.keyring(branch_key_id=name), CONTEXTS[2], message), DATA)
                self.assertEqual(self.bench.open(self.keyring(branch_key_id=name), CONTEXTS[2], message), DATA)

    def test_a_tenants_branch_key_is_told_by_the_context_and_opens_no_others(self):
        for number, made_by in enumerate((self.ours, self.theirs)):
            made_by.create(f"tenant-{number}", BOUND)
        by_context = {"key": "tenant", "prefix": "tenant-"}
        for tenant in ("0", "1"):
            for message in self.both_ways("0578", {"tenant": tenant, "größe": "☃"}, by_context=by_context):
                self.assertEqual(self.bench.open(self.keyring(branch_key_id=f"tenant-{tenant}"), {}, message), DATA)
                other = self.keyring(branch_key_id=f"tenant-{1 - int(tenant)}")
                self.bench.refuses(self, other, {}, message)
                with self.assertRaises(Refused):
                    self.sdk.decrypt(other, {}, message)

    def test_a_store_under_a_multi_region_key_is_read_in_either_region(self):
        frankfurt, dublin = (self.bench.mrk(region).says["key"] for region in (FRANKFURT, DUBLIN))
        for number, made_by in enumerate((Ours(self.bench, self.store, frankfurt), Theirs(self.sdk.key_store(self.store, frankfurt)))):
            name = made_by.create(f"of two Regions {number}", BOUND)
            for sealing, opening in ((frankfurt, dublin), (dublin, frankfurt)):
                sealing, opening = ({"branch_key_id": name, "key": key, "multi_region": True} for key in (sealing, opening))
                sealed = self.bench.seal(self.keyring(**sealing), "0478", CONTEXTS[2], DATA, FRAME)
                self.assertEqual(self.sdk.decrypt(self.keyring(**opening), CONTEXTS[2], sealed), DATA)
                theirs = self.sdk.encrypt(self.keyring(**sealing), "0478", CONTEXTS[2], DATA, FRAME)
                self.assertEqual(self.bench.open(self.keyring(**opening), CONTEXTS[2], theirs), DATA)

    def test_a_record_that_somebody_edited_is_refused_by_both(self):
        for maker, made_by in self.makers.items():
            name = made_by.create(f"edited, by {maker}", BOUND)
            messages = self.both_ways("0478", CONTEXTS[1], branch_key_id=name)
            table = BranchKeyTable(self.store)
            version, = (item for item in table.items() if item["branch-key-id"]["S"] == name and item["type"]["S"].startswith("branch:version:"))
            for field, value in (("create-time", {"S": "2020-01-01T00:00:00.000000Z"}), ("aws-crypto-ec:department", {"S": "sales"}),
                                 ("enc", {"B": version["enc"]["B"][:-1] + bytes([version["enc"]["B"][-1] ^ 1])})):
                with self.subTest(made_by=maker, field=field):
                    table.put({**version, field: value})
                    for message in messages:
                        self.bench.refuses(self, self.keyring(branch_key_id=name), CONTEXTS[1], message)
                        with self.assertRaises(Refused):
                            self.sdk.decrypt(self.keyring(branch_key_id=name), CONTEXTS[1], message)
            table.put(version)
            for message in messages:
                self.assertEqual(self.bench.open(self.keyring(branch_key_id=name), CONTEXTS[1], message), DATA)


if __name__ == "__main__":
    logging.getLogger("aws_encryption_sdk").setLevel(logging.CRITICAL)  # It logs each refusal's traceback.
    unittest.main()
