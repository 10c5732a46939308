import { RunnableLambda } from "@langchain/core/runnables";
import { withSession } from "langchain-litellm-session";
import { model } from "./model";

/** Calls the model without a config, after other requests have begun: the async context alone knows the session. */
const step = RunnableLambda.from(async (text) => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  return (await model.invoke(text)).text;
});

export async function POST(request) {
  const { conversation, message } = await request.json();
  const sessionId = `inner:${request.headers.get("x-user")}:${conversation}`;
  return new Response(await withSession(step).invoke(message, { configurable: { sessionId } }));
}
