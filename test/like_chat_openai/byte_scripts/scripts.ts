import fc from "fast-check";
import type { Answer } from "./byte_server.js";
import { type Change, changed, HOSTILE_JSON, TEMPLATES } from "./templates.js";

/** The ways to call a model. */
export const ENTRIES = [
  "invoke",
  "invoke streaming",
  "stream",
  "streamEvents v1",
  "streamEvents v2",
  "streamEvents v3",
  "streamLog",
  "batch",
  "batch returnExceptions",
  "generate",
  "withRetry",
  "withFallbacks",
  "bindTools",
  "withStructuredOutput",
  "withStructuredOutput raw",
] as const;

/** When the caller's signal aborts. `token`: with the first chunk or token. `leave`: no signal, but the reader leaves. */
export const ABORTS = ["never", "before", "request", "second request", "token", "leave"] as const;

/** Objects of the user that a call throws: what he aborts with, and what his own functions throw. */
export const THROWN = [
  "default",
  "error",
  "frozen",
  "readonly",
  "error with sessionId",
  "object",
  "text",
  "null",
  "SDK",
] as const;

/** Functions of the user that throw. */
export const THROWERS = [
  "none",
  "fetch",
  "apiKey",
  "onFailedAttempt",
  "body",
  "handleChatModelStart",
  "handleLLMNewToken",
  "handleLLMEnd",
  "handleLLMError",
] as const;

/** A call of a model, and all that the provider and the user do in it. */
export interface ByteScript {
  readonly useResponsesApi: boolean;
  readonly entry: (typeof ENTRIES)[number];
  readonly answers: readonly Answer[];
  readonly abort: (typeof ABORTS)[number];
  readonly thrown: (typeof THROWN)[number];
  readonly thrower: (typeof THROWERS)[number];
  readonly timesOut: boolean;
  readonly maxRetries: number;
  readonly fields: {
    readonly streamUsage?: boolean;
    readonly outputVersion?: "v1";
    readonly logprobs?: boolean;
    readonly zdrEnabled?: boolean;
    readonly __includeRawResponse?: boolean;
  };
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
  json: fc.constantFrom(...HOSTILE_JSON),
  how: fc.constantFrom("replace", "replace", "replace", "remove", "add"),
  key: fc.constantFrom("litellm", "litellm_answered", "cost", "error", "choices", "response", "usage", "id"),
});

const COSTS = ["7.5e-05", "0", "0.0", "-1", "Infinity", "1e999", "NaN", "", "None", "abc", "{}", "1, 2"];
const litellmHeaders = fc.array(
  fc.constantFrom<[string, string]>(
    ...COSTS.map((cost): [string, string] => ["x-litellm-response-cost", cost]),
    ["x-litellm-call-id", "call-1"],
    ["x-litellm-call-id", "\xe9\x80"],
    ["x-litellm-model-id", "y".repeat(9_000)],
    ["x-litellm-version", "1.109.1"],
    ["x-litellm-cache-key", "key"],
    ["x-litellm-attempted-retries", "-3"],
    ["x-litellm-attempted-fallbacks", "1e400"],
    ["x-litellm-response-duration-ms", "12.5"],
  ),
  { maxLength: 4 },
);

const otherHeaders = fc.array(
  fc.constantFrom<[string, string]>(
    ["retry-after", "0"],
    ["retry-after", "2"],
    ["retry-after", "1e9"],
    ["retry-after", "soon"],
    ["retry-after-ms", "5"],
    ["x-should-retry", "true"],
    ["x-should-retry", "false"],
    ["x-request-id", "req_1"],
    ["set-cookie", "a=b"],
    ["content-encoding", "identity"],
    ["location", "/<run>/v1/elsewhere"],
    ["location", "/<run>/v1/elsewhere"],
    ["location", "http://[half"],
    ["x-long", "y".repeat(20_000)],
    ["bad header", "a"],
    ["content-type", "text/html"],
  ),
  { maxLength: 2 },
);

