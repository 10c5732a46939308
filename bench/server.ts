import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A provider in a process of its own, so that a bench's CPU time is the client's alone: the least that each request needs. */
const base = { id: "chatcmpl-1", created: 1, model: "gpt-4o" };
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const headers = {
  "x-litellm-call-id": "8f0e6d0e-7f3c-4f6e-9a33-6c1f6f7a6f10",
  "x-litellm-model-id": "d1",
  "x-litellm-version": "1.106.0",
  "x-litellm-response-cost": "7.5e-05",
};

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
const STREAM = [
  delta({ role: "assistant", content: "" }),
  ...Array.from({ length: 50 }, (_, index) => delta({ content: `word${index} ` })),
  delta({}, "stop"),
  event({ choices: [], usage }),
  "data: [DONE]\n\n",
].join("");

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (part) => {
    body += part;
  });
  request.on("end", () => {
    const isStream = body.includes('"stream":true');
    const wantsTool =
      body.includes('"name":"lookup"') && !body.includes('"role":"tool"') && !body.includes('"tool_choice":{');
    response.writeHead(200, { "content-type": isStream ? "text/event-stream" : "application/json", ...headers });
    response.end(isStream ? STREAM : wantsTool ? TOOL_CALL : TEXT);
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
