import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cannedAnswer } from "./canned_answers.js";

/** A provider in a child process, so that a bench's CPU time is the client's alone. */
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (part) => {
    body += part;
  });
  request.on("end", () => {
    const answer = cannedAnswer(body);
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
