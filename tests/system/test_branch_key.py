"""`keyfold branch-key`: branch keys made, rotated, listed, shown and rewrapped, by whom they may be, and whatever ends it. What is in the
store is judged by the specification's words (framework/branch-key-store.md), from SQL and KMS calls of the test's own."""

import base64
import json
import os
import pathlib
import signal
import sqlite3
import stat
import struct
import subprocess
import tempfile
import unittest
import uuid

import postgresql
from keyfold_server import BIN, REGION, Production, Server, cli
from kms_client import Kms
from policies import policy_of, statement

NAME = "branch-keys"
COLUMNS = ("branch_key_id", "type", "version", "create_time", "kms_arn", "hierarchy_version", "attributes", "enc")
FIELDS = {"branch_key_id": "branch-key-id", "type": "type", "version": "version", "create_time": "create-time", "kms_arn": "kms-arn",
          "hierarchy_version": "hierarchy-version"}
MATERIAL = slice(23, 55)  # Of a ciphertext blob of keyfold-kms: docs/formats/ciphertext-blob.md.


def read_attributes(data):
    """A serialised encryption context: u16 count, then u16-length keys and values."""
    if not data:
        return {}
    count, at, pairs = struct.unpack(">H", data[:2])[0], 2, {}
    for _ in range(count):
        pair = []
        for _ in range(2):
            size = struct.unpack(">H", data[at:at + 2])[0]
            pair.append(data[at + 2:at + 2 + size].decode())
            at += 2 + size
        pairs[pair[0]] = pair[1]
    assert at == len(data)
    return pairs


def records(store):
    """What is in the store's file, each record as a dictionary."""
    with sqlite3.connect(store) as database:
        rows = database.execute(f"SELECT {', '.join(COLUMNS)} FROM branch_key ORDER BY branch_key_id, type").fetchall()
    database.close()
    return [dict(zip(COLUMNS, row)) for row in rows]


def context_of(record, name=NAME):
    """The encryption context that the specification binds a record to."""
    context = {field: record[column] for column, field in FIELDS.items() if column != "version" or record["version"]}
    return {**context, **read_attributes(record["attributes"]), "tablename": name}


def opened(kms, record, name=NAME):
    """The key in a record, by a Decrypt of the test's own."""
    blob = base64.b64encode(record["enc"]).decode()
    return kms.decrypt(blob, KeyId=record["kms_arn"], EncryptionContext=context_of(record, name))


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-branch-key-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()
        self.store = self.folder / "keys.sqlite"

    def branch_key(self, command, *more, server=None, store=None, check=True, **options):
        done = cli("branch-key", command, "--store", store or self.store, *more, server=server, check=check, timeout=120, **options)
        return done if not check else done.stdout.decode()

    def refused(self, command, *more, words, **options):
        done = self.branch_key(command, *more, check=False, **options)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 1, said)
        self.assertRegex(said, r"\Akeyfold: [^\n]+\n\Z")
        self.assertIn(words, said)


