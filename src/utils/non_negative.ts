/** Returns a number that a proxy sent as a count, a duration or a cost. Undefined if it is not finite or is negative. */
export function nonNegative(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
