"""The command line as people use it: encrypt, decrypt and inspect, on files, streams and links; whatever ends it, no half of a file."""

import base64
import contextlib
import json
import os
import pathlib
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import unittest

from keyfold_server import BIN, Server, cli
from kms_client import Kms

SUITES = ("0478", "0578")
FRAME = 65536
CONTEXT = ("--context", "tenant=4711", "--context", "Straße=Köln, 東京")


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server([])
        cls.addClassCleanup(cls.server.__exit__)
        cls.addClassCleanup(cls.server.stop)  # Killed, it would leave its temporary log behind.
        cls.kms = Kms(cls.server, ("test", "test"))
        cls.arn = cls.kms.must("CreateKey")["KeyMetadata"]["Arn"]
        cls.kms.must("CreateAlias", AliasName="alias/ledger", TargetKeyId=cls.arn.split("/")[-1])

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()
        (self.folder / "raw.key").write_bytes(os.urandom(32))
        self.raw = self.keyring("raw", {"type": "raw-aes", "namespace": "archive", "name": "2026", "key_file": "raw.key"})
        self.plain = os.urandom(3 * FRAME + 1)

    def keyring(self, name, value):
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(value))
        return path

    def file(self, name, content=None):
        path = self.folder / name
        if content is not None:
            path.write_bytes(content)
        return path

    def run_cli(self, *arguments, **more):
        return cli(*arguments, server=None if arguments[0] == "inspect" else self.server, timeout=60, **more)

    def refused(self, *arguments, words, status=1, **more):
        before = sorted(self.folder.iterdir())
        done = self.run_cli(*arguments, check=False, **more)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, status, said)
        self.assertIn(words, said)
        self.assertEqual(sorted(self.folder.iterdir()), before, "something was left behind")
        if status == 1:
            self.assertRegex(said, r"\Akeyfold: [^\n]+\n\Z")
        return done


class Roundtrips(CommandLine):
    def test_streams_and_files_in_both_suites(self):
        for suite in SUITES:
            for size in (0, 1, FRAME - 1, FRAME, FRAME + 1, 10 * FRAME):
                with self.subTest(suite=suite, size=size):
                    plain = os.urandom(size)
                    source, sealed, opened = self.file("plain", plain), self.file("sealed"), self.file("opened")
                    to_stream = self.run_cli("encrypt", "--key", "alias/ledger", "--suite", suite, *CONTEXT, input=plain)
                    self.run_cli("encrypt", "--key", self.arn, "--suite", "0x" + suite, *CONTEXT, "-i", source, "-o", sealed)
                    self.assertEqual(to_stream.stderr, b"")
                    for message in (to_stream.stdout, sealed.read_bytes()):
                        done = self.run_cli("decrypt", "--key", self.arn, *CONTEXT, input=message)
                        self.assertEqual((done.stdout == plain, done.stderr), (True, b""))
                    self.run_cli("decrypt", "--key", "alias/ledger", "-i", sealed, "-o", opened)
                    self.assertEqual(opened.read_bytes(), plain)

    def test_frame_lengths_up_to_the_limit(self):
        for length in (1, 4096, 64 << 20):
            sealed = self.run_cli("encrypt", "--key", self.arn, "--frame-length", length, input=self.plain[:100]).stdout
            self.assertEqual(json.loads(self.run_cli("inspect", "--json", "-", input=sealed).stdout)["frame_length"], length)
            self.assertEqual(self.run_cli("decrypt", "--key", self.arn, input=sealed).stdout, self.plain[:100])
        for length in (0, -1, (64 << 20) + 1, (1 << 32) - 1, 1 << 32, "x"):
            with self.subTest(length=length):
                self.refused("encrypt", "--key", self.arn, f"--frame-length={length}", input=b"x", words="67108864", status=2)
        for suite in ("0178", "1234", "none"):
            with self.subTest(suite=suite):
                self.refused("encrypt", "--key", self.arn, "--suite", suite, input=b"x", words=suite)

    def test_any_of_several_keys_opens(self):
        other = self.kms.must("CreateKey")["KeyMetadata"]["Arn"]
        sealed = self.run_cli("encrypt", "--key", self.arn, "--key", other, input=self.plain).stdout
        for key in (self.arn, other):
            self.assertEqual(self.run_cli("decrypt", "--key", key, input=sealed).stdout, self.plain)
        third = self.kms.must("CreateKey")["KeyMetadata"]["Arn"]
        self.refused("decrypt", "--key", third, input=sealed, words=third)