class BranchKeys(Folder):
    @classmethod
    def setUpClass(cls):
        cls.server = Server([])
        cls.addClassCleanup(cls.server.__exit__)
        cls.addClassCleanup(cls.server.stop)
        cls.kms = Kms(cls.server, ("test", "test"))

    def setUp(self):
        super().setUp()
        self.arn = self.kms.must("CreateKey")["KeyMetadata"]["Arn"]

    def with_kms(self, command, *more, **options):
        return self.branch_key(command, "--key", self.arn, *more, server=self.server, **options)

    def create(self, key_id=None, *more):
        named = ("--id", key_id, "--context", "department=admin") if key_id else ()
        return self.with_kms("create", *named, *more).strip()

    def test_a_branch_key_is_three_records_bound_to_all_that_they_say(self):
        self.assertEqual(self.with_kms("create", "--id", "acme", "--context", "department=admin", "--context", "Straße=Köln, 東京"), "acme\n")
        found = {record["type"]: record for record in records(self.store)}
        active, beacon = found.pop("branch:ACTIVE"), found.pop("beacon:ACTIVE")
        (version_type, version), = found.items()
        self.assertEqual(active["version"], version_type)
        self.assertEqual(uuid.UUID(version_type.removeprefix("branch:version:")).version, 4)
        for record in (active, version, beacon):
            self.assertEqual((record["branch_key_id"], record["kms_arn"], record["hierarchy_version"]), ("acme", self.arn, "1"))
            self.assertRegex(record["create_time"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")
            self.assertEqual(read_attributes(record["attributes"]), {"aws-crypto-ec:department": "admin", "aws-crypto-ec:Straße": "Köln, 東京"})
        self.assertEqual((version["version"], beacon["version"]), ("", ""))
        self.assertEqual(len(opened(self.kms, active)), 32)
        self.assertEqual(opened(self.kms, active), opened(self.kms, version))
        self.assertNotEqual(opened(self.kms, active), opened(self.kms, beacon))
        for record in (active, version, beacon):  # A pair more or less, and it does not open.
            context = context_of(record)
            for left_out in context:
                status, _ = self.kms.call("Decrypt", CiphertextBlob=base64.b64encode(record["enc"]).decode(),
                                          EncryptionContext={key: value for key, value in context.items() if key != left_out})
                self.assertEqual(status, 400, left_out)

    def test_the_file_is_its_owners_alone(self):
        before = os.umask(0)
        try:
            self.create("acme")
        finally:
            os.umask(before)
        for path in self.folder.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)

    def test_rotation_makes_a_new_version_and_keeps_the_old(self):
        self.create("acme")
        before = {record["type"]: opened(self.kms, record) for record in records(self.store)}
        version = self.with_kms("rotate", "acme").strip()
        after = {record["type"]: record for record in records(self.store)}
        self.assertEqual(len(after), 4)
        self.assertEqual(after["branch:ACTIVE"]["version"], f"branch:version:{version}")
        keys = {name: opened(self.kms, record) for name, record in after.items()}
        self.assertEqual(keys["branch:ACTIVE"], keys[f"branch:version:{version}"])
        self.assertNotEqual(keys["branch:ACTIVE"], before["branch:ACTIVE"])
        for name in before.keys() - {"branch:ACTIVE"}:
            self.assertEqual(keys[name], before[name])

    def test_list_and_show_say_what_is_there_and_ask_no_kms(self):
        made = [self.create() for _ in range(3)] + [self.create("acme")]
        for _ in range(2):
            self.with_kms("rotate", "acme")
        lines = [json.loads(line) for line in self.branch_key("list", "--json").splitlines()]
        self.assertEqual([line["branch_key_id"] for line in lines], sorted(made))
        stored = {(record["branch_key_id"], record["type"]): record for record in records(self.store)}
        for line in lines:
            active = stored[line["branch_key_id"], "branch:ACTIVE"]
            self.assertEqual(line, {"branch_key_id": active["branch_key_id"], "version": active["version"].removeprefix("branch:version:"),
                                    "create_time": active["create_time"], "kms_arn": self.arn, "hierarchy_version": "1",
                                    "context": {"department": "admin"} if line["branch_key_id"] == "acme" else {}})
        self.assertEqual([line.split("\t")[0] for line in self.branch_key("list").splitlines()], sorted(made))
        shown = [json.loads(line) for line in self.branch_key("show", "acme", "--json").splitlines()]
        self.assertEqual([line["type"] for line in shown], sorted(name for key, name in stored if key == "acme"))
        prose = self.branch_key("show", "acme")
        self.assertIn("context     department=admin", prose)
        self.assertIn(self.arn, prose)
        whole = prose + json.dumps(shown) + json.dumps(lines)
        for record in stored.values():
            self.assertNotIn(base64.b64encode(record["enc"]).decode(), whole)

    def test_rewrapping_moves_every_record_to_the_current_material_and_changes_no_key(self):
        for name in ("acme", "umbra"):
            self.create(name)
            self.with_kms("rotate", name)
        before = records(self.store)
        keys = [opened(self.kms, record) for record in before]
        self.kms.must("RotateKeyOnDemand", KeyId=self.arn)
        said = [json.loads(line) for line in self.with_kms("rewrap", "--json").splitlines()]
        self.assertEqual(said, [{"branch_key_id": record["branch_key_id"], "type": record["type"], "outcome": "rewrapped"} for record in before])
        after = records(self.store)
        self.assertEqual([opened(self.kms, record) for record in after], keys)
        old, = {record["enc"][MATERIAL] for record in before}
        new, = {record["enc"][MATERIAL] for record in after}
        self.assertNotEqual(old, new)
        for was, now in zip(before, after):
            self.assertEqual({**was, "enc": None}, {**now, "enc": None})
        self.assertEqual(self.with_kms("rewrap", "-q"), "")  # Again: nothing to hinder it, nothing lost.
        self.assertEqual([opened(self.kms, record) for record in records(self.store)], keys)
        self.assertEqual(len(self.with_kms("rewrap", "acme").splitlines()), 4)

    def test_a_rewrap_that_is_killed_leaves_every_record_whole(self):
        for number in range(20):
            self.create(f"tenant-{number:02}")
        before = records(self.store)
        keys = [opened(self.kms, record) for record in before]
        old = before[0]["enc"][MATERIAL]
        for attempt in range(3):
            self.kms.must("RotateKeyOnDemand", KeyId=self.arn)
            environment = dict(os.environ, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_REGION=REGION)
            with subprocess.Popen([BIN / "keyfold", "branch-key", "rewrap", "--store", self.store, "--key", self.arn,
                                   "--endpoint-url", self.server.endpoint], env=environment, stdout=subprocess.PIPE) as worker:
                for _ in range(5 + 20 * attempt):  # It says so when a record is done.
                    self.assertTrue(worker.stdout.readline())
                worker.send_signal(signal.SIGKILL)
            after = records(self.store)
            self.assertEqual([opened(self.kms, record) for record in after], keys)
            self.assertGreaterEqual(len({record["enc"][MATERIAL] for record in after}), 2, "it was killed too late")
        self.with_kms("rewrap")
        after = records(self.store)
        self.assertEqual([opened(self.kms, record) for record in after], keys)
        new, = {record["enc"][MATERIAL] for record in after}
        self.assertNotEqual(new, old)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir() if path.suffix not in (".sqlite-wal", ".sqlite-shm")), ["keys.sqlite"])

    def test_what_somebody_edits_is_named_and_the_rest_is_done(self):
        self.create("acme")
        self.create("umbra")
        with sqlite3.connect(self.store) as database:
            database.execute("UPDATE branch_key SET create_time = '2020-01-01T00:00:00.000000Z'"
                             " WHERE branch_key_id = 'acme' AND type = 'beacon:ACTIVE'")
        database.close()
        done = self.with_kms("rewrap", "--json", check=False)
        self.assertEqual((done.returncode, done.stderr), (1, b"keyfold: 5 rewrapped, 1 failed\n"))
        failed = [line for line in map(json.loads, done.stdout.splitlines()) if line["outcome"] == "failed"]
        self.assertEqual([(line["branch_key_id"], line["type"]) for line in failed], [("acme", "beacon:ACTIVE")])
        with sqlite3.connect(self.store) as database:
            database.execute("UPDATE branch_key SET version = 'branch:version:00000000-0000-4000-8000-000000000000' WHERE version <> ''")
        database.close()
        count = len(records(self.store))
        self.refused("rotate", "acme", "--key", self.arn, server=self.server, words="")
        self.assertEqual(len(records(self.store)), count)

    def test_a_record_that_is_none_is_named_and_the_rest_is_shown_and_done(self):
        for name in ("acme", "umbra", "zeta"):
            self.create(name)
        with sqlite3.connect(self.store) as database:
            database.execute("UPDATE branch_key SET create_time = '' WHERE branch_key_id = 'umbra' AND type = 'branch:ACTIVE'")
        database.close()
        what = "the record branch:ACTIVE of branch key umbra has no time of creation"
        done = self.branch_key("list", "--json", check=False)
        self.assertEqual([json.loads(line)["branch_key_id"] for line in done.stdout.splitlines()], ["acme", "zeta"])
        self.assertEqual((done.returncode, done.stderr.decode()), (1, f"keyfold: {what}\nkeyfold: 1 of 3 branch keys could not be read\n"))
        self.assertEqual([line.split(b"\t")[0] for line in self.branch_key("list", check=False).stdout.splitlines()], [b"acme", b"zeta"])
        done = self.branch_key("show", "umbra", "--json", check=False)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertEqual((done.returncode, done.stderr.decode()),
                         (1, f"keyfold: {what}\nkeyfold: 1 of 3 records could not be read\n"))
        self.assertIn(b"department=admin", self.branch_key("show", "umbra", check=False).stdout)
        done = self.with_kms("rewrap", "--json", check=False)
        self.assertEqual((done.returncode, done.stderr), (1, b"keyfold: 8 rewrapped, 1 failed\n"))
        failed = [line for line in map(json.loads, done.stdout.splitlines()) if line["outcome"] == "failed"]
        self.assertEqual(failed, [{"branch_key_id": "umbra", "type": "branch:ACTIVE", "outcome": "failed", "error": what}])

    def test_what_cannot_be_done_is_said_in_one_line_and_changes_nothing(self):
        self.refused("list", words="there is no key store")
        self.refused("rotate", "acme", "--key", self.arn, server=self.server, words="there is no key store")
        self.assertEqual(list(self.folder.iterdir()), [])
        self.create("acme")
        before = records(self.store)
        kms = ("--key", self.arn)
        self.refused("create", *kms, "--id", "acme", "--context", "a=b", server=self.server, words="already")
        self.refused("create", *kms, "--id", "bare", server=self.server, words="encryption context")
        self.refused("create", *kms, "--id", "a\nb", "--context", "a=b", server=self.server, words="control characters")
        self.refused("create", *kms, "--context", "nonsense", server=self.server, words="KEY=VALUE")
        self.refused("create", "--key", "alias/ledger", server=self.server, words="by its ARN")
        other = self.kms.must("CreateKey")["KeyMetadata"]["Arn"]
        self.refused("rotate", "acme", "--key", other, server=self.server, words="not under the configured key")
        self.refused("rotate", "nobody", *kms, server=self.server, words="nobody")
        self.refused("show", "nobody", words="nobody")
        self.refused("rewrap", "nobody", *kms, server=self.server, words="nobody")
        self.refused("list", "--logical-name", "others", words="branch-keys, not others")
        self.refused("list", store="postgresql://keys:hunter2@db.example/keys", words="PGPASSFILE")
        self.assertEqual(records(self.store), before)

    def test_a_store_has_the_name_it_was_made_with(self):
        self.branch_key("init", "--logical-name", "tenants")
        self.assertEqual(self.with_kms("create", "--id", "acme", "--context", "a=b", "--logical-name", "tenants"), "acme\n")
        for record in records(self.store):
            self.assertEqual(len(opened(self.kms, record, "tenants")), 32)
        self.refused("create", "--key", self.arn, server=self.server, words="tenants, not branch-keys")

    def test_a_disabled_key_makes_nothing(self):
        self.create("acme")
        before = records(self.store)
        self.kms.must("DisableKey", KeyId=self.arn)
        for command in (("create",), ("rotate", "acme")):
            self.refused(*command, "--key", self.arn, server=self.server, words="disabled")
        self.assertEqual(records(self.store), before)

    def test_two_rotations_at_once_leave_one_line_of_versions(self):
        self.create("acme")
        environment = dict(os.environ, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_REGION=REGION)
        command = [BIN / "keyfold", "branch-key", "rotate", "acme", "--store", self.store, "--key", self.arn, "--endpoint-url", self.server.endpoint]
        running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(6)]
        results = [(process.communicate(timeout=60), process.returncode) for process in running]
        made = {out.decode().strip() for (out, _), status in results if status == 0}
        self.assertTrue(made)
        for (_, said), status in results:
            self.assertIn(status, (0, 1))
            if status == 1:
                self.assertIn("nothing was changed here", said.decode())
        found = {record["type"]: record for record in records(self.store)}
        self.assertEqual(len(found), 3 + len(made))
        self.assertIn(found["branch:ACTIVE"]["version"].removeprefix("branch:version:"), made)
        for record in found.values():
            self.assertEqual(len(opened(self.kms, record)), 32)


