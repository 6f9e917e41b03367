"""Another Encryption SDK and `keyfold` read each other's messages, and refuse the same ones. A test module brings the SDK."""

import contextlib
import json
import os
import pathlib
import secrets
import subprocess

from keyfold_server import ACCOUNT, cli
from two_regions import DUBLIN, FRANKFURT, TwoRegions

SUITES = ("0478", "0578")  # Those that commit to their data key.
OLDER_SUITES = ("0014", "0046", "0078", "0114", "0146", "0178", "0214", "0346", "0378")
FRAME = 4096
SIZES = (0, 1, FRAME - 1, FRAME, FRAME + 1, 10 * FRAME)
CONTEXTS = ({}, {"tenant": "north-star", "purpose": "ledger"},
            {"größe": "naïve ☃", "～": " ", "𝄞": "=a=b", "Zone": "z", "apple": "a"},  # Ordered otherwise by bytes, UTF-16, locales.
            {"größe": "", "apple": ""})
PADDINGS = ("pkcs1", "oaep-sha1", "oaep-sha256", "oaep-sha384", "oaep-sha512")
STRICT = "require_encrypt_require_decrypt"  # Everybody's default.


def policy_to_seal(suite):
    return STRICT if suite in SUITES else "forbid_encrypt_allow_decrypt"


def policy_to_open(suite):
    return STRICT if suite in SUITES else "require_encrypt_allow_decrypt"


class Refused(Exception):
    """What another SDK says when it opens nothing."""


class Keyring:
    """Wrapping keys for both sides. `says` is what a keyring file of `keyfold` says (docs/keyrings.md), and is in `file`; an SDK is
    brought to make the same of it. Files that it names are relative to `folder`."""

    def __init__(self, folder, **says):
        self.folder, self.says = folder, says
        self.file = folder / f"{secrets.token_hex(8)}.json"
        self.file.write_text(json.dumps(says))

    def __repr__(self):
        return json.dumps(self.says)

    def _within(self):
        """This keyring, or those that it is made of."""
        if self.says["type"] != "multi":
            return [self.says]
        return [self.says[role] for role in ("generator",) if role in self.says] + self.says.get("children", [])

    @property
    def kinds(self):
        """The types in it; with a raw RSA key's padding."""
        return {" ".join(filter(None, (each["type"], each.get("padding")))) for each in self._within()}

    @property
    def raw(self):
        """Whether raw keys alone are in it."""
        return all(kind.startswith("raw-") for kind in self.kinds)

    def read(self, says, member):
        """The file that a raw key of this keyring names; empty when it names none."""
        return (self.folder / says[member]).read_bytes() if member in says else b""


class Bench:
    """A KMS of two Regions, keys of every kind in files, and the command line beside them."""

    def __init__(self):
        self.regions = TwoRegions()
        self.folder, self.server, self.credentials = self.regions.folder, self.regions.server, self.regions.credentials
        self.kms, self.other_kms = self.keyring(type="kms", key=self.regions.model), self.keyring(type="kms", key=self._create_key())
        self.two_kms = self.multi(self.kms, self.other_kms)
        self.raw, self.other_raw = self.raw_keyring(), self.raw_keyring()

    def _create_key(self):
        return json.loads(self.regions.cli("call", "CreateKey", "{}").stdout)["KeyMetadata"]["Arn"]

    def keyring(self, **says):
        return Keyring(self.folder, **says)

    def multi(self, generator, *children):
        return self.keyring(type="multi", generator=generator.says, children=[child.says for child in children])

    def raw_keyring(self, size=32, name="2026"):
        key_file = f"{secrets.token_hex(8)}.key"
        (self.folder / key_file).write_bytes(secrets.token_bytes(size))
        return self.keyring(type="raw-aes", namespace="archive", name=name, key_file=key_file)

    def rsa_keyrings(self, padding):
        """One for who seals, with the public key alone, and one for who opens, with the private key alone."""
        private, public = "rsa.pem", "rsa.pub.pem"
        if not (self.folder / public).exists():
            subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", private],
                           cwd=self.folder, check=True)
            subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], cwd=self.folder, check=True)
        named = {"type": "raw-rsa", "namespace": "archive", "name": f"2026-{padding}", "padding": padding}
        return self.keyring(**named, public_key_file=public), self.keyring(**named, private_key_file=private)

    def discovery(self):
        return self.keyring(type="kms-discovery", accounts=[ACCOUNT], regions=[FRANKFURT])

    def mrk(self, region, kind="kms-mrk"):
        return self.keyring(type=kind, key=self._related(region))

    def mrk_discovery(self, region):
        return self.keyring(type="kms-mrk-discovery", accounts=[ACCOUNT], regions=[region])

    def mrk_multi(self, region):
        """The multi-Region key by its ARN there, and a key of one Region."""
        return self.keyring(type="kms-mrk-multi", generator=self._related(region), children=[self.other_kms.says["key"]])

    def failover(self):
        return self.keyring(type="failover", keys=self.regions.keys)

    def branch_keyring(self, rotations=0, multi_region=False):
        """A branch key in a new store, that has so many old versions."""
        store, key = f"{secrets.token_hex(8)}.sqlite", self._related(FRANKFURT) if multi_region else self.kms.says["key"]
        where = "--store", self.folder / store, "--key", key
        self.branch_key("create", *where, "--id", "tenant ☃", "--context", "größe=naïve ☃")
        for _ in range(rotations):
            self.branch_key("rotate", *where, "tenant ☃")
        return self.keyring(type="branch-key", store=store, key=key, branch_key_id="tenant ☃", multi_region=multi_region)

    def _related(self, region):
        return dict(zip((FRANKFURT, DUBLIN), self.regions.keys))[region]

    def branch_key(self, command, *more):
        """What it prints."""
        asks_kms = "--key" in more
        return cli("branch-key", command, *more, server=self.server if asks_kms else None, credentials=self.credentials).stdout.decode()

    def close(self):
        self.regions.__exit__()

    def _cli(self, command, keyring, context, data, *more, **options):
        pairs = [part for name, value in context.items() for part in ("--context", f"{name}={value}")]
        return self.regions.cli(command, "--quiet", "--keyring", keyring.file, *pairs, *more, input=data, **options)

    def seal(self, keyring, suite, context, data, frame_length=FRAME, *more):
        raw = ["--allow-raw-keys"] if keyring.raw else []
        return self._cli("encrypt", keyring, context, data, "--suite", suite, "--commitment-policy", policy_to_seal(suite),
                         "--frame-length", frame_length, *raw, *more).stdout

    def open(self, keyring, context, sealed, *more, policy=STRICT):
        return self._cli("decrypt", keyring, context, sealed, "--commitment-policy", policy, *more).stdout

    def refuses(self, test, keyring, context, sealed, *more):
        """It says so, and leaves no file behind; its words."""
        target = self.folder / "never"
        done = self._cli("decrypt", keyring, context, sealed, "--output", target, *more, check=False)
        test.assertEqual(done.returncode, 1, done.stderr)
        test.assertTrue(done.stderr.strip())
        test.assertEqual(done.stdout, b"")
        test.assertFalse(os.path.lexists(target))
        return done.stderr.decode()


