// sdk.mjs ROUNDS: the Encryption SDK for JavaScript, timed; a line of JSON per case. See sdk.py, which runs it.

import { createRequire } from "node:module";
import { randomBytes } from "node:crypto";

const require = createRequire(process.env.KEYFOLD_NODE_MODULES + "/");
const esdk = require("@aws-crypto/client-node");

const rounds = Number(process.argv[2]);
const shapes = [[64, 4096, 200], [1024, 4096, 200], [8 << 20, 4096, 1], [8 << 20, 65536, 1], [8 << 20, 1 << 20, 1]]; // Message, frame (bytes), repeats.
const { encrypt, decrypt } = esdk.buildClient(esdk.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const keyring = new esdk.RawAesKeyringNode({
  keyNamespace: "bench",
  keyName: "one",
  unencryptedMasterKey: new Uint8Array(32),
  wrappingSuite: esdk.RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
});

for (const signed of [false, true]) for (const [message, frame, repeats] of shapes) {
  const plaintext = randomBytes(message);
  const seal = () => encrypt(keyring, plaintext, { suiteId: signed ? 0x0578 : 0x0478, encryptionContext: { tenant: "4711" }, frameLength: frame });
  const { result: sealed } = await seal();
  for (const [name, work] of [["seal", seal], ["open", () => decrypt(keyring, sealed)]]) {
    const times = [];
    for (let round = 0; round < rounds; ++round) {
      const before = process.cpuUsage();
      for (let i = 0; i < repeats; ++i) await work();
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / repeats);
    }
    const us = times.sort((a, b) => a - b)[times.length >> 1];
    console.log(JSON.stringify({ case: name, message, frame, signed, us }));
  }
}