class WhoMayDoWhat(Folder):
    def test_a_worker_without_decrypt_rewraps_after_a_rotation(self):
        production = Production(self.folder / "kms")
        production.folder.mkdir()
        server = production.start()
        self.addCleanup(server.__exit__)
        root = Kms(server, production.credentials())
        arn = root.must("CreateKey")["KeyMetadata"]["Arn"]
        made = json.loads(cli("admin", "user", "add", "--name", "rewrapper", "--data", production.data).stdout)
        worker = (made["access_key_id"], made["secret_access_key"])
        root.must("PutKeyPolicy", KeyId=arn, PolicyName="default",
                  Policy=policy_of(statement("Rewrap", made["arn"], "kms:ReEncryptFrom", "kms:ReEncryptTo")))
        as_root = dict(server=server, credentials=production.credentials())
        for name in ("acme", "umbra"):
            self.branch_key("create", "--key", arn, "--id", name, "--context", "department=admin", **as_root)
            self.branch_key("rotate", name, "--key", arn, **as_root)
        before = records(self.store)
        keys = [opened(root, record) for record in before]
        root.must("RotateKeyOnDemand", KeyId=arn)
        self.assertEqual(len(self.branch_key("rewrap", "--key", arn, server=server, credentials=worker).splitlines()), 8)
        after = records(self.store)
        self.assertEqual([opened(root, record) for record in after], keys)
        self.assertTrue({record["enc"][MATERIAL] for record in after}.isdisjoint(record["enc"][MATERIAL] for record in before))
        # And that is all that the worker may.
        status, _ = Kms(server, worker).call("Decrypt", CiphertextBlob=base64.b64encode(after[0]["enc"]).decode(),
                                             EncryptionContext=context_of(after[0]))
        self.assertEqual(status, 400)
        self.refused("create", "--key", arn, server=server, credentials=worker, words="kms:GenerateDataKeyWithoutPlaintext")
        self.refused("rotate", "acme", "--key", arn, server=server, credentials=worker, words="kms:GenerateDataKeyWithoutPlaintext")
        self.assertEqual(records(self.store), after)


