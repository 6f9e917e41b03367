"""The last lines of ./check: what was counted, what was skipped and why, whether it failed."""

import pathlib
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


def case(name, status, output=""):
    return f'<testcase name="{name}" status="{status}"><system-out>{output}</system-out></testcase>'


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
