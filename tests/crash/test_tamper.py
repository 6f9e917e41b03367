"""Every stored record of a production data directory edited, exchanged, dropped or put back, by hand in SQLite: the server does not
start, says which record it was, and serves nothing. With the bytes as they were it starts again."""

import pathlib
import shutil
import sqlite3
import tempfile
import unittest

from keyfold_server import Production, cli
from kms_client import Kms


def rows_of(store):
    database = sqlite3.connect(store)
    try:
        return {name: (version, value) for name, version, value in database.execute("SELECT name, version, value FROM record")}
    finally:
        database.close()


class Tampering(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="keyfold-tamper-")
        cls.production = Production(cls.folder.name)
        cls.store = cls.production.data / "store.sqlite"
        with cls.production.start() as server:
            kms = Kms(server, cls.production.credentials())
            cls.key, cls.other = kms.new_key(), kms.new_key()
            for number, key in enumerate((cls.key, cls.other)):
                kms.must("CreateAlias", AliasName=f"alias/number-{number}", TargetKeyId=key)
            kms.must("CreateAlias", AliasName="alias/gone", TargetKeyId=cls.key)
            cli("admin", "user", "add", "--name", "reader", "--data", cls.production.data)
            cls.blob = kms.encrypt(cls.key, b"sealed before")
            server.stop()
        cls.older = rows_of(cls.store)
        with cls.production.start() as server:
            kms = Kms(server, cls.production.credentials())
            for number, key in enumerate((cls.key, cls.other)):
                kms.must("RotateKeyOnDemand", KeyId=key)
                kms.must("UpdateAlias", AliasName=f"alias/number-{number}", TargetKeyId=cls.other if key == cls.key else cls.key)
            kms.must("DeleteAlias", AliasName="alias/gone")
            server.stop()
        cls.rows = rows_of(cls.store)
        cls.whole = pathlib.Path(cls.folder.name) / "whole.sqlite"
        shutil.copy(cls.store, cls.whole)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def restore(self):
        for leftover in self.production.data.glob("store.sqlite-*"):
            leftover.unlink()
        shutil.copy(self.whole, self.store)

    def refuses(self, names, statements):
        """After `statements` it does not start, and names one of `names`."""
        self.restore()
        database = sqlite3.connect(self.store)
        with database:
            for statement, values in statements:
                database.execute(statement, values)
        database.close()
        ready = pathlib.Path(self.folder.name) / "ready.json"
        said, status = self.production.fails_to_start("--ready-file", str(ready))
        self.assertGreater(status, 0, said)  # Not a signal.
        self.assertFalse(ready.exists(), "it served")
        self.assertTrue(any(name in said for name in names), f"{said!r} names none of {names}")
        # The root record is named beside a manifest: what the manifest says of it can no longer be known.
        blamed = [name for name in self.rows if name in said and name not in names and not name.startswith("root/")]
        self.assertEqual(blamed, [], said)

    def put(self, name, version, value):
        return ("INSERT OR REPLACE INTO record (name, version, value) VALUES (?, ?, ?)", (name, version, value))

    def test_an_edited_record_is_named(self):
        for name, (version, value) in self.rows.items():
            for at in (0, len(value) // 2, len(value) - 1):
                edited = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
                with self.subTest(record=name, byte=at):
                    self.refuses([name], [self.put(name, version, edited)])

    def test_a_record_cut_short_emptied_or_lengthened_is_named(self):
        for name, (version, value) in self.rows.items():
            for how, edited in (("cut", value[:-1]), ("emptied", b""), ("lengthened", value + b"\0")):
                with self.subTest(record=name, how=how):
                    self.refuses([name], [self.put(name, version, edited)])

    def test_a_dropped_record_is_named(self):
        for name in self.rows:
            with self.subTest(record=name):
                self.refuses([name], [("DELETE FROM record WHERE name = ?", (name,))])

    def test_exchanged_records_are_named(self):
        names = sorted(self.rows)
        for one, two in zip(names, names[1:] + names[:1]):
            for with_versions in (False, True):
                first, second = self.rows[one], self.rows[two]
                with self.subTest(one=one, two=two, with_versions=with_versions):
                    self.refuses([one, two], [self.put(one, second[0] if with_versions else first[0], second[1]),
                                              self.put(two, first[0] if with_versions else second[0], first[1])])

    def test_a_record_put_back_from_an_older_copy_is_named(self):
        tried = set()
        for name, (version, value) in self.older.items():
            if self.rows.get(name) == (version, value):
                continue
            tried.add(name.split("/")[0])
            with self.subTest(record=name):
                self.refuses([name], [self.put(name, version, value)])
            if name in self.rows:
                with self.subTest(record=name, version="of today"):
                    self.refuses([name], [self.put(name, self.rows[name][0], value)])
        self.assertLessEqual({"key", "alias", "manifest", "head"}, tried)

    def test_a_copy_under_another_name_is_named(self):
        for kind in ("user", "accesskey", "alias", "key"):
            name = next(name for name in self.rows if name.startswith(kind + "/"))
            copy = name[:-1] + ("0" if name[-1] != "0" else "1")
            with self.subTest(record=copy):
                self.refuses([copy], [self.put(copy, *self.rows[name])])

    def test_with_the_bytes_restored_it_serves_again(self):
        name = next(iter(self.rows))
        self.refuses([name], [("DELETE FROM record WHERE name = ?", (name,))])
        self.restore()
        with self.production.start() as server:
            kms = Kms(server, self.production.credentials())
            self.assertEqual(kms.decrypt(self.blob), b"sealed before")
            self.assertEqual(kms.must("DescribeKey", KeyId="alias/number-0")["KeyMetadata"]["KeyId"], self.other)
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