class OnPostgresql(Folder):
    def test_the_same_commands_work_on_a_database(self):
        if postgresql.programs() is None:
            self.assertFalse(postgresql.required(), "no PostgreSQL server, and KEYFOLD_REQUIRE has postgresql")
            self.skipTest("no PostgreSQL server here (the package postgresql)")
        database = postgresql.Postgresql()
        self.addCleanup(database.stop)
        server = Server([])
        self.addCleanup(server.__exit__)
        self.addCleanup(server.stop)
        kms = Kms(server, ("test", "test"))
        arn = kms.must("CreateKey")["KeyMetadata"]["Arn"]
        store = database.address()

        def run(command, *more, **options):
            return self.branch_key(command, *more, store=store, **options)

        self.refused("list", store=store, words="branch-key init")
        self.refused("create", "--key", arn, server=server, store=store, words="branch-key init")
        self.assertEqual(run("init"), "")
        for name in ("acme", "umbra"):
            self.assertEqual(run("create", "--key", arn, "--id", name, "--context", "department=admin", server=server), f"{name}\n")
        version = run("rotate", "acme", "--key", arn, server=server).strip()
        listed = [json.loads(line) for line in run("list", "--json").splitlines()]
        self.assertEqual([line["branch_key_id"] for line in listed], ["acme", "umbra"])
        self.assertEqual(listed[0]["version"], version)
        self.assertEqual(len(run("show", "acme", "--json").splitlines()), 4)

        def stored():
            columns = ", ".join(f"'{name}', " + (f"encode({name}, 'base64')" if name in ("attributes", "enc") else name) for name in COLUMNS)
            rows = json.loads(database.sql(f"SELECT json_agg(json_build_object({columns}) ORDER BY branch_key_id, type) FROM keyfold_branch_key"))
            return [{**row, "attributes": base64.b64decode(row["attributes"]), "enc": base64.b64decode(row["enc"])} for row in rows]

        before = stored()
        keys = [opened(kms, record) for record in before]
        kms.must("RotateKeyOnDemand", KeyId=arn)
        self.assertEqual(len(run("rewrap", "--key", arn, server=server).splitlines()), 7)
        after = stored()
        self.assertEqual([opened(kms, record) for record in after], keys)
        self.assertTrue({record["enc"][MATERIAL] for record in after}.isdisjoint(record["enc"][MATERIAL] for record in before))


if __name__ == "__main__":
    unittest.main()