class Keyrings(CommandLine):
    def test_raw_keys_alone_need_to_be_meant(self):
        multi = self.keyring("multi-raw", {"type": "multi", "generator": json.loads(self.raw.read_text()), "children": []})
        for keyring in (self.raw, multi):
            self.refused("encrypt", "--keyring", keyring, "-o", self.file("out"), input=b"x", words="--allow-raw-keys")
            for suite in SUITES:
                sealed = self.run_cli("encrypt", "--keyring", keyring, "--allow-raw-keys", "--suite", suite, *CONTEXT, input=self.plain).stdout
                self.assertEqual(self.run_cli("decrypt", "--keyring", keyring, *CONTEXT, input=sealed).stdout, self.plain)

    def test_one_with_a_kms_key_in_it_does_not(self):
        raw = json.loads(self.raw.read_text())
        kms = {"type": "kms", "key": "alias/ledger"}
        for name, value in (("kms", kms), ("multi", {"type": "multi", "generator": kms, "children": [raw]})):
            with self.subTest(keyring=name):
                keyring = self.keyring(name, value)
                sealed = self.run_cli("encrypt", "--keyring", keyring, input=self.plain).stdout
                self.assertEqual(self.run_cli("decrypt", "--keyring", keyring, input=sealed).stdout, self.plain)
        self.assertEqual(self.run_cli("decrypt", "--keyring", self.raw, input=sealed).stdout, self.plain)
        self.assertEqual(self.run_cli("decrypt", "--key", self.arn, input=sealed).stdout, self.plain)

    def test_a_key_file_of_another_size_or_another_key(self):
        sealed = self.run_cli("encrypt", "--keyring", self.raw, "--allow-raw-keys", input=b"x").stdout
        for size in (0, 15, 31, 33):
            self.file("raw.key", os.urandom(size))
            self.refused("decrypt", "--keyring", self.raw, input=sealed, words="does not hold 16, 24 or 32 bytes")
        self.file("raw.key", os.urandom(32))
        self.refused("decrypt", "--keyring", self.raw, input=sealed, words="archive/2026")
        self.file("raw.key").unlink()
        self.refused("decrypt", "--keyring", self.raw, input=sealed, words="raw.key: No such file")

    def test_a_key_or_a_keyring_and_not_both(self):
        self.refused("encrypt", "--key", self.arn, "--keyring", self.raw, input=b"x", words="--keyring", status=2)
        self.refused("encrypt", input=b"x", words="which key?")


class Inspect(CommandLine):
    def test_says_what_is_in_clear(self):
        for suite in SUITES:
            sealed = self.run_cli("encrypt", "--key", self.arn, "--suite", suite, *CONTEXT, input=self.plain).stdout
            path = self.file("sealed", sealed)
            said = json.loads(self.run_cli("inspect", path, "--json").stdout)
            self.assertEqual(said, json.loads(self.run_cli("inspect", "--json", "-", input=sealed).stdout))
            signed = suite == "0578"
            self.assertEqual((said["format_version"], said["suite"], said["signed"], said["frame_length"]), (2, suite, signed, FRAME))
            context = dict(said["encryption_context"])
            self.assertEqual(len(base64.b64decode(context.pop("aws-crypto-public-key", ""))), 49 if signed else 0)
            self.assertEqual(context, {"tenant": "4711", "Straße": "Köln, 東京"})
            self.assertEqual([key["key_arn"] for key in said["encrypted_data_keys"]], [self.arn])
            self.assertEqual(bytes.fromhex(said["message_id"]), sealed[3:35])
            self.assertGreater(len(sealed), said["header_bytes"])
            prose = self.run_cli("inspect", path).stdout.decode()
            for words in (suite, self.arn, "tenant=4711", "Straße=Köln, 東京", "Nothing of this has been verified"):
                self.assertIn(words, prose)

    def test_gives_a_terminal_no_orders(self):
        sealed = self.run_cli("encrypt", "--key", self.arn, "--context", "a=\x1b[2J\u009b2J\r\nb", input=b"x").stdout
        prose = self.run_cli("inspect", "-", input=sealed).stdout.decode()
        self.assertIn("a=?[2J?2J??b", prose)


