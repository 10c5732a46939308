/** Whether a value has a brand: a `Symbol.for`, which the ESM and the CommonJS copy of this package share. */
export function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === "object" && value !== null && brand in value;
}
