import { ChatOpenAI, type ChatOpenAIFields } from "@langchain/openai";
import { SessionChatOpenAI } from "../../src/index.js";
import type { Gateway, GatewayRequest } from "./gateway/server.js";
import { connection } from "./sessions.js";

/** The session of the model `inSession`. */
export const SESSION = "drop-in-session";

/** Both endpoints, with the field that selects them. */
export const ENDPOINTS = [
  { endpoint: "/chat/completions", useResponsesApi: false },
  { endpoint: "/responses", useResponsesApi: true },
];

/** The same model as ChatOpenAI, as SessionChatOpenAI without a session, and with one. */
export interface ThreeModels {
  readonly plain: ChatOpenAI;
  readonly sessionless: SessionChatOpenAI;
  readonly inSession: SessionChatOpenAI;
}

/** The three models, connected to the gateway. */
export function threeModels(gateway: Gateway, fields: ChatOpenAIFields = {}): ThreeModels {
  const given = { ...connection(gateway), ...fields };
  const configuration = { ...connection(gateway).configuration, ...fields.configuration };
  return {
    plain: new ChatOpenAI({ ...given, configuration }),
    sessionless: new SessionChatOpenAI({ ...given, configuration, sessionId: false }),
    inSession: new SessionChatOpenAI({ ...given, configuration, sessionId: SESSION }),
  };
}

/** The requests of a run and its result, in a form that can be compared between runs. */
export interface Observation {
  readonly requests: readonly GatewayRequest[];
  readonly outcome: unknown;
}

/** Runs `run` and records its requests, and what it returns or throws. */
export async function observe(gateway: Gateway, run: () => unknown): Promise<Observation> {
  const before = gateway.requests.length;
  let outcome: unknown;
  try {
    outcome = await run();
  } catch (error) {
    outcome = { thrown: describeError(error) };
  }
  // The requests of a batch arrive in any order.
  const requests = gateway.requests.slice(before).sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
  return comparable({ requests, outcome }) as Observation;
}

function textOf({ body }: GatewayRequest): string {
  return JSON.stringify(body.messages ?? body.input);
}

/** The parts of an error that a caller can distinguish. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { value: error };
  const { status, code, type, lc_error_code } = error as Error & Record<string, unknown>;
  const { name, message, cause } = error;
  const kind = error.constructor.name;
  return { kind, name, message, status, code, type, lc_error_code, cause: cause && describeError(cause) };
}

/** The value through JSON, without the parts that differ in each run: ids, times, and the numbers in names of LangChain's schema tools. */
export function comparable(value: unknown): unknown {
  const json = JSON.stringify(value) ?? "null";
  const steady = json.replace(/[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}/g, "<id>");
  return JSON.parse(steady.replace(/"extract-\d+"/g, '"extract"').replace(/:1[0-9]{12}\b/g, ":1"));
}

/** The observation without the three request fields and the `session_id` in a run's metadata that a session adds. */
export function withoutSession({ requests, outcome }: Observation): Observation {
  return {
    requests: requests.map(({ path, headers, body }) => {
      const { litellm_session_id: _1, litellm_trace_id: _2, ...restOfBody } = body;
      const { "x-litellm-session-id": _3, "content-length": _4, ...restOfHeaders } = headers;
      return { path, headers: restOfHeaders, body: restOfBody };
    }),
    outcome: withoutSessionMetadata(outcome),
  };
}

/** The value without any `session_id` that this package added. */
export function withoutSessionMetadata(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSessionMetadata);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key, each]) => key !== "session_id" || each !== SESSION);
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutSessionMetadata(each)]));
}

/** The value without the `session_id` that serialised models have beside the fields of ChatOpenAI. */
export function withoutSessionField(serialized: unknown): unknown {
  return JSON.parse(JSON.stringify(serialized) ?? "null", (key, value) => {
    if (key === "kwargs") delete value.session_id;
    return value;
  });
}
