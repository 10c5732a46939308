type Fields = Readonly<Record<string, string>>;

/** The text of a JSON object, and what `JSON.parse` makes of it. */
export interface JsonObject {
  readonly text: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * Inserts fields into the text of a JSON object. Every other character stays: `JSON.stringify` would round a number
 * beyond 2^53, and make `null` of `1e400`.
 *
 * @param fields Fields that the object does not have.
 * @param metadata Fields for the object's `metadata`, which must not have them. `metadata` must be an object, null or
 *   missing.
 */
export function spliceFields({ text, value }: JsonObject, fields: Fields, metadata: Fields): string {
  const start = text.indexOf("{") + 1;
  const hasMetadataFields = Object.keys(metadata).length > 0;
  const isNewMetadata = hasMetadataFields && !Object.hasOwn(value, "metadata");
  const head = text.slice(0, start) + members(isNewMetadata ? { ...fields, metadata } : fields, value);
  if (!hasMetadataFields || isNewMetadata) return head + text.slice(start);
  // Of a key that is there twice, parsers take the last.
  const position = findLastValue(text, "metadata");
  if (value.metadata === null) {
    return head + text.slice(start, position) + JSON.stringify(metadata) + text.slice(position + "null".length);
  }
  const inner = members(metadata, value.metadata as object);
  return head + text.slice(start, position + 1) + inner + text.slice(position + 1);
}

/** The text of members to insert at the beginning of an object. */
function members(fields: Readonly<Record<string, unknown>>, object: object): string {
  const text = JSON.stringify(fields).slice(1, -1);
  return text === "" || Object.keys(object).length === 0 ? text : `${text},`;
}

/** In valid JSON, only a key has a colon after it. */
const COLON = /[\t\n\r ]*:[\t\n\r ]*/y;

/** Where the value of the last top-level key `name` begins. The text must be valid JSON. One pass. */
function findLastValue(text: string, name: string): number {
  let depth = 0;
  let position = -1;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") depth -= 1;
    else if (character === '"') {
      const end = endOfString(text, index);
      COLON.lastIndex = end;
      // The key may be written with escapes: `"\u006detadata"`.
      if (depth === 1 && COLON.test(text) && JSON.parse(text.slice(index, end)) === name) position = COLON.lastIndex;
      index = end - 1;
    }
  }
  return position;
}

/** Where a string that begins at `start` ends: the index behind its closing quote. */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote + 1;
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text[quote - 1 - backslashes] === "\\") backslashes += 1;
  return backslashes % 2 === 1;
}
