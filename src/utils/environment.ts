interface Runtime {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
  readonly Deno?: { readonly env: { get(name: string): string | undefined } };
}

/** An environment variable. Undefined if it is not set, or the runtime has none (a browser) or does not let us read it. */
export function readVariable(name: string): string | undefined {
  const { process, Deno } = globalThis as Runtime;
  try {
    return process ? process.env?.[name] : Deno?.env.get(name);
  } catch {
    return undefined;
  }
}
