import { RunnableLambda } from "@langchain/core/runnables";
import { SessionCallbackHandler, SessionChatOpenAI, SessionIdError, withSession } from "langchain-litellm-session";

/**
 * The calls for every runtime: one line for each source of a session, in the order of `check_runtime.ts`.
 *
 * @param {string} baseURL
 * @param {{ hasImplicitConfig?: boolean }} runtime A browser can't carry a config implicitly.
 */
export async function check(baseURL, { hasImplicitConfig = true } = {}) {
  const model = new SessionChatOpenAI({
    model: "gpt-4o",
    apiKey: "sk-test",
    sessionId: false,
    maxRetries: 0,
    configuration: { baseURL, dangerouslyAllowBrowser: true },
  });
  const { text } = await model.invoke("Hello", { sessionId: "call" });
  if (!text) throw new Error("no answer");
  let chunks = 0;
  for await (const _ of await model.stream("Hello", { sessionId: "stream" })) chunks += 1;
  if (chunks < 2) throw new Error(`${chunks} chunks of a stream`);
  await model.withSession("bound").batch(["Hello"]);
  const handler = new SessionCallbackHandler({ sessionId: "handler" });
  await model.invoke("Hello", { callbacks: [handler] });
  if (handler.summary().calls !== 1) throw new Error("the handler recorded nothing");

  const lambda = RunnableLambda.from((input, config) => model.invoke(input, hasImplicitConfig ? undefined : config));
  const chain = withSession(lambda);
  await chain.invoke("Hello", { configurable: { sessionId: "wrapper" } });
  await withSession(model).invoke("Hello", { configurable: { sessionId: "wrapper" } });
  for await (const _ of await chain.stream("Hello", { sessionId: "streamed" }));

  const error = await model.invoke("Hello", { sessionId: "\n" }).catch((reason) => reason);
  if (!SessionIdError.isInstance(error)) throw new Error(`an impossible id gave ${error}`);
}
