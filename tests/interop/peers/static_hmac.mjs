// Static webhooks, by the package `standardwebhooks`.

import { Webhook, WebhookVerificationError } from "standardwebhooks";

export const isRefusal = (error) => error instanceof WebhookVerificationError;

export const steps = {
  sign({ secret, id, timestamp, body }) {
    const sentAt = new Date(timestamp * 1000);
    return { signature: new Webhook(secret).sign(id, sentAt, Buffer.from(body, "base64")) };
  },

  verify({ secret, headers, body }) {
    // Without reading the JSON, because not every body is JSON.
    const options = { jsonParse: false };
    new Webhook(secret).verify(Buffer.from(body, "base64"), headers, options);
    return { verified: null };
  },
};
