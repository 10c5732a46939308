import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach } from "vitest";

/** A request as it arrived. */
export interface EchoedRequest {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body's bytes. */
  readonly bytes: Buffer;
}

/** A server for all tests of a file that records any request unchanged and answers 200. */
export function useEchoServer(): { readonly url: string; readonly requests: EchoedRequest[] } {
  const requests: EchoedRequest[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method, url: path, headers } = request;
    const bytes = Buffer.concat(parts);
    requests.push({ method, path, headers, body: bytes.toString(), bytes });
    response.writeHead(200, { "content-type": "application/json", "x-answer": "as it is" }).end("{}");
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
  beforeEach(() => {
    requests.length = 0;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    requests,
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/any`;
    },
  };
}
