"""The last lines of ./check: what was counted, what was skipped and why, whether it failed."""

import html
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts" / "count_tests.py"

GTEST = """[ RUN      ] Room.{name}
src/keyfold/room/x_test.cpp:12: Skipped
{reason}
[  SKIPPED ] Room.{name} (0 ms)
[  SKIPPED ] 1 test, listed below:
"""


# As unittest -v writes it: of tests without and with a docstring, of one that printed something, of a class, of a part of a test.
UNITTEST = """test_a (__main__.Mounted.test_a) ... skipped "needs 'mount' & root"
test_b (__main__.Mounted.test_b)
It has words of its own. ... skipped "needs 'mount' & root"
setUpClass (__main__.Tls) ... skipped 'needs openssl'
test_c (__main__.Plain.test_c) ... noise
skipped 'says\\nmore'
test_d (__main__.Plain.test_d) ... ok
test_e (__main__.Plain.test_e) ... """ + """
  test_e (__main__.Plain.test_e) [1] ... skipped 'no such part'

----------------------------------------------------------------------
Ran {ran} tests in 0.001s

OK (skipped={skipped})
"""


def case(name, status, output="", message=""):
    skipped = f'<skipped message="{message}"/>' if message else ""
    return f'<testcase name="{name}" status="{status}">{skipped}<system-out>{html.escape(output)}</system-out></testcase>'


class Summary(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-summary-")
        self.addCleanup(folder.cleanup)
        self.logs = pathlib.Path(folder.name)

    def said(self, *cases, failed_phases=(), status=0):
        (self.logs / "unit.xml").write_text("<testsuite>" + "".join(cases) + "</testsuite>")
        done = subprocess.run([sys.executable, SCRIPT, self.logs, "1:02", *failed_phases], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout.splitlines()

    def test_the_last_line_counts(self):
        self.assertEqual(self.said(case("a", "run"), case("b", "run"))[-2:], ["Elapsed 1:02.", "2 passed, 0 failed, 0 skipped"])

    def test_a_reason_is_said_once_for_all_that_have_it(self):
        lines = self.said(
            case("kept", "run"),
            *(case(f"room.{name}", "notrun", GTEST.format(name=name, reason="needs root")) for name in "ABCDE"),
            case("room.F", "notrun", GTEST.format(name="F", reason="needs a terminal")),
            case("system.tls", "notrun", "skipped: needs the openssl command\n"),
            case("system.mute", "notrun"),
            case("room.mute", "notrun", GTEST.format(name="mute", reason="")),
        )
        self.assertIn("skipped room.A, room.B, room.C and 2 more: needs root", lines)
        self.assertIn("skipped room.F: needs a terminal", lines)
        self.assertIn("skipped system.tls: needs the openssl command", lines)
        self.assertIn("skipped system.mute, room.mute: it did not say why", lines)
        self.assertEqual(lines[-1], "1 passed, 0 failed, 9 skipped")

    def test_what_was_skipped_inside_a_file_that_passed_is_skipped(self):
        lines = self.said(case("system.disk", "run", UNITTEST.format(ran=5, skipped=5)))
        self.assertIn("skipped system.disk.Mounted.test_a, system.disk.Mounted.test_b: needs 'mount' & root", lines)
        self.assertIn("skipped system.disk.Tls.setUpClass: needs openssl", lines)
        self.assertIn("skipped system.disk.Plain.test_c: says more", lines)
        self.assertIn("skipped system.disk.Plain.test_e: no such part", lines)
        self.assertEqual(lines[-1], "1 passed, 0 failed, 5 skipped")

    def test_a_count_without_names_counts_too(self):
        lines = self.said(case("kept", "run"), case("system.quiet", "run", "Ran 4 tests in 0.1s\n\nOK (skipped=2)\n"))
        self.assertIn("skipped system.quiet, system.quiet: it did not say why", lines)
        self.assertEqual(lines[-1], "2 passed, 0 failed, 2 skipped")

    def test_a_file_that_skipped_all_it_has_did_not_pass(self):
        lines = self.said(case("kept", "run"), case("system.disk", "run", UNITTEST.format(ran=5, skipped=5).replace(" ok", " fine")))
        self.assertEqual(lines[-1], "1 passed, 0 failed, 5 skipped")

    def test_the_line_of_what_unittest_really_writes_is_understood(self):
        text = "import unittest\nclass A(unittest.TestCase):\n def test_a(self): self.skipTest('not today')\n def test_b(self): pass\n"
        done = subprocess.run([sys.executable, "-c", text + "unittest.main(argv=['x', '-v'])"], capture_output=True, text=True, check=True)
        lines = self.said(case("system.real", "run", done.stderr))
        self.assertIn("skipped system.real.A.test_a: not today", lines)
        self.assertEqual(lines[-1], "1 passed, 0 failed, 1 skipped")

    def test_what_is_disabled_says_what_that_means(self):
        lines = self.said(case("kept", "run"), case("audit.Writer", "disabled", "Disabled"))
        self.assertIn("skipped audit.Writer: no tests by themselves (DISABLED_): another test runs them, or somebody who measures", lines)

    def test_what_could_not_be_run_failed(self):
        cases = [case(f"fuzz.corpus.{name}", "notrun", message="Unable to find executable") for name in "ABCD"]
        cases += [case("chosen", "notrun", "skipped: no room", message="SKIP_RETURN_CODE=77")]
        lines = self.said(case("kept", "run"), *cases, status=1)
        self.assertIn("NOT RUN fuzz.corpus.A, fuzz.corpus.B, fuzz.corpus.C and 1 more: Unable to find executable (unit)", lines)
        self.assertIn("skipped chosen: no room", lines)
        self.assertEqual(lines[-1], "1 passed, 4 failed, 1 skipped")

    def test_check_keeps_enough_of_what_passed_to_see_it(self):
        kept = re.search(r"--test-output-size-passed (\d+)", (SCRIPT.parents[1] / "check").read_text())
        self.assertGreaterEqual(int(kept[1]), 1 << 20)

    def test_a_failure_and_a_phase_that_failed_are_named(self):
        lines = self.said(case("a", "run"), case("b", "fail"), status=1)
        self.assertIn("FAILED  b (unit)", lines)
        self.assertEqual(lines[-1], "1 passed, 1 failed, 0 skipped")
        lines = self.said(case("a", "run"), failed_phases=["build with g++"], status=1)
        self.assertIn("Phases that failed: build with g++", lines)
        self.assertEqual(lines[-1], "1 passed, 1 failed, 0 skipped")

    def test_nothing_passed_is_no_success_and_a_clean_lint_is_one(self):
        self.assertEqual(self.said(status=1)[-1], "0 passed, 0 failed, 0 skipped")
        (self.logs / "lint.passed").touch()
        self.assertEqual(self.said()[-1], "1 passed, 0 failed, 0 skipped")


if __name__ == "__main__":
    unittest.main()
