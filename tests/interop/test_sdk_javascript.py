"""The AWS Encryption SDK for JavaScript, on Node.js, and `keyfold` open each other's messages."""

import unittest

from both_ways import CONTEXTS, BothWays, Refused
from round_trips import RoundTrips
from sdk_javascript import JavascriptSdk


class Javascript(BothWays, RoundTrips, unittest.TestCase):
    make_sdk = JavascriptSdk

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
            self.assertEqual(self.sdk.opened(self.bench.kms, sealed)["context"], context)


if __name__ == "__main__":
    unittest.main()
