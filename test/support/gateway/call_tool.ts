import { randomUUID } from "node:crypto";
import type { Json } from "./chat_model.js";
import { sendEvents, sendJson } from "./send.js";
import type { Responder } from "./server.js";

/** Answers a user's message on `/chat/completions` with calls of these tools, if the request offers the first of them. */
export function callTools(...calls: readonly { name: string; args: Json }[]): Responder {
  return ({ path, body }, response) => {
    const messages = (body.messages ?? []) as { role: string }[];
    const offered = ((body.tools ?? []) as { function?: { name: string } }[]).map((tool) => tool.function?.name);
    if (path !== "/chat/completions" || messages.at(-1)?.role !== "user" || !offered.includes(calls[0]?.name)) {
      return undefined;
    }
    const tool_calls = calls.map(({ name, args }, index) => {
      return {
        index,
        id: `call_${randomUUID()}`,
        type: "function",
        function: { name, arguments: JSON.stringify(args) },
      };
    });
    const message = { role: "assistant", content: "", tool_calls };
    const base = { id: `chatcmpl-${randomUUID()}`, created: 1, model: body.model };
    const end = { finish_reason: "tool_calls", index: 0 };
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    if (body.stream) {
      const chunk = { ...base, object: "chat.completion.chunk", choices: [{ ...end, delta: message }] };
      sendEvents(response, [{ data: chunk }, { data: { ...chunk, choices: [], usage } }, { data: "[DONE]" }]);
    } else {
      sendJson(response, 200, { ...base, object: "chat.completion", choices: [{ ...end, message }], usage });
    }
    return true;
  };
}
