"""What goes wrong ends in a clear error, and nothing is lost: requests that are none, wrong keys, wrong files, wrong directories."""

import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import unittest
import urllib.parse

from keyfold_server import BIN, REGION, Production, Server, cli
from kms_client import Kms, error_of, send, signed_headers

TARGET = b"X-Amz-Target: TrentService.ListKeys\r\n"
BODY_MAX = 1 << 20


def exchange(server, data, finish=True):
    """What the server says to `data`, until it closes the connection."""
    where = urllib.parse.urlsplit(server.endpoint)
    answer = b""
    with socket.create_connection((where.hostname, where.port), timeout=30) as peer:
        try:
            peer.sendall(data)
            if finish:
                peer.shutdown(socket.SHUT_WR)
            while part := peer.recv(65536):
                answer += part
        except (ConnectionResetError, BrokenPipeError):
            pass  # It closed while there was more to read.
    return answer


def error_in(answer):
    """The status and the name of an error in AWS's shape; any other answer fails."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    reply = json.loads(body)
    assert headers["content-type"] == "application/x-amz-json-1.1", head
    assert len(headers["x-amzn-requestid"]) == 36, head
    assert headers["x-amzn-errortype"] == reply["__type"] and reply["message"], answer
    return int(status.split()[1]), reply["__type"]


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-faults-")
        cls.addClassCleanup(folder.cleanup)
        cls.production = Production(folder.name)
        cls.server = cls.production.start()
        cls.addClassCleanup(cls.server.__exit__)
        cls.kms = Kms(cls.server, cls.production.credentials())
        cls.key = cls.kms.new_key()
        cls.blob = cls.kms.encrypt(cls.key, b"kept")
        cls.host = urllib.parse.urlsplit(cls.server.endpoint).netloc

    def tearDown(self):
        self.assertIsNone(self.server.process.poll(), self.server.log())
        self.assertEqual(self.kms.decrypt(self.blob), b"kept")

    def test_what_is_no_request_gets_an_error_and_the_connection_closes(self):
        host = b"Host: " + self.host.encode() + b"\r\n"
        other_errors = {"no version": 505, "another version": 505, "endless headers": 431}
        for name, data in {
            "noise": bytes(range(256)) * 16,
            "no version": b"POST /\r\n\r\n",
            "another version": b"POST / HTTP/3.0\r\n" + host + b"\r\n",
            "a header without a colon": b"POST / HTTP/1.1\r\n" + host + b"nonsense\r\n\r\n",
            "a folded header": b"POST / HTTP/1.1\r\n" + host + b"A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
            "two lengths": b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "a negative length": b"POST / HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n",
            "length and chunks": b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "bare line feeds": b"POST / HTTP/1.1\n" + host.replace(b"\r", b"") + b"Content-Length: 0\n\n",
            "endless headers": b"POST / HTTP/1.1\r\n" + host + b"A: " + b"a" * (1 << 20) + b"\r\n\r\n",
        }.items():
            with self.subTest(request=name):
                answer = error_in(exchange(self.server, data, finish=False))
                self.assertEqual(answer, (other_errors.get(name, 400), "MalformedHttpRequestException"))

    def test_a_request_cut_short_gets_no_answer_that_looks_like_one(self):
        whole = b"POST / HTTP/1.1\r\nHost: " + self.host.encode() + b"\r\n" + TARGET + b"Content-Length: 2\r\n\r\n{"
        tls_hello = bytes.fromhex("16030100a5010000a10303") + bytes(200)
        for data in [bytes(4096), tls_hello, *(whole[:length] for length in range(0, len(whole) + 1, 7))]:
            with self.subTest(request=data[-20:], length=len(data)):
                self.assertNotRegex(exchange(self.server, data), rb"^HTTP/1\.1 [25]")

    def test_a_body_is_taken_up_to_its_limit(self):
        for length in (BODY_MAX, BODY_MAX + 1, BODY_MAX * 8):
            head = b"POST / HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n" % (self.host.encode(), TARGET, length)
            with self.subTest(length=length):
                if length <= BODY_MAX:
                    self.assertRegex(exchange(self.server, head + b" " * length), rb"^HTTP/1\.1 400 ")
                else:  # Answered and closed before the body is sent.
                    self.assertEqual(error_in(exchange(self.server, head, finish=False)), (413, "RequestEntityTooLargeException"))

    def test_the_log_says_where_the_endpoint_and_the_metrics_are(self):
        serving = [line for line in self.server.log().splitlines() if " serving " in line]
        self.assertEqual(len(serving), 1, self.server.log())
        where = {name: value.strip('"') for name, value in (word.split("=", 1) for word in serving[0].split() if "=" in word)}
        self.assertEqual((where["endpoint"], where["metrics"]), (self.server.endpoint, self.server.metrics))

    def test_a_signature_holds_for_one_body_one_caller_and_five_minutes(self):
        body = json.dumps({"CiphertextBlob": self.blob}).encode()
        good = signed_headers(self.host, self.kms.credentials, "Decrypt", body)
        self.assertEqual(send(self.server, good, body)[0], 200)
        user, secret = self.kms.credentials
        flipped = dict(good, authorization=good["authorization"][:-1] + ("0" if good["authorization"][-1] != "0" else "1"))
        unsigned = {name: value for name, value in good.items() if name != "authorization"}
        for name, headers, sent, error in (
            ("one digit of it", flipped, body, "InvalidSignatureException"),
            ("another body", good, body + b" ", "InvalidSignatureException"),
            ("another operation", {**good, "x-amz-target": "TrentService.DescribeKey"}, body, "InvalidSignatureException"),
            ("another secret", signed_headers(self.host, (user, secret[::-1]), "Decrypt", body), body, "InvalidSignatureException"),
            ("an unknown caller", signed_headers(self.host, ("AKIA" + "A" * 16, secret), "Decrypt", body), body, "UnrecognizedClientException"),
            ("none", unsigned, body, "MissingAuthenticationTokenException"),
        ):
            with self.subTest(signature=name):
                status, reply = send(self.server, headers, sent)
                self.assertEqual((status, error_of(reply)), (400, error), reply)
                self.assertNotIn("Plaintext", reply)
        done = cli("call", "ListKeys", server=self.server, credentials=(user, secret[::-1]), check=False)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"ignature", done.stderr)

    def test_signed_nonsense_is_answered_in_the_protocol(self):
        for body, error in ((b"", "SerializationException"), (b"{", "SerializationException"), (b"[]", "SerializationException"),
                            (b'{"KeyId":1}', "SerializationException"), (b'{"KeyId":"a","KeyId":"b"}', "SerializationException"),
                            (b"[" * 5000, "SerializationException"), (b'{"KeyId":"\xff"}', "SerializationException"),
                            (b"{}", "ValidationException")):
            with self.subTest(body=body[:30]):
                status, reply = send(self.server, signed_headers(self.host, self.kms.credentials, "DescribeKey", body), body)
                self.assertEqual((status, error_of(reply)), (400, error), reply)
        status, reply = self.kms.call("MakeCoffee")
        self.assertEqual((status, error_of(reply)), (400, "UnknownOperationException"), reply)


class Names(unittest.TestCase):
    def test_each_server_signs_its_own_errors(self):
        for program, arguments in {"keyfold-kms": ["serve"], "keyfold-kms-dev": []}.items():
            with self.subTest(program=program):
                done = subprocess.run([BIN / program, *arguments, "--listen", "nowhere"],
                                      capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 1)
                self.assertTrue(done.stderr.startswith(program + ": "), done.stderr)


class Starting(unittest.TestCase):
    """Each server that must not start leaves the data such that the right one does."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-faults-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.production = Production(self.folder)
        with self.production.start() as server:
            kms = Kms(server, self.production.credentials())
            self.key = kms.new_key()
            self.blob = kms.encrypt(self.key, b"kept")
            server.stop()

    def assert_refused(self, words, *more):
        said, status = self.production.fails_to_start(*more)
        self.assertEqual(status, 1, said)
        self.assertIn(words, said)
        self.assertEqual(len(said.splitlines()), 1, said)
        self.assertTrue(said.startswith("keyfold-kms: "), said)

    def assert_kept(self):
        with self.production.start() as server:
            self.assertEqual(Kms(server, self.production.credentials()).decrypt(self.blob), b"kept")
            self.assertEqual(server.stop(), 0)

    def test_another_root_key_is_refused(self):
        other = Production(self.folder / "other")
        other.folder.mkdir()
        other.start().__exit__()
        right = self.production.root_key
        self.production.root_key = other.root_key
        self.assert_refused("is not the one of this store")
        altered = bytearray(right.read_bytes())
        altered[-20] ^= 1
        self.production.root_key = self.folder / "altered.key"
        self.production.root_key.write_bytes(altered)
        self.production.root_key.chmod(0o600)
        self.assert_refused("is not a keyfold root key file, or was altered")
        self.production.root_key = right
        self.assert_kept()

    def test_a_missing_root_key_is_not_replaced_by_a_new_one(self):
        away = self.production.root_key.rename(self.folder / "away.key")
        self.assert_refused("bring back the file with id")
        self.assertFalse(self.production.root_key.exists())
        away.rename(self.production.root_key)
        self.assert_kept()

    def test_a_root_key_that_others_may_read_is_refused(self):
        self.production.root_key.chmod(0o640)
        self.assert_refused("chmod 600")
        self.production.root_key.chmod(0o600)
        self.assert_kept()

    def test_a_root_key_inside_the_data_is_refused(self):
        right = self.production.root_key
        inside = self.production.data / "root.key"
        inside.write_bytes(right.read_bytes())
        inside.chmod(0o600)
        link = self.folder / "link"
        link.symlink_to(self.production.data)
        for path in (inside, link / "root.key"):
            with self.subTest(path=path):
                self.production.root_key = path
                self.assert_refused("the root key may not lie in the data directory")
        fresh = Production(self.folder / "fresh")
        fresh.folder.mkdir()
        fresh.root_key = fresh.data / "root.key"
        said, status = fresh.fails_to_start()
        self.assertEqual(status, 1)
        self.assertIn("the root key may not lie in the data directory", said)
        self.assertFalse(fresh.data.exists(), "refused before anything is made")
        inside.unlink()
        # A link there leads out of it, but the first access key would be written beside the link.
        fresh.data.mkdir(mode=0o700)
        fresh.root_key.symlink_to(right)
        said, status = fresh.fails_to_start()
        self.assertEqual(status, 1)
        self.assertIn("the root key may not lie in the data directory", said)
        self.assertEqual(list(fresh.data.iterdir()), [fresh.root_key])
        self.production.root_key = right
        self.assert_kept()

    def test_a_passphrase_inside_the_data_is_refused(self):
        data = self.folder / "new"
        data.mkdir()
        passphrase = data / "passphrase"
        passphrase.write_text("a passphrase that is long enough\n")
        passphrase.chmod(0o600)
        def assert_refused_and_nothing_made():
            done = subprocess.run(
                [BIN / "keyfold-kms", "serve", "--data", data, "--passphrase-file", passphrase, "--listen", "127.0.0.1:0"]
                + ["--account", "123456789012", "--region", REGION],
                capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("the passphrase may not lie in the data directory", done.stderr)
            self.assertEqual(list(data.iterdir()), [passphrase])

        assert_refused_and_nothing_made()
        passphrase.symlink_to(passphrase.rename(self.folder / "passphrase"))
        assert_refused_and_nothing_made()

    def test_a_first_start_that_was_killed_says_how_to_go_on(self):
        production = Production(self.folder / "killed")
        production.folder.mkdir()
        production.credentials_file.write_text("of a key that never came into force\n")
        for _ in range(2):
            said, status = production.fails_to_start()
            self.assertEqual(status, 1)
            self.assertIn(f"cannot create {production.credentials_file} for the new access key: File exists", said)
            self.assertIn("the store has no access key yet: remove or move this file and start again", said)
        self.assertEqual(production.credentials_file.read_text(), "of a key that never came into force\n")
        production.credentials_file.unlink()
        with production.start() as server:
            Kms(server, production.credentials()).new_key()
            server.stop()

    def test_a_second_server_on_the_same_data_is_refused(self):
        with self.production.start() as server:
            self.assert_refused(f"is in use by process {server.process.pid}")
            self.assertEqual(Kms(server, self.production.credentials()).decrypt(self.blob), b"kept")
            server.stop()
        self.assert_kept()

    def test_a_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            arguments = [str(BIN / "keyfold-kms"), *self.production.arguments(), "--listen", f"127.0.0.1:{port}"]
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"127.0.0.1:{port}", done.stderr)
        self.assertIn("Address already in use", done.stderr)
        self.assert_kept()

    def test_off_loopback_it_needs_tls(self):
        for address in ("0.0.0.0:0", "[::]:0"):
            arguments = [str(BIN / "keyfold-kms"), *self.production.arguments(), "--listen", address]
            with self.subTest(address=address):
                done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn("is not loopback: it needs tls-cert and tls-key", done.stderr)
        self.assert_kept()

    def test_development_and_production_data_refuse_each_other(self):
        development = self.folder / "development"
        with Server(["--data", str(development)]) as server:
            blob = Kms(server, ("test", "test")).encrypt(Kms(server, ("test", "test")).new_key(), b"of development")
            server.stop()
        production_data, production_key = self.production.data, self.production.root_key
        self.production.data = development
        self.production.root_key = self.folder / "development.dev-root-key"
        self.assert_refused("the store belongs to keyfold-kms-dev")
        self.production.data, self.production.root_key = production_data, production_key
        (self.folder / "data.dev-root-key").write_bytes(production_key.read_bytes())
        (self.folder / "data.dev-root-key").chmod(0o600)
        done = subprocess.run([str(BIN / "keyfold-kms-dev"), "--data", str(production_data), "--listen", "127.0.0.1:0"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "the store belongs to keyfold-kms[;,:. ]")
        with Server(["--data", str(development)]) as server:
            self.assertEqual(Kms(server, ("test", "test")).decrypt(blob), b"of development")
        self.assert_kept()

    def test_a_log_that_is_gone_is_not_begun_anew_for_whatever_account(self):
        production = Production(self.folder / "no-keys")
        production.folder.mkdir()
        production.start().__exit__()
        audit = production.data / "audit"
        away = audit.rename(production.folder / "audit-away")
        listed = cli("admin", "user", "list", "--data", production.data, "--root-key", production.root_key, check=False)
        self.assertEqual((listed.returncode, listed.stdout), (1, b""))
        self.assertIn(f"cannot open the audit log's directory {audit}".encode(), listed.stderr)
        self.assertFalse(audit.exists())
        production.credentials_file.unlink()
        other = subprocess.run(
            [BIN / "keyfold-kms", "serve", "--data", production.data, "--root-key", production.root_key]
            + ["--listen", "127.0.0.1:0", "--account", "210987654321", "--region", REGION],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(other.returncode, 1, other.stderr)
        self.assertIn(f"cannot open the audit log's directory {audit}", other.stderr)
        self.assertFalse(audit.exists())
        self.assertFalse(production.credentials_file.exists())
        away.rename(audit)

    def test_a_log_that_is_gone_is_not_begun_anew(self):
        audit = self.production.data / "audit"
        away = audit.rename(self.folder / "audit-away")
        self.assert_refused("cannot open the audit log's directory")
        self.assertFalse(audit.exists())
        audit.mkdir(mode=0o700)
        self.assert_refused("the audit log is gone")
        self.assertEqual(list(audit.iterdir()), [])
        audit.rmdir()
        away.rename(audit)
        self.assert_kept()

    def test_a_log_of_another_server_is_refused(self):
        other = Production(self.folder / "other")
        other.folder.mkdir()
        other.start().__exit__()
        audit = self.production.data / "audit"
        away = audit.rename(self.folder / "audit-away")
        shutil.copytree(other.data / "audit", audit)
        before = {path.name: path.read_bytes() for path in audit.iterdir()}
        self.assert_refused("of another audit log than this store's")
        self.assertEqual({path.name: path.read_bytes() for path in audit.iterdir()}, before)
        shutil.rmtree(audit)
        away.rename(audit)
        self.assert_kept()

    def test_a_store_that_is_gone_is_not_begun_anew(self):
        store = self.production.data / "store.sqlite"
        right = store.read_bytes()
        credentials = self.production.credentials_file.read_bytes()
        self.production.credentials_file.unlink()  # As it is when the operator has taken it to where it belongs.
        store.unlink()
        self.assert_refused("the store is gone")
        self.assertFalse(store.exists())
        store.write_bytes(right)
        database = sqlite3.connect(store)
        with database:
            database.execute("DELETE FROM record")
            database.execute("UPDATE store SET revision = 0")
        database.close()
        self.assert_refused("the store is gone")
        self.assertFalse(self.production.credentials_file.exists())
        database = sqlite3.connect(store)
        self.assertEqual(database.execute("SELECT count(*) FROM record").fetchone(), (0,))
        database.close()
        for leftover in self.production.data.glob("store.sqlite*"):
            leftover.unlink()
        store.write_bytes(right)
        self.production.credentials_file.write_bytes(credentials)
        self.production.credentials_file.chmod(0o600)
        store.chmod(0o600)
        self.assert_kept()

    def test_a_store_that_cannot_be_looked_for_is_not_said_to_be_gone(self):
        store = self.production.data / "store.sqlite"
        away = store.rename(self.folder / "store-away")
        store.symlink_to(store.name)  # Too many levels of links: nobody can say whether it is there, root neither.
        said, status = self.production.fails_to_start()
        offline = cli("admin", "user", "list", "--data", self.production.data, "--root-key", self.production.root_key, check=False)
        self.assertEqual((status, offline.returncode), (1, 1), said)
        for message in (said, offline.stderr.decode()):
            self.assertIn(str(store), message)
            self.assertNotIn("gone", message)
            self.assertNotIn("no data in", message)
        store.unlink()
        away.rename(store)
        self.assert_kept()

    def test_a_store_that_is_none_is_refused_and_left_alone(self):
        store = self.production.data / "store.sqlite"
        right = store.read_bytes()
        for name, content in (("garbage", b"no database\n" * 1000), ("cut", right[: len(right) // 2])):
            store.write_bytes(content)
            with self.subTest(store=name):
                said, status = self.production.fails_to_start()
                self.assertEqual(status, 1, said)
                self.assertIn("store.sqlite", said)
                self.assertEqual(store.read_bytes(), content)
        store.write_bytes(right)
        self.assert_kept()


class Leftovers(unittest.TestCase):
    """keyfold-kms-dev removes what its like left when they were killed, and nothing else."""

    def test_the_log_of_a_killed_server_goes_at_the_next_start(self):
        with tempfile.TemporaryDirectory(prefix="keyfold-faults-") as name:
            folder = pathlib.Path(name)

            def logs():
                return set(folder.glob("keyfold-dev-*"))

            def start():
                return Server([], temporary=name, ready_folder=tempfile.mkdtemp(dir=folder))

            with start() as killed:
                (leftover,) = logs()
                self.assertTrue(list(leftover.glob("*.kfa")))
                killed.kill()
            with start() as running:
                (in_use,) = logs() - {leftover}
                self.assertEqual(logs(), {in_use}, "the leftover is gone")
                kept = self.things_to_keep(folder, in_use)
                with start() as other:
                    self.assertEqual(len(logs() - {in_use} - kept), 1)
                    self.assertLessEqual({in_use} | kept, logs())
                    self.assertEqual(other.stop(), 0)
                Kms(running, ("test", "test")).new_key()  # And answers, so it has its log.
                self.assertEqual(running.stop(), 0)
            self.assertEqual(logs(), kept, "each removes its own at its end")
            self.assertTrue(list((folder / "elsewhere").glob("*.kfa")))

    def things_to_keep(self, folder, log):
        """What looks like a leftover and is none."""
        elsewhere = folder / "elsewhere"
        shutil.copytree(log, elsewhere)
        link = folder / "keyfold-dev-linked"
        link.symlink_to(elsewhere)
        without_log = folder / "keyfold-dev-nothin"
        (without_log / "deeper").mkdir(parents=True)
        shutil.copytree(log, without_log / "deeper" / "log")
        file = folder / "keyfold-dev-afile0"
        file.write_text("a file")
        kept = {link, without_log, file}
        for name in ("keyfold-dev-longer0", "keyfold-dev-short"):
            shutil.copytree(log, folder / name)
            kept.add(folder / name)
        if os.geteuid() == 0:
            others = folder / "keyfold-dev-others"
            shutil.copytree(log, others)
            os.chown(others, 65534, 65534)
            kept.add(others)
        return kept


class CommandLine(unittest.TestCase):
    """Nothing is half-written, and the line on standard error says which file."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-faults-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.server = Server([])
        cls.addClassCleanup(cls.server.__exit__)
        cls.addClassCleanup(cls.server.stop)  # Killed, it would leave its temporary log behind.
        cls.arn = Kms(cls.server, ("test", "test")).must("CreateKey")["KeyMetadata"]["Arn"]
        cls.plain = cls.folder / "plain"
        cls.plain.write_bytes(b"0123456789" * 20000)
        cls.sealed = cls.folder / "sealed"
        cli("encrypt", "--key", cls.arn, "-i", cls.plain, "-o", cls.sealed, server=cls.server)

    def refused(self, *arguments, words, status=1, **more):
        out = self.folder / "out"
        before = sorted(self.folder.iterdir())
        done = cli(*arguments, check=False, timeout=60, **more)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(words.encode(), done.stderr)
        self.assertFalse(out.exists())
        self.assertEqual(sorted(self.folder.iterdir()), before, "something was left behind")
        return done

    def both(self):
        return (("encrypt", "--key", self.arn), self.plain), (("decrypt", "--key", self.arn), self.sealed)

    def test_an_input_that_is_missing_or_a_directory(self):
        out = self.folder / "out"
        for command, _ in self.both():
            with self.subTest(command=command[0]):
                self.refused(*command, "-i", self.folder / "absent", "-o", out, words="absent: No such file", server=self.server)
                self.refused(*command, "-i", self.folder, words=f"{self.folder} is a folder; give -o FOLDER", server=self.server)
        self.refused("inspect", self.folder / "absent", words="absent: No such file")
        self.refused("inspect", self.folder, words=f"{self.folder} is a directory")

    def test_an_output_that_is_a_directory_or_lies_in_none(self):
        for command, source in self.both():
            with self.subTest(command=command[0]):
                self.refused(*command, "-i", source, "-o", self.folder, words=f"{self.folder} is a directory", server=self.server)
                self.refused(*command, "-i", source, "-o", self.folder / "absent" / "out", words="No such file", server=self.server)

    def test_a_full_disk_leaves_no_output(self):
        for command, source in self.both():
            with self.subTest(command=command[0]), open("/dev/full", "wb") as full:
                environment = dict(os.environ, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_REGION=REGION)
                done = subprocess.run([BIN / "keyfold", *command, "-i", source, "--endpoint-url", self.server.endpoint], stdout=full,
                                      stderr=subprocess.PIPE, env=environment, timeout=60, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"No space left on device", done.stderr)

    def test_a_former_output_survives_a_failure(self):
        former = self.folder / "former"
        former.write_bytes(b"of yesterday")
        self.addCleanup(former.unlink)
        broken = self.folder / "broken"
        broken.write_bytes(self.sealed.read_bytes()[:-1])
        self.addCleanup(broken.unlink)
        self.refused("decrypt", "--key", self.arn, "-i", broken, "-o", former, words="keyfold: ", server=self.server)
        self.assertEqual(former.read_bytes(), b"of yesterday")

    def test_a_keyring_file_that_cannot_be_used(self):
        keyring = self.folder / "keyring.json"
        self.addCleanup(keyring.unlink)
        for content in (b"", b"{", b"[]", b"{}", b'{"type":"none"}', b'{"type":"raw-aes","namespace":"n","name":"k","key_file":"absent"}',
                        b" " * 65537):
            keyring.write_bytes(content)
            with self.subTest(content=content[:40]):
                self.refused("encrypt", "--keyring", keyring, "-i", self.plain, "-o", self.folder / "out", words="keyring.json",
                             server=self.server)
        self.refused("encrypt", "--keyring", self.folder / "absent.json", "-i", self.plain, "-o", self.folder / "out",
                     words="absent.json", server=self.server)
        self.refused("encrypt", "--keyring", self.folder, "-i", self.plain, "-o", self.folder / "out", words=str(self.folder),
                     server=self.server)

    def test_a_wrong_context_or_no_key(self):
        out = self.folder / "out"
        for pairs, words in ((["nonsense"], "--context takes KEY=VALUE"), (["=value"], "--context takes KEY=VALUE"),
                             (["a=1", "a=2"], "--context a is given twice"), (["aws-crypto-public-key=x"], "aws-crypto-")):
            options = [option for pair in pairs for option in ("--context", pair)]
            with self.subTest(pairs=pairs):
                self.refused("encrypt", "--key", self.arn, *options, "-i", self.plain, "-o", out, words=words, server=self.server)
        self.refused("decrypt", "--key", self.arn, "--context", "tenant=4711", "-i", self.sealed, "-o", out, words="tenant",
                     server=self.server)
        self.refused("encrypt", "-i", self.plain, "-o", out, words="which key?", server=self.server)
        self.refused("encrypt", "--nonsense", words="--nonsense", status=2)

    def test_a_message_cut_short_or_altered(self):
        whole, broken, out = self.sealed.read_bytes(), self.folder / "broken", self.folder / "out"
        broken.touch()
        self.addCleanup(broken.unlink)
        altered = whole[:100000] + bytes([whole[100000] ^ 1]) + whole[100001:]
        for content in (b"", whole[:1], whole[:40], whole[:1000], whole[:100000], whole[:-1], whole + b"\0", altered, self.plain.read_bytes()):
            broken.write_bytes(content)
            with self.subTest(length=len(content)):
                self.refused("decrypt", "--key", self.arn, "-i", broken, "-o", out, words="keyfold: ", server=self.server)
        for content in (b"", whole[:40], self.plain.read_bytes()):
            broken.write_bytes(content)
            with self.subTest(inspect=len(content)):
                self.refused("inspect", broken, words="keyfold: ")

    def test_http_in_clear_off_loopback(self):
        for url in ("http://192.0.2.1:8443", "http://kms.example.com", "http://127.0.0.1.example.com:80"):
            with self.subTest(url=url):
                self.refused("call", "ListKeys", "--endpoint-url", url, words="http")
                self.refused("encrypt", "--key", self.arn, "-i", self.plain, "-o", self.folder / "out", "--endpoint-url", url, words="http")

    def test_a_kms_that_is_not_there_is_unavailable(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        self.refused("decrypt", "--key", self.arn, "-i", self.sealed, "-o", self.folder / "out", "--endpoint-url",
                     f"http://127.0.0.1:{port}", words=f"127.0.0.1:{port}")


if __name__ == "__main__":
    unittest.main()
