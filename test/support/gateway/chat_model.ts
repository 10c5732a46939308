import { randomUUID } from "node:crypto";

/** A JSON object of a request or response. */
export type Json = Record<string, unknown>;

/** An answer of the model: its text, and the tools that it wants called. */
export interface ModelReply {
  readonly text: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
}

/** The model's reply: a call of the first tool if there is one, else JSON for a schema, else a text. */
export function replyTo(messages: number, schema: unknown, offered: unknown): ModelReply {
  const tools = (Array.isArray(offered) ? offered : []) as {
    name?: string;
    function?: { name: string; parameters?: unknown };
    parameters?: unknown;
  }[];
  const tool = tools[0];
  const name = tool?.function?.name ?? tool?.name;
  if (tool && name !== undefined) {
    const args = JSON.stringify(fill(tool.function?.parameters ?? tool.parameters));
    return { text: "", toolCalls: [{ id: `call_${randomUUID()}`, name, arguments: args }] };
  }
  return { text: schema === undefined ? `reply to ${messages} messages` : JSON.stringify(fill(schema)), toolCalls: [] };
}

/** The smallest value that a JSON schema accepts. */
function fill(schema: unknown): unknown {
  const { type, properties, enum: values } = (schema ?? {}) as { type?: string; properties?: Json; enum?: unknown[] };
  if (values) return values[0];
  if (type === "string") return "text";
  if (type === "number" || type === "integer") return 1;
  if (type === "boolean") return true;
  if (type === "array") return [];
  return Object.fromEntries(Object.entries(properties ?? {}).map(([key, value]) => [key, fill(value)]));
}

/** The pieces in which a text is streamed. */
export function splitWords(text: string): string[] {
  return text.match(/\S+\s*/g) ?? [];
}
