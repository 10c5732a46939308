import { type ChatOpenAICompletions, type ChatOpenAIResponses, wrapOpenAIClientError } from "@langchain/openai";
import { markBudgetError } from "../transport/session_budget_error.js";
import type { HeadersInput } from "../transport/session_transport.js";

/** The models inside a `ChatOpenAI`, one for each endpoint. */
export type InnerModel = ChatOpenAICompletions | ChatOpenAIResponses;

/** What the proxy says beside the answer, of the last attempt. */
export interface Reply {
  headers?: Headers | undefined;
  /** Whether the id of the answer is to be that of a stream's last event. */
  readonly isChained?: boolean;
  /** Whether the answer is a stream. */
  isStream?: boolean;
  /** Whether to read in a stream what LangChain's own events don't show. */
  readsStream?: boolean;
  /** The usage in a stream. */
  usage?: unknown;
  /** The id in the last event of a stream on `/responses`: a proxy may make another for each event. */
  responseId?: string | undefined;
}

/** An error on its way past LangChain's retries, which would try any 429 again that says when. */
export class NotRetried {
  constructor(readonly error: unknown) {}
}

/**
 * Makes one request and notes what the proxy says beside the answer: the SDK keeps it on the promise,
 * and LangChain awaits the answer alone. The error of a used-up session comes back as an answer.
 */
export async function observe(request: () => ResponsePromise, reply: Reply, isStream = false): Promise<unknown> {
  reply.isStream = isStream;
  try {
    const promise = request();
    reply.headers = (await promise.asResponse?.())?.headers;
    const answer = await promise;
    return isStream && reply.readsStream ? readStream(answer as AsyncIterable<StreamEvent>, reply) : answer;
  } catch (error) {
    const { headers } = (error ?? {}) as { headers?: unknown };
    reply.headers = headers instanceof Headers ? headers : undefined;
    if (markBudgetError(error)) return new NotRetried(notRetryable(wrapOpenAIClientError(error)));
    throw error;
  }
}

/** Tells LangChain's retries outside the model, such as `modelRetryMiddleware`. Core before 1.4 has no function for it. */
function notRetryable(error: object): object {
  return Object.defineProperty(error, Symbol.for("langchain.errors.retryable"), { value: false, configurable: true });
}

/**
 * Gives a model a client that observes each request. The reply is found among the request's options,
 * so that concurrent calls never swap theirs.
 *
 * @param replyOf Finds the reply of a call, where the call wants one.
 */
export function observeClient(inner: InnerModel, replyOf: (options: object | undefined) => Reply | undefined): void {
  const observing = (resource: Resource): Resource => {
    const call = (method: "create" | "parse") => (body: Body, options: object | undefined) => {
      const reply = replyOf(options);
      if (!reply) return resource[method](body, options);
      return observe(() => resource[method](body, options), reply, body.stream === true);
    };
    return Object.assign(Object.create(resource), { create: call("create"), parse: call("parse") });
  };
  const observed = (client: Client): Client =>
    Object.create(client, {
      ...(client.chat && {
        chat: { value: Object.create(client.chat, { completions: { value: observing(client.chat.completions) } }) },
      }),
      ...(client.responses && { responses: { value: observing(client.responses) } }),
    });
  // ChatOpenAI makes the client for the first request, and keeps it in this field.
  let { client } = inner as unknown as { client: Client | undefined };
  client &&= observed(client);
  Object.defineProperty(inner, "client", {
    configurable: true,
    enumerable: true,
    get: () => client,
    set: (made: Client | undefined) => {
      client = made && observed(made);
    },
  });
}

interface StreamEvent {
  readonly type?: string;
  readonly usage?: unknown;
  readonly response?: { readonly id?: string; readonly usage?: unknown };
}

async function* readStream<Event extends StreamEvent>(
  events: AsyncIterable<Event>,
  reply: Reply,
): AsyncGenerator<Event> {
  for await (const event of events) {
    reply.usage = event.usage ?? event.response?.usage ?? reply.usage;
    if (event.type === "response.completed" || event.type === "response.incomplete") {
      reply.responseId = event.response?.id;
    }
    yield event;
  }
}

type Body = Readonly<Record<string, unknown>>;

/** A promise of the SDK's, or of a client that stands in for it. */
export type ResponsePromise = Promise<unknown> & {
  asResponse?(): Promise<Response>;
};

interface Resource {
  create(body: Body, options: unknown): ResponsePromise;
  parse(body: Body, options: unknown): ResponsePromise;
}

interface Client {
  readonly baseURL?: string | undefined;
  readonly chat?: { readonly completions: Resource };
  readonly responses?: Resource;
}

interface InnerInternals {
  client: Client;
  clientConfig: {
    baseURL?: string | null;
    defaultHeaders?: HeadersInput;
  };
  _getClientOptions(options: undefined): unknown;
}

export function clientConfigOf(inner: InnerModel): InnerInternals["clientConfig"] {
  return (inner as unknown as InnerInternals).clientConfig;
}

/** The SDK's client, which is made for the first request. */
function clientOf(inner: InnerModel): Client {
  const internals = inner as unknown as InnerInternals;
  if (!internals.client) internals._getClientOptions(undefined);
  return internals.client;
}

/** The base URL of a model's requests. The SDK's client has the last word on it. */
export function baseUrlOf(inner: InnerModel): string | null | undefined {
  return clientOf(inner).baseURL ?? clientConfigOf(inner).baseURL;
}
