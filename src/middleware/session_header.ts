import type { HeadersInput } from "../transport/headers.js";
import type { SessionWriter } from "../transport/session_writer.js";

/** The fields of a `ChatOpenAI` that this file reads. */
interface ChatOpenAILike {
  _llmType?(): string;
  withSession?: unknown;
  readonly clientConfig?: { readonly baseURL?: string | null; readonly defaultHeaders?: HeadersInput };
}

/** The part of a middleware's request that this file changes. */
interface ModelRequest {
  readonly model?: unknown;
  readonly modelSettings?: { readonly [setting: string]: unknown };
}

/**
 * Returns the request of a middleware with the header of the session, if its model is a plain `ChatOpenAI`. Adds
 * nothing to a provider's own host, or beside a header that the user set.
 */
export function addSessionHeader<Request extends object>(
  request: Request,
  sessionId: string,
  writer: SessionWriter,
): Request {
  const { model, modelSettings = {} } = request as ModelRequest;
  const { clientConfig } = (model ?? {}) as ChatOpenAILike;
  if (!clientConfig || !isPlainChatOpenAI(model as ChatOpenAILike)) return request;
  const headers = modelSettings.headers as Record<string, string> | undefined;
  const options = modelSettings.options as { headers?: Record<string, string> } | undefined;
  const parts = { body: {}, headers: { ...headers, ...options?.headers } };
  const added = writer.additions(parts, sessionId, {
    baseURL: clientConfig.baseURL ?? undefined,
    defaultHeaders: clientConfig.defaultHeaders,
  })?.headers;
  if (!added) return request;
  // ChatOpenAI takes the headers of a streamed call from `headers`, those of another call from `options.headers`.
  const settings = {
    ...modelSettings,
    headers: { ...headers, ...added },
    options: { ...options, headers: { ...options?.headers, ...added } },
  };
  return { ...request, modelSettings: settings };
}

/** A model with `withSession` is a `SessionChatOpenAI`, of this copy of the package or of another. */
function isPlainChatOpenAI(model: ChatOpenAILike): boolean {
  return model._llmType?.() === "openai" && typeof model.withSession !== "function";
}
