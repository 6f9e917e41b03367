"""A Region goes dark while messages are sealed and opened: nobody notices but by the time that some calls take."""

import json
import os
import subprocess
import unittest

from cuttable import Cuttable
from keyfold_server import BIN
from two_regions import DUBLIN, FRANKFURT, TwoRegions

COUNT = 10_000
DARK_AT, REFUSED_AT, BACK_AT = 2_000, 4_000, 6_000  # Messages sealed.
MET_LOSS_P99_MS_MAX = 1_000
WITHIN_S = 240  # It takes about 15 s on two cores that have nothing else to do.


class Failover(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.regions = cls.enterClassContext(TwoRegions())
        cls.keys, cls.cli, cls.keyring = cls.regions.keys, cls.regions.cli, cls.regions.keyring

    def setUp(self):
        self.ways = [self.enterContext(Cuttable(self.regions.server)) for _ in (FRANKFURT, DUBLIN)]

    def environment(self):
        key_id, secret = self.regions.credentials
        return dict(os.environ, AWS_ACCESS_KEY_ID=key_id, AWS_SECRET_ACCESS_KEY=secret, AWS_REGION=FRANKFURT, AWS_CONFIG_FILE=os.devnull,
                    AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_ENDPOINT_URL_KMS=self.regions.server.endpoint)

    def over(self, name):
        """A failover keyring file whose Regions are behind the ways."""
        endpoints = {region: way.endpoint for region, way in zip((FRANKFURT, DUBLIN), self.ways)}
        return self.keyring(name, type="failover", keys=self.keys, endpoints=endpoints)

    def test_a_region_goes_dark_during_10000_seals_and_opens(self):
        frankfurt, dublin = self.ways
        steps = {f"sealed {DARK_AT}": frankfurt.go_dark, f"sealed {REFUSED_AT}": frankfurt.refuse, f"sealed {BACK_AT}": frankfurt.restore}
        command = [BIN / "failover_load", self.keys[0], frankfurt.endpoint, self.keys[1], dublin.endpoint, str(COUNT),
                   self.regions.folder]
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
            self.opens_with_the_command_line(self.regions.folder / f"sealed-{which}")

    def lines_of(self, load, steps):
        for line in load.stdout:
            step = steps.pop(line.strip(), None)
            if step:
                step()
            yield line

    def opens_with_the_command_line(self, message):
        accounts = ["123456789012"]
        for members in ({"type": "kms-mrk", "key": self.keys[1]}, {"type": "kms-discovery", "accounts": accounts},
                        {"type": "kms-mrk-discovery", "accounts": accounts, "regions": [DUBLIN]}):
            with self.subTest(message=message.name, keyring=members["type"]):
                keyring = self.keyring(members["type"], **members)
                opened = self.cli("decrypt", "--keyring", keyring, "--context", "tenant=north-star", "-i", message).stdout
                self.assertRegex(opened.decode(), r"\Aletter \d+|a letter more\Z")

    def test_the_command_line_fails_over_too(self):
        frankfurt, dublin = self.ways
        keyring = self.over("failover")
        sealed_there = self.cli("encrypt", "--keyring", keyring, input=b"from Frankfurt").stdout
        for cut in (frankfurt.go_dark, frankfurt.refuse):
            cut()
            sealed = self.cli("encrypt", "--keyring", keyring, input=b"from Dublin").stdout
            said = json.loads(self.cli("inspect", "--json", "-", input=sealed).stdout)
            self.assertEqual([key["key_arn"] for key in said["encrypted_data_keys"]], [self.keys[1]])
            self.assertEqual(self.cli("decrypt", "--keyring", keyring, input=sealed).stdout, b"from Dublin")
            self.assertEqual(self.cli("decrypt", "--keyring", keyring, input=sealed_there).stdout, b"from Frankfurt")
        dublin.refuse()
        none = self.cli("encrypt", "--keyring", keyring, input=b"x", check=False)
        self.assertEqual((none.returncode, none.stdout), (1, b""))
        for key in self.keys:
            self.assertIn(key, none.stderr.decode())

    def test_a_key_disabled_in_one_region_is_not_used_in_the_other(self):
        keyring = self.over("disabled")
        request = json.dumps({"KeyId": self.keys[0]})
        self.cli("call", "DisableKey", request)
        self.addCleanup(self.cli, "call", "EnableKey", request)
        done = self.cli("encrypt", "--keyring", keyring, input=b"x", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is disabled", done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
