"""Another Encryption SDK and `keyfold` read each other's messages, and refuse the same ones. A test module brings the SDK."""

import contextlib
import json
import os
import pathlib
import secrets
import tempfile

from keyfold_server import Server, cli

SUITES = ("0478", "0578")
FRAME = 4096
SIZES = (0, 1, FRAME - 1, FRAME, FRAME + 1, 10 * FRAME)
CONTEXTS = ({}, {"tenant": "north-star", "purpose": "ledger"},
            {"größe": "naïve ☃", "～": "", "𝄞": "=a=b", "Zone": "z", "apple": "a"})  # Ordered otherwise by bytes, UTF-16, locales.


class Refused(Exception):
    """What another SDK says when it opens nothing."""


class Keyring:
    """The same wrapping keys for both sides: KMS keys by ARN, or one raw AES key, also in `file`."""

    namespace = "archive"

    def __init__(self, *, arns=(), raw=None, name="2026", file=None):
        self.arns, self.raw, self.name, self.file = list(arns), raw, name, file

    def arguments(self):
        return ["--keyring", self.file] if self.raw else [part for arn in self.arns for part in ("--key", arn)]


class Bench:
    """A server with two keys, raw keys of each length in files, and the command line beside them."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="keyfold-interop-")
        self.folder = pathlib.Path(self._folder.name)
        self.server = Server([])
        first, second = (self._create_key() for _ in range(2))
        self.kms, self.other_kms, self.two_kms = Keyring(arns=[first]), Keyring(arns=[second]), Keyring(arns=[first, second])
        self.raw, self.other_raw = self.raw_keyring(), self.raw_keyring()

    def _create_key(self):
        return json.loads(cli("call", "CreateKey", server=self.server).stdout)["KeyMetadata"]["Arn"]

    def raw_keyring(self, size=32, **named):
        key = secrets.token_bytes(size)
        stem = secrets.token_hex(8)
        (self.folder / f"{stem}.key").write_bytes(key)
        keyring = Keyring(raw=key, file=self.folder / f"{stem}.json", **named)
        keyring.file.write_text(json.dumps({"type": "raw-aes", "namespace": keyring.namespace, "name": keyring.name,
                                            "key_file": f"{stem}.key"}))
        return keyring

    def close(self):
        self.server.kill()
        self._folder.cleanup()

    def _cli(self, command, keyring, context, data, *more, **options):
        pairs = [part for name, value in context.items() for part in ("--context", f"{name}={value}")]
        return cli(command, "--quiet", *keyring.arguments(), *pairs, *more, server=self.server, input=data, **options)

    def seal(self, keyring, suite, context, data, frame_length=FRAME):
        raw = ["--allow-raw-keys"] if keyring.raw else []
        return self._cli("encrypt", keyring, context, data, "--suite", suite, "--frame-length", frame_length, *raw).stdout

    def open(self, keyring, context, sealed):
        return self._cli("decrypt", keyring, context, sealed).stdout

    def refuses(self, test, keyring, context, sealed):
        """It says so, and leaves no file behind; its words."""
        target = self.folder / "never"
        done = self._cli("decrypt", keyring, context, sealed, "--output", target, check=False)
        test.assertEqual(done.returncode, 1, done.stderr)
        test.assertTrue(done.stderr.strip())
        test.assertEqual(done.stdout, b"")
        test.assertFalse(os.path.lexists(target))
        return done.stderr.decode()


def flipped(sealed, bit):
    return sealed[:bit // 8] + bytes([sealed[bit // 8] ^ (1 << bit % 8)]) + sealed[bit // 8 + 1:]


class BothWays:
    """Mixed into a TestCase that has `sdk`: encrypt(keyring, suite, context, data, frame_length) → bytes, and
    decrypt(keyring, context, sealed) → bytes, or raises Refused, also when the message does not have that context."""

    sdk = None

    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            cls.bench = Bench()
            stack.callback(cls.bench.close)
            cls.sdk = cls.make_sdk(cls.bench)
            stack.callback(cls.sdk.close)
            cls.addClassCleanup(stack.pop_all().close)

    def both_ways(self, keyring, suite, context, data, frame_length=FRAME):
        sealed = self.bench.seal(keyring, suite, context, data, frame_length)
        self.assertEqual(sealed[:3].hex(), "02" + suite)
        self.assertEqual(self.sdk.decrypt(keyring, context, sealed), data)
        theirs = self.sdk.encrypt(keyring, suite, context, data, frame_length)
        self.assertEqual(theirs[:3].hex(), "02" + suite)
        self.assertEqual(self.bench.open(keyring, context, theirs), data)

    def test_sizes_around_the_frame_under_each_suite_context_and_keyring(self):
        for suite in SUITES:
            for keyring in (self.bench.kms, self.bench.raw):
                for context in CONTEXTS:
                    for size in SIZES:
                        with self.subTest(suite=suite, raw=bool(keyring.raw), context=context, size=size):
                            self.both_ways(keyring, suite, context, secrets.token_bytes(size))

    def test_frames_of_other_lengths(self):
        for frame_length, size in ((65536, 65536), (65536, 200_001), (128, 3 * 128)):
            for suite in SUITES:
                with self.subTest(frame_length=frame_length, size=size, suite=suite):
                    self.both_ways(self.bench.kms, suite, CONTEXTS[1], secrets.token_bytes(size), frame_length)

    def test_frames_of_odd_lengths_are_read_by_the_sdk(self):
        for frame_length, size in ((1, 0), (1, 3), (17, 34), (4097, 10_000)):
            with self.subTest(frame_length=frame_length, size=size):
                data = secrets.token_bytes(size)
                sealed = self.bench.seal(self.bench.raw, "0578", {}, data, frame_length)
                self.assertEqual(self.sdk.decrypt(self.bench.raw, {}, sealed), data)

    def test_raw_keys_of_each_length_and_names_beyond_ascii(self):
        for size in (16, 24, 32):
            with self.subTest(size=size):
                self.both_ways(self.bench.raw_keyring(size, name="große Schlüssel ☃"), "0478", CONTEXTS[1], b"letter")

    def test_any_of_several_keys_opens(self):
        sealed = self.bench.seal(self.bench.two_kms, "0578", CONTEXTS[2], b"letter")
        theirs = self.sdk.encrypt(self.bench.two_kms, "0578", CONTEXTS[2], b"letter", FRAME)
        for keyring in (self.bench.kms, self.bench.other_kms):
            self.assertEqual(self.sdk.decrypt(keyring, CONTEXTS[2], sealed), b"letter")
            self.assertEqual(self.bench.open(keyring, CONTEXTS[2], theirs), b"letter")

    def messages(self):
        """Three frames, sealed by each side, under each suite and keyring; with the keyring and one that did not seal it."""
        data = secrets.token_bytes(300)
        for suite in SUITES:
            for keyring, other in ((self.bench.kms, self.bench.other_kms), (self.bench.raw, self.bench.other_raw)):
                said = {"suite": suite, "raw": bool(keyring.raw)}
                yield {**said, "by": "keyfold"}, keyring, other, self.bench.seal(keyring, suite, CONTEXTS[1], data, 128)
                yield {**said, "by": "sdk"}, keyring, other, self.sdk.encrypt(keyring, suite, CONTEXTS[1], data, 128)

    def refused_by_both(self, keyring, context, sealed):
        self.bench.refuses(self, keyring, context, sealed)
        with self.assertRaises(Refused):
            self.sdk.decrypt(keyring, context, sealed)

    def test_another_key_is_refused_by_both(self):
        for said, _, other, sealed in self.messages():
            with self.subTest(**said):
                self.refused_by_both(other, CONTEXTS[1], sealed)

    def test_another_context_is_refused_by_both(self):
        for said, keyring, _, sealed in self.messages():
            with self.subTest(**said):
                for expected in ({**CONTEXTS[1], "tenant": "south-star"}, {**CONTEXTS[1], "more": "x"}):
                    self.refused_by_both(keyring, expected, sealed)
                self.assertEqual(sealed.count(b"north-star"), 1)
                forged = sealed.replace(b"north-star", b"south-star")
                self.refused_by_both(keyring, {**CONTEXTS[1], "tenant": "south-star"}, forged)

    def test_a_flipped_bit_anywhere_is_refused_by_both(self):
        for said, keyring, _, sealed in self.messages():
            bits = 8 * len(sealed)
            part = bits // 16
            for bit in {0, *(first + secrets.randbelow(part) for first in range(0, bits - part, part)), bits - 1}:
                with self.subTest(**said, bit=bit):
                    self.refused_by_both(keyring, CONTEXTS[1], flipped(sealed, bit))

    def test_a_message_cut_short_is_refused_by_both(self):
        for said, keyring, _, sealed in self.messages():
            for size in (0, 1, len(sealed) // 2, len(sealed) - 1):
                with self.subTest(**said, size=size):
                    self.refused_by_both(keyring, CONTEXTS[1], sealed[:size])

    def test_anything_after_the_message_is_refused_by_keyfold(self):
        for said, keyring, _, sealed in self.messages():
            with self.subTest(**said):
                self.bench.refuses(self, keyring, CONTEXTS[1], sealed + b"\0")
