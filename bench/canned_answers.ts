/** An HTTP response of a provider, complete before it is sent. */
export interface CannedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Answers the text of a `/chat/completions` request with the least that LangChain accepts: a stream,
 * a call of the tool `lookup`, or a text. A stream has as many chunks as the question says ("30"),
 * 50 if the question is no number.
 */
export function cannedAnswer(request: string): CannedAnswer {
  if (request.includes('"stream":true')) {
    const chunks = Number(/"content":"(\d+)"/.exec(request)?.[1] ?? 50);
    return { status: 200, headers: STREAM_HEADERS, body: streamOf(chunks) };
  }
  const wantsTool =
    request.includes('"name":"lookup"') && !request.includes('"role":"tool"') && !request.includes('"tool_choice":{');
  return { status: 200, headers: JSON_HEADERS, body: wantsTool ? TOOL_CALL : TEXT };
}

const LITELLM_HEADERS = {
  "x-litellm-call-id": "8f0e6d0e-7f3c-4f6e-9a33-6c1f6f7a6f10",
  "x-litellm-model-id": "d1",
  "x-litellm-version": "1.106.0",
  "x-litellm-response-cost": "7.5e-05",
};
const JSON_HEADERS = { "content-type": "application/json", ...LITELLM_HEADERS };
const STREAM_HEADERS = { "content-type": "text/event-stream", ...LITELLM_HEADERS };

const base = { id: "chatcmpl-1", created: 1, model: "gpt-4o" };
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

const completion = (message: object) =>
  JSON.stringify({
    ...base,
    object: "chat.completion",
    choices: [{ index: 0, message, finish_reason: "stop" }],
    usage,
  });
const TEXT = completion({ role: "assistant", content: '{"answer":"forty-two"}' });
const TOOL_CALL = completion({
  role: "assistant",
  content: null,
  tool_calls: [{ id: "call_1", type: "function", function: { name: "lookup", arguments: '{"word":"a"}' } }],
});

const event = (data: object) => `data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", ...data })}\n\n`;
const delta = (content: object, finish_reason: string | null = null) =>
  event({ choices: [{ index: 0, delta: content, finish_reason }] });

/** The texts of streams, by their number of chunks: built once, as both sides of a duel would pay for it. */
const streams = new Map<number, string>();

function streamOf(chunks: number): string {
  const known = streams.get(chunks);
  if (known !== undefined) return known;
  const text = [
    delta({ role: "assistant", content: "" }),
    ...Array.from({ length: chunks }, (_, index) => delta({ content: `word${index} ` })),
    delta({}, "stop"),
    event({ choices: [], usage }),
    "data: [DONE]\n\n",
  ].join("");
  streams.set(chunks, text);
  return text;
}
