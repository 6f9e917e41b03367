"""The branch-key records of an SQLite key store of ours (docs/formats/branch-key-records.md) as the DynamoDB table that the specification
has them in (framework/branch-key-store.md): each row is an item, and each item can be a row."""

import contextlib
import sqlite3
import struct
import types

from botocore.exceptions import ClientError
from two_regions import FRANKFURT

TEXTS = ("branch-key-id", "type", "version", "create-time", "kms-arn")
COLUMNS = (*(name.replace("-", "_") for name in TEXTS), "hierarchy_version", "attributes", "enc")


def read_attributes(data):
    """A serialised encryption context: u16 count, then u16-length keys and values."""
    if not data:
        return {}
    texts, at = [], 2
    while at < len(data):
        size, = struct.unpack_from(">H", data, at)
        texts.append(data[at + 2:at + 2 + size].decode())
        at += 2 + size
    assert len(texts) == 2 * struct.unpack_from(">H", data)[0]
    return dict(zip(texts[::2], texts[1::2]))


def write_attributes(pairs):
    texts = [text.encode() for key in sorted(pairs, key=str.encode) for text in (key, pairs[key])]
    return struct.pack(">H", len(pairs)) + b"".join(struct.pack(">H", len(text)) + text for text in texts) if pairs else b""


def item_of(row):
    *texts, hierarchy_version, attributes, enc = row
    item = {name: {"S": text} for name, text in zip(TEXTS, texts) if text}
    return {**item, "hierarchy-version": {"N": hierarchy_version}, "enc": {"B": enc},
            **{name: {"S": text} for name, text in read_attributes(attributes).items()}}


def row_of(item):
    others = {name: value["S"] for name, value in item.items() if name not in (*TEXTS, "hierarchy-version", "enc")}
    return (*(item.get(name, {"S": ""})["S"] for name in TEXTS), item["hierarchy-version"]["N"], write_attributes(others),
            bytes(item["enc"]["B"]))


class BranchKeyTable:
    """In place of a boto3 client of DynamoDB: what key stores of SDKs call, on the file of ours."""

    meta = types.SimpleNamespace(region_name=FRANKFURT)

    def __init__(self, store):
        self._store = store

    @contextlib.contextmanager
    def _database(self):
        with contextlib.closing(sqlite3.connect(self._store, timeout=60)) as database, database:
            yield database

    def items(self):
        with self._database() as database:
            return [item_of(row) for row in database.execute(f"SELECT {', '.join(COLUMNS)} FROM branch_key ORDER BY 1, 2")]

    def get_item(self, *, TableName, Key, **_):  # pylint: disable=invalid-name,unused-argument
        found = [item for item in self.items() if all(item[name] == value for name, value in Key.items())]
        return {"Item": found[0]} if found else {}

    def put(self, item):
        """As somebody would who can write to the database."""
        with self._database() as database:
            self._put(database, item)

    def transact_write_items(self, *, TransactItems, **_):  # pylint: disable=invalid-name
        with self._database() as database:
            database.execute("BEGIN IMMEDIATE")
            for put in (each["Put"] for each in TransactItems):
                exists, wanted = self._put(database, put["Item"]), put["ConditionExpression"].startswith("attribute_exists(")
                if exists is not wanted:  # Raised within the transaction: nothing stays.
                    raise ClientError({"Error": {"Code": "TransactionCanceledException", "Message": "ConditionalCheckFailed"},
                                       "CancellationReasons": []}, "TransactWriteItems")
        return {}

    @staticmethod
    def _put(database, item):
        """Whether there was one before."""
        row = row_of(item)
        there = database.execute("DELETE FROM branch_key WHERE branch_key_id = ? AND type = ?", row[:2]).rowcount > 0
        database.execute(f"INSERT INTO branch_key ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})", row)
        return there
