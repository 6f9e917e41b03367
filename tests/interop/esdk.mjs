// The AWS Encryption SDK for JavaScript as a co-process: a JSON request a line on standard input, its answer a line on standard output.
//   esdk.mjs KMS-ENDPOINT REGION
//   {"do": "encrypt" | "decrypt", keyring, data (base64), and to encrypt: suite, context, frameLength} → {data, context} or {error}

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.env.KEYFOLD_NODE_MODULES + "/");
const esdk = require("@aws-crypto/client-node");
const { KMS } = require("@aws-sdk/client-kms");

const [endpoint, region] = process.argv.slice(2);
const kms = new KMS({ endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } });
const { encrypt, decrypt } = esdk.buildClient(esdk.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);

function keyringOf({ arns, namespace, name, key, utf8Sorting }) {
  if (arns.length > 0) {
    const [generatorKeyId, ...keyIds] = arns;
    return new esdk.KmsKeyringNode({ clientProvider: () => kms, generatorKeyId, keyIds });
  }
  const unencryptedMasterKey = Uint8Array.from(Buffer.from(key, "base64")); // The SDK insists on a buffer that nothing else shares.
  const wrappingSuite = esdk.RawAesWrappingSuiteIdentifier[`AES${8 * unencryptedMasterKey.length}_GCM_IV12_TAG16_NO_PADDING`];
  return new esdk.RawAesKeyringNode({ keyNamespace: namespace, keyName: name, unencryptedMasterKey, wrappingSuite, utf8Sorting });
}

const operations = {
  async encrypt({ keyring, data, suite, context, frameLength }) {
    const suiteId = parseInt(suite, 16);
    const { result } = await encrypt(keyringOf(keyring), data, { suiteId, encryptionContext: context, frameLength });
    return { data: result.toString("base64") };
  },
  async decrypt({ keyring, data }) {
    const { plaintext, messageHeader } = await decrypt(keyringOf(keyring), data);
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
