/**
 * Creates the error for an invalid field or option of the user.
 *
 * @param subject The name of the field or option, in the user's words: `field "maxCalls"`.
 * @param expected The values that are valid: `a positive whole number`.
 */
export function invalid(subject: string, expected: string, value: unknown): TypeError {
  return new TypeError(`Invalid ${subject}: expected ${expected}, got ${describeValue(value)}.`);
}

/** Describes a value in an error message, in one short line. Runs no code of the value, such as `toString` or a getter. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") {
    const shown = JSON.stringify(value.slice(0, 40)).replace(
      UNPRINTABLE,
      (unit) => `\\u{${unit.codePointAt(0)?.toString(16)}}`,
    );
    return value.length > 40 ? `${shown}… (${value.length} characters)` : shown;
  }
  if (typeof value === "number" || typeof value === "boolean" || value == null) return String(value);
  return describeType(value);
}

/** Describes the type of a value that an error message must not contain. Runs no code of the value. */
export function describeType(value: unknown): string {
  try {
    return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
  } catch {
    return "a revoked Proxy";
  }
}

/** `JSON.stringify` does not escape these characters. They change how a terminal or a log shows the text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
