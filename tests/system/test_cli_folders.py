"""The command line on whole folders, on parts of files, with several threads, and under policies and contexts of every kind."""

import base64
import ctypes
import json
import os
import pathlib
import random
import signal
import stat
import subprocess
import tempfile
import time
import unittest

from keyfold_server import BIN, cli
from test_cli import FRAME, CommandLine

OLD = ("--commitment-policy", "forbid_encrypt_allow_decrypt")
READ_OLD = ("--commitment-policy", "require_encrypt_allow_decrypt")


def without_override():
    """Run in the child: where it is root's, it still reads only what its permissions let it."""
    drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
    for capability in (dac_override, dac_read_search):
        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)


class Folders(CommandLine):
    def setUp(self):
        super().setUp()
        self.tree = self.folder / "letters"
        (self.tree / "2026" / "november").mkdir(parents=True)
        self.contents = {"a": b"", "big": os.urandom(5 * FRAME + 3), "2026/b c": b"one", "2026/november/ü.txt": self.plain}
        for name, content in self.contents.items():
            (self.tree / name).write_bytes(content)
        self.sealed, self.opened = self.folder / "sealed", self.folder / "opened"

    def files_in(self, folder):
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def test_every_file_goes_there_and_back(self):
        for jobs in (1, 2, 7):
            with self.subTest(jobs=jobs):
                self.run_cli("encrypt", "--key", self.arn, "--context", "tenant=4711", "--jobs", jobs, "-i", self.tree, "-o", self.sealed)
                self.assertEqual({name + ".sealed" for name in self.contents}, set(self.files_in(self.sealed)))
                self.run_cli("decrypt", "--key", self.arn, "--context", "tenant=4711", "--jobs", jobs, "-i", self.sealed, "-o", self.opened)
                self.assertEqual(self.files_in(self.opened), self.contents)

    def test_each_has_a_data_key_of_its_own(self):
        self.run_cli("encrypt", "--key", self.arn, "-i", self.tree, "-o", self.sealed)
        ids = {json.loads(cli("inspect", "--json", path).stdout)["message_id"] for path in self.sealed.rglob("*.sealed")}
        self.assertEqual(len(ids), len(self.contents))

    def test_several_failures_are_all_told_and_hide_no_other(self):
        self.run_cli("encrypt", "--key", self.arn, "-i", self.tree, "-o", self.sealed)
        altered = self.sealed / "big.sealed"
        altered.write_bytes(altered.read_bytes()[:-1] + b"\0")
        (self.sealed / "2026" / "b c.sealed").write_bytes(b"nothing of ours")
        (self.sealed / "notes").write_bytes(b"x")
        (self.sealed / "link.sealed").symlink_to("a.sealed")
        os.mkfifo(self.sealed / "pipe.sealed")
        done = self.run_cli("decrypt", "--key", self.arn, "-i", self.sealed, "-o", self.opened, check=False)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 1)
        for words in ("big.sealed: frame 6 of the message has been altered", "b c.sealed: not an AWS Encryption SDK message",
                      "notes: its name does not end in .sealed", "link.sealed is not a file", "pipe.sealed is not a file", "5 of 7 files failed"):
            self.assertIn(words, said)
        self.assertEqual(len(said.splitlines()), 6, said)
        self.assertEqual(self.files_in(self.opened), {name: self.contents[name] for name in ("a", "2026/november/ü.txt")})

    def test_a_kms_that_refuses_is_told_for_every_file(self):
        done = self.run_cli("encrypt", "--key", self.arn[:-1] + ("0" if self.arn[-1] != "0" else "1"), "-i", self.tree, "-o", self.sealed, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.decode().count("does not exist"), len(self.contents))
        self.assertEqual(self.files_in(self.sealed), {})

    def test_an_output_within_the_input_or_to_a_stream_is_refused_before_any_work(self):
        for output in (self.tree, self.tree / "2026" / "new", self.folder / "letters" / ".." / "letters" / "x"):
            self.refused("encrypt", "--key", self.arn, "-i", self.tree, "-o", output, words="lies within")
        for output in (".", "new", "new/newer", "../letters/new"):
            self.refused("encrypt", "--key", self.arn, "-i", ".", "-o", output, words="lies within", cwd=self.tree)
        for output in ((), ("-o", "-"), ("-o", "")):
            self.refused("encrypt", "--key", self.arn, "-i", self.tree, *output, words="is a folder; give -o FOLDER")
        self.assertEqual(self.files_in(self.tree), self.contents)

    def test_an_output_that_would_land_in_the_input_through_a_folder_or_a_link_is_refused(self):
        """Each is that file's failure; what goes elsewhere is sealed."""
        outer = self.folder / "d"
        inner = outer / "x"
        (inner / "x").mkdir(parents=True)
        (inner / "b.sealed").write_bytes(b"was here before")
        (inner / "x" / "b").write_bytes(b"goes to x/b.sealed")
        (inner / "c").write_bytes(b"goes elsewhere")
        done = self.run_cli("encrypt", "--key", self.arn, "-i", inner, "-o", outer, check=False)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{inner}/x/b: would go to {inner}/b.sealed, which lies within {inner}; the output goes elsewhere\n", said)
        self.assertIn("1 of 3 files failed", said)
        self.assertEqual(set(self.files_in(outer)), {"x/b.sealed", "x/x/b", "x/c", "b.sealed.sealed", "c.sealed"})
        self.assertEqual((inner / "b.sealed").read_bytes(), b"was here before")

        self.sealed.mkdir()
        (self.sealed / "2026").symlink_to(self.tree)
        (self.sealed / "big.sealed").symlink_to(self.tree / "a")
        done = self.run_cli("encrypt", "--key", self.arn, "-i", self.tree, "-o", self.sealed, check=False)
        said = done.stderr.decode()
        self.assertEqual((done.returncode, said.count("which lies within")), (1, 3), said)
        self.assertEqual(self.files_in(self.tree), self.contents)
        self.assertEqual({path.name for path in self.sealed.iterdir()}, {"2026", "big.sealed", "a.sealed"})

    def test_two_outputs_that_a_link_leads_to_one_place_are_told(self):
        for name in ("1", "2"):
            (self.tree / name).mkdir()
            (self.tree / name / "same").write_bytes(name.encode())
        (self.sealed / "1").mkdir(parents=True)
        (self.sealed / "2").symlink_to("1")
        done = self.run_cli("encrypt", "--key", self.arn, "-i", self.tree, "-o", self.sealed, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.tree}/2/same would go where {self.tree}/1/same goes\n", done.stderr.decode())
        opened = self.run_cli("decrypt", "--key", self.arn, "-i", self.sealed / "1" / "same.sealed").stdout
        self.assertEqual(opened, b"1")

    def test_a_name_that_is_none_without_its_suffix_is_that_files_failure(self):
        self.run_cli("encrypt", "--key", self.arn, "-i", self.tree, "-o", self.sealed)
        sealed = (self.sealed / "a.sealed").read_bytes()
        unfit = (".sealed", "..sealed", "...sealed", "2026/..sealed", "2026/...sealed")
        for name in (*unfit, "....sealed"):
            (self.sealed / name).write_bytes(sealed)
        done = self.run_cli("decrypt", "--key", self.arn, "-i", self.sealed, "-o", self.opened, check=False)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 1)
        for name in unfit:
            self.assertIn(f"{self.sealed / name}: without .sealed it has no name\n", said)
        self.assertEqual(len(said.splitlines()), len(unfit) + 1, said)
        self.assertEqual(self.files_in(self.opened), {**self.contents, "...": b""})

    def test_a_folder_that_cannot_be_made_is_the_failure_of_the_files_in_it(self):
        self.sealed.mkdir()
        (self.sealed / "2026").write_bytes(b"a file")
        done = self.run_cli("encrypt", "--key", self.arn, "-i", self.tree, "-o", self.sealed, check=False)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 1)
        for name in ("2026/b c", "2026/november/ü.txt"):
            self.assertIn(f"{self.tree}/{name}: {(self.sealed / name).parent}: ", said)
        self.assertEqual(len(said.splitlines()), 3, said)
        self.assertEqual(set(self.files_in(self.sealed)), {"2026", "a.sealed", "big.sealed"})

    def test_a_folder_that_cannot_be_read_is_told_and_hides_no_other(self):
        shut = self.tree / "2026" / "november"
        shut.chmod(0)
        self.addCleanup(shut.chmod, 0o700)
        done = self.run_cli("encrypt", "--key", self.arn, "-i", self.tree, "-o", self.sealed, check=False, preexec_fn=without_override)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{shut}: Permission denied\n", said)
        self.assertEqual(len(said.splitlines()), 2, said)
        self.assertEqual(set(self.files_in(self.sealed)), {"a.sealed", "big.sealed", "2026/b c.sealed"})
        self.tree.chmod(0)
        self.addCleanup(self.tree.chmod, 0o700)
        self.refused("encrypt", "--key", self.arn, "-i", self.tree, "-o", self.opened, words=f"{self.tree}: Permission denied",
                     preexec_fn=without_override)

    def test_signed_files_are_opened_whole(self):
        self.run_cli("encrypt", "--key", self.arn, "--suite", "0578", "-i", self.tree, "-o", self.sealed)
        self.run_cli("decrypt", "--key", self.arn, "-i", self.sealed, "-o", self.opened)
        self.assertEqual(self.files_in(self.opened), self.contents)


