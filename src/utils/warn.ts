/** Calls `console.warn` with the package's prefix. LangChain and the OpenAI SDK also warn on the console. */
export function warn(message: string): void {
  console.warn(`[langchain-litellm-session] ${message}.`);
}
