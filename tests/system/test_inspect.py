"""What keyfold inspect says of raw keys, and what the command line says of itself."""

import base64
import json
import os
import pathlib
import struct
import tempfile
import unittest

from keyfold_server import cli


class Sealed(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-inspect-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "raw.key").write_bytes(os.urandom(32))

    def sealed(self, name):
        keyring = self.folder / "raw.json"
        keyring.write_text(json.dumps({"type": "raw-aes", "namespace": "archive", "name": name, "key_file": "raw.key"}))
        return cli("encrypt", "--keyring", keyring, "--allow-raw-keys", input=b"x").stdout

    def parts(self, sealed):
        """Before the count of keys, the key (there is one), and from the content type on."""
        header = json.loads(cli("inspect", "--json", "-", input=sealed).stdout)["header_bytes"]
        keys = 1 + 2 + 32 + 2 + struct.unpack_from(">H", sealed, 35)[0]
        return sealed[:keys], sealed[keys + 2 : header - 53], sealed[header - 53 :]

    def inspected(self, sealed):
        """As JSON, which must be JSON: nothing of the message may break it."""
        return json.loads(cli("inspect", "--json", "-", input=sealed).stdout.decode("utf-8", errors="strict"))


def key_of(provider_id, info, ciphertext=b"c"):
    return b"".join(struct.pack(">H", len(field)) + field for field in (provider_id, info, ciphertext))


class AnyMessage(Sealed):
    """It reads what the format allows, not only what is opened."""

    def test_what_is_not_utf8_is_shown_as_base64(self):
        before, _, after = self.parts(self.sealed("2026"))
        arn, raw = b"arn:aws:kms:\xff", b"n\xff" + bytes((0, 0, 0, 128, 0, 0, 0, 12)) + bytes(12)
        keys = (key_of(b"aws-kms", arn), key_of(b"archive", raw), key_of(b"aws-kms", "arn:ü".encode()))
        sealed = before + struct.pack(">H", len(keys)) + b"".join(keys) + after
        kms, name, good = self.inspected(sealed)["encrypted_data_keys"]
        self.assertEqual(kms, {"provider_id": "aws-kms", "provider_info": base64.b64encode(arn).decode(), "ciphertext_bytes": 1})
        self.assertEqual(name, {"provider_id": "archive", "provider_info": base64.b64encode(raw).decode(), "ciphertext_bytes": 1})
        self.assertEqual(good["key_arn"], "arn:ü")

    def test_a_provider_that_is_not_utf8_is_no_provider(self):
        before, _, after = self.parts(self.sealed("2026"))
        sealed = before + struct.pack(">H", 1) + key_of(b"arch\xffive", b"x") + after
        refused = cli("inspect", "-", input=sealed, check=False)
        self.assertEqual((refused.returncode, refused.stderr), (1, b"keyfold: -: the message has a key provider id that is not UTF-8\n"))

    def test_as_many_keys_as_the_format_has_room_for(self):
        before, key, after = self.parts(self.sealed("2026"))
        for count, more in ((64, b""), (65, b""), (65535, b""), (300, b"c" * 60000)):
            with self.subTest(count=count, more=len(more)):
                sealed = before + struct.pack(">H", count) + (key_of(b"archive", b"x", more) if more else key) * count + after
                said = self.inspected(sealed)
                self.assertEqual((len(said["encrypted_data_keys"]), said["header_bytes"]), (count, len(sealed) - (len(after) - 53)))
        too_large = before + struct.pack(">H", 65535) + key_of(b"archive", b"x", b"c" * 1024) * 65535 + after
        refused = cli("inspect", "-", input=too_large, check=False)
        self.assertEqual((refused.returncode, refused.stderr), (1, b"keyfold: -: the message's header is larger than 67108864 bytes, the limit\n"))

    def test_frames_of_every_length(self):
        before, key, after = self.parts(self.sealed("2026"))
        for length in (1, 64 << 20, (64 << 20) + 1, (1 << 32) - 1):
            with self.subTest(length=length):
                sealed = before + b"\0\1" + key + after[:1] + struct.pack(">I", length) + after[5:]
                self.assertEqual(self.inspected(sealed)["frame_length"], length)
                self.assertIn(f"of {length} bytes", cli("inspect", "-", input=sealed).stdout.decode())

    def test_a_header_that_is_cut_short_anywhere(self):
        sealed = self.sealed("2026")
        header = self.inspected(sealed)["header_bytes"]
        self.assertEqual(self.inspected(sealed[:header])["header_bytes"], header)
        for size in (0, 1, 34, 36, header // 2, header - 1):
            refused = cli("inspect", "-", input=sealed[:size], check=False)
            self.assertEqual((refused.returncode, refused.stdout), (1, b""), size)
            self.assertIn(b"cut short", refused.stderr)


class RawKeys(Sealed):
    def test_a_raw_key_goes_by_its_name_alone(self):
        for name in ("2026", "n", "Schlüssel\u0000"):
            with self.subTest(name=name):
                sealed = self.sealed(name)
                key = json.loads(cli("inspect", "--json", "-", input=sealed).stdout)["encrypted_data_keys"][0]
                self.assertEqual((key["provider_id"], key["key_name"]), ("archive", name))
                self.assertEqual(base64.b64decode(key["provider_info"])[:-20].decode(), name)
                prose = cli("inspect", "-", input=sealed).stdout.decode()
                self.assertIn(f"  wrapped by  archive {name} (48 bytes)\n".replace("\0", "?"), prose)

    def test_what_is_no_raw_aes_keyring_s_is_shown_as_it_is(self):
        sealed = bytearray(self.sealed("2026"))
        at = sealed.index(b"2026" + bytes((0, 0, 0, 128, 0, 0, 0, 12)))
        sealed[at + 11] = 13
        key = json.loads(cli("inspect", "--json", "-", input=bytes(sealed)).stdout)["encrypted_data_keys"][0]
        self.assertNotIn("key_name", key)
        self.assertEqual(base64.b64decode(key["provider_info"]), bytes(sealed[at : at + 24]))
        self.assertIn("archive 2026", cli("inspect", "-", input=bytes(sealed)).stdout.decode())


class Help(unittest.TestCase):
    def test_a_frame_length_is_refused_with_a_range_that_can_be_read(self):
        for length in ("0", "abc", "-1", "67108865", "4294967295"):
            said = cli("encrypt", "--key", "alias/a", f"--frame-length={length}", input=b"", check=False)
            self.assertEqual(said.returncode, 2)
            self.assertIn(b"--frame-length", said.stderr)
            self.assertIn(b"1 to 67108864", said.stderr)

    def test_says_where_the_kms_is_looked_for(self):
        said = b" ".join(cli("encrypt", "--help").stdout.split())
        for words in (b"AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL, the profile's endpoint_url", b"AWS_DEFAULT_REGION", b"--key KEY"):
            self.assertIn(words, said)


if __name__ == "__main__":
    unittest.main()
