import type { Endpoint } from "./provider_reply.js";

const VECTOR = [0.1, 0.2];

/** `POST /v1/embeddings`. */
export const embeddings: Endpoint = {
  fields: new Set(["input", "model", "encoding_format", "dimensions", "user"]),
  reply(body) {
    const inputs: unknown[] = Array.isArray(body.input) ? body.input : [body.input];
    const embedding =
      body.encoding_format === "base64" ? Buffer.from(new Float32Array(VECTOR).buffer).toString("base64") : VECTOR;
    return {
      json: {
        object: "list",
        model: body.model,
        data: inputs.map((_, index) => ({ object: "embedding", index, embedding })),
        usage: { prompt_tokens: inputs.length, total_tokens: inputs.length },
      },
    };
  },
};
