/** Returns one options object for each input of a batch. As in LangChain, only the first input gets a shared `runId`. */
export function optionsOfEachInput<Options extends { runId?: string }>(
  inputs: number,
  options: Options | Options[] | undefined,
): (Options | undefined)[] {
  if (Array.isArray(options)) return options;
  const withoutRunId = options?.runId ? { ...options, runId: undefined } : options;
  return Array.from({ length: inputs }, (_, index) => (index === 0 ? options : withoutRunId));
}