class Outputs(CommandLine):
    def seal(self, *more, **options):
        return self.run_cli("encrypt", "--keyring", self.raw, "--allow-raw-keys", *more, **options)

    def opens(self, path):
        self.assertEqual(self.run_cli("decrypt", "--keyring", self.raw, "-i", path).stdout, self.plain)

    def test_a_former_output_is_replaced_whole_with_its_permissions(self):
        out = self.file("out", b"of yesterday")
        out.chmod(0o640)
        with open(out, "rb") as reader:
            self.seal("-o", out, input=self.plain)
            self.assertEqual(reader.read(), b"of yesterday", "who was reading it goes on reading the former one")
        self.opens(out)
        self.assertEqual(stat.S_IMODE(out.stat().st_mode), 0o640)
        fresh = self.file("fresh")
        self.seal("-o", fresh, input=self.plain, umask=0o027)
        self.assertEqual(stat.S_IMODE(fresh.stat().st_mode), 0o640)

    def test_a_file_can_be_replaced_by_its_own_sealing(self):
        path = self.file("letters", self.plain)
        self.seal("-i", path, "-o", path)
        self.opens(path)

    def test_a_failure_leaves_the_former_output_as_it_was(self):
        out = self.file("out", b"of yesterday")
        for suite in SUITES:
            sealed = self.seal("--suite", suite, input=self.plain).stdout
            for name, message in (("cut", sealed[:-1]), ("altered", sealed[:-1] + bytes([sealed[-1] ^ 1])), ("longer", sealed + b"\0")):
                with self.subTest(suite=suite, message=name):
                    self.refused("decrypt", "--keyring", self.raw, "-o", out, input=message, words="standard input: ")
                    self.assertEqual(out.read_bytes(), b"of yesterday")

    def test_a_signed_message_that_was_altered_sends_nothing_to_a_stream(self):
        sealed = self.seal("--suite", "0578", input=self.plain).stdout
        for at in (len(sealed) - 1, len(sealed) // 2):
            done = self.refused("decrypt", "--keyring", self.raw, input=sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], words="keyfold: ")
            self.assertEqual(done.stdout, b"")

    def test_a_signed_message_too_large_for_a_stream_goes_into_a_file(self):
        plain = self.file("plain", os.urandom(1 << 20) * 64 + b"x")
        sealed, opened = self.file("sealed"), self.file("opened")
        self.seal("--suite", "0578", "-i", plain, "-o", sealed)
        done = self.refused("decrypt", "--keyring", self.raw, "-i", sealed, words="give -o FILE")
        self.assertEqual(done.stdout, b"")
        self.run_cli("decrypt", "--keyring", self.raw, "-i", sealed, "-o", opened)
        self.assertTrue(opened.read_bytes() == plain.read_bytes())

    def test_a_link_is_followed(self):
        target, link = self.file("target", b"of yesterday"), self.file("link")
        link.symlink_to(target)
        self.seal("-o", link, input=self.plain)
        self.assertTrue(link.is_symlink())
        self.opens(target)

    def test_a_name_that_leads_to_a_descriptor_is_that_descriptor(self):
        """So that a shell's >> appends: the file behind it is not replaced."""
        sealed = {suite: self.seal("--suite", suite, input=self.plain).stdout for suite in SUITES}
        link, log = self.file("link"), self.file("log")
        link.symlink_to("/dev/../dev/stdout")
        for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/thread-self/fd/1", link, "/dev/stderr", "/dev/fd/9"):
            for suite in SUITES:
                with self.subTest(name=name, suite=suite):
                    log.write_bytes(b"before\n")
                    redirected = {"/dev/stderr": "2", "/dev/fd/9": "9"}.get(name, "1")
                    command = f'"$0" decrypt --keyring "$1" -o "$2" {redirected}>> "$3"'
                    subprocess.run(["bash", "-c", command, BIN / "keyfold", self.raw, name, log], input=sealed[suite], timeout=60, check=True)
                    self.assertEqual(log.read_bytes(), b"before\n" + self.plain)
        for name in ("/dev/fd/0", "/dev/fd/77", "/dev/fd/x", "/dev/fd/99999999999", "/dev/fd/-1", "/dev/fd/"):
            with self.subTest(name=name):
                self.refused("decrypt", "--keyring", self.raw, "-o", name, input=sealed["0478"], words=name)

    def test_a_signed_message_that_was_altered_sends_nothing_to_a_descriptor(self):
        sealed = self.seal("--suite", "0578", input=self.plain).stdout
        done = self.run_cli("decrypt", "--keyring", self.raw, "-o", "/dev/stdout", input=sealed[:-1] + bytes([sealed[-1] ^ 1]), check=False)
        self.assertEqual((done.returncode, done.stdout), (1, b""))

    def test_a_link_to_nothing_is_refused(self):
        link = self.file("link")
        link.symlink_to(self.file("absent"))
        self.refused("encrypt", "--keyring", self.raw, "--allow-raw-keys", "-o", link, input=b"x", words="a link to something that is not there")
        self.assertTrue(link.is_symlink())

    def test_a_link_that_the_kernel_does_not_follow_is_not_followed(self):
        first, second = self.file("first"), self.file("second")
        first.symlink_to(second)
        second.symlink_to(first)
        self.refused("encrypt", "--keyring", self.raw, "--allow-raw-keys", "-o", first, input=b"x", words=f"{first}: Too many levels of symbolic links")
        self.assertTrue(first.is_symlink() and second.is_symlink())

    def test_a_place_that_cannot_be_looked_at_is_an_error(self):
        for path in (self.file("raw.key") / "out", self.file("n" * 256), self.file("absent") / "out"):
            with self.subTest(path=path):
                self.refused("encrypt", "--keyring", self.raw, "--allow-raw-keys", "-o", path, input=b"x", words=f"{path}: ")

    def test_a_pipe_stays_a_pipe(self):
        pipe, got = self.file("pipe"), []
        os.mkfifo(pipe)
        reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
        reader.start()
        self.seal("-o", pipe, input=self.plain)
        reader.join(timeout=60)
        self.assertTrue(stat.S_ISFIFO(pipe.lstat().st_mode))
        self.assertEqual(self.run_cli("decrypt", "--keyring", self.raw, input=got[0]).stdout, self.plain)
        self.assertEqual(self.run_cli("decrypt", "--keyring", self.raw, "-o", "/dev/stdout", input=got[0]).stdout, self.plain)

    def test_a_name_as_long_as_a_name_may_be(self):
        out = self.file("n" * 255)
        self.seal("-o", out, input=self.plain)
        self.opens(out)

    def test_a_limit_on_the_size_of_files_is_an_error(self):
        self.refused("encrypt", "--keyring", self.raw, "--allow-raw-keys", "-o", self.file("out"), input=os.urandom(1 << 20), words="File too large",
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)))

    def test_a_reader_that_goes_away_is_an_error(self):
        read, write = os.pipe()
        os.close(read)
        command = [BIN / "keyfold", "encrypt", "--keyring", self.raw, "--allow-raw-keys"]
        done = subprocess.run(command, input=self.plain, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (1, b"keyfold: standard output: Broken pipe\n"))


