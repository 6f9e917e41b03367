"""What keyfold inspect says of raw keys, and what the command line says of itself."""

import base64
import json
import os
import pathlib
import tempfile
import unittest

from keyfold_server import cli


class RawKeys(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-inspect-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "raw.key").write_bytes(os.urandom(32))

    def sealed(self, name):
        keyring = self.folder / "raw.json"
        keyring.write_text(json.dumps({"type": "raw-aes", "namespace": "archive", "name": name, "key_file": "raw.key"}))
        return cli("encrypt", "--keyring", keyring, "--allow-raw-keys", input=b"x").stdout

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
