// The AWS Encryption SDK for JavaScript as a co-process: a JSON request a line on standard input, its answer a line on standard output.
//   esdk.mjs KMS-ENDPOINT, credentials from the environment
//   {"do": "encrypt" | "decrypt", keyring, policy, data (base64), and to encrypt: suite, context, frameLength} → {data, context} or {error}
// A keyring is what a keyring file of `keyfold` says (docs/keyrings.md), with the contents of the files that it names in base64; one of
// branch keys, with `items`, what its store holds, as DynamoDB would give it.

import { constants } from "node:crypto";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.env.KEYFOLD_NODE_MODULES + "/");
const esdk = require("@aws-crypto/client-node");
const { DynamoDBClient } = require("@aws-sdk/client-dynamodb");
const { KMS } = require("@aws-sdk/client-kms");

const [endpoint] = process.argv.slice(2);
const clients = {};
const kmsIn = (region) => (clients[region] ??= new KMS({ endpoint, region }));
const regionOf = (arn) => arn.split(":")[3];
const discoveryFilter = ({ accounts }) => ({ accountIDs: accounts, partition: "aws" });
const decoded = (base64) => base64 && Buffer.from(base64, "base64");

// In place of DynamoDB: what its client would bring.
function tableOf(items, region) {
  const client = new DynamoDBClient({ region });
  client.send = async ({ input: { Key } }) => {
    const found = items.find((item) => Object.entries(Key).every(([name, { S }]) => item[name].S === S));
    return { Item: found && { ...found, enc: { B: decoded(found.enc.B) } } };
  };
  return client;
}

const keyringOf = (says, more) => keyrings[says.type](says, more);
const keyrings = {
  "raw-aes"({ namespace, name, key_file }, { utf8Sorting }) {
    const unencryptedMasterKey = Uint8Array.from(decoded(key_file)); // The SDK insists on a buffer that nothing else shares.
    const wrappingSuite = esdk.RawAesWrappingSuiteIdentifier[`AES${8 * unencryptedMasterKey.length}_GCM_IV12_TAG16_NO_PADDING`];
    return new esdk.RawAesKeyringNode({ keyNamespace: namespace, keyName: name, unencryptedMasterKey, wrappingSuite, utf8Sorting });
  },
  "raw-rsa"({ namespace, name, padding, public_key_file, private_key_file }) {
    const rsaKey = { publicKey: decoded(public_key_file), privateKey: decoded(private_key_file) };
    const padded = padding === "pkcs1" ? { padding: constants.RSA_PKCS1_PADDING } : { oaepHash: padding.replace("oaep-", "") };
    return new esdk.RawRsaKeyringNode({ keyNamespace: namespace, keyName: name, rsaKey, ...padded });
  },
  kms: ({ key }) => new esdk.KmsKeyringNode({ clientProvider: kmsIn, generatorKeyId: key }),
  "kms-discovery": (says) => new esdk.KmsKeyringNode({
    clientProvider: (region) => says.regions.includes(region) && kmsIn(region), discovery: true, discoveryFilter: discoveryFilter(says) }),
  "kms-mrk": ({ key }) => new esdk.AwsKmsMrkAwareSymmetricKeyringNode({ client: kmsIn(regionOf(key)), keyId: key }),
  "kms-mrk-discovery": (says) => new esdk.AwsKmsMrkAwareSymmetricDiscoveryKeyringNode({
    client: kmsIn(says.regions[0]), discoveryFilter: discoveryFilter(says) }),
  "kms-mrk-multi": ({ generator, children }) => esdk.buildAwsKmsMrkAwareStrictMultiKeyringNode({
    generatorKeyId: generator, keyIds: children, clientProvider: kmsIn }),
  "branch-key"({ key, multi_region, branch_key_id, items }, { utf8Sorting }) {
    const keyStore = new esdk.BranchKeyStoreNode({
      logicalKeyStoreName: "branch-keys", storage: { ddbTableName: "branch-keys", ddbClient: tableOf(items, regionOf(key)) },
      keyManagement: { kmsClient: kmsIn(regionOf(key)) }, kmsConfiguration: multi_region ? { mrkIdentifier: key } : { identifier: key } });
    return new esdk.KmsHierarchicalKeyRingNode({ branchKeyId: branch_key_id, keyStore, cacheLimitTtl: 60, utf8Sorting });
  },
  multi: ({ generator, children }, more) => new esdk.MultiKeyringNode({
    generator: keyringOf(generator, more), children: children.map((child) => keyringOf(child, more)) }),
};

const withPolicy = (policy) => esdk.buildClient(esdk.CommitmentPolicy[policy.toUpperCase()]);
const operations = {
  async encrypt({ keyring, data, policy, suite, context, frameLength, ...more }) {
    const suiteId = parseInt(suite, 16);
    const { result } = await withPolicy(policy).encrypt(keyringOf(keyring, more), data, { suiteId, encryptionContext: context, frameLength });
    return { data: result.toString("base64") };
  },
  async decrypt({ keyring, data, policy, ...more }) {
    const { plaintext, messageHeader } = await withPolicy(policy).decrypt(keyringOf(keyring, more), data);
    return { data: plaintext.toString("base64"), context: messageHeader.encryptionContext };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = await operations[request.do]({ ...request, data: Buffer.from(request.data, "base64") });
  } catch (error) {
    answer = { error: `${error.name}: ${error.message}` };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
