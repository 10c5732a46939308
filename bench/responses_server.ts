import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** `/responses` in a process of its own: the same answer to everything, under an id as long as LiteLLM's. `GET` tells the bytes received since the last. */
const output = [
  {
    type: "message",
    id: "msg_1",
    status: "completed",
    role: "assistant",
    content: [{ type: "output_text", text: "Robots tell stories. ".repeat(30), annotations: [] }],
  },
];
const usage = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 15,
};
const answer = { object: "response", created_at: 1, status: "completed", model: "gpt-4o", output, error: null, usage };

let bytes = 0;
let answers = 0;

const server = createServer((request, response) => {
  request.on("data", (part: Buffer) => {
    bytes += part.length;
  });
  request.on("end", () => {
    response.writeHead(200, { "content-type": "application/json" });
    if (request.method === "GET") {
      response.end(JSON.stringify(bytes));
      bytes = 0;
    } else {
      answers += 1;
      response.end(JSON.stringify({ ...answer, id: `resp_${String(answers).padStart(300, "0")}` }));
    }
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
