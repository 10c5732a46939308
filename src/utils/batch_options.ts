/** The options of each input of a batch, as LangChain reads them: an array has one for each input, and only the first input gets `runId`. */
export function optionsOfEachInput<Options extends { runId?: string }>(
  inputs: number,
  options: Options | Options[] | undefined,
): (Options | undefined)[] {
  if (Array.isArray(options)) return options;
  const withoutRunId = options?.runId ? { ...options, runId: undefined } : options;
  return Array.from({ length: inputs }, (_, index) => (index === 0 ? options : withoutRunId));
}
