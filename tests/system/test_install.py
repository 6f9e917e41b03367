"""What a C++ user does: cmake --install, find_package(keyfold), three lines to seal, three to open."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from keyfold_server import BIN, REGION, Server, cli

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Install(unittest.TestCase):
    def test_an_example_builds_against_the_installed_tree_and_works(self):
        with tempfile.TemporaryDirectory(prefix="keyfold-install-") as folder:
            prefix, build = pathlib.Path(folder) / "prefix", pathlib.Path(folder) / "build"
            run("cmake", "--install", BIN.parent, "--prefix", prefix, "--component", "Development")
            self.headers_are_free_of_others(prefix / "include")
            run("cmake", "-S", SOURCE / "examples", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Debug",
                "-DKEYFOLD_EXAMPLE_SERVICE=ON")
            run("cmake", "--build", build)
            with Server([]) as server:
                key = re.search(r'"KeyId":"([^"]+)"', cli("call", "CreateKey", server=server).stdout.decode()).group(1)
                environment = dict(os.environ, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_REGION=REGION,
                                   AWS_ENDPOINT_URL_KMS=server.endpoint)
                said = run(build / "seal_and_open", key, "a letter that locks itself", env=environment)
                self.assertIn("opened: a letter that locks itself", said)

    def headers_are_free_of_others(self, include):
        headers = list(include.rglob("*.h"))
        self.assertGreater(len(headers), 20)
        for header in headers:
            text = header.read_text()
            self.assertNotRegex(text, r"#include [<\"](openssl|simdjson|asio|llhttp)", header)
            for used in re.findall(r'#include "(keyfold/[^"]+)"', text):
                self.assertTrue((include / used).exists(), f"{header} includes {used}, which is not installed")


if __name__ == "__main__":
    unittest.main()
