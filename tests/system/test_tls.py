"""TLS: who trusts the server's authority is served, who does not is not; old versions are refused; nothing in clear off loopback."""

import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

from keyfold_server import Production, cli

OPENSSL = shutil.which("openssl")


def openssl(*arguments, folder, **more):
    return subprocess.run([OPENSSL, *arguments], cwd=folder, capture_output=True, check=True, timeout=60, **more)


def make_certificates(folder):
    """ca.pem; server.pem and server.key of it, for 127.0.0.1; other.pem, an authority that has nothing to do with it."""
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    for name in ("ca", "other"):
        openssl("req", "-x509", *curve, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN=Test authority {name}", folder=folder)
    openssl("req", *curve[:-2], "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=keyfold test", folder=folder)
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "extensions", "-out", "server.pem", folder=folder)
    (folder / "server.key").chmod(0o600)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-tls-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        make_certificates(cls.folder)
        cls.production = Production(cls.folder, "--tls-cert", str(cls.folder / "server.pem"), "--tls-key", str(cls.folder / "server.key"))
        cls.server = cls.production.start()
        cls.addClassCleanup(cls.server.__exit__)
        cls.authority = ("--ca-bundle", cls.folder / "ca.pem")
        cls.port = urllib.parse.urlsplit(cls.server.endpoint).port

    def cli(self, *arguments, **more):
        return cli(*arguments, server=self.server, credentials=self.production.credentials(), timeout=60, **more)

    def test_who_trusts_the_authority_seals_and_opens(self):
        self.assertTrue(self.server.endpoint.startswith("https://"))
        self.cli("call", "CreateKey", *self.authority)
        key = self.cli("call", "ListKeys", *self.authority).stdout
        arn = key.split(b'"KeyArn":"')[1].split(b'"')[0].decode()
        sealed = self.cli("encrypt", "--key", arn, *self.authority, input=b"over TLS").stdout
        self.assertEqual(self.cli("decrypt", "--key", arn, *self.authority, input=sealed).stdout, b"over TLS")

    def test_the_audit_log_says_which_tls_it_was(self):
        self.cli("call", "ListKeys", *self.authority)
        event = [json.loads(line) for line in cli("audit", "show", self.production.data / "audit").stdout.splitlines()][-1]
        self.assertEqual(event["eventName"], "ListKeys")
        self.assertEqual(event["tlsDetails"], {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_256_GCM_SHA384",
                                               "clientProvidedHostHeader": f"127.0.0.1:{self.port}"})
        self.assertNotIn("tlsVersion", event["additionalEventData"])

    def test_who_does_not_is_told_about_the_certificate(self):
        for bundle in ((), ("--ca-bundle", self.folder / "other.pem")):
            with self.subTest(bundle=bundle):
                done = self.cli("call", "ListKeys", *bundle, check=False)
                self.assertEqual((done.returncode, done.stdout), (1, b""))
                self.assertRegex(done.stderr.lower(), b"certificate|verif")

    def test_a_bundle_that_is_not_there_is_named(self):
        done = self.cli("call", "ListKeys", "--ca-bundle", self.folder / "absent.pem", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"absent.pem", done.stderr)

    def test_the_environment_may_name_the_bundle(self):
        os.environ["AWS_CA_BUNDLE"] = str(self.folder / "ca.pem")
        self.addCleanup(os.environ.pop, "AWS_CA_BUNDLE")
        self.cli("call", "ListKeys")

    def handshake(self, version):
        """What `openssl s_client` says, if the handshake came about."""
        # Security level 0: the client would offer the old versions; only the server stands in the way.
        return subprocess.run([OPENSSL, "s_client", "-connect", f"127.0.0.1:{self.port}", "-CAfile", "ca.pem", "-verify_return_error",
                               "-cipher", "DEFAULT:@SECLEVEL=0", version], cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)

    def test_versions_before_1_2_are_refused(self):
        for version, served in (("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
            done = self.handshake(version)
            with self.subTest(version=version):
                self.assertEqual(done.returncode == 0, served, done.stdout + done.stderr)
                if served:
                    self.assertIn("Verify return code: 0 (ok)", done.stdout)
                else:
                    self.assertIn("alert protocol version", done.stderr)

    def test_http_in_clear_on_the_tls_port_gets_nothing(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as peer:
            peer.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}")
            try:
                answer = peer.recv(4096)
            except ConnectionResetError:
                answer = b""
        self.assertFalse(answer.startswith(b"HTTP/"), answer)
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as peer:  # The others are still served.
            context = ssl.create_default_context(cafile=self.folder / "ca.pem")
            with context.wrap_socket(peer, server_hostname="127.0.0.1") as wrapped:
                self.assertIn(wrapped.version(), ("TLSv1.2", "TLSv1.3"))


class Certificates(unittest.TestCase):
    def test_one_that_cannot_be_used_ends_the_start_with_its_name(self):
        with tempfile.TemporaryDirectory(prefix="keyfold-tls-") as name:
            folder = pathlib.Path(name)
            make_certificates(folder)
            (folder / "garbage.pem").write_text("no certificate\n")
            production = Production(folder)
            for certificate, key, named in (("absent.pem", "server.key", "absent.pem"), ("garbage.pem", "server.key", "garbage.pem"),
                                            ("server.pem", "garbage.pem", "garbage.pem"), ("server.pem", "ca.key", "ca.key")):
                with self.subTest(certificate=certificate, key=key):
                    said, status = production.fails_to_start("--tls-cert", str(folder / certificate), "--tls-key", str(folder / key))
                    self.assertEqual(status, 1)
                    self.assertIn(named, said)
            said, status = production.fails_to_start("--tls-cert", str(folder / "server.pem"))
            self.assertIn("tls-cert and tls-key go together", said)


if __name__ == "__main__":
    if OPENSSL is None:
        print("skipped: needs the openssl command")
        sys.exit(77)
    unittest.main()
