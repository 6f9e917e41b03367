#pragma once
// libkeyfold: application-layer envelope encryption. The one header that most programs need; envelope.h shows the way
// in.

#include "keyfold/envelope/client/keyring_config.h"
#include "keyfold/envelope/client/kms.h"
#include "keyfold/envelope/keyrings/caching_materials_manager.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/envelope/keyrings/materials_manager.h"
#include "keyfold/envelope/keyrings/multi.h"
#include "keyfold/envelope/keyrings/raw_aes.h"
#include "keyfold/envelope/seal/envelope.h"

namespace keyfold {

using client::aws_settings;
using client::AwsOverrides;
using client::AwsSettings;
using client::ConfiguredKeyring;
using client::connect_kms;
using client::Credentials;
using client::Environment;
using client::keyring_from_json;
using client::KeyringSources;
using client::Kms;
using client::KmsOptions;
using client::process_environment;
using keyrings::CacheCounters;
using keyrings::CacheLimits;
using keyrings::caching_materials_manager;
using keyrings::CachingMaterialsManager;
using keyrings::DataKeyUse;
using keyrings::DecryptionRequest;
using keyrings::default_materials_manager;
using keyrings::EncryptionRequest;
using keyrings::GeneratedDataKey;
using keyrings::Keyring;
using keyrings::KeyStoreKmsClient;
using keyrings::kms_keyring;
using keyrings::KmsClient;
using keyrings::KmsKeyName;
using keyrings::MaterialsManager;
using keyrings::multi_keyring;
using keyrings::raw_aes_keyring;
using keyrings::RawAesKey;
using keyrings::required_context_materials_manager;
using keyrings::UnwrappedDataKey;
using keyrings::WrappedDataKey;
using keyrings::WrappedKeys;
using materials::AlgorithmSuite;
using materials::CommitmentPolicy;
using materials::ContextKeys;
using materials::DecryptionMaterials;
using materials::EncryptedDataKey;
using materials::EncryptedDataKeysView;
using materials::EncryptedDataKeyView;
using materials::EncryptionMaterials;
using materials::SigningKey;
using materials::SuiteId;
using materials::VerificationKey;
using message::Limits;
using seal::BytesSink;
using seal::Envelope;
using seal::frame_length_default;
using seal::frame_length_for_files;
using seal::inspect;
using seal::MessageInfo;
using seal::Opened;
using seal::Opener;
using seal::OpenOptions;
using seal::Sealer;
using seal::SealOptions;
using seal::SignedRelease;
using seal::Sink;
using seal::StreamSink;

}  // namespace keyfold
