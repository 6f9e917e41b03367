"""Context that is authenticated and not written into the message: the AWS Encryption SDK for Python, with its required encryption context
CMM, and `keyfold encrypt --leave-out` and `keyfold decrypt --reproduce` open each other's messages."""

import logging
import secrets
import unittest

from both_ways import OLDER_SUITES, SUITES, Refused, WithSdk, policy_to_open, policy_to_seal
from sdk_python import PythonSdk

WRITTEN = {"tenant": "north-star", "größe": "naïve ☃"}
LEFT_OUT = {"mandant": "Süd-Stern", "𝄞": "=a=b", "Zone": ""}
DATA = secrets.token_bytes(300)
FRAME = 128


def said(options, pairs):
    return [part for pair in pairs for part in (options, pair)]


class RequiredContext(WithSdk, unittest.TestCase):
    make_sdk = PythonSdk

    def sealed_by_each(self, keyring, suite, left_out):
        context = {**WRITTEN, **left_out}
        yield "keyfold", self.bench.seal(keyring, suite, context, DATA, FRAME, *said("--leave-out", left_out))
        yield "sdk", self.sdk.encrypt_leaving_out(left_out, keyring, suite, context, DATA, FRAME, policy_to_seal(suite))

    def open(self, keyring, sealed, reproduced, suite="0478", context=None):
        pairs = said("--reproduce", (f"{key}={value}" for key, value in reproduced.items()))
        return self.bench.open(keyring, context or {}, sealed, *pairs, policy=policy_to_open(suite))

    def test_each_opens_what_the_other_sealed_of_every_suite(self):
        for suite in SUITES + OLDER_SUITES:
            for sealing, opening in ((self.bench.raw, self.bench.raw), self.bench.rsa_keyrings("oaep-sha256"), (self.bench.two_kms, self.bench.kms)):
                for left_out in ({"mandant": "Süd-Stern"}, LEFT_OUT):
                    context = {**WRITTEN, **left_out}
                    for by, sealed in self.sealed_by_each(sealing, suite, left_out):
                        with self.subTest(suite=suite, by=by, keyring=sealing, left_out=left_out):
                            for text in ("mandant", "Süd-Stern"):
                                self.assertNotIn(text.encode(), sealed)
                            self.assertIn(b"north-star", sealed)
                            self.assertEqual(self.open(opening, sealed, left_out, suite), DATA)
                            self.assertEqual(self.open(opening, sealed, context, suite, WRITTEN), DATA)
                            self.assertEqual(self.sdk.decrypt(opening, context, sealed, policy_to_open(suite)), DATA)
                            self.assertEqual(self.sdk.decrypt_requiring(left_out, opening, context, sealed, policy_to_open(suite)), DATA)

    def test_all_of_the_context_may_be_left_out(self):
        for suite in ("0478", "0578"):
            ours = self.bench.seal(self.bench.raw, suite, LEFT_OUT, DATA, FRAME, *said("--leave-out", LEFT_OUT))
            theirs = self.sdk.encrypt_leaving_out(LEFT_OUT, self.bench.raw, suite, LEFT_OUT, DATA, FRAME)
            for sealed in (ours, theirs):
                self.assertEqual(self.open(self.bench.raw, sealed, LEFT_OUT), DATA)
                self.assertEqual(self.sdk.decrypt(self.bench.raw, LEFT_OUT, sealed), DATA)

    def test_without_exactly_what_was_left_out_neither_opens_any(self):
        others = ({}, {"mandant": "Süd-Stern", "𝄞": "=a=b"}, {**LEFT_OUT, "mandant": "Nord-Stern"}, {**LEFT_OUT, "more": "x"},
                  {**LEFT_OUT, "tenant": "south-star"})
        for suite in ("0478", "0578", "0114"):
            for keyring in (self.bench.raw, self.bench.kms):
                for by, sealed in self.sealed_by_each(keyring, suite, LEFT_OUT):
                    for reproduced in others:
                        with self.subTest(suite=suite, keyring=keyring, by=by, reproduced=reproduced):
                            pairs = said("--reproduce", (f"{key}={value}" for key, value in reproduced.items()))
                            self.bench.refuses(self, keyring, {}, sealed, "--commitment-policy", policy_to_open(suite), *pairs)
                            with self.assertRaises(Refused):
                                self.sdk.decrypt(keyring, reproduced, sealed, policy_to_open(suite))

    def test_raw_rsa_binds_no_context_but_the_header_does(self):
        public, private = self.bench.rsa_keyrings("oaep-sha256")
        for suite in SUITES + OLDER_SUITES:
            for by, sealed in self.sealed_by_each(public, suite, LEFT_OUT):
                for reproduced in ({}, {**LEFT_OUT, "Zone": "z"}):
                    with self.subTest(suite=suite, by=by, reproduced=reproduced):
                        pairs = said("--reproduce", (f"{key}={value}" for key, value in reproduced.items()))
                        self.bench.refuses(self, private, {}, sealed, "--commitment-policy", policy_to_open(suite), *pairs)
                        with self.assertRaises(Refused):
                            self.sdk.decrypt(private, reproduced, sealed, policy_to_open(suite))


if __name__ == "__main__":
    logging.getLogger("aws_encryption_sdk").setLevel(logging.CRITICAL)  # It logs each refusal's traceback.
    unittest.main()
