#!/usr/bin/env python3
"""Reads an audit log of keyfold-kms and recomputes its RFC 6962 root, knowing only docs/formats/audit-log.md.

    verify_audit.py DIRECTORY [--leaves]

Prints the log's id, its number of leaves and its root as JSON; with --leaves first every leaf, one a line. Exits with 1 and a
line that names the segment, the offset and the leaf when anything is wrong. Shares no code with Keyfold, on purpose.
"""
import hashlib
import json
import pathlib
import struct
import sys

FORMAT_VERSION = 1
LEAF_SIZE_MAX = 1 << 20
OVERHEAD = 12


class Damage(Exception):
    pass


def crc32c_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


TABLE = crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def sha256(data):
    return hashlib.sha256(data).digest()


class Tree:
    """The perfect subtrees of the leaves so far, as (size, hash), the largest first."""

    def __init__(self, size=0, peaks=()):
        sizes = [1 << bit for bit in reversed(range(64)) if size >> bit & 1]
        if len(sizes) != len(peaks):
            raise Damage("a frontier of the wrong size")
        self.size, self.peaks = size, list(zip(sizes, peaks))

    def add(self, leaf):
        node = (1, sha256(b"\0" + leaf))
        while self.peaks and self.peaks[-1][0] == node[0]:
            left = self.peaks.pop()
            node = (left[0] + node[0], sha256(b"\1" + left[1] + node[1]))
        self.peaks.append(node)
        self.size += 1

    def root(self):
        if not self.peaks:
            return sha256(b"")
        root = self.peaks[-1][1]
        for _, left in reversed(self.peaks[:-1]):
            root = sha256(b"\1" + left + root)
        return root


def read_header(data):
    if len(data) < 35 or data[:8] != b"KFAUDIT\n" or struct.unpack_from(">H", data, 8)[0] != FORMAT_VERSION:
        raise Damage("not a segment of a known version")
    first_leaf, count = struct.unpack_from(">QB", data, 26)
    end = 35 + 32 * count
    if sha256(data[:end]) != data[end : end + 32]:
        raise Damage("the header's digest does not match")
    peaks = [data[at : at + 32] for at in range(35, end, 32)]
    return data[10:26], Tree(first_leaf, peaks), end + 32


def read_frame(data, first_leaf, offset):
    """(length, synced) of a frame whose CRC holds, else None."""
    if len(data) - offset < OVERHEAD:
        return None
    length, synced = struct.unpack_from(">II", data, offset)
    end = offset + 8 + length
    if length > LEAF_SIZE_MAX or end + 4 > len(data) or synced > offset:
        return None
    if struct.unpack_from(">I", data, end)[0] != crc32c(struct.pack(">QI", first_leaf, offset) + data[offset:end]):
        return None
    return length, synced


def judge_end(data, first_leaf, end):
    """Whether the segment is closed by a mark; Damage when a later frame vouches for what is not there."""
    mark = read_frame(data, first_leaf, end)
    closed = mark == (0, end)
    last = len(data.rstrip(b"\0"))
    for at in range(end + (OVERHEAD if closed else 0), last):
        if len(data) - at >= 8 and end < struct.unpack_from(">I", data, at + 4)[0] <= at and read_frame(data, first_leaf, at):
            raise Damage("damaged: a later record says that it was on disk")
    return closed


def read_log(directory, on_leaf):
    paths = sorted(path for path in directory.iterdir() if len(path.stem) == 20 and path.suffix == ".kfa")
    if not paths:
        raise Damage("no segments in " + str(directory))
    log_id, tree = None, None
    for path in paths:
        offset = 0
        try:
            data = path.read_bytes()
            this_id, start, offset = read_header(data)
            if start.size != int(path.stem):
                raise Damage("not the segment that its name says")
            if tree and (this_id != log_id or start.peaks != tree.peaks):
                raise Damage("does not go on where the segment before ended")
            log_id, tree, first_leaf, synced = this_id, start, start.size, 0
            while (frame := read_frame(data, first_leaf, offset)) and frame[0]:
                if frame[1] < synced:
                    raise Damage("a frame knows less than the one before it")
                synced = frame[1]
                leaf = data[offset + 8 : offset + 8 + frame[0]]
                on_leaf(leaf)
                tree.add(leaf)
                offset += OVERHEAD + frame[0]
            closed = judge_end(data, first_leaf, offset)
            if path != paths[-1] and not closed:
                raise Damage("cut short: a segment follows")
        except Damage as damage:
            raise Damage(f"{path.name}, offset {offset}, leaf {tree.size if tree else 0}: {damage}") from None
    return {"logId": log_id.hex(), "firstLeaf": int(paths[0].stem), "size": tree.size, "root": tree.root().hex(), "closed": closed}


def main(arguments):
    show = "--leaves" in arguments
    arguments = [a for a in arguments if a != "--leaves"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    try:
        summary = read_log(pathlib.Path(arguments[0]), lambda leaf: show and print(leaf.decode()))
    except (Damage, OSError) as error:
        sys.exit(str(error))
    print(json.dumps(summary))


if __name__ == "__main__":
    main(sys.argv[1:])
