import { describeValue } from "./describe_value.js";

/**
 * Creates the error for an invalid field or option of the user.
 *
 * @param subject The name of the field or option, in the user's words: `field "maxCalls"`.
 * @param expected The values that are valid: `a positive whole number`.
 */
export function invalid(subject: string, expected: string, value: unknown): TypeError {
  return new TypeError(`Invalid ${subject}: expected ${expected}, got ${describeValue(value)}.`);
}
