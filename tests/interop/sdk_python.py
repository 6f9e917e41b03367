"""The AWS Encryption SDK for Python, with the Material Providers Library, under the keyrings of `both_ways`."""

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.keystore.client import KeyStore
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.keystore.models import KMSConfigurationKmsKeyArn, KMSConfigurationKmsMRKeyArn
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateAwsKmsDiscoveryKeyringInput,
    CreateAwsKmsHierarchicalKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateAwsKmsMrkDiscoveryKeyringInput,
    CreateAwsKmsMrkKeyringInput,
    CreateAwsKmsMrkMultiKeyringInput,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateMultiKeyringInput,
    CreateRawAesKeyringInput,
    CreateRawRsaKeyringInput,
    CreateRequiredEncryptionContextCMMInput,
    DiscoveryFilter,
    GetBranchKeyIdOutput,
    PaddingScheme,
)
from aws_cryptographic_material_providers.mpl.references import IBranchKeyIdSupplier, IClientSupplier
from aws_encryption_sdk import Algorithm, CommitmentPolicy
from branch_key_table import BranchKeyTable
from both_ways import STRICT, Refused, Sdk
from two_regions import DUBLIN, FRANKFURT

WRAPPING = {size: getattr(AesWrappingAlg, f"ALG_AES{8 * size}_GCM_IV12_TAG16") for size in (16, 24, 32)}
PADDING = {"pkcs1": PaddingScheme.PKCS1, "oaep-sha1": PaddingScheme.OAEP_SHA1_MGF1, "oaep-sha256": PaddingScheme.OAEP_SHA256_MGF1,
           "oaep-sha384": PaddingScheme.OAEP_SHA384_MGF1, "oaep-sha512": PaddingScheme.OAEP_SHA512_MGF1}


class ClientsByRegion(IClientSupplier):
    def __init__(self, clients):
        self._clients = clients

    def get_client(self, param):
        return self._clients[param.region]


class BranchKeyByContext(IBranchKeyIdSupplier):
    """The `by_context` of a keyring file."""

    def __init__(self, key, prefix):
        self._key, self._prefix = key, prefix

    def get_branch_key_id(self, param):
        return GetBranchKeyIdOutput(branch_key_id=self._prefix + param.encryption_context[self._key])


def region_of(arn):
    return arn.split(":")[3]


