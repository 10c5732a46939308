import { types } from "node:util";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";

/** Values of the user, by identity. Each is described where it was made, and by its name wherever else it comes up. */
export type Named = ReadonlyMap<unknown, string>;

export interface Describing {
  readonly named: Named;
  /** Whether a property is left out. `place` is the key under which its owner is. */
  readonly isAllowed: (owner: object, key: PropertyKey, value: unknown, place: PropertyKey | undefined) => boolean;
}

/**
 * Describes all of a value that a user can observe: classes, symbol keys, what is not enumerable, and the values that JSON
 * does not have. Ids of runs and the path of the byte server, which differ in each run, are replaced.
 */
export function describeAll(
  value: unknown,
  describing: Describing,
  place?: PropertyKey,
  seen: readonly unknown[] = [],
): unknown {
  const name = describing.named.get(value);
  if (name !== undefined && seen.length > 0) return `<${name}>`;
  if (typeof value === "string") return steady(value);
  if (typeof value === "number") return Object.is(value, -0) || !Number.isFinite(value) ? `<number ${value}>` : value;
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "function") return `<function ${value.name}/${value.length}>`;
  if (typeof value !== "object") return `<${typeof value} ${String(value)}>`;
  if (seen.includes(value)) return "<cycle>";
  if (types.isProxy(value)) return "<proxy>";
  if (value instanceof Headers) return { "<class>": "Headers", entries: steady(JSON.stringify([...value])) };
  if (value instanceof Date) return `<date ${value.getTime()}>`;
  // A callback gets the model itself where a Runnable around it is serialised. Other tests compare models.
  if (value instanceof BaseChatModel) return "<model>";
  if (value instanceof AbortSignal) return `<signal ${value.aborted}>`;
  const inner = (each: unknown, key?: PropertyKey) => describeAll(each, describing, key, [...seen, value]);
  if (value instanceof Map || value instanceof Set)
    return { "<class>": value.constructor.name, entries: [...value].map((each) => inner(each)) };
  if (Array.isArray(value) && Reflect.ownKeys(value).length === value.length + 1)
    return value.map((each) => inner(each));
  const described: Record<string, unknown> = {};
  const kind = (Object.getPrototypeOf(value)?.constructor as { name?: string } | undefined)?.name ?? "null";
  if (kind !== "Object") described["<class>"] = kind;
  if (types.isNativeError(value)) {
    // On the prototype or own: the same to who reads them.
    described["<name>"] = (value as Error).name;
    described["<message>"] = steady((value as Error).message);
  }
  if (!Object.isExtensible(value)) described["<frozen>"] = true;
  for (const key of Reflect.ownKeys(value)) {
    if (
      key === "stack" ||
      (key === "name" && types.isNativeError(value)) ||
      (key === "message" && types.isNativeError(value))
    )
      continue;
    // Undici's account of a connection: ports, counts of bytes.
    if (key === "socket" && kind === "SocketError") continue;
    const { value: each, get, enumerable } = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    if (describing.isAllowed(value, key, each, place)) continue;
    described[`${enumerable ? "" : "hidden "}${String(key)}`] = get ? "<getter>" : inner(each, key);
  }
  return described;
}

function steady(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, "<uuid>")
    .replace(/\/r\d{7}\//g, "/<run>/")
    .replace(/127\.0\.0\.1:\d+/g, "<server>");
}

/** The places in which two described values differ, each with both values, cut. */
export function differences(expected: unknown, observed: unknown, path = ""): string[] {
  if (Object.is(expected, observed)) return [];
  if (typeof expected !== "object" || typeof observed !== "object" || expected === null || observed === null) {
    return [`${path}: expected ${show(expected)}, was ${show(observed)}`];
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(observed)]);
  return [...keys].flatMap((key) =>
    differences(Reflect.get(expected, key), Reflect.get(observed, key), `${path}.${key}`),
  );
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "undefined").slice(0, 200);
}