class Pipes(CommandLine):
    """That stay open: a failure is told at once, not when more comes."""

    def fails_while_its_input_is_open(self, *command, input, words, **more):
        """`input` is a piece of what threads do at a time, and half of the next."""
        process = subprocess.Popen([BIN / "keyfold", *command, "--keyring", self.raw], stdin=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        try:
            with contextlib.suppress(BrokenPipeError):  # It has failed already.
                process.stdin.write(input)
                process.stdin.flush()
            self.assertEqual(process.wait(timeout=20), 1)
            self.assertIn(words, process.stderr.read().decode())
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()

    def test_a_message_that_was_altered(self):
        sealed = bytearray(self.run_cli("encrypt", "--keyring", self.raw, "--allow-raw-keys", input=os.urandom(1 << 20)).stdout)
        sealed[1 << 17] ^= 1
        for _ in range(3):
            self.fails_while_its_input_is_open("decrypt", input=sealed[:6 * FRAME], words="has been altered", stdout=subprocess.DEVNULL)

    def test_an_output_that_nobody_reads(self):
        read, write = os.pipe()
        os.close(read)
        self.addCleanup(os.close, write)
        for _ in range(3):
            self.fails_while_its_input_is_open("encrypt", "--allow-raw-keys", input=os.urandom(6 * FRAME), words="Broken pipe", stdout=write)

    def test_several_threads_where_they_are_asked_for(self):
        source = self.file("source", os.urandom(4 << 20))
        sealed = self.run_cli("encrypt", "--keyring", self.raw, "--allow-raw-keys", "--jobs", 4, input=source.read_bytes()).stdout
        for jobs in ((), ("--jobs", 4)):
            self.assertTrue(self.run_cli("decrypt", "--keyring", self.raw, *jobs, input=sealed).stdout == source.read_bytes())
        with open(source, "rb") as standard_input:
            sealed = self.run_cli("encrypt", "--keyring", self.raw, "--allow-raw-keys", stdin=standard_input).stdout
        self.assertTrue(self.run_cli("decrypt", "--keyring", self.raw, input=sealed).stdout == source.read_bytes())

    def test_a_directory_is_not_a_stream(self):
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        self.refused("encrypt", "--keyring", self.raw, "--allow-raw-keys", stdin=folder, words="standard input is a directory; give a file")


class Interrupted(CommandLine):
    """Ended in the middle of its work: what was there stays, and nothing else is."""

    def interrupt(self, signal_number, *before, looks):
        out = self.file("out", b"of yesterday")
        names = sorted(self.folder.iterdir())
        command = [*before, BIN / "keyfold", "encrypt", "--keyring", self.raw, "--allow-raw-keys", "-o", out]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            process.stdin.write(os.urandom(4 << 20))  # Far more than a pipe holds: when it returns, most has been sealed.
            looks(sorted(set(self.folder.iterdir()) - set(names)))
            process.send_signal(signal_number)
            self.assertEqual(process.wait(timeout=60), -signal_number, process.stderr.read())
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stderr.close()
        self.assertEqual(sorted(self.folder.iterdir()), names)
        self.assertEqual(out.read_bytes(), b"of yesterday")

    def test_it_leaves_nothing(self):
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=ending.name):
                self.interrupt(ending, looks=lambda names: None)

    def test_where_files_can_be_nameless_not_even_when_it_is_killed(self):
        try:
            os.close(os.open(self.folder, os.O_TMPFILE | os.O_WRONLY))
        except OSError as error:
            self.skipTest(f"the file system of {self.folder} has no nameless files: {error}")
        self.interrupt(signal.SIGKILL, looks=lambda names: self.assertEqual(names, []))

    @unittest.skipUnless(shutil.which("strace") and os.geteuid() == 0, "needs strace, and root for it to see what paths are opened")
    def test_where_they_cannot_it_takes_the_hidden_file_away(self):
        without = ("strace", "-D", "-qq", "-o", os.devnull, "-P", str(self.folder), "-e", "trace=openat", "-e", "inject=openat:error=EOPNOTSUPP")

        def one_hidden(names):
            self.assertEqual(len(names), 1)
            self.assertTrue(names[0].name.startswith(".keyfold-"))
            self.assertEqual(stat.S_IMODE(names[0].stat().st_mode), 0o600)

        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=ending.name):
                self.interrupt(ending, *without, looks=one_hidden)
        out = self.file("out")
        command = [*without, BIN / "keyfold", "encrypt", "--keyring", self.raw, "--allow-raw-keys", "-o", out]
        names = sorted(self.folder.iterdir())
        subprocess.run(command, input=self.plain, timeout=60, check=True)
        self.assertEqual(sorted(self.folder.iterdir()), names)
        self.assertEqual(self.run_cli("decrypt", "--keyring", self.raw, "-i", out).stdout, self.plain)


