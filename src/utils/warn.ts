/** `console.warn` with the package's prefix. LangChain and the OpenAI SDK warn on the console too. */
export function warn(message: string): void {
  console.warn(`[langchain-litellm-session] ${message}.`);
}