const MESSAGES = [
  "no",
  "Session budget exceeded for session drop-in-session. Current spend: $2, max_budget_per_session: $1.",
  "Max iterations exceeded for session drop-in-session. Current count: 3, max_iterations: 2.",
  "This model's maximum context length is 8 tokens: context_length_exceeded",
  "an assistant message with tool_calls must be followed by tool messages",
  "You exceeded your current quota, please check your billing details",
  "Please try again in 20ms",
  "x".repeat(50_000),
];
const errorBody = fc
  .record({
    message: fc.constantFrom(...MESSAGES),
    code: fc.constantFrom(null, "429", "insufficient_quota", "previous_response_not_found", 7),
    form: fc.constantFrom("error", "error", "error", "detail", "text", "string error", "object message", "nothing"),
  })
  .map(({ message, code, form }) => {
    const error = { message, code, type: "throttling_error", param: null };
    if (form === "text") return `<html>${message}</html>`;
    if (form === "nothing") return "";
    if (form === "detail") return JSON.stringify({ detail: message });
    if (form === "string error") return JSON.stringify({ error: message });
    if (form === "object message") return JSON.stringify({ error: { ...error, message: { text: message } } });
    return JSON.stringify({ error });
  });

/** An event of a stream in place of, or after, one of the template's. */
const strayEvent = fc.record({
  at: fc.nat(10),
  text: fc.constantFrom(
    ...[
      "null",
      "[]",
      "{}",
      "7",
      "true",
      '"text"',
      "{",
      "[DONE]",
      "",
      '{"error":{"message":"too slow","code":"timeout"}}',
    ].map((data) => `data: ${data}\n\n`),
    'data: {"error":"text"}\n\n',
    'data: {"error":{"message":"maximum context length"}}\n\n',
    'event: error\ndata: {"error":{"message":"broke off"}}\n\n',
    'event: thread.run\ndata: {"a":1}\n\n',
    ": ping\n\n",
    "id: 1\nretry: 5\n\n",
    "data: {}\r\n\r\n",
    "\ufeffdata: {}\n\n",
    "garbage\n",
    'data: {"type":"response.failed","response":{"id":"resp_1","error":{"message":"no"}}}\n\n',
    'data: {"type":"error","message":"no","code":"server_error"}\n\n',
    'data: {"choices":[{"index":1,"delta":{"content":"second"}}]}\n\n',
  ),
});

const splits = fc.oneof(
  { weight: 1, arbitrary: fc.constant("every byte" as const) },
  { weight: 3, arbitrary: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }) },
);
const framing = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("chunked" as const, "length" as const) },
  { weight: 5, arbitrary: fc.constantFrom("short", "long", "unfinished", "close", "bad chunk", "reset") },
) as fc.Arbitrary<Answer["framing"]>;

const answered = (endpoint: "completions" | "responses"): fc.Arbitrary<Answer> =>
  fc
    .record({
      changes: fc.oneof(fc.constant([]), fc.array(change, { maxLength: 3 })),
      strays: fc.oneof(
        { weight: 2, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(strayEvent, { maxLength: 2 }) },
      ),
      done: fc.constantFrom("data: [DONE]\n\n", "data: [DONE]\n\n", "", "data: [DONE]"),
      newline: fc.constantFrom("\n", "\n", "\n", "\r\n", "\r"),
      named: fc.boolean(),
      headers: fc.tuple(
        litellmHeaders,
        fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: otherHeaders }),
      ),
      damage: fc.option(
        fc.record({
          at: fc.double({ min: 0, max: 1, noNaN: true }),
          bytes: fc.constantFrom([0xff], [0xf0, 0x9f], [0x00], [0x0a, 0x0a], [0x22], [0x7b]),
        }),
        { freq: 5, nil: undefined },
      ),
      splits,
      framing,
      status: fc.constantFrom(200, 200, 200, 200, 201, 299),
      type: fc.constantFrom(undefined, undefined, undefined, "text/plain", "application/vnd.api+json", ""),
    })
    .map(
      ({ changes, strays, done, newline, named, headers: [ours, others], damage, splits, framing, status, type }) => {
        const { plain, events } = changed(TEMPLATES[endpoint], changes);
        const texts = events.map((json, index) => {
          const { type } = (TEMPLATES[endpoint].events[index] ?? {}) as { type?: string };
          return `${named && type ? `event: ${type}\n` : ""}data: ${json}\n\n`;
        });
        for (const { at, text } of strays) texts.splice(at, text.startsWith(":") ? 0 : 1, text);
        const stream = `${texts.join("")}${done}`.replaceAll("\n", newline);
        const contentType: readonly (readonly [string, string])[] =
          type === "" ? [] : [["content-type", type ?? "application/json"]];
        return { status, headers: [...contentType, ...ours, ...others], plain, stream, damage, splits, framing };
      },
    );

