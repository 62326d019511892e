// JWTs, by the package `jose`; it takes keys from Node.

import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";

import { SignJWT, createLocalJWKSet, errors, exportJWK, importJWK, jwtVerify } from "jose";

// Besides its own errors the package lets through those of the runtime for a key that it cannot
// read, and has one without a type for a key that is too short.
export const isRefusal = (error) =>
  error instanceof errors.JOSEError ||
  error instanceof DOMException ||
  /modulusLength/.test(error.message);

export const steps = {
  generate({ bits, exponent }) {
    const options = { modulusLength: bits, publicExponent: exponent };
    const { privateKey } = generateKeyPairSync("rsa", options);
    return { pem: privateKey.export({ type: "pkcs8", format: "pem" }) };
  },

  async export({ pem }) {
    return { key: await exportJWK(createPublicKey(pem)) };
  },

  async export_again({ key }) {
    return { key: await exportJWK(await importJWK(key, "RS256", { extractable: true })) };
  },

  async sign({ pem, header, claims }) {
    const token = new SignJWT(claims).setProtectedHeader(header);
    return { signature: await token.sign(createPrivateKey(pem)) };
  },

  async verify({ headers, keys, audience, leeway }) {
    const options = { algorithms: ["RS256"], audience, clockTolerance: leeway };
    const { payload } =
      await jwtVerify(headers["webhook-signature"], createLocalJWKSet(keys), options);
    return { verified: payload };
  },
};
