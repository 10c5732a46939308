import { randomUUID } from "node:crypto";

export type JsonObject = Record<string, unknown>;

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** The fake provider's answer: a text, or calls of the caller's tools. */
export interface Answer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
}

/** The parts of a request that the fake provider reads, for any endpoint. */
export interface Question {
  readonly text: string;
  readonly tools: readonly { readonly name: string; readonly parameters: unknown }[];
  readonly parallelToolCalls: boolean;
  /** Whether the last item is a tool's output. */
  readonly afterTool: boolean;
  /** The schema of a structured answer. */
  readonly schema: unknown;
  readonly length: number;
}

/**
 * Answers as the tests need it: calls each tool once, all in one answer if parallel calls
 * are allowed, then a text follows. Arguments and structured answers repeat the question, so that
 * the requests of a tool can be assigned to its session.
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

/** The last message of the user. */
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

/** The pieces of a text in a stream. */
export function pieces(text: string): string[] {
  return text.match(/.{1,16}/gsu) ?? [];
}
