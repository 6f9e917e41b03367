"""The AWS Encryption SDK for Python, with the Material Providers Library, and `keyfold` open each other's messages."""

import logging
import unittest

from both_ways import BothWays
from round_trips import RoundTrips
from sdk_python import PythonSdk


class Python(BothWays, RoundTrips, unittest.TestCase):
    make_sdk = PythonSdk


if __name__ == "__main__":
    logging.getLogger("aws_encryption_sdk").setLevel(logging.CRITICAL)  # It logs each refusal's traceback, and hundreds are asked for.
    unittest.main()