class ManySmallFiles(CommandLine):
    """In memory where there is such a file system: there most of the time is spent where files get their names."""

    def setUp(self):
        super().setUp()
        memory = pathlib.Path("/dev/shm")
        folder = tempfile.TemporaryDirectory(prefix="keyfold-cli-", dir=memory if os.access(memory, os.W_OK) else None)
        self.addCleanup(folder.cleanup)
        self.tree, self.sealed, self.opened = (pathlib.Path(folder.name) / name for name in ("tree", "sealed", "opened"))

    def make(self, count):
        self.tree.mkdir()
        for i in range(count):
            (self.tree / str(i)).write_bytes(b"plaintext")

    def command(self, name, folder, out):
        return [name, "--keyring", self.raw, *(["--allow-raw-keys"] if name == "encrypt" else []), "--jobs", "8", "-i", folder, "-o", out]

    def test_no_output_is_more_readable_than_the_umask_lets_it_be(self):
        self.make(400)
        for command in (("encrypt", self.tree, self.sealed), ("decrypt", self.sealed, self.opened)):
            self.run_cli(*self.command(*command), umask=0o077)
            modes = {oct(stat.S_IMODE(path.stat().st_mode)) for path in command[-1].iterdir()}
            self.assertEqual(modes, {"0o600"}, command[0])

    def test_an_end_in_the_middle_leaves_whole_outputs_and_nothing_else(self):
        self.make(1500)
        self.run_cli(*self.command("encrypt", self.tree, self.sealed))
        chosen, interrupted = random.Random(4711), 0
        for trial in range(60):
            opened = self.opened.with_name(f"opened-{trial}")
            opened.mkdir()
            ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[trial % 3]
            wanted = chosen.randrange(1, 600)
            with subprocess.Popen([BIN / "keyfold", *self.command("decrypt", self.sealed, opened)], stderr=subprocess.PIPE) as process:
                deadline = time.monotonic() + 60
                while process.poll() is None and len(os.listdir(opened)) < wanted and time.monotonic() < deadline:
                    pass
                process.send_signal(ending)
                try:
                    status = process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise
            self.assertIn(status, (0, -ending))
            interrupted += status != 0
            left = {path.name: path.read_bytes() for path in opened.iterdir()}
            self.assertEqual(left.keys() - {path.name for path in self.tree.iterdir()}, set(), f"trial {trial}")
            self.assertEqual(set(left.values()), {b"plaintext"}, f"trial {trial}")
        self.assertGreater(interrupted, 30)


