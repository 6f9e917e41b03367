"""The AWS Encryption SDK for JavaScript, on Node.js, under the keyrings of `both_ways`."""

import base64
import pathlib

from both_ways import STRICT, Refused
from coprocess import Coprocess

PROGRAM = pathlib.Path(__file__).parent / "esdk.mjs"


def locales_order_as_bytes(context):
    """Of some it is known."""
    return len(context) < 2 or all(key.isascii() and key.isalnum() and key.islower() for key in context)


class JavascriptSdk(Coprocess):
    """Its raw AES and branch-key keyrings authenticate contexts in an order of their own, unless told `utf8Sorting`."""

    cannot_open = frozenset({"failover", "raw-rsa pkcs1"})  # Node.js refuses to undo that padding.

    def __init__(self, bench):
        super().__init__(["node", PROGRAM], bench)

    @staticmethod
    def writes(frame_length):
        return frame_length > 0

    @staticmethod
    def drawn_options(draw, context, sealing):
        """Its default, wherever that must not matter."""
        matters = not locales_order_as_bytes(context) and not sealing.kinds.isdisjoint({"raw-aes", "branch-key"})
        return {"utf8_sorting": True if matters else draw.choice((True, False))}

    def encrypt(self, *what, utf8_sorting=True):
        return super().encrypt(*what, utf8Sorting=utf8_sorting)

    def decrypt(self, keyring, context, sealed, policy=STRICT, utf8_sorting=True):
        """This SDK compares no context: it returns the message's, and the caller is to look."""
        answer = self.opened(keyring, sealed, policy, utf8Sorting=utf8_sorting)
        if not context.items() <= answer["context"].items():
            raise Refused(f"the context is {answer['context']}")
        return base64.b64decode(answer["data"])
