import { randomUUID } from "node:crypto";

export type JsonObject = Record<string, unknown>;

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** What the stand-in says: a text, or calls of the caller's tools. */
export interface Answer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
}

/** What the stand-in looks at, whatever the endpoint. */
export interface Question {
  readonly text: string;
  readonly tools: readonly { readonly name: string; readonly parameters: unknown }[];
  readonly parallelToolCalls: boolean;
  /** Whether the last thing said is what a tool returned. */
  readonly afterTool: boolean;
  /** The schema of a structured answer. */
  readonly schema: unknown;
  readonly length: number;
}

/**
 * Answers as the tests need it: each tool is called once, all in one answer where parallel calls
 * are allowed, then a text follows. Arguments and structured answers repeat the question, so that
 * what a tool asks in turn can be told apart by whom it is asked for.
 */
export function answer(question: Question): Answer {
  if (question.tools.length > 0 && !question.afterTool) {
    const tools = question.parallelToolCalls ? question.tools : question.tools.slice(0, 1);
    const toolCalls = tools.map(({ name, parameters }) => ({
      id: `call_${randomUUID().replaceAll("-", "")}`,
      name,
      arguments: JSON.stringify(fill(parameters, question.text) ?? {}),
    }));
    return { text: "", toolCalls };
  }
  const text = question.schema
    ? JSON.stringify(fill(question.schema, question.text))
    : `A reply to ${question.length} items: ${question.text}`;
  return { text, toolCalls: [] };
}

/** A value for a JSON schema; each string is `text`. */
function fill(schema: unknown, text: string): unknown {
  const { type, properties, items, anyOf, enum: allowed } = asObject(schema);
  if (Array.isArray(allowed)) return allowed[0];
  if (Array.isArray(anyOf)) return fill(anyOf[0], text);
  if (type === "object") {
    return Object.fromEntries(Object.entries(asObject(properties)).map(([key, value]) => [key, fill(value, text)]));
  }
  if (type === "array") return [fill(items, text)];
  if (type === "string") return text;
  if (type === "number" || type === "integer") return 1;
  return type === "boolean" ? true : null;
}

export function asObject(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function asArray(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(asObject) : [];
}

/** What the user said last. */
export function questionIn(messages: readonly JsonObject[]): string {
  return textOf(messages.filter(({ role }) => role === "user").at(-1)?.content);
}

/** The text of a message's `content`, which is a string or a list of parts. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return asArray(content)
    .map(({ text }) => (typeof text === "string" ? text : ""))
    .join("");
}

/** Pieces of a text, as a stream brings them. */
export function pieces(text: string): string[] {
  return text.match(/.{1,16}/gsu) ?? [];
}
