#!/usr/bin/env python3
"""Opens a sealed file with the AWS Encryption SDK for Python, through any KMS endpoint.

open_with_aws.py ENDPOINT-URL KEY-ARN SEALED OUTPUT     (credentials and Region from the usual AWS settings)
"""

import sys

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateAwsKmsKeyringInput


def main():
    endpoint, key, sealed, output = sys.argv[1:]
    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    keyring = providers.create_aws_kms_keyring(
        CreateAwsKmsKeyringInput(kms_key_id=key, kms_client=boto3.client("kms", endpoint_url=endpoint))
    )
    with open(sealed, "rb") as source, open(output, "wb") as target:
        with aws_encryption_sdk.EncryptionSDKClient().stream(mode="decrypt", source=source, keyring=keyring) as plaintext:
            for chunk in plaintext:
                target.write(chunk)


if __name__ == "__main__":
    main()
