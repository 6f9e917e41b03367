"""The AWS Encryption SDK for JavaScript, on Node.js, under the keyrings of `both_ways`."""

import base64
import json
import os
import pathlib
import subprocess

from branch_key_table import BranchKeyTable
from both_ways import STRICT, Refused

PROGRAM = pathlib.Path(__file__).parent / "esdk.mjs"
FILES = ("key_file", "public_key_file", "private_key_file")


def locales_order_as_bytes(context):
    """Of some it is known."""
    return len(context) < 2 or all(key.isascii() and key.isalnum() and key.islower() for key in context)


class JavascriptSdk:
    """One Node.js process, asked one thing at a time."""

    cannot_seal = frozenset({"failover"})
    cannot_open = frozenset({"failover", "raw-rsa pkcs1"})  # Node.js refuses to undo that padding.

    def __init__(self, bench):
        key_id, secret = bench.credentials
        environment = dict(os.environ, AWS_ACCESS_KEY_ID=key_id, AWS_SECRET_ACCESS_KEY=secret)
        self._node = subprocess.Popen(["node", str(PROGRAM), bench.server.endpoint], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      encoding="utf-8", env=environment)

    def close(self):
        self._node.stdin.close()
        self._node.stdout.close()
        self._node.wait(timeout=60)

    @staticmethod
    def writes(frame_length):
        return frame_length > 0

    @staticmethod
    def drawn_options(draw, context, sealing):
        """Without utf8_sorting, which is this SDK's default, wherever that must not matter."""
        matters = not locales_order_as_bytes(context) and not sealing.kinds.isdisjoint({"raw-aes", "branch-key"})
        return {"utf8_sorting": True if matters else draw.choice((True, False))}

    def ask(self, do, keyring, data, policy=STRICT, utf8_sorting=True, **more):
        request = {"do": do, "data": base64.b64encode(data).decode(), "policy": policy, "utf8Sorting": utf8_sorting, **more,
                   "keyring": self._with_files(keyring, keyring.says)}
        self._node.stdin.write(json.dumps(request) + "\n")
        self._node.stdin.flush()
        line = self._node.stdout.readline()
        if not line:
            raise RuntimeError(f"Node.js ended with {self._node.wait(timeout=60)}")
        return json.loads(line)

    def _with_files(self, keyring, says):
        if says["type"] == "multi":
            return {**says, "generator": self._with_files(keyring, says["generator"]),
                    "children": [self._with_files(keyring, child) for child in says["children"]]}
        if says["type"] == "branch-key":
            return {**says, "items": [dict(item, enc={"B": base64.b64encode(item["enc"]["B"]).decode()})
                                      for item in BranchKeyTable(keyring.folder / says["store"]).items()]}
        return {**says, **{member: base64.b64encode(keyring.read(says, member)).decode() for member in FILES if member in says}}

    def encrypt(self, keyring, suite, context, data, frame_length, policy=STRICT, **more):
        answer = self.ask("encrypt", keyring, data, policy, suite=suite, context=context, frameLength=frame_length, **more)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return base64.b64decode(answer["data"])

    def decrypt(self, keyring, context, sealed, policy=STRICT, **more):
        """This SDK compares no context: it returns the message's, and the caller is to look."""
        answer = self.ask("decrypt", keyring, sealed, policy, **more)
        if "error" in answer:
            raise Refused(answer["error"])
        if not context.items() <= answer["context"].items():
            raise Refused(f"the context is {answer['context']}")
        return base64.b64decode(answer["data"])
