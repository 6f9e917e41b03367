"""Raw RSA keys and multi-Region keys: the AWS Encryption SDK for Python, with the Material Providers Library, and `keyfold` open each
other's messages."""

import subprocess
import unittest

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsDiscoveryKeyringInput,
    CreateAwsKmsMrkDiscoveryKeyringInput,
    CreateAwsKmsMrkKeyringInput,
    CreateRawRsaKeyringInput,
    DiscoveryFilter,
    PaddingScheme,
)
from cuttable import Cuttable
from two_regions import DUBLIN, FRANKFURT, TwoRegions

PADDINGS = {
    "pkcs1": PaddingScheme.PKCS1,
    "oaep-sha1": PaddingScheme.OAEP_SHA1_MGF1,
    "oaep-sha256": PaddingScheme.OAEP_SHA256_MGF1,
    "oaep-sha384": PaddingScheme.OAEP_SHA384_MGF1,
    "oaep-sha512": PaddingScheme.OAEP_SHA512_MGF1,
}
CONTEXT = {"tenant": "north-star", "größe": "naïve ☃"}
PLAIN = b"a letter that locks itself, and tells of its opening. " * 300
ACCOUNTS = ["123456789012"]


class Keyrings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.regions = cls.enterClassContext(TwoRegions())
        cls.providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
        cls.client = aws_encryption_sdk.EncryptionSDKClient()
        cls.clients = {region: cls.kms(region) for region in (FRANKFURT, DUBLIN)}

    @classmethod
    def kms(cls, region):
        key_id, secret = cls.regions.credentials
        client = boto3.client("kms", endpoint_url=cls.regions.server.endpoint, region_name=region, aws_access_key_id=key_id,
                              aws_secret_access_key=secret)
        cls.addClassCleanup(client.close)
        return client

    def ours(self, command, keyring, data, *more):
        pairs = [part for name, value in CONTEXT.items() for part in ("--context", f"{name}={value}")]
        return self.regions.cli(command, "--quiet", "--keyring", keyring, *pairs, *more, input=data).stdout

    def theirs_seal(self, keyring):
        return self.client.encrypt(source=PLAIN, keyring=keyring, encryption_context=CONTEXT)[0]

    def theirs_open(self, keyring, sealed):
        return self.client.decrypt(source=sealed, keyring=keyring, encryption_context=CONTEXT)[0]

    def rsa_key(self, bits):
        """The two files, made by OpenSSL."""
        private, public = (self.regions.folder / f"rsa-{bits}{end}" for end in (".pem", ".pub.pem"))
        subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", "-out", private],
                       check=True)
        subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
        return private, public

    def test_raw_rsa_keys_with_every_padding(self):
        for bits in (2048, 3072):
            private, public = self.rsa_key(bits)
            for name, scheme in PADDINGS.items():
                with self.subTest(bits=bits, padding=name):
                    ours = self.regions.keyring(f"rsa-{bits}-{name}", type="raw-rsa", namespace="archive", name="2026", padding=name,
                                                public_key_file=public.name, private_key_file=private.name)
                    theirs = self.providers.create_raw_rsa_keyring(CreateRawRsaKeyringInput(
                        key_namespace="archive", key_name="2026", padding_scheme=scheme, public_key=public.read_bytes(),
                        private_key=private.read_bytes()))
                    for suite in ("0478", "0578"):
                        sealed = self.ours("encrypt", ours, PLAIN, "--allow-raw-keys", "--suite", suite)
                        self.assertEqual(self.theirs_open(theirs, sealed), PLAIN)
                    self.assertEqual(self.ours("decrypt", ours, self.theirs_seal(theirs)), PLAIN)

    def mrk(self, region, arn):
        return self.providers.create_aws_kms_mrk_keyring(CreateAwsKmsMrkKeyringInput(kms_key_id=arn, kms_client=self.clients[region]))

    def all_of_theirs(self):
        """Their keyrings that must open what was sealed under the multi-Region key, in either Region."""
        found = DiscoveryFilter(account_ids=ACCOUNTS, partition="aws")
        for region, arn in zip((FRANKFURT, DUBLIN), self.regions.keys):
            yield self.mrk(region, arn)
            yield self.providers.create_aws_kms_mrk_discovery_keyring(CreateAwsKmsMrkDiscoveryKeyringInput(
                kms_client=self.clients[region], region=region, discovery_filter=found))

    def all_of_ours(self):
        for region, arn in zip((FRANKFURT, DUBLIN), self.regions.keys):
            yield self.regions.keyring(f"mrk-{region}", type="kms-mrk", key=arn)
            yield self.regions.keyring(f"found-{region}", type="kms-mrk-discovery", accounts=ACCOUNTS, regions=[region])
        yield self.regions.keyring("found", type="kms-discovery", accounts=ACCOUNTS)
        yield self.regions.keyring("over", type="failover", keys=self.regions.keys)

    def test_what_failover_sealed_opens_with_every_mrk_aware_keyring_of_theirs(self):
        frankfurt = self.enterContext(Cuttable(self.regions.server))
        over = self.regions.keyring("cut", type="failover", keys=self.regions.keys, endpoints={FRANKFURT: frankfurt.endpoint})
        for cut, region in ((None, FRANKFURT), (frankfurt.go_dark, DUBLIN), (frankfurt.refuse, DUBLIN)):
            if cut:
                cut()
            sealed = self.ours("encrypt", over, PLAIN)
            self.assertIn(f":{region}:".encode(), sealed[:1000])
            for theirs in self.all_of_theirs():
                self.assertEqual(self.theirs_open(theirs, sealed), PLAIN)

    def test_what_their_mrk_aware_keyring_sealed_opens_with_every_one_of_ours(self):
        for region, arn in zip((FRANKFURT, DUBLIN), self.regions.keys):
            sealed = self.theirs_seal(self.mrk(region, arn))
            for ours in self.all_of_ours():
                with self.subTest(sealed_in=region, keyring=ours.name):
                    self.assertEqual(self.ours("decrypt", ours, sealed), PLAIN)

    def test_discovery_opens_a_key_of_one_region_both_ways(self):
        kms = self.regions.keyring("kms", type="kms", key=self.regions.model)
        found = DiscoveryFilter(account_ids=ACCOUNTS, partition="aws")
        theirs = self.providers.create_aws_kms_discovery_keyring(CreateAwsKmsDiscoveryKeyringInput(
            kms_client=self.clients[FRANKFURT], discovery_filter=found))
        sealed = self.ours("encrypt", kms, PLAIN)
        self.assertEqual(self.theirs_open(theirs, sealed), PLAIN)
        self.assertEqual(self.ours("decrypt", self.regions.keyring("found", type="kms-discovery", accounts=ACCOUNTS), sealed), PLAIN)


if __name__ == "__main__":
    unittest.main()
