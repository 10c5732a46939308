/** An environment variable. Undefined if it is not set, or the runtime has none (a browser) or does not let us read it. */
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
