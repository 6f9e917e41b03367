"""What README's tour and the design guide tell people to type does what they say: every ```sh block, from the top, in one shell. And the
snippets of the library's guide, which are a program of their own (tests/tools/program_of_snippets.py), print what stands below them."""

import pathlib
import re
import subprocess
import tempfile
import time
import typing
import unittest

from documents import Shell, blocks, fenced, statements
from keyfold_server import BIN, REGION, Server
from two_regions import TwoRegions

TOP = pathlib.Path(__file__).resolve().parents[2]
WITHIN_S = 60
ENDPOINT, METRICS = "http://127.0.0.1:4599", "http://127.0.0.1:4600"  # As the documents have it; the system chooses ours.
DENIED = "is not authorized to perform: "


class Said(typing.NamedTuple):
    """The next statement that has these words ends with this status, and its output has this (a regular expression), at once or
    `soon`. All statements that no Said is about must succeed."""

    words: str
    status: int
    output: str
    soon: bool = False


DESIGN_GUIDE = (
    Said("audit show data/audit --brief | tail -n 1", 0, r"GenerateDataKey root ok"),
    Said("call Encrypt -", 1, r"Member must have length less than or equal to 4096"),
    Said("inspect letters.sealed", 0, r"arn:aws:kms:eu-central-1:\d+:key/"),
    Said("sqlite3", 0, r"\|\d+\n"),
    Said("ls -l data.dev-root-key", 0, r"-rw-------"),
    Said("--context tenant=4712 -i 4711.sealed", 1, r"tenant"),
    Said("grep -c ' Decrypt root ok'", 0, r"(?m)^1$"),
    Said("call ListKeyRotations", 0, r"AUTOMATIC", soon=True),
    Said("branch-key rewrap", 0, r"(rewrapped\ttenant-471[12]\t\S+\n){6}"),
    Said("""grep '"eventName":"Decrypt"'""", 0, r'"eventName":"Decrypt"'),
    Said("audit show data/audit > /dev/null", 0, r"records, every one whole; tree root"),
    Said("reader keyfold decrypt --key alias/ledger -i 4712.sealed", 1, DENIED + "kms:Decrypt"),
    Said("AWS_ACCESS_KEY_ID=210987654321 keyfold call ListKeys", 0, r'"Keys":\[\]'),
    Said("AWS_ACCESS_KEY_ID=210987654321 keyfold call DescribeKey", 1, DENIED + "kms:DescribeKey"),
    Said("AWS_REGION=eu-west-1 keyfold call ListKeys", 0, r'"Keys":\[\]'),
    Said("keyfold topology plan", 0, r"\+ make a KMS key(.|\n)*shop: 2 keys, 6 steps to do"),
    Said("keyfold topology apply", 0, r"shop: 6 steps done"),
    Said("as staging-clearing keyfold decrypt", 1, r'is of the environment "production", and was to be opened in "staging"'),
    Said("keyfold topology drift", 3, r"staging payments/cards  \S+\n  rotation: it is not rotated automatically"),
    Said("keyfold topology apply", 0, r"shop: 2 keys, all as the file says"),
    Said("grep -rc 'nobody else'", 0, r"^\s*not in the message, not in the KMS\s*$"),
    Said("--context tenant=4711 -i 4712.sealed", 1, r"tenant"),
    Said("--context document=9 -i 4711.sealed", 1, r"document"),
    Said("--range 1000000:100 -i cut", 1, r"cut short"),
    Said("inspect note.signed", 0, r"0578(.|\n)*public-key"),
    Said("decrypt --key alias/ledger -i letters.sealed -o x", 1, r"is pending deletion"),
    Said('call DescribeKey "{\\"KeyId\\":\\"$old', 1, r"does not exist", soon=True),
    Said("-i altered -o x", 2, r"has been altered\n(.|\n)*cannot access 'x'"),
    Said('\\"PolicyName\\":\\"default\\",\\"Policy\\":\\"${policy', 1, r"kms:TrailingDaysWithoutKeyUsage"),
)
TOUR = (
    Said("inspect letters.sealed", 0, r"tenant"),
    Said("--context tenant=4712 -i letters.sealed", 1, r"tenant"),
    Said("courier keyfold decrypt", 1, DENIED + "kms:Decrypt"),
)


