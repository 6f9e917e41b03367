"""Encryption SDKs of other languages, each one process that is asked one thing at a time: see esdk.mjs."""

import base64
import json
import os
import subprocess

from both_ways import STRICT, Refused, Sdk
from branch_key_table import BranchKeyTable

FILES = ("key_file", "public_key_file", "private_key_file")


def base64_of(data):
    return base64.b64encode(data).decode()


class Coprocess(Sdk):
    def __init__(self, command, bench):
        key_id, secret = bench.credentials
        environment = dict(os.environ, AWS_ACCESS_KEY_ID=key_id, AWS_SECRET_ACCESS_KEY=secret)
        self._process = subprocess.Popen([*map(str, command), bench.server.endpoint], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         encoding="utf-8", env=environment)

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=60)

    def ask(self, do, keyring, data, policy=STRICT, **more):
        request = {"do": do, "data": base64_of(data), "policy": policy, "keyring": self._with_files(keyring, keyring.says), **more}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"it ended with {self._process.wait(timeout=60)}")
        return json.loads(line)

    def _with_files(self, keyring, says):
        if says["type"] == "multi":
            return {**says, "generator": self._with_files(keyring, says["generator"]),
                    "children": [self._with_files(keyring, child) for child in says["children"]]}
        if says["type"] == "branch-key":
            return {**says, "items": [dict(item, enc={"B": base64_of(item["enc"]["B"])})
                                      for item in BranchKeyTable(keyring.folder / says["store"]).items()]}
        return {**says, **{member: base64_of(keyring.read(says, member)) for member in FILES if member in says}}

    def encrypt(self, keyring, suite, context, data, frame_length, policy=STRICT, **more):
        answer = self.ask("encrypt", keyring, data, policy, suite=suite, context=context, frameLength=frame_length, **more)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return base64.b64decode(answer["data"])

    def opened(self, keyring, sealed, policy=STRICT, **more):
        """What it answers; raises Refused."""
        answer = self.ask("decrypt", keyring, sealed, policy, **more)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer
