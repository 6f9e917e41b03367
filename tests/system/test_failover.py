"""A Region goes dark while messages are sealed and opened: nobody notices but by the time that some calls take."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from cuttable import Cuttable
from keyfold_server import BIN, Production, cli

FRANKFURT, DUBLIN = "eu-central-1", "eu-west-1"
COUNT = 10_000
DARK_AT, REFUSED_AT, BACK_AT = 2_000, 4_000, 6_000  # Messages sealed.
MET_LOSS_P99_MS_MAX = 1_000
WITHIN_S = 240  # It takes about 15 s on two cores that have nothing else to do.
# The network is what is cut here. A disk that stops for a while would be one more thing that goes wrong.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Failover(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-failover-", dir=MEMORY)
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.production = Production(cls.folder, "--region", DUBLIN, "--audit-sync", "interval")
        with cls.production.start() as server:
            cls.credentials = cls.production.credentials()
            model = cli("call", "CreateKey", "{}", server=server, credentials=cls.credentials)
            server.stop()
        cls.keys = cls.make_pair(json.loads(model.stdout)["KeyMetadata"]["Arn"])
        cls.server = cls.production.start()
        cls.addClassCleanup(cls.server.__exit__)
        cls.addClassCleanup(cls.server.stop)

    @classmethod
    def make_pair(cls, model):
        """The ARNs of a multi-Region key in both Regions. Made below the wire: the server does not serve ReplicateKey yet."""
        done = subprocess.run([BIN / "make_multi_region_pair", cls.production.data, cls.production.root_key, model, DUBLIN],
                              capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.split()

    def setUp(self):
        self.ways = [self.enterContext_(Cuttable(self.server)) for _ in (FRANKFURT, DUBLIN)]

    def enterContext_(self, manager):  # unittest has one of its own from Python 3.11 on.
        self.addCleanup(manager.__exit__, None, None, None)
        return manager.__enter__()

    def environment(self):
        return dict(os.environ, AWS_ACCESS_KEY_ID=self.credentials[0], AWS_SECRET_ACCESS_KEY=self.credentials[1], AWS_REGION=FRANKFURT,
                    AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_ENDPOINT_URL_KMS=self.server.endpoint)

    def keyring(self, name, value):
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(value))
        return path

    def cli(self, *arguments, **more):
        return cli(*arguments, server=self.server, credentials=self.credentials, timeout=60, **more)

    def test_a_region_goes_dark_during_10000_seals_and_opens(self):
        frankfurt, dublin = self.ways
        steps = {f"sealed {DARK_AT}": frankfurt.go_dark, f"sealed {REFUSED_AT}": frankfurt.refuse, f"sealed {BACK_AT}": frankfurt.restore}
        command = [BIN / "failover_load", self.keys[0], frankfurt.endpoint, self.keys[1], dublin.endpoint, str(COUNT), self.folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment()) as load:
            try:
                said = [line.strip() for line in self.lines_of(load, steps)]
                _, errors = load.communicate(timeout=WITHIN_S)
            finally:
                load.kill()
        self.assertEqual(load.returncode, 0, errors)
        self.assertFalse(steps, "not every step was taken")
        counted = json.loads(said[-1])
        print(json.dumps(counted), flush=True)
        self.assertEqual(counted["failed"], 0, errors)
        self.assertGreaterEqual(counted["messages"], COUNT)
        self.assertEqual(counted["calls"], 2 * counted["messages"])
        self.assertEqual(counted["standard"], counted["messages"], "each opens with an MRK-aware keyring of the other Region")
        self.assertEqual(counted["sealed_by_first"] + counted["sealed_by_second"], counted["messages"])
        self.assertGreater(counted["sealed_by_first"], 0)
        self.assertGreater(counted["sealed_by_second"], 0)
        self.assertTrue(counted["returned"], "the Region that came back is not used again")
        self.assertGreaterEqual(counted["met_loss"], 3, "nobody met the loss: then nothing was shown")
        self.assertLess(counted["met_loss"], COUNT / 10, "the breaker keeps calls away from the lost Region")
        self.assertLessEqual(counted["met_loss_p99_ms"], MET_LOSS_P99_MS_MAX)
        for which in (0, 1):
            self.opens_with_the_command_line(self.folder / f"sealed-{which}")

    def lines_of(self, load, steps):
        for line in load.stdout:
            step = steps.pop(line.strip(), None)
            if step:
                step()
            yield line

    def opens_with_the_command_line(self, message):
        for name, value in (("mrk", {"type": "kms-mrk", "key": self.keys[1]}),
                            ("discovery", {"type": "kms-mrk-discovery", "accounts": ["123456789012"], "regions": [DUBLIN]}),
                            ("any", {"type": "kms-discovery", "accounts": ["123456789012"]})):
            with self.subTest(message=message.name, keyring=name):
                opened = self.cli("decrypt", "--keyring", self.keyring(name, value), "--context", "tenant=north-star", "-i", message).stdout
                self.assertRegex(opened.decode(), r"\Aletter \d+|a letter more\Z")

    def test_the_command_line_fails_over_too(self):
        frankfurt, dublin = self.ways
        keyring = self.keyring("failover", {"type": "failover", "keys": self.keys,
                                            "endpoints": {FRANKFURT: frankfurt.endpoint, DUBLIN: dublin.endpoint}})
        sealed_there = self.cli("encrypt", "--keyring", keyring, input=b"from Frankfurt").stdout
        for cut in (frankfurt.go_dark, frankfurt.refuse):
            cut()
            sealed = self.cli("encrypt", "--keyring", keyring, input=b"from Dublin").stdout
            said = json.loads(self.cli_alone("inspect", "--json", "-", input=sealed).stdout)
            self.assertEqual([key["key_arn"] for key in said["encrypted_data_keys"]], [self.keys[1]])
            self.assertEqual(self.cli("decrypt", "--keyring", keyring, input=sealed).stdout, b"from Dublin")
            self.assertEqual(self.cli("decrypt", "--keyring", keyring, input=sealed_there).stdout, b"from Frankfurt")
        dublin.refuse()
        none = self.cli("encrypt", "--keyring", keyring, input=b"x", check=False)
        self.assertEqual((none.returncode, none.stdout), (1, b""))
        for key in self.keys:
            self.assertIn(key, none.stderr.decode())

    def cli_alone(self, *arguments, **more):
        return cli(*arguments, timeout=60, **more)

    def test_a_key_disabled_in_one_region_is_not_used_in_the_other(self):
        frankfurt, dublin = self.ways
        keyring = self.keyring("disabled", {"type": "failover", "keys": self.keys,
                                            "endpoints": {FRANKFURT: frankfurt.endpoint, DUBLIN: dublin.endpoint}})
        request = json.dumps({"KeyId": self.keys[0]})
        self.cli("call", "DisableKey", request)
        self.addCleanup(self.cli, "call", "EnableKey", request)
        done = self.cli("encrypt", "--keyring", keyring, input=b"x", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is disabled", done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
