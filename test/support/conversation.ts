import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { AIMessage, AIMessageChunk, BaseMessage, BaseMessageLike } from "@langchain/core/messages";
import { concat } from "@langchain/core/utils/stream";
import type { ChatOpenAI } from "@langchain/openai";
import type { SessionChatOpenAICallOptions, SessionChatOpenAIFields } from "../../src/index.js";
import type { Gateway, GatewayRequest, Json } from "./gateway/server.js";

type Options = Partial<SessionChatOpenAICallOptions>;

/** A method of the model that returns a whole answer. */
export interface EntryPoint {
  readonly name: string;
  /** Fields of the model for this method. */
  readonly fields?: SessionChatOpenAIFields;
  ask(model: ChatOpenAI, input: string | BaseMessageLike[], options?: Options): Promise<AIMessage>;
}

const invoke: EntryPoint["ask"] = (model, input, options) => model.invoke(input, options);

/** A handler that makes LangChain stream inside `invoke`, like a tracer or LangGraph's `streamMode: "messages"`. */
class Listener extends BaseCallbackHandler {
  override name = "listener";
  readonly lc_prefer_streaming: boolean;
  readonly lc_prefer_chat_model_stream_events: boolean;

  constructor(prefers: "chunks" | "events") {
    super();
    this.lc_prefer_streaming = prefers === "chunks";
    this.lc_prefer_chat_model_stream_events = prefers === "events";
  }
}

/** Each of these takes another path through the code of a conversation. */
export const ENTRY_POINTS: readonly EntryPoint[] = [
  { name: "invoke", ask: invoke },
  { name: "invoke with streaming: true", fields: { streaming: true }, ask: invoke },
  { name: "invoke under a handler of chunks", ask: listened("chunks") },
  { name: "invoke under a handler of events", ask: listened("events") },
  {
    name: "stream",
    ask: async (model, input, options) => {
      let whole: AIMessageChunk | undefined;
      for await (const chunk of await model.stream(input, options)) whole = whole ? concat(whole, chunk) : chunk;
      return whole as AIMessageChunk;
    },
  },
  { name: "streamEvents v3", ask: async (model, input, options) => model.streamEvents(input, options) },
  {
    name: "streamEvents v2",
    ask: async (model, input, options) => {
      let output: AIMessage | undefined;
      for await (const { event, data } of model.streamEvents(input, { ...options, version: "v2" })) {
        if (event === "on_chat_model_end") output = data.output;
      }
      return output as AIMessage;
    },
  },
];

function listened(prefers: "chunks" | "events"): EntryPoint["ask"] {
  return (model, input, options) => {
    const given = Array.isArray(options?.callbacks) ? options.callbacks : [];
    return model.invoke(input, { ...options, callbacks: [...given, new Listener(prefers)] });
  };
}

/** One request of a conversation. */
export interface SentTurn {
  /** Its `previous_response_id`. */
  readonly previousResponseId: unknown;
  /** Its input items as short texts, such as `user: Hello` or `output: sunny`. */
  readonly input: readonly string[];
}

/** All requests that arrived, in order. */
export function sentTurns(gateway: Gateway): SentTurn[] {
  return gateway.requests.map(({ body }: GatewayRequest) => ({
    previousResponseId: body.previous_response_id,
    input: typeof body.input === "string" ? [`user: ${body.input}`] : summarizeItems(body.input as Json[]),
  }));
}

/** Items of a conversation as short texts. */
export function summarizeItems(items: readonly Json[] = []): string[] {
  return items.map((item) => {
    if (item.role !== undefined) return `${item.role}: ${textOf(item.content)}`;
    if (item.output !== undefined) return `output: ${textOf(item.output)}`;
    return item.name === undefined ? String(item.type) : `call: ${item.name}`;
  });
}

function textOf(content: unknown): string {
  return Array.isArray(content) ? content.map((part) => part.text ?? part.type).join("") : String(content);
}

/** The id by which an answer can be continued. */
export function responseId(answer: BaseMessage): unknown {
  return (answer.response_metadata as Json).id;
}
