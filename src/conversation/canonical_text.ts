/** Deeper values are an error, long before they could overflow the stack of a caller. */
const MAX_DEPTH = 200;

/** A string of this length or more is written once: an answer has its text in `content` and in its output items. */
const LONG_STRING = 64;

/** Of this many strings per message: a message may have thousands, and each lookup compares with all of them. */
const MAX_LONG_STRINGS = 16;

/**
 * Writes values as text of which no two different values share one. The keys of an object are sorted, because a
 * database may return them in another order. What `JSON.stringify` leaves out is left out, so that a value has the
 * same text before and after JSON. One object writes one message: it refers to a long string that it wrote before.
 *
 * Not `JSON.stringify`: escaping strings takes longer than everything else, and a replacer that sorts keys takes
 * four times as long (bench: "responses").
 */
export class CanonicalWriter {
  private readonly longStrings: string[] = [];

  /**
   * @returns Undefined for a value that JSON leaves out, such as undefined or a function.
   * @throws for a value that contains itself, or is nested more than 200 levels deep; and what a getter throws.
   */
  write(value: unknown, depth = 0): string | undefined {
    if (typeof value === "string") return this.writeString(value);
    if (typeof value === "object" && value !== null) return this.writeObject(value, depth);
    if (typeof value === "number") return Number.isFinite(value) ? String(value) : "null";
    if (typeof value === "bigint") return `${value}n`;
    return typeof value === "boolean" || value === null ? String(value) : undefined;
  }

  private writeString(text: string): string {
    if (text.length >= LONG_STRING) {
      const index = this.longStrings.indexOf(text);
      if (index >= 0) return `^${index}`;
      if (this.longStrings.length < MAX_LONG_STRINGS) this.longStrings.push(text);
    }
    // An encoder replaces lone surrogates by U+FFFD: other texts would get the same bytes.
    return isWellFormed(text) ? `"${text.length}:${text}` : `'${JSON.stringify(text)}'`;
  }

  private writeObject(value: object, depth: number): string | undefined {
    if (depth > MAX_DEPTH) throw new RangeError("A value is nested too deep.");
    if (Array.isArray(value)) return this.writeArray(value, depth);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.writeRecord(value as Json, depth);
    return ArrayBuffer.isView(value) ? writeBytes(value) : this.writeAsJson(value, depth);
  }

  private writeArray(items: readonly unknown[], depth: number): string {
    let text = "[";
    for (let index = 0; index < items.length; index += 1) text += `${this.write(items[index], depth + 1) ?? "null"},`;
    return `${text}]`;
  }

  private writeRecord(record: Json, depth: number): string | undefined {
    let text = "{";
    for (const key of sort(Object.keys(record))) {
      const value = record[key];
      if (key === "toJSON" && typeof value === "function") return this.writeAsJson(record, depth);
      const written = this.write(value, depth + 1);
      if (written !== undefined) text += `${this.writeString(key)}${written},`;
    }
    return `${text}}`;
  }

  /** An instance of a class, such as a Date. */
  private writeAsJson(value: object, depth: number): string | undefined {
    const json = JSON.stringify(value);
    return json === undefined ? undefined : this.write(JSON.parse(json), depth + 1);
  }
}

type Json = Readonly<Record<string, unknown>>;

function writeBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return `<${new Uint8Array(buffer, byteOffset, byteLength).join()}>`;
}

/** An insertion sort, which takes half as long as `Array.sort` for the few keys of an object. */
function sort(keys: string[]): string[] {
  if (keys.length > 32) return keys.sort();
  for (let end = 1; end < keys.length; end += 1) {
    const key = keys[end] as string;
    let index = end;
    for (; index > 0 && (keys[index - 1] as string) > key; index -= 1) keys[index] = keys[index - 1] as string;
    keys[index] = key;
  }
  return keys;
}

/** `String.prototype.isWellFormed` is missing in browsers of 2022, and in TypeScript's ES2022 library. */
const isWellFormed: (text: string) => boolean =
  "isWellFormed" in String.prototype
    ? (text) => (text as unknown as { isWellFormed(): boolean }).isWellFormed()
    : (text) => !/\p{Surrogate}/u.test(text);
