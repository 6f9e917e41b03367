"""Keyring files with RSA keys, as OpenSSL makes them."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from keyfold_server import cli

PADDINGS = ("pkcs1", "oaep-sha1", "oaep-sha256", "oaep-sha384", "oaep-sha512")


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


class RawRsa(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="keyfold-rsa-"))
        cls.folder = pathlib.Path(folder)
        for name in ("archive", "other"):
            private = cls.folder / f"{name}.pem"
            openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", private)
            openssl("rsa", "-in", private, "-traditional", "-out", cls.folder / f"{name}.old.pem")
            openssl("rsa", "-in", private, "-pubout", "-out", cls.folder / f"{name}.pub.pem")
            openssl("rsa", "-in", private, "-RSAPublicKey_out", "-out", cls.folder / f"{name}.old.pub.pem")
        openssl("rsa", "-in", cls.folder / "archive.pem", "-aes256", "-passout", "pass:invented words", "-out", cls.folder / "encrypted.pem")
        cls.plain = os.urandom(100_000)

    def keyring(self, padding="oaep-sha256", **files):
        path = self.folder / "keyring.json"
        path.write_text(json.dumps({"type": "raw-rsa", "namespace": "archive", "name": "2026", "padding": padding, **files}))
        return path

    def seal(self, padding, public):
        return cli("encrypt", "--keyring", self.keyring(padding, public_key_file=public), "--allow-raw-keys", input=self.plain).stdout

    def refused(self, command, keyring, words, *more, **options):
        done = cli(command, "--keyring", keyring, *more, check=False, **options)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(words, done.stderr.decode())

    def test_seals_with_one_file_and_opens_with_the_other_in_every_form(self):
        for padding in PADDINGS:
            for public in ("archive.pub.pem", "archive.old.pub.pem"):
                sealed = self.seal(padding, public)
                for private in ("archive.pem", "archive.old.pem"):
                    with self.subTest(padding=padding, public=public, private=private):
                        keyring = self.keyring(padding, private_key_file=private)
                        self.assertEqual(cli("decrypt", "--keyring", keyring, input=sealed).stdout, self.plain)

    def test_each_side_needs_its_own_file(self):
        sealed = self.seal("oaep-sha256", "archive.pub.pem")
        self.refused("decrypt", self.keyring(public_key_file="archive.pub.pem"), "no private key", input=sealed)
        self.refused("encrypt", self.keyring(private_key_file="archive.pem"), "no public key", "--allow-raw-keys", input=b"x")
        self.refused("encrypt", self.keyring(public_key_file="archive.pem"), "a private key where a public one belongs", "--allow-raw-keys",
                     input=b"x")
        self.refused("decrypt", self.keyring(private_key_file="encrypted.pem"), "only unencrypted keys are read", input=sealed)

    def test_another_key_opens_nothing_whatever_the_padding(self):
        for padding in PADDINGS:
            sealed = self.seal(padding, "archive.pub.pem")
            self.refused("decrypt", self.keyring(padding, private_key_file="other.pem"), "keyfold: ", input=sealed)

    def test_sealing_under_it_alone_needs_to_be_meant(self):
        self.refused("encrypt", self.keyring(public_key_file="archive.pub.pem"), "--allow-raw-keys", input=b"x")


if __name__ == "__main__":
    unittest.main()
