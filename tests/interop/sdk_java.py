"""The AWS Encryption SDK for Java, with the Material Providers Library, under the keyrings of `both_ways`."""

import base64
import os
import pathlib

from both_ways import STRICT
from coprocess import Coprocess

PROGRAM = pathlib.Path(__file__).parent / "Esdk.java"


class JavaSdk(Coprocess):
    def __init__(self, bench):
        super().__init__(["java", "-cp", f"{os.environ['KEYFOLD_JARS']}/*", PROGRAM], bench)

    @staticmethod
    def writes(frame_length):
        return frame_length >= 0

    @staticmethod
    def takes(context):
        return all(context.values())  # It wants a value for each key.

    def decrypt(self, keyring, context, sealed, policy=STRICT):
        return base64.b64decode(self.opened(keyring, sealed, policy, context=context)["data"])
