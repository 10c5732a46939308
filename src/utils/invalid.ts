import { describeValue } from "./describe_value.js";

/**
 * The error for a field or option that the user got wrong.
 *
 * @param subject What is invalid, in the user's words: `field "maxCalls"`.
 * @param expected What it may be: `a positive whole number`.
 */
export function invalid(subject: string, expected: string, value: unknown): TypeError {
  return new TypeError(`Invalid ${subject}: expected ${expected}, got ${describeValue(value)}.`);
}