class Refusals(CommandLine):
    """Each says which it is: a key that is gone is not a KMS that is away."""

    def test_disabled_pending_absent_and_not_allowed_are_told_apart(self):
        key = self.kms.must("CreateKey")["KeyMetadata"]["Arn"]
        sealed = self.run_cli("encrypt", "--key", key, input=self.plain).stdout
        out = self.file("out")
        self.kms.must("DisableKey", KeyId=key)
        self.refused("decrypt", "--key", key, "-o", out, input=sealed, words=f"{key} is disabled")
        self.refused("encrypt", "--key", key, "-o", out, input=sealed, words=f"{key} is disabled")
        self.kms.must("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
        self.refused("decrypt", "--key", key, "-o", out, input=sealed, words="pending deletion")
        self.refused("encrypt", "--key", "alias/absent", "-o", out, input=b"x", words="alias/absent is not found")
        self.refused("encrypt", "--key", self.arn, "-o", out, input=b"x", credentials=("210987654321", "test"), words="not authorized to perform")
        self.refused("encrypt", "--key", self.arn, "-o", out, input=b"x", credentials=("test", "wrong"), words="signature")

    def test_a_data_key_that_was_altered_has_a_name_though_the_kms_sends_no_message(self):
        sealed = bytearray(self.run_cli("encrypt", "--key", self.arn, input=self.plain).stdout)
        header = json.loads(self.run_cli("inspect", "--json", "-", input=bytes(sealed)).stdout)["header_bytes"]
        sealed[header - 16 - 32 - 5 - 1] ^= 1  # The last byte before content type, frame length, commitment and tag.
        self.refused("decrypt", "--key", self.arn, input=bytes(sealed), words="InvalidCiphertextException")

    def test_help_and_usage(self):
        for command in ("encrypt", "decrypt", "inspect"):
            done = cli(command, "--help")
            self.assertIn(command == "inspect" and b"--json" or b"--keyring", done.stdout)
        for arguments in ((), ("nonsense",), ("encrypt", "--nonsense"), ("inspect",)):
            with self.subTest(arguments=arguments):
                done = cli(*arguments, check=False)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertNotEqual(done.stderr, b"")


if __name__ == "__main__":
    unittest.main()
