"""A keyfold-kms of two Regions that have a multi-Region key in common, made below the wire: ReplicateKey is not served yet."""

import json
import os
import pathlib
import subprocess
import tempfile

from keyfold_server import BIN, Production, cli

FRANKFURT, DUBLIN = "eu-central-1", "eu-west-1"
# The network is what is cut. A disk that stops for a while would be one more thing that goes wrong.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class TwoRegions:
    """`keys`: the multi-Region key's ARNs, Frankfurt's and Dublin's. `model`: a key of Frankfurt alone."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="keyfold-two-regions-", dir=MEMORY)
        self.folder = pathlib.Path(self._folder.name)
        self._production = Production(self.folder, "--region", DUBLIN, "--audit-sync", "interval")
        with self._production.start() as server:
            self.credentials = self._production.credentials()
            made = cli("call", "CreateKey", "{}", server=server, credentials=self.credentials)
            server.stop()
        self.model = json.loads(made.stdout)["KeyMetadata"]["Arn"]
        made = subprocess.run([BIN / "make_multi_region_pair", self._production.data, self._production.root_key, self.model, DUBLIN],
                              capture_output=True, text=True, timeout=60, check=True)
        self.keys = made.stdout.split()
        self.server = self._production.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()
        self.server.__exit__()
        self._folder.cleanup()

    def keyring(self, stem, **members):
        """A keyring file of these members."""
        path = self.folder / f"{stem}.json"
        path.write_text(json.dumps(members))
        return path

    def cli(self, *arguments, **more):
        return cli(*arguments, server=None if arguments[0] == "inspect" else self.server, credentials=self.credentials, timeout=60, **more)
