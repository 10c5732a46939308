/** Reads an environment variable. Undefined if it is not set, in a browser, or if Deno denies access. */
export function readVariable(name: string): string | undefined {
  const { process, Deno } = globalThis as {
    process?: { env?: Record<string, string | undefined> };
    Deno?: { env: { get(name: string): string | undefined } };
  };
  try {
    return process ? process.env?.[name] : Deno?.env.get(name);
  } catch {
    return undefined;
  }
}
