import { createServer, type Socket } from "node:net";
import { ChatOpenAI } from "@langchain/openai";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { SessionChatOpenAI } from "../../src/index.js";
import { Gateway, sendJson } from "../support/gateway/server.js";
import { connection, modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const json = (body: string, headers = "") =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}connection: close\r\n\r\n${body}`;
const events = (body: string) =>
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n${body}`;
const html = (status: string) =>
  `HTTP/1.1 ${status}\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<html>log in</html>`;
const CHOICE =
  '{"index":0,"message":{"role":"assistant","content":"a"},"delta":{"content":"a"},"finish_reason":"stop"}';
const ANSWER = `{"choices":[${CHOICE}]}`;

/** Malformed answers that end. */
const ANSWERS: Record<string, string> = {
  "HTML with 200": html("200 OK"),
  "HTML with 502": html("502 Bad Gateway"),
  "HTML as JSON": json("<html>"),
  "half JSON": json('{"choices":[{"index":0,"mess'),
  nothing: json(""),
  null: json("null"),
  "an array": json("[]"),
  "no choices": json("{}"),
  "a content-length that is short": json(ANSWER, "content-length: 5\r\n"),
  "a content-length that is long": json(ANSWER, "content-length: 5000\r\n"),
  "keys of the prototype": json(
    `{"__proto__":{"a":1},"choices":[${CHOICE}],"usage":{"__proto__":null,"cost":"1e999"}}`,
  ),
  "strange headers of LiteLLM's": json(ANSWER, "x-litellm-call-id: \xe9\r\nx-litellm-response-cost: 1e999\r\n"),
  "another protocol": "SSH-2.0-OpenSSH_9\r\n",
  "half an event": events(`data: ${ANSWER}\n\ndata: {"choi`),
  "an event that is no JSON": events("data: {bad\n\n"),
  "an event that is null": events("data: null\n\ndata: [DONE]\n\n"),
  "no event": events(""),
};

/** Answers that never end: their beginning, and the part that is repeated. */
const ENDLESS: Record<string, [begin: string, goOn: string]> = {
  headers: ["HTTP/1.1 200 OK\r\n", `x-a: ${"y".repeat(4_000)}\r\n`],
  "a body": [json('{"a":"'), "y".repeat(1_000)],
  "a body that stops": [json('{"a":"'), ""],
  events: [events(""), `data: ${ANSWER}\n\n`],
  "one event": [events("data: "), "y".repeat(1_000)],
};

/** Starts a server with this answer to each request. Returns its base URL. Closed when the test ends. */
async function serve(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    socket.once("data", () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/v1`;
}

const CALLS = {
  invoke: async (model: ChatOpenAI, timeout: number) => (await model.invoke("x", { timeout })).text,
  stream: async (model: ChatOpenAI, timeout: number) => {
    const texts: string[] = [];
    for await (const { text } of await model.stream("x", { timeout })) texts.push(text);
    return texts.slice(0, 5);
  },
};

const fields = (baseURL: string) => ({ ...connection(gateway.current), configuration: { baseURL } });

describe.each(Object.entries(CALLS))("%s", (_, call) => {
  const outcome = (model: ChatOpenAI, timeout: number) =>
    call(model, timeout).catch((error: Error) => `${error.name}: ${error.message}`);

  it.each(Object.entries(ANSWERS))("%s has the result of ChatOpenAI", async (_, answer) => {
    vi.spyOn(console, "error").mockImplementation(() => undefined); // The SDK logs an event that is not JSON.
    const baseURL = await serve((socket) => socket.end(answer, "latin1"));
    const expected = await outcome(new ChatOpenAI(fields(baseURL)), 10_000);
    const session = new SessionChatOpenAI({ ...fields(baseURL), sessionId: "a" });
    expect(await outcome(session, 10_000)).toEqual(expected);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  it.each(Object.entries(ENDLESS))("endless %s end at the call's timeout", async (_, [begin, goOn]) => {
    const baseURL = await serve((socket) => {
      socket.write(begin);
      const timer = setInterval(() => socket.write(goOn), 5);
      socket.on("close", () => clearInterval(timer));
    });
    const startMs = performance.now();
    const session = new SessionChatOpenAI({ ...fields(baseURL), sessionId: "a" });
    expect(await outcome(session, 100)).toMatch(/abort|time|Connection error/i);
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});

it("a cost header that is not a finite number is ignored", async () => {
  gateway.current.responseHeaders = () => ({ "x-litellm-response-cost": "1e999", "x-litellm-model-id": "__proto__" });
  const { response_metadata } = await modelFor(gateway.current).invoke("x");
  expect(response_metadata.litellm).toEqual({ modelId: "__proto__" });
});

it.each([301, 302, 307, 308])(
  "a redirect (%i) to another origin carries the session header, but not the key",
  async (status) => {
    const other = await Gateway.start();
    onTestFinished(() => other.stop());
    gateway.current.respond((_, response) => {
      sendJson(response, status, {}, { location: `${other.url}/chat/completions` });
      return true;
    });
    const seen: unknown[] = [];
    const listen: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      seen.push([response.redirected, new URL(response.url).origin]);
      return response;
    };
    const configuration = { baseURL: gateway.current.url, fetch: listen };
    const model = modelFor(gateway.current, { configuration, sessionId: "a" });
    const answer = await model.invoke("x").catch((error: Error) => error);
    expect(seen).toEqual([[true, new URL(other.url).origin]]);
    if (status < 307) {
      // The request becomes a GET without a body, which proxies reject.
      expect(answer).toBeInstanceOf(Error);
      expect(other.unexpected).toEqual(["GET /v1/chat/completions"]);
    } else {
      expect(sessions(other)).toEqual(["a"]);
      expect(other.requests[0]?.headers).not.toHaveProperty("authorization");
    }
  },
);
