/** Whether a value is an object of fields, as `metadata` and `extraBody` are. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
