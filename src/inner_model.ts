import { type ChatOpenAICompletions, type ChatOpenAIResponses, wrapOpenAIClientError } from "@langchain/openai";
import { costOfUsage } from "./litellm_response.js";
import { markBudgetError } from "./session_budget_error.js";
import type { HeadersInput } from "./session_transport.js";

/** The models inside a `ChatOpenAI`, one for each endpoint. */
export type InnerModel = ChatOpenAICompletions | ChatOpenAIResponses;

/** What the proxy says beside the answer, of the last attempt. */
export interface Reply {
  headers?: Headers | undefined;
  /** The cost in the usage of a stream whose own events don't show it. */
  costUsd?: number | undefined;
  /** Whether to look for `costUsd`. */
  readsUsage?: boolean;
}

/** An error on its way past LangChain's retries, which would try any 429 again that says when. */
export class NotRetried {
  constructor(readonly error: unknown) {}
}

/**
 * The model with a client that notes the response of one call. The SDK keeps it beside the answer
 * and ChatOpenAI awaits the answer alone; each call has a client of its own to note it in, so that
 * concurrent calls never swap them.
 */
export function observed<Inner extends InnerModel>(inner: Inner, reply: Reply): Inner {
  const client = clientOf(inner);
  const observe = (call: (body: Body, options: unknown) => ResponsePromise) => async (body: Body, options: unknown) => {
    try {
      const promise = call(body, options);
      if (typeof promise.withResponse !== "function") return await promise;
      const { data, response } = await promise.withResponse();
      reply.headers = response.headers;
      return reply.readsUsage && body.stream ? readUsage(data as AsyncIterable<StreamEvent>, reply) : data;
    } catch (error) {
      const { headers } = (error ?? {}) as { headers?: unknown };
      reply.headers = headers instanceof Headers ? headers : undefined;
      if (markBudgetError(error)) return new NotRetried(wrapOpenAIClientError(error));
      throw error;
    }
  };
  const noting = (resource: () => Resource): Resource => ({
    create: observe((body, options) => resource().create(body, options)),
    parse: observe((body, options) => resource().parse(body, options)),
  });
  return Object.create(inner, {
    client: {
      value: {
        baseURL: client.baseURL,
        chat: { completions: noting(() => client.chat.completions) },
        responses: noting(() => client.responses),
      },
    },
  });
}

interface StreamEvent {
  readonly usage?: unknown;
  readonly response?: { readonly usage?: unknown };
}

async function* readUsage<Event extends StreamEvent>(
  events: AsyncIterable<Event>,
  reply: Reply,
): AsyncGenerator<Event> {
  for await (const event of events) {
    reply.costUsd = costOfUsage(event.usage ?? event.response?.usage) ?? reply.costUsd;
    yield event;
  }
}

type Body = Readonly<Record<string, unknown>>;

type ResponsePromise = Promise<unknown> & {
  withResponse?(): Promise<{ data: unknown; response: { headers: Headers } }>;
};

interface Resource {
  create(body: Body, options: unknown): ResponsePromise;
  parse(body: Body, options: unknown): ResponsePromise;
}

interface Client {
  readonly baseURL?: string;
  readonly chat: { readonly completions: Resource };
  readonly responses: Resource;
}

interface InnerInternals {
  client: Client;
  clientConfig: { baseURL?: string | null; defaultHeaders?: HeadersInput };
  _getClientOptions(options: undefined): unknown;
}

export function clientConfigOf(inner: InnerModel): InnerInternals["clientConfig"] {
  return (inner as unknown as InnerInternals).clientConfig;
}

/** The SDK's client, which is made for the first request. */
function clientOf(inner: InnerModel): Client {
  const internals = inner as unknown as InnerInternals;
  internals._getClientOptions(undefined);
  return internals.client;
}

/** The base URL of a model's requests. The SDK's client has the last word on it. */
export function baseUrlOf(inner: InnerModel): string | null | undefined {
  return clientOf(inner).baseURL ?? clientConfigOf(inner).baseURL;
}
