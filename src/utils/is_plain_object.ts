/** Whether a value is an object with string keys, such as `metadata` and `extraBody`, and no array. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