class PythonSdk(Sdk):
    def __init__(self, bench):
        key_id, secret = bench.credentials
        self.kms = {region: boto3.client("kms", endpoint_url=bench.server.endpoint, region_name=region, aws_access_key_id=key_id,
                                         aws_secret_access_key=secret) for region in (FRANKFURT, DUBLIN)}
        self.providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
        self._clients = {policy.name.lower(): aws_encryption_sdk.EncryptionSDKClient(commitment_policy=policy) for policy in CommitmentPolicy}
        self._keyrings = {}

    def close(self):
        for client in self.kms.values():
            client.close()

    @staticmethod
    def writes(frame_length):
        return frame_length % 128 == 0

    def keyring(self, keyring):
        if keyring not in self._keyrings:
            self._keyrings[keyring] = self._made(keyring, keyring.says)
        return self._keyrings[keyring]

    def _made(self, keyring, says):
        return getattr(self, "_" + says["type"].replace("-", "_"))(keyring, says)

    def _raw_aes(self, keyring, says):
        key = keyring.read(says, "key_file")
        return self.providers.create_raw_aes_keyring(CreateRawAesKeyringInput(
            key_namespace=says["namespace"], key_name=says["name"], wrapping_key=key, wrapping_alg=WRAPPING[len(key)]))

    def _raw_rsa(self, keyring, says):
        return self.providers.create_raw_rsa_keyring(CreateRawRsaKeyringInput(
            key_namespace=says["namespace"], key_name=says["name"], padding_scheme=PADDING[says["padding"]],
            public_key=keyring.read(says, "public_key_file") or None, private_key=keyring.read(says, "private_key_file") or None))

    def _kms(self, _, says):
        return self.providers.create_aws_kms_keyring(CreateAwsKmsKeyringInput(
            kms_key_id=says["key"], kms_client=self.kms[region_of(says["key"])]))

    def _kms_mrk(self, _, says):
        return self.providers.create_aws_kms_mrk_keyring(CreateAwsKmsMrkKeyringInput(
            kms_key_id=says["key"], kms_client=self.kms[region_of(says["key"])]))

    def _kms_mrk_multi(self, _, says):
        return self.providers.create_aws_kms_mrk_multi_keyring(CreateAwsKmsMrkMultiKeyringInput(
            generator=says["generator"], kms_key_ids=says["children"], client_supplier=ClientsByRegion(self.kms)))

    def _kms_discovery(self, _, says):
        region, = says["regions"]
        return self.providers.create_aws_kms_discovery_keyring(CreateAwsKmsDiscoveryKeyringInput(
            kms_client=self.kms[region], discovery_filter=DiscoveryFilter(account_ids=says["accounts"], partition="aws")))

    def _kms_mrk_discovery(self, _, says):
        region, = says["regions"]
        return self.providers.create_aws_kms_mrk_discovery_keyring(CreateAwsKmsMrkDiscoveryKeyringInput(
            kms_client=self.kms[region], region=region, discovery_filter=DiscoveryFilter(account_ids=says["accounts"], partition="aws")))

    def key_store(self, store, key, logical_name="branch-keys", multi_region=False):
        """A key store of the SDK's own on the file of ours."""
        kind = KMSConfigurationKmsMRKeyArn if multi_region else KMSConfigurationKmsKeyArn
        return KeyStore(config=KeyStoreConfig(ddb_table_name="branch-keys", logical_key_store_name=logical_name, kms_configuration=kind(key),
                                              kms_client=self.kms[region_of(key)], ddb_client=BranchKeyTable(store)))

    def _branch_key(self, keyring, says):
        by_context = says.get("by_context")
        store = self.key_store(keyring.folder / says["store"], says["key"], says.get("logical_name", "branch-keys"),
                               says.get("multi_region", False))
        return self.providers.create_aws_kms_hierarchical_keyring(CreateAwsKmsHierarchicalKeyringInput(
            key_store=store, ttl_seconds=60, branch_key_id=says.get("branch_key_id"),
            branch_key_id_supplier=BranchKeyByContext(**by_context) if by_context else None))

    def _multi(self, keyring, says):
        return self.providers.create_multi_keyring(CreateMultiKeyringInput(
            generator=self._made(keyring, says["generator"]), child_keyrings=[self._made(keyring, child) for child in says["children"]]))

    def encrypt(self, keyring, suite, context, data, frame_length, policy=STRICT):
        return self._encrypt({"keyring": self.keyring(keyring)}, suite, context, data, frame_length, policy)

    def decrypt(self, keyring, context, sealed, policy=STRICT):
        return self._decrypt({"keyring": self.keyring(keyring)}, context, sealed, policy)

    def encrypt_leaving_out(self, keys, keyring, suite, context, data, frame_length, policy=STRICT):
        """With the required encryption context CMM: what `keys` name is authenticated, and not written."""
        return self._encrypt({"materials_manager": self._requiring(keys, keyring)}, suite, context, data, frame_length, policy)

    def decrypt_requiring(self, keys, keyring, context, sealed, policy=STRICT):
        return self._decrypt({"materials_manager": self._requiring(keys, keyring)}, context, sealed, policy)

    def _requiring(self, keys, keyring):
        default = self.providers.create_default_cryptographic_materials_manager(CreateDefaultCryptographicMaterialsManagerInput(
            keyring=self.keyring(keyring)))
        return self.providers.create_required_encryption_context_cmm(CreateRequiredEncryptionContextCMMInput(
            underlying_cmm=default, required_encryption_context_keys=list(keys)))

    def _encrypt(self, source_of_keys, suite, context, data, frame_length, policy):
        return self._clients[policy].encrypt(source=data, algorithm=Algorithm.get_by_id(int(suite, 16)), encryption_context=context,
                                             frame_length=frame_length, **source_of_keys)[0]

    def _decrypt(self, source_of_keys, context, sealed, policy):
        try:
            return self._clients[policy].decrypt(source=sealed, encryption_context=context, **source_of_keys)[0]
        except Exception as error:  # The SDK lets what its parser and libcrypto wrappers raise through: there is no one base.
            raise Refused(repr(error)) from error