const refused: fc.Arbitrary<Answer> = fc
  .record({
    status: fc.constantFrom(
      429,
      429,
      429,
      429,
      400,
      401,
      402,
      403,
      404,
      408,
      409,
      413,
      422,
      500,
      502,
      503,
      529,
      204,
      301,
      302,
      303,
      307,
      308,
      304,
    ),
    body: errorBody,
    headers: fc.tuple(litellmHeaders, otherHeaders),
    splits,
    framing,
  })
  .map(({ status, body, headers: [ours, others], splits, framing }) => ({
    status,
    headers: [["content-type", "application/json"], ...ours, ...others] as const,
    plain: body,
    stream: body,
    splits,
    framing,
  }));

const whole = (endpoint: "completions" | "responses", framing: Answer["framing"]): Answer => {
  const { plain, events } = changed(TEMPLATES[endpoint], []);
  const stream = events.map((json) => `data: ${json}\n\n`);
  return {
    status: 200,
    headers: [
      ["content-type", "application/json"],
      ["x-litellm-call-id", "call-1"],
    ],
    plain,
    stream: framing === "stall" ? stream.slice(0, 6).join("") : stream.join(""),
    splits: [],
    framing,
  };
};

/** Entries that read a stream, in which a token may come before the end. */
const STREAMING: readonly string[] = ENTRIES.filter((entry) => /stream|bindTools/i.test(entry));

/** Entries whose reader can leave. */
const LEAVABLE: readonly string[] = ["stream", "bindTools", "streamEvents v3"];

export const byteScripts: fc.Arbitrary<ByteScript> = fc.boolean().chain((useResponsesApi) => {
  const endpoint = useResponsesApi ? "responses" : "completions";
  const answer = fc.oneof({ weight: 3, arbitrary: answered(endpoint) }, { weight: 2, arbitrary: refused });
  return fc
    .record({
      useResponsesApi: fc.constant(useResponsesApi),
      entry: fc.constantFrom(...ENTRIES),
      answers: fc.array(answer, { minLength: 1, maxLength: 3 }),
      abort: fc.oneof(
        { weight: 5, arbitrary: fc.constant("never" as const) },
        { weight: 2, arbitrary: fc.constantFrom(...ABORTS) },
      ),
      thrown: fc.constantFrom(...THROWN),
      thrower: fc.oneof(
        { weight: 5, arbitrary: fc.constant("none" as const) },
        { weight: 2, arbitrary: fc.constantFrom(...THROWERS) },
      ),
      timesOut: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      maxRetries: fc.constantFrom(0, 0, 1, 2),
      fields: fc.record(
        {
          streamUsage: fc.constant(false),
          outputVersion: fc.constant("v1" as const),
          logprobs: fc.constant(true),
          zdrEnabled: fc.constant(true),
          __includeRawResponse: fc.constant(true),
        },
        { requiredKeys: [] },
      ),
    })
    .map((script): ByteScript => playable(script, endpoint));
});

/** The script with an answer that stalls where it needs one, and only there: an answer that stalls for nothing hangs. */
function playable(script: ByteScript, endpoint: "completions" | "responses"): ByteScript {
  const silent = whole(endpoint, "silent");
  if (script.timesOut)
    return { ...script, abort: "never", answers: [silent], maxRetries: Math.min(script.maxRetries, 1) };
  if (script.abort === "request") return { ...script, answers: [silent] };
  if (script.abort === "second request") {
    return { ...script, maxRetries: 1, answers: [{ ...whole(endpoint, "length"), status: 500 }, silent] };
  }
  if (script.abort === "token" || script.abort === "leave") {
    const entries = script.abort === "token" ? STREAMING : LEAVABLE;
    if (!entries.includes(script.entry)) return { ...script, abort: "before" };
    return { ...script, answers: [whole(endpoint, "stall")], thrower: "none" };
  }
  return script;
}
