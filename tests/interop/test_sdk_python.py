"""The AWS Encryption SDK for Python, with the Material Providers Library, and `keyfold` open each other's messages."""

import logging
import unittest

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateAwsKmsKeyringInput,
    CreateMultiKeyringInput,
    CreateRawAesKeyringInput,
)
from both_ways import BothWays, Refused
from keyfold_server import REGION

ALGORITHMS = {
    "0478": aws_encryption_sdk.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
    "0578": aws_encryption_sdk.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
}
WRAPPING = {size: getattr(AesWrappingAlg, f"ALG_AES{8 * size}_GCM_IV12_TAG16") for size in (16, 24, 32)}


class PythonSdk:
    def __init__(self, endpoint):
        self._kms = boto3.client("kms", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test",
                                 aws_secret_access_key="test")
        self._providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
        self._client = aws_encryption_sdk.EncryptionSDKClient()
        self._keyrings = {}

    def close(self):
        self._kms.close()

    def _keyring(self, keyring):
        if keyring not in self._keyrings:
            self._keyrings[keyring] = self._raw(keyring) if keyring.raw else self._of_kms(keyring)
        return self._keyrings[keyring]

    def _raw(self, keyring):
        return self._providers.create_raw_aes_keyring(CreateRawAesKeyringInput(
            key_namespace=keyring.namespace, key_name=keyring.name, wrapping_key=keyring.raw,
            wrapping_alg=WRAPPING[len(keyring.raw)]))

    def _of_kms(self, keyring):
        first, *others = (self._providers.create_aws_kms_keyring(CreateAwsKmsKeyringInput(kms_key_id=arn, kms_client=self._kms))
                          for arn in keyring.arns)
        return self._providers.create_multi_keyring(CreateMultiKeyringInput(generator=first, child_keyrings=others))

    def encrypt(self, keyring, suite, context, data, frame_length):
        return self._client.encrypt(source=data, keyring=self._keyring(keyring), algorithm=ALGORITHMS[suite],
                                    encryption_context=context, frame_length=frame_length)[0]

    def decrypt(self, keyring, context, sealed):
        try:
            return self._client.decrypt(source=sealed, keyring=self._keyring(keyring), encryption_context=context)[0]
        except Exception as error:  # The SDK lets what its parser and libcrypto wrappers raise through: there is no one base.
            raise Refused(repr(error)) from error


class Python(BothWays, unittest.TestCase):
    @staticmethod
    def make_sdk(bench):
        return PythonSdk(bench.server.endpoint)


if __name__ == "__main__":
    logging.getLogger("aws_encryption_sdk").setLevel(logging.CRITICAL)  # It logs each refusal's traceback, and hundreds are asked for.
    unittest.main()
