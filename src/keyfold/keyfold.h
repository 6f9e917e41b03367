#pragma once
// libkeyfold: application-layer envelope encryption. The one header that most programs need; envelope.h shows the way
// in.

#include "keyfold/envelope/client/keyring_config.h"
#include "keyfold/envelope/client/kms.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/envelope/keyrings/multi.h"
#include "keyfold/envelope/keyrings/raw_aes.h"
#include "keyfold/envelope/seal/envelope.h"

namespace keyfold {

using client::aws_settings;
using client::AwsOverrides;
using client::AwsSettings;
using client::connect_kms;
using client::keyring_from_json;
using client::Kms;
using client::KmsOptions;
using keyrings::default_materials_manager;
using keyrings::Keyring;
using keyrings::kms_keyring;
using keyrings::KmsClient;
using keyrings::KmsKeyName;
using keyrings::MaterialsManager;
using keyrings::multi_keyring;
using keyrings::raw_aes_keyring;
using keyrings::RawAesKey;
using materials::CommitmentPolicy;
using materials::SuiteId;
using message::Limits;
using seal::BytesSink;
using seal::Envelope;
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