class Parts(CommandLine):
    def seal(self, *more):
        sealed = self.folder / "sealed"
        self.run_cli("encrypt", "--key", self.arn, *more, "-o", sealed, input=self.plain)
        return sealed

    def part(self, sealed, text, **more):
        return self.run_cli("decrypt", "--key", self.arn, "--range", text, "-i", sealed, **more).stdout

    def test_are_what_the_whole_has_there(self):
        sealed = self.seal("--frame-length", 1000)
        size = len(self.plain)
        for text, expected in ((":", None), ("0:0", b""), ("0:1", self.plain[:1]), ("999:2", self.plain[999:1001]),
                               (f"{size - 1}:5", self.plain[-1:]), (f"{size}:", b""), (f"{size + 10}:3", b""), ("150000:", self.plain[150000:])):
            with self.subTest(text):
                if expected is None:
                    self.refused("decrypt", "--key", self.arn, "--range", text, "-i", sealed, words="OFFSET:LENGTH")
                else:
                    self.assertEqual(self.part(sealed, text), expected)
        chosen = random.Random(4711)
        for _ in range(10):
            first = chosen.randrange(size)
            length = chosen.randrange(size - first)
            self.assertEqual(self.part(sealed, f"{first}:{length}"), self.plain[first:first + length])

    def test_come_only_of_files_that_are_not_signed(self):
        self.refused("decrypt", "--key", self.arn, "--range", "0:1", "-i", self.seal("--suite", "0578"), words="signed")
        self.refused("decrypt", "--key", self.arn, "--range", "0:1", words="a stream has no parts", input=self.seal().read_bytes())
        for text in ("", "1", "1-2", "a:1", "1:a", "-1:1", "1:2:3", "99999999999999999999:1"):
            self.refused("decrypt", "--key", self.arn, "--range", text, "-i", self.seal(), words="OFFSET:LENGTH")
        self.refused("decrypt", "--key", self.arn, "--range", "", "-i", self.folder, "-o", self.folder / "x", words="a file, not a folder")

    def test_altered_ones_leave_nothing(self):
        sealed = self.seal("--frame-length", 1000)
        content = bytearray(sealed.read_bytes())
        content[-100_000] ^= 1
        sealed.write_bytes(content)
        self.assertEqual(self.part(sealed, "0:50"), self.plain[:50])
        self.refused("decrypt", "--key", self.arn, "--range", "0:", "-i", sealed, "-o", self.folder / "never", words="has been altered")


