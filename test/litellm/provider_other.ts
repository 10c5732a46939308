import { randomUUID } from "node:crypto";
import type { Endpoint } from "./provider_reply.js";

const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

/** `POST /v1/completions`, OpenAI's legacy endpoint. */
export const completions: Endpoint = {
  fields: new Set(
    `model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop stream
    stream_options suffix temperature top_p user`.split(/\s+/),
  ),
  reply({ model }) {
    const choices = [{ text: "word", index: 0, logprobs: null, finish_reason: "stop" }];
    return {
      json: { id: `cmpl-${randomUUID()}`, object: "text_completion", created: 1, model, choices, usage: USAGE },
    };
  },
};

/** `POST /v1/audio/transcriptions`, whose body is a form. */
export const transcriptions: Endpoint = {
  fields: new Set(
    `file model language prompt response_format temperature timestamp_granularities timestamp_granularities[] include
    include[] stream chunking_strategy`.split(/\s+/),
  ),
  reply: () => ({ json: { text: "word", task: "transcribe", language: "english", duration: 1 } }),
};

/** `POST /v1/messages` of Anthropic, plain and streamed. */
export const messages: Endpoint = {
  fields: new Set(
    `model messages max_tokens metadata stop_sequences stream system temperature thinking tool_choice tools top_k
    top_p`.split(/\s+/),
  ),
  reply({ model, stream }) {
    const message = {
      id: `msg_${randomUUID()}`,
      type: "message",
      role: "assistant",
      model,
      content: [{ type: "text", text: "word" }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 10, output_tokens: 5 },
    };
    if (stream !== true) return { json: message };
    const events = [
      { type: "message_start", message: { ...message, content: [], stop_reason: null } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "word" } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 5 } },
      { type: "message_stop" },
    ];
    return { lines: events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`) };
  },
};

/** `POST /v1/rerank` of Cohere. */
export const rerank: Endpoint = {
  fields: new Set(
    "model query documents top_n rank_fields return_documents max_chunks_per_doc max_tokens_per_doc".split(" "),
  ),
  reply: () => ({
    json: {
      id: randomUUID(),
      results: [{ index: 0, relevance_score: 0.9 }],
      meta: { api_version: { version: "2" }, billed_units: { search_units: 1 } },
    },
  }),
};