class Guides(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-guides-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def follow(self, document, said):
        """Runs all statements of the blocks. The first starts the server and the last stops it: that is for us to do, on ports that the
        system chooses. What the last but one said."""
        typed = [statement for block in document for statement in statements(block)]
        start = re.fullmatch(r"keyfold-kms-dev (.*) &", typed[0])
        self.assertIsNotNone(start, typed[0])
        self.assertEqual(typed[-1], "kill %1")
        expected, output = list(said), ""
        with Server(start[1].replace("127.0.0.1:4600", "127.0.0.1:0").split(), cwd=self.folder) as server, Shell(self.folder) as shell:
            for statement in typed[1:-1]:
                says = expected.pop(0) if expected and expected[0].words in statement else Said(statement, 0, "")
                with self.subTest(statement):
                    output = self.follow_one(shell, statement.replace(ENDPOINT, server.endpoint).replace(METRICS, server.metrics), says)
            self.assertEqual(expected, [], "the document has no such statements, or not in this order")
            self.assertEqual(server.stop(), 0)
        self.assertFalse((self.folder / "x").exists())
        return output

    def follow_one(self, shell, statement, says):
        deadline = time.monotonic() + WITHIN_S
        while True:
            status, output = shell.run(statement)
            as_said = status == says.status and re.search(says.output, output)
            if as_said or not says.soon or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        self.assertTrue(as_said, f"status {status}, not {says.status} with {says.output}:\n{output[-2000:]}")
        return output

    def test_the_design_guide(self):
        self.follow(blocks((TOP / "docs" / "design-guide.md").read_text(), "sh"), DESIGN_GUIDE)

    def test_the_tour(self):
        readme = (TOP / "README.md").read_text()
        tour = readme[readme.index("## A tour in five minutes"):readme.index("## For real")]
        build, *rest = blocks(tour, "sh")
        self.assertRegex(build, r"(?s)^cmake .*\nexport PATH=.*\ncd ")  # Ours is built.
        trace = self.follow(rest, TOUR).splitlines()
        (shown,) = blocks(tour, "")
        for line in shown.splitlines()[1:]:
            pattern = re.escape(line).replace("…", ".*")
            pattern = re.sub(r"^\d{4}\\-\d\d\\-\d\dT\d\d:\d\d:\d\dZ", r"\\S+", pattern)
            pattern = re.sub(r"[0-9a-f]{64}$", r"\\w{64}", pattern)
            self.assertTrue(any(re.fullmatch(pattern, said) for said in trace), f"{line}\nis not in\n" + "\n".join(trace))


class UsingTheLibrary(unittest.TestCase):
    GUIDE = (TOP / "docs" / "using-the-library.md").read_text()

    def test_its_snippets_print_what_stands_below_them(self):
        self.assertEqual({name for name, _ in fenced(self.GUIDE)}, {"cpp", ""}, "what is not ```cpp is not built")
        with TwoRegions() as regions:
            environment = {"AWS_ACCESS_KEY_ID": regions.credentials[0], "AWS_SECRET_ACCESS_KEY": regions.credentials[1], "AWS_REGION": REGION,
                           "AWS_ENDPOINT_URL_KMS": regions.server.endpoint, "HOME": str(regions.folder)}
            done = subprocess.run([BIN / "using_the_library", regions.model, *regions.keys, regions.folder], env=environment,
                                  capture_output=True, text=True, timeout=WITHIN_S, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, "".join(blocks(self.GUIDE, "")))

    def test_it_says_what_to_do_about_every_error(self):
        declared = (TOP / "src" / "keyfold" / "core" / "base" / "result.h").read_text()
        codes = re.findall(r"^  (\w+),", re.search(r"enum class ErrorCode \{(.*?)\n\};", declared, re.DOTALL)[1], re.MULTILINE)
        self.assertGreater(len(codes), 30)
        errors = self.GUIDE[self.GUIDE.index("## Errors"):]
        self.assertEqual([code for code in codes if f"`{code}`" not in errors], [])


if __name__ == "__main__":
    unittest.main()