class Policies(CommandLine):
    def test_older_suites_take_a_policy_that_allows_them(self):
        for suite in ("0014", "0046", "0078", "0114", "0146", "0178", "0214", "0346", "0378"):
            with self.subTest(suite):
                self.refused("encrypt", "--key", self.arn, "--suite", suite, words="does not commit to its data key", input=b"x")
                sealed = self.run_cli("encrypt", "--key", self.arn, "--suite", suite, *OLD, input=self.plain).stdout
                said = json.loads(cli("inspect", "--json", "-", input=sealed).stdout)
                self.assertEqual((said["format_version"], said["suite"], said["commits"]), (1, suite, False))
                self.refused("decrypt", "--key", self.arn, words="does not commit to its data key", input=sealed)
                self.assertEqual(self.run_cli("decrypt", "--key", self.arn, *READ_OLD, input=sealed).stdout, self.plain)

    def test_the_policy_is_one_of_three(self):
        self.refused("encrypt", "--key", self.arn, "--commitment-policy", "none", words="not a commitment policy", input=b"x")
        self.refused("encrypt", "--key", self.arn, "--suite", "0478", *OLD, words="forbids", input=b"x")

    def test_base64_is_told_from_a_message(self):
        sealed = self.run_cli("encrypt", "--key", self.arn, input=b"x").stdout
        self.refused("decrypt", "--key", self.arn, words="looks like base64", input=base64.b64encode(sealed))


class Contexts(CommandLine):
    def test_a_pair_that_is_left_out_is_not_in_the_message_and_must_be_reproduced(self):
        sealed = self.run_cli("encrypt", "--key", self.arn, "--context", "ward=north", "--context", "patient=4711", "--leave-out", "patient",
                              input=self.plain).stdout
        self.assertNotIn(b"patient", sealed)
        self.assertNotIn(b"4711", sealed)
        opened = self.run_cli("decrypt", "--key", self.arn, "--context", "ward=north", "--reproduce", "patient=4711", input=sealed).stdout
        self.assertEqual(opened, self.plain)
        self.refused("decrypt", "--key", self.arn, words="InvalidCiphertextException", input=sealed)
        self.refused("decrypt", "--key", self.arn, "--reproduce", "patient=4712", words="InvalidCiphertextException", input=sealed)
        self.refused("decrypt", "--key", self.arn, "--reproduce", "ward=south", words="ward", input=sealed)
        self.refused("decrypt", "--key", self.arn, "--context", "patient=4711", "--reproduce", "patient=4711", words="patient", input=sealed)

    def test_what_is_left_out_must_be_there(self):
        self.refused("encrypt", "--key", self.arn, "--leave-out", "patient", words='has no "patient"', input=b"x")


class BranchKeys(CommandLine):
    def setUp(self):
        super().setUp()
        for tenant in ("4711", "4712"):
            self.run_cli("branch-key", "create", "--store", self.folder / "keys.sqlite", "--key", self.arn, "--id", f"tenant-{tenant}",
                         "--context", f"tenant={tenant}")
        self.tenants = self.keyring("tenants", {"type": "branch-key", "store": "keys.sqlite", "key": self.arn,
                                                "by_context": {"key": "tenant", "prefix": "tenant-"}})

    def test_the_context_says_whose_branch_key_it_is(self):
        sealed = self.run_cli("encrypt", "--keyring", self.tenants, "--context", "tenant=4711", input=self.plain).stdout
        said = json.loads(cli("inspect", "--json", "-", input=sealed).stdout)
        self.assertEqual(said["encrypted_data_keys"][0]["provider_id"], "aws-kms-hierarchy")
        self.assertEqual(self.run_cli("decrypt", "--keyring", self.tenants, input=sealed).stdout, self.plain)
        other = self.keyring("other", {"type": "branch-key", "store": "keys.sqlite", "key": self.arn, "branch_key_id": "tenant-4712"})
        self.refused("decrypt", "--keyring", other, words="none of the message's data keys", input=sealed)
        self.refused("encrypt", "--keyring", self.tenants, "--context", "tenant=4713", words="tenant-4713", input=b"x")
        self.refused("encrypt", "--keyring", self.tenants, words="tenant", input=b"x")

    def test_a_store_that_is_not_there_is_not_made(self):
        lost = self.keyring("lost", {"type": "branch-key", "store": "lost.sqlite", "key": self.arn, "branch_key_id": "tenant-4711"})
        self.refused("encrypt", "--keyring", lost, words="there is no key store", input=b"x")


if __name__ == "__main__":
    unittest.main()