def flipped(sealed, bit):
    return sealed[:bit // 8] + bytes([sealed[bit // 8] ^ (1 << bit % 8)]) + sealed[bit // 8 + 1:]


class Sdk:
    """What holds of an Encryption SDK unless it says otherwise."""

    cannot_seal = cannot_open = frozenset({"failover"})

    @staticmethod
    def takes(_):
        return True

    @staticmethod
    def drawn_options(*_):
        return {}


class WithSdk:
    """Mixed into a TestCase that says `make_sdk(bench)`. `sdk` has: encrypt(keyring, suite, context, data, frame_length) → bytes;
    decrypt(keyring, context, sealed, policy) → bytes, or raises Refused, also when the message does not have that context;
    close(); cannot_seal and cannot_open, the kinds of keyring; writes(frame_length), 0 being no frames; and takes(context)."""

    sdk = None

    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            cls.bench = Bench()
            stack.callback(cls.bench.close)
            cls.sdk = cls.make_sdk(cls.bench)
            stack.callback(cls.sdk.close)
            cls.addClassCleanup(stack.pop_all().close)


class BothWays(WithSdk):
    """What both sides do alike with messages of the suites that commit."""

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
                for context in filter(self.sdk.takes, CONTEXTS):
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

    data = secrets.token_bytes(300)

    def messages(self):
        """`data` in three frames, sealed by each side, under each suite and keyring; with the keyring and one that did not seal it."""
        for suite in SUITES:
            for keyring, other in ((self.bench.kms, self.bench.other_kms), (self.bench.raw, self.bench.other_raw)):
                said = {"suite": suite, "raw": bool(keyring.raw)}
                yield {**said, "by": "keyfold"}, keyring, other, self.bench.seal(keyring, suite, CONTEXTS[1], self.data, 128)
                yield {**said, "by": "sdk"}, keyring, other, self.sdk.encrypt(keyring, suite, CONTEXTS[1], self.data, 128)

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
                    self.bench.refuses(self, keyring, CONTEXTS[1], flipped(sealed, bit))
                    self.flip_refused_by_sdk(keyring, sealed, bit)

    def flip_refused_by_sdk(self, keyring, sealed, bit):
        with self.assertRaises(Refused):
            self.sdk.decrypt(keyring, CONTEXTS[1], flipped(sealed, bit))

    def test_a_message_cut_short_is_refused_by_both(self):
        for said, keyring, _, sealed in self.messages():
            for size in (0, 1, len(sealed) // 2, len(sealed) - 1):
                with self.subTest(**said, size=size):
                    self.refused_by_both(keyring, CONTEXTS[1], sealed[:size])

    def test_anything_after_the_message_is_refused_by_keyfold(self):
        for said, keyring, _, sealed in self.messages():
            with self.subTest(**said):
                self.bench.refuses(self, keyring, CONTEXTS[1], sealed + b"\0")
