// Signs and verifies with packages from npm: one JSON request a line, one JSON answer a line.

import { createInterface } from "node:readline";

import { Webhook, WebhookVerificationError } from "standardwebhooks";

const steps = {
  static: {
    sign({ secret, id, timestamp, body }) {
      const sentAt = new Date(timestamp * 1000);
      return { signature: new Webhook(secret).sign(id, sentAt, Buffer.from(body, "base64")) };
    },

    verify({ secret, headers, body }) {
      // Without reading the JSON, because not every body is JSON.
      const options = { jsonParse: false };
      new Webhook(secret).verify(Buffer.from(body, "base64"), headers, options);
      return { verified: true };
    },
  },
};

function answer(request) {
  const step = steps[request.scheme][request.do];
  try {
    return step(request);
  } catch (error) {
    // Any other error is a mistake in this program and ends it.
    if (error instanceof WebhookVerificationError) {
      return { refused: `${error.name}: ${error.message}` };
    }
    throw error;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
}
