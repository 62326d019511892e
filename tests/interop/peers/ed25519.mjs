// `v1a` signatures, by Node itself; `jose` reads and writes its keys as JWK.

import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";

import { exportJWK, importJWK } from "jose";

class NotSigned extends Error {}

export const isRefusal = (error) => error instanceof NotSigned;

// `PrivateKeyInfo` of RFC 8410 section 7: a fixed head and the seed.
const HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

function privateKey(seed) {
  const key = Buffer.concat([HEAD, Buffer.from(seed, "base64")]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

function signedBytes(id, timestamp, body) {
  return Buffer.concat([Buffer.from(`${id}.${timestamp}.`), Buffer.from(body, "base64")]);
}

function isSignedBy(key, entry, signed) {
  const comma = entry.indexOf(",");
  const [version, text] = [entry.slice(0, comma), entry.slice(comma + 1)];
  const signature = Buffer.from(text, "base64");
  // Node decodes anything: only the one spelling counts.
  const isCanonical = signature.toString("base64") === text;
  return version === "v1a" && isCanonical && verify(null, signed, key, signature);
}

export const steps = {
  async export({ seed }) {
    return { key: await exportJWK(createPublicKey(privateKey(seed))) };
  },

  async export_again({ key }) {
    return { key: await exportJWK(await importJWK(key, "EdDSA", { extractable: true })) };
  },

  sign({ seed, id, timestamp, body }) {
    const signature = sign(null, signedBytes(id, timestamp, body), privateKey(seed));
    return { signature: `v1a,${signature.toString("base64")}` };
  },

  verify({ keys, headers, body }) {
    const signed = signedBytes(headers["webhook-id"], headers["webhook-timestamp"], body);
    const entries = headers["webhook-signature"].split(" ");
    const found = keys.keys
      .map((key) => createPublicKey({ key, format: "jwk" }))
      .some((key) => entries.some((entry) => isSignedBy(key, entry, signed)));
    if (!found) {
      throw new NotSigned("no key made any of the signatures");
    }
    return { verified: null };
  },
};
