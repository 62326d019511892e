// Signs and verifies with packages from npm: one JSON request a line, one JSON answer a line.

import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";

import * as ed25519 from "./ed25519.mjs";
import * as rs256 from "./rs256.mjs";
import * as staticHmac from "./static_hmac.mjs";

// Node 18, which some distributions still have, keeps it out of sight; jose looks for it there.
globalThis.crypto ??= webcrypto;

const schemes = { static: staticHmac, rs256, ed25519 };

async function answer(request) {
  const { steps, isRefusal } = schemes[request.scheme];
  const step = steps[request.do];
  try {
    return await step(request);
  } catch (error) {
    // Any other error is a mistake in these programs and ends them.
    if (isRefusal(error)) {
      return { refused: `${error.name}: ${error.message}` };
    }
    throw error;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
