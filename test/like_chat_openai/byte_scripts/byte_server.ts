import { createServer, type Server, type Socket } from "node:net";

/** One answer, as bytes. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The body of an answer that is not streamed. */
  readonly plain: string;
  /** The body of a streamed answer. */
  readonly stream: string;
  /** Bytes that replace those of the body at a position, from 0 to 1. */
  readonly damage?: { readonly at: number; readonly bytes: readonly number[] } | undefined;
  /** Positions, from 0 to 1, at which the body is split into HTTP chunks, which a client reads one by one. */
  readonly splits: "every byte" | readonly number[];
  /**
   * How the body ends. `stall`: it never does. `silent`: not a byte comes. `reset`: the connection breaks before the
   * first byte.
   */
  readonly framing:
    | "chunked"
    | "length"
    | "short"
    | "long"
    | "unfinished"
    | "close"
    | "bad chunk"
    | "stall"
    | "silent"
    | "reset";
}

export interface ReceivedRequest {
  readonly line: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One run of a model against the server. */
export interface Played {
  readonly baseURL: string;
  readonly requests: readonly ReceivedRequest[];
}

interface Play {
  readonly answers: readonly Answer[];
  readonly requests: ReceivedRequest[];
  readonly onRequest: (count: number) => void;
}

/** A server that plays byte scripts, one for each base URL. */
export class ByteServer {
  private readonly plays = new Map<string, Play>();
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ByteServer> {
    const server = createServer();
    const bytes = new ByteServer(server);
    server.on("connection", (socket) => bytes.serve(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return bytes;
  }

  /** Answers the requests to the returned base URL: the first by the first answer, those after the last by the last. */
  play(answers: readonly Answer[], onRequest: (count: number) => void = () => {}): Played {
    const name = `r${String(this.plays.size).padStart(7, "0")}`; // All names are equally long, and so are the requests.
    const requests: ReceivedRequest[] = [];
    this.plays.set(name, { answers, requests, onRequest });
    const { port } = this.server.address() as { port: number };
    return { baseURL: `http://127.0.0.1:${port}/${name}/v1`, requests };
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => {});
    let received = Buffer.alloc(0);
    socket.on("data", (data) => {
      received = Buffer.concat([received, data]);
      const request = parseRequest(received);
      if (!request) return;
      received = Buffer.alloc(0);
      const play = this.plays.get(request.line.split("/")[1] as string);
      if (!play) return void socket.destroy();
      play.requests.push(request);
      const answer = (play.answers[play.requests.length - 1] ?? play.answers.at(-1)) as Answer;
      play.onRequest(play.requests.length);
      if (answer.framing === "reset") socket.resetAndDestroy();
      else if (answer.framing === "silent") return;
      else if (answer.framing === "stall") socket.write(render(answer, request));
      else socket.end(render(answer, request));
    });
  }
}

function parseRequest(received: Buffer): ReceivedRequest | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line = "", ...rows] = received.subarray(0, end).toString("latin1").split("\r\n");
  const headers = Object.fromEntries(
    rows.map((row): [string, string] => [
      row.slice(0, row.indexOf(":")).toLowerCase(),
      row.slice(row.indexOf(":") + 2),
    ]),
  );
  const body = received.subarray(end + 4);
  return body.length < Number(headers["content-length"] ?? 0)
    ? undefined
    : { line, headers, body: body.toString("utf8") };
}

function render(answer: Answer, request: ReceivedRequest): Buffer {
  const { status, headers, damage, framing } = answer;
  let body = Buffer.from(/"stream":true/.test(request.body) ? answer.stream : answer.plain);
  if (damage) {
    const at = Math.floor(damage.at * body.length);
    body = Buffer.concat([body.subarray(0, at), Buffer.from(damage.bytes), body.subarray(at + damage.bytes.length)]);
  }
  const path = request.line.split("/")[1] as string;
  const rows = headers.map(([name, value]) => `${name}: ${value.replaceAll("<run>", path)}\r\n`).join("");
  const lengths: { readonly [framing: string]: number } = {
    length: body.length,
    short: body.length >> 1,
    long: body.length + 100,
  };
  const length = lengths[framing];
  const isChunked = length === undefined && framing !== "close";
  const frame =
    length !== undefined ? `content-length: ${length}\r\n` : isChunked ? "transfer-encoding: chunked\r\n" : "";
  const head = Buffer.from(`HTTP/1.1 ${status} Said\r\n${rows}${frame}connection: close\r\n\r\n`, "latin1");
  return Buffer.concat([head, isChunked ? inChunks(body, answer) : body]);
}

function inChunks(body: Buffer, { splits, framing }: Answer): Buffer {
  const positions =
    splits === "every byte" ? body.map((_, at) => at).keys() : splits.map((at) => Math.floor(at * body.length));
  const cuts = [...new Set([0, ...positions, body.length])].sort((a, b) => a - b);
  const parts: Buffer[] = [];
  for (let at = 0; at + 1 < cuts.length; at += 1) {
    const part = body.subarray(cuts[at], cuts[at + 1]);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  const end = { chunked: "0\r\n\r\n", "bad chunk": "zz\r\n" }[framing as string] ?? "";
  return Buffer.concat([...parts, Buffer.from(end)]);
}
