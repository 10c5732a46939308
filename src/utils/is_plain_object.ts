/** Whether a value is an object and no array, as `metadata` and `extraBody` must be. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
