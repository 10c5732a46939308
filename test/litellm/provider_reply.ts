import type { JsonObject } from "./provider_answer.js";

/** One answer: a JSON body, or the lines of an event stream. */
export type Reply = { readonly json: JsonObject } | { readonly lines: readonly string[] };

/** A request that OpenAI would answer with 400. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly param?: string,
    readonly code?: string,
  ) {
    super(message);
  }
}

/** An endpoint: the body fields that OpenAI knows there, and how it answers. */
export interface Endpoint {
  readonly fields: ReadonlySet<string>;
  reply(body: JsonObject): Reply;
}

/** @throws {Refusal} for a request that OpenAI rejects on any endpoint. */
export function checkBody(body: JsonObject, fields: ReadonlySet<string>): void {
  const unknown = Object.keys(body).find((key) => !fields.has(key));
  if (unknown !== undefined) {
    throw new Refusal(`Unrecognized request argument supplied: ${unknown}`, unknown, "unknown_parameter");
  }
  if (typeof body.model !== "string") throw new Refusal("you must provide a model parameter", "model");
  const entries = Object.entries(body.metadata ?? {});
  if (entries.length > 16) throw new Refusal("metadata can have at most 16 keys", "metadata");
  for (const [key, value] of entries) {
    if (typeof value !== "string" || value.length > 512 || key.length > 64) {
      throw new Refusal(`Invalid metadata.${key}: expected a string of at most 512 characters`, "metadata");
    }
  }
}
