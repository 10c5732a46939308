/** What a provider answers: the body of a plain answer, and the events of a streamed one. */
export interface Template {
  readonly plain: unknown;
  readonly events: readonly unknown[];
}

const TEXT = "Hello wörld 🐻";
const ARGUMENTS = '{"city":"Rome"}';

const completionUsage = {
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  prompt_tokens_details: { cached_tokens: 2, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 1, audio_tokens: 0 },
  cost: 7.5e-5,
};
const completion = { id: "chatcmpl-1", created: 1, model: "gpt-4o", system_fingerprint: "fp", service_tier: "default" };
const toolCall = { index: 0, id: "call_1", type: "function", function: { name: "weather", arguments: ARGUMENTS } };
const delta = (change: object, finish_reason: string | null = null) => ({
  ...completion,
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta: change, logprobs: null, finish_reason }],
});

const responsesUsage = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 2 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 1 },
  total_tokens: 15,
  cost: 7.5e-5,
};
const items = [
  { id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: "Hm." }] },
  {
    id: "msg_1",
    type: "message",
    role: "assistant",
    status: "completed",
    content: [{ type: "output_text", text: TEXT, annotations: [] }],
  },
  { id: "fc_1", type: "function_call", call_id: "call_1", name: "weather", arguments: ARGUMENTS, status: "completed" },
];
const response = {
  id: "resp_1",
  object: "response",
  created_at: 1,
  model: "gpt-4o",
  error: null,
  incomplete_details: null,
  metadata: {},
  user: "u",
  service_tier: "default",
};
const completed = { ...response, status: "completed", output: items, output_text: TEXT, usage: responsesUsage };

export const TEMPLATES: Readonly<Record<"completions" | "responses", Template>> = {
  completions: {
    plain: {
      ...completion,
      object: "chat.completion",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: TEXT, refusal: null, tool_calls: [toolCall] },
          logprobs: null,
          finish_reason: "tool_calls",
        },
      ],
      usage: completionUsage,
    },
    events: [
      delta({ role: "assistant", content: "" }),
      delta({ content: TEXT.slice(0, 7) }),
      delta({ content: TEXT.slice(7) }),
      delta({ tool_calls: [{ ...toolCall, function: { name: "weather", arguments: "" } }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: ARGUMENTS } }] }),
      delta({}, "tool_calls"),
      { ...completion, choices: [], usage: completionUsage },
    ],
  },
  responses: {
    plain: completed,
    events: [
      { type: "response.created", response: { ...response, status: "in_progress", output: [] } },
      { type: "response.output_item.added", output_index: 0, item: { ...items[0], summary: [] } },
      {
        type: "response.reasoning_summary_text.delta",
        item_id: "rs_1",
        output_index: 0,
        summary_index: 0,
        delta: "Hm.",
      },
      { type: "response.output_item.added", output_index: 1, item: { ...items[1], content: [] } },
      {
        type: "response.output_text.delta",
        item_id: "msg_1",
        output_index: 1,
        content_index: 0,
        delta: TEXT.slice(0, 7),
      },
      { type: "response.output_text.delta", item_id: "msg_1", output_index: 1, content_index: 0, delta: TEXT.slice(7) },
      { type: "response.output_item.added", output_index: 2, item: { ...items[2], arguments: "" } },
      { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 2, delta: ARGUMENTS },
      { type: "response.output_item.done", output_index: 2, item: items[2] },
      { type: "response.completed", response: completed },
    ],
  },
};

/** JSON texts that a provider may put in place of any value. */
export const HOSTILE_JSON: readonly string[] = [
  "null",
  "-1",
  "1e999",
  "-1e999",
  "-0.0",
  "12345678901234567890",
  "0.5",
  "true",
  '""',
  '"Infinity"',
  '"-1"',
  '"<meta http-equiv=refresh content=0>"',
  '"\\u001b[2J\\u0000\\ud800"',
  "[]",
  "[null]",
  "{}",
  '{"toLocaleString":1,"toString":1,"then":1}',
  '{"__proto__":{"polluted":1},"constructor":null,"length":-1}',
  '{"callId":"theirs","costUsd":-1}',
  `${"[".repeat(200)}${"]".repeat(200)}`,
];

/** A change of a template: what is at a path, chosen by a number from 0 to 1, becomes other JSON, goes, or gets a new key. */
export interface Change {
  readonly at: number;
  readonly json: string;
  readonly how: "replace" | "remove" | "add";
  readonly key: string;
}

/** The JSON texts of a plain body and of each event, after the changes. */
export function changed(template: Template, changes: readonly Change[]): { plain: string; events: string[] } {
  const texts = (value: unknown) => {
    const root = { root: structuredClone(value) };
    for (const change of changes) apply(root, change);
    return JSON.stringify(root.root)?.replace(/"<raw (\d+)>"/g, (_, index) => HOSTILE_JSON[Number(index)] as string);
  };
  const events = template.events.map((_, index) => index);
  const list = { events: structuredClone(template.events) };
  for (const change of changes) apply(list, change);
  const all = Array.isArray(list.events) ? list.events : events;
  return { plain: texts(template.plain) ?? "", events: all.map((event) => texts2(event)) };
}

function texts2(event: unknown): string {
  return (JSON.stringify(event) ?? "null").replace(
    /"<raw (\d+)>"/g,
    (_, index) => HOSTILE_JSON[Number(index)] as string,
  );
}

function apply(root: object, { at, json, how, key }: Change): void {
  const places = placesOf(root);
  const place = places[Math.floor(at * places.length)];
  if (!place) return;
  const [owner, name] = place;
  const value = `<raw ${HOSTILE_JSON.indexOf(json)}>`;
  if (how === "remove") delete (owner as Record<string, unknown>)[name];
  else if (how === "replace") Reflect.set(owner, name, value);
  else {
    const target = Reflect.get(owner, name);
    if (typeof target === "object" && target !== null && !Array.isArray(target)) Reflect.set(target, key, value);
  }
}

/** Each value in a tree, as its owner and its key. */
function placesOf(owner: object): [owner: object, key: string][] {
  return Object.keys(owner).flatMap((key): [object, string][] => {
    const value: unknown = Reflect.get(owner, key);
    return [[owner, key], ...(typeof value === "object" && value !== null ? placesOf(value) : [])];
  });
}
