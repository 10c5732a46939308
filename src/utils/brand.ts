/**
 * Whether a value has the brand of one of this package's classes. A brand is a `Symbol.for`, which the ESM and
 * the CommonJS copy of this package share. `instanceof` recognises the classes of one copy only.
 */
export function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === "object" && value !== null && brand in value;
}
