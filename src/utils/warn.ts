/** Warns somebody of what goes on without an error, on the console, as LangChain and the OpenAI SDK do. */
export function warn(message: string): void {
  console.warn(`[langchain-litellm-session] ${message}.`);
}
