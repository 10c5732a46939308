import { defineProperties } from "./define_properties.js";

/** The number of causes to look through. More are a cycle, or an attack. */
const MAX_CAUSES = 20;

/**
 * Finds the error with a brand: `error` itself, or one of its causes. LangChain wraps what a middleware throws in a
 * `MiddlewareError`. A brand is a `Symbol.for`, which the ESM and the CommonJS copy of this package share.
 */
export function findBranded(error: unknown, brand: symbol): object | undefined {
  return causesOf(error).find((cause) => brand in cause);
}

/** The error and its causes, the outermost first. Ends before a getter or a Proxy of the app's own that throws. */
export function causesOf(error: unknown): readonly object[] {
  const causes: object[] = [];
  let cause = error;
  try {
    while (typeof cause === "object" && cause !== null && causes.length < MAX_CAUSES && !causes.includes(cause)) {
      const next: unknown = (cause as Error).cause;
      causes.push(cause);
      cause = next;
    }
  } catch {}
  return causes;
}

/**
 * Whether an error, or one of its causes, has a brand. Gives an error that wraps the branded one the fields that it
 * lacks, so that code behind a type guard reads them on the error that it has.
 */
export function hasBrand(error: unknown, brand: symbol, fields: readonly string[]): boolean {
  const branded = findBranded(error, brand) as Record<string, unknown> | undefined;
  if (branded === undefined || branded === error) return branded !== undefined;
  const missing = fields.filter((field) => !(field in (error as object)) && branded[field] !== undefined);
  defineProperties(error as object, Object.fromEntries(missing.map((field) => [field, branded[field]])));
  return true;
}
