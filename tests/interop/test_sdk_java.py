"""The AWS Encryption SDK for Java, with the Material Providers Library, and `keyfold` open each other's messages."""

import unittest

from both_ways import CONTEXTS, BothWays, flipped
from round_trips import RoundTrips
from sdk_java import JavaSdk


class Java(BothWays, RoundTrips, unittest.TestCase):
    make_sdk = JavaSdk

    def flip_refused_by_sdk(self, keyring, sealed, bit):
        """It counts the frames of a message itself, and does not look at the numbers that they have; a signature covers them."""
        body = len(sealed) - (2 * (4 + 12 + 128 + 16) + 4 + 4 + 12 + 4 + 44 + 16)
        numbers = {body + at for frame in (0, 160, 324) for at in range(frame, frame + 4)}
        if sealed[:3].hex() == "020478" and bit // 8 in numbers:
            self.assertEqual(self.sdk.decrypt(keyring, CONTEXTS[1], flipped(sealed, bit)), self.data)
        else:
            super().flip_refused_by_sdk(keyring, sealed, bit)


if __name__ == "__main__":
    unittest.main()
