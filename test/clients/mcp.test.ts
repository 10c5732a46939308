import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { RunnableLambda } from "@langchain/core/runnables";
import { loadMcpTools } from "@langchain/mcp-adapters";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { sessionFetch, withSession } from "../../src/index.js";

/** A request of an MCP client: the JSON-RPC method, the argument of a tool, the session's header, all of the body's keys. */
interface McpRequest {
  method: string;
  argument: unknown;
  header: unknown;
  keys: string[];
}

const requests: McpRequest[] = [];

/** A real MCP server over HTTP, a transport a request. */
const http = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (request.method !== "POST") return response.writeHead(405).end();
  const body = JSON.parse(Buffer.concat(chunks).toString());
  requests.push({
    method: body.method,
    argument: body.params?.arguments?.city,
    header: request.headers["x-litellm-session-id"],
    keys: Object.keys(body).sort(),
  });
  const server = new McpServer({ name: "weather", version: "1.0.0" });
  server.registerTool("weather", { description: "The weather.", inputSchema: { city: z.string() } }, ({ city }) => ({
    content: [{ type: "text", text: `Rain in ${city}` }],
  }));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  await server.connect(transport);
  await transport.handleRequest(request, response, body);
});

beforeAll(() => new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve)));
afterEach(() => {
  requests.length = 0;
});
afterAll(() => {
  http.closeAllConnections();
  http.close();
});

async function connected(fetch: typeof globalThis.fetch): Promise<Client> {
  const client = new Client({ name: "test", version: "1.0.0" });
  const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`);
  // The SDK's class does not satisfy its own interface under exactOptionalPropertyTypes.
  await client.connect(new StreamableHTTPClientTransport(url, { fetch }) as Parameters<Client["connect"]>[0]);
  return client;
}

const toolCalls = () => requests.filter(({ method }) => method === "tools/call");

it("MCP tools of one connection send the header of the run that calls them, and JSON-RPC stays as it is", async () => {
  const client = await connected(sessionFetch());
  const [weather] = await loadMcpTools("weather", client);
  const lambda = RunnableLambda.from((city: string) => weather?.invoke({ city }));
  const cities = Array.from({ length: 10 }, (_, n) => `city-${n}`);
  await Promise.all(cities.map((city) => withSession(lambda, { sessionId: `session of ${city}` }).invoke(city)));
  await client.close();

  expect(toolCalls().map(({ argument, header }) => [argument, header])).toHaveLength(10);
  for (const { argument, header } of toolCalls()) expect(header).toBe(`session of ${argument}`);
  for (const { method, keys, header } of requests) {
    expect(["id", "jsonrpc", "method", "params"]).toEqual(expect.arrayContaining(keys));
    if (method !== "tools/call") expect(header).toBeUndefined(); // Made before any run.
  }
});

it("an MCP client with a sessionId sends its header with every request, from the connection on", async () => {
  const client = await connected(sessionFetch({ sessionId: "conversation-42" }));
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(["weather"]);
  expect(await client.callTool({ name: "weather", arguments: { city: "Bern" } })).toMatchObject({
    content: [{ type: "text", text: "Rain in Bern" }],
  });
  await client.close();
  expect(requests.map(({ method }) => method)).toEqual(
    expect.arrayContaining(["initialize", "notifications/initialized", "tools/list", "tools/call"]),
  );
  expect(new Set(requests.map(({ header }) => header))).toEqual(new Set(["conversation-42"]));
});
