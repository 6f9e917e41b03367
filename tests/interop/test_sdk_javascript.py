"""The AWS Encryption SDK for JavaScript, on Node.js, and `keyfold` open each other's messages."""

import base64
import json
import pathlib
import subprocess
import unittest

from both_ways import CONTEXTS, BothWays, Refused
from keyfold_server import REGION

PROGRAM = pathlib.Path(__file__).parent / "esdk.mjs"


class JavascriptSdk:
    """One Node.js process, asked one thing at a time."""

    def __init__(self, endpoint):
        self._node = subprocess.Popen(["node", str(PROGRAM), endpoint, REGION], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      encoding="utf-8")

    def close(self):
        self._node.stdin.close()
        self._node.stdout.close()
        self._node.wait(timeout=60)

    def ask(self, do, keyring, data, utf8_sorting=True, **more):
        request = {"do": do, "data": base64.b64encode(data).decode(), **more,
                   "keyring": {"arns": keyring.arns, "namespace": keyring.namespace, "name": keyring.name, "utf8Sorting": utf8_sorting,
                               "key": base64.b64encode(keyring.raw or b"").decode()}}
        self._node.stdin.write(json.dumps(request) + "\n")
        self._node.stdin.flush()
        line = self._node.stdout.readline()
        if not line:
            raise RuntimeError(f"Node.js ended with {self._node.wait(timeout=60)}")
        return json.loads(line)

    def encrypt(self, keyring, suite, context, data, frame_length, **more):
        answer = self.ask("encrypt", keyring, data, suite=suite, context=context, frameLength=frame_length, **more)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return base64.b64decode(answer["data"])

    def decrypt(self, keyring, context, sealed, **more):
        """This SDK compares no context: it returns the message's, and the caller is to look."""
        answer = self.ask("decrypt", keyring, sealed, **more)
        if "error" in answer:
            raise Refused(answer["error"])
        if not context.items() <= answer["context"].items():
            raise Refused(f"the context is {answer['context']}")
        return base64.b64decode(answer["data"])


class Javascript(BothWays, unittest.TestCase):
    @staticmethod
    def make_sdk(bench):
        return JavascriptSdk(bench.server.endpoint)

    def test_contexts_that_a_locale_orders_otherwise_need_utf8_sorting(self):
        """Without it this SDK's raw AES keyring authenticates an order of its own, which is nobody else's, nor its own header's."""
        keyring, context = self.bench.raw, {"Zone": "1", "apple": "2"}
        alone = self.sdk.encrypt(keyring, "0478", context, b"letter", 4096, utf8_sorting=False)
        self.assertEqual(self.sdk.decrypt(keyring, context, alone, utf8_sorting=False), b"letter")
        self.bench.refuses(self, keyring, context, alone)
        ours = self.bench.seal(keyring, "0478", context, b"letter")
        with self.assertRaises(Refused):
            self.sdk.decrypt(keyring, context, ours, utf8_sorting=False)
        self.assertEqual(self.sdk.decrypt(keyring, context, ours), b"letter")

    def test_the_context_that_was_sealed_is_what_it_returns(self):
        for context in CONTEXTS:
            sealed = self.bench.seal(self.bench.kms, "0478", context, b"letter")
            self.assertEqual(self.sdk.ask("decrypt", self.bench.kms, sealed)["context"], context)


if __name__ == "__main__":
    unittest.main()
