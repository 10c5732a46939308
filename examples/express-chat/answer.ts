import { AIMessageChunk, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { Annotation, START, StateGraph } from "@langchain/langgraph";
import { SessionChatOpenAI } from "langchain-litellm-session";
import { checkpointer } from "./checkpointer.js";
import type { Conversation } from "./conversations.js";
import { environment } from "./environment.js";

const { LITELLM_BASE_URL, LITELLM_API_KEY, LITELLM_MODEL } = environment;

/** How many messages a conversation may have. Beyond, it loses its older half, and the model is sent the rest once. */
const MAX_MESSAGES = 40;

/** The one model, for all users. */
const model = new SessionChatOpenAI({
  model: LITELLM_MODEL,
  apiKey: LITELLM_API_KEY,
  configuration: { baseURL: LITELLM_BASE_URL },
  sessionId: false, // Each call is in the session of its thread: users must not share one.
  maxRetries: 1, // Somebody waits; LangChain's six take a minute.
  usePreviousResponseId: true, // Each turn sends only the new message.
});

const State = Annotation.Root({
  question: Annotation<string>,
  /** Changes when an answer is whole: a call that failed, or that the user left, changes nothing. */
  messages: Annotation<BaseMessage[]>,
});

const graph = new StateGraph(State)
  .addNode("answer", async ({ question, messages }) => {
    const recent = messages.length < MAX_MESSAGES ? messages : messages.slice(-MAX_MESSAGES / 2);
    const asked = [...recent, new HumanMessage(question)];
    const answer = await model.invoke(asked);
    // Some providers refuse a history with an empty message in it, from then on.
    if (!answer.text) throw new Error("The answer is empty");
    return { messages: [...asked, answer] };
  })
  .addEdge(START, "answer")
  .compile({ checkpointer });

/** Makes a thread without messages. */
export async function createThread(thread_id: string): Promise<void> {
  await graph.updateState({ configurable: { thread_id } }, { messages: [] });
}

/** A message as the page shows it. */
export interface ShownMessage {
  readonly from: "user" | "model";
  readonly text: string;
}

/** The messages of a conversation that are kept, the oldest first. */
export async function messagesOf(thread_id: string): Promise<ShownMessage[]> {
  const { values } = await graph.getState({ configurable: { thread_id } });
  const messages: readonly BaseMessage[] = values.messages ?? [];
  return messages.map(({ type, text }) => ({ from: type === "human" ? "user" : "model", text }));
}

/** Streams the answer to a message. */
export async function* answer(conversation: Conversation, text: string, signal: AbortSignal): AsyncGenerator<string> {
  const { id, handler } = conversation;
  const stream = await graph.stream(
    { question: text },
    {
      configurable: { thread_id: id }, // It is the session's id too.
      callbacks: [handler],
      signal,
      streamMode: "messages",
      durability: "exit", // One checkpoint a turn.
    },
  );
  for await (const [message] of stream) {
    // LangGraph streams the question too, as a message that is new in the state.
    if (AIMessageChunk.isInstance(message) && message.text) yield message.text;
  }
}
