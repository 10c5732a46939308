/** A request to the proxy, as it left this process. */
export interface LoggedRequest {
  readonly example: string;
  /** The session id of the request. Where its fields and its header disagree: all that they say. */
  readonly sessionId: string | undefined;
  readonly model: string;
  /** What was asked, as JSON. */
  readonly prompt: string;
  inputTokens: number;
  outputTokens: number;
}

/** What an example says of itself: the sessions that its requests belong to. */
export interface ExampleSessions {
  readonly example: string;
  readonly sessions: readonly (string | false)[];
}

/** Keeps each request that is sent to a proxy, with the tokens that its answer counts. */
export class SessionLog {
  readonly requests: LoggedRequest[] = [];

  /** The example that is running. */
  example = "";

  private readonly answers: Promise<void>[] = [];

  /** Stands between the network and the clients that are made from now on. */
  install(baseURL: string): void {
    const send = globalThis.fetch;
    globalThis.fetch = async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      if (!url.startsWith(baseURL) || typeof init?.body !== "string") return send(input, init);
      const request = this.keep(JSON.parse(init.body), new Headers(init.headers));
      const response = await send(input, init);
      this.answers.push(countTokens(request, response.clone()));
      return response;
    };
  }

  /** Waits until each answer is read to its end. */
  async complete(): Promise<void> {
    await Promise.all(this.answers);
  }

  private keep(body: Record<string, unknown>, headers: Headers): LoggedRequest {
    const ids = [body.litellm_session_id, body.litellm_trace_id, headers.get("x-litellm-session-id") ?? undefined];
    const distinct = [...new Set(ids)];
    const request: LoggedRequest = {
      example: this.example,
      sessionId: distinct.length === 1 ? (ids[0] as string | undefined) : distinct.map(String).join(" and "),
      model: String(body.model),
      prompt: JSON.stringify(body.messages ?? body.input),
      inputTokens: 0,
      outputTokens: 0,
    };
    this.requests.push(request);
    return request;
  }
}

/** Adds what the answer says of tokens: in its JSON, or in the last event of its stream that does. */
async function countTokens(request: LoggedRequest, response: Response): Promise<void> {
  const text = await response.text().catch(() => "");
  const isStream = response.headers.get("content-type")?.includes("event-stream");
  const parts = isStream ? [...text.matchAll(/^data: *(\{.*\})/gm)].map((match) => match[1] ?? "") : [text];
  for (const part of parts) {
    const answer = parse(part);
    const usage = answer?.usage ?? answer?.response?.usage;
    if (!usage) continue;
    request.inputTokens = usage.prompt_tokens ?? usage.input_tokens ?? 0;
    request.outputTokens = usage.completion_tokens ?? usage.output_tokens ?? 0;
  }
}

type Usage = Partial<Record<"prompt_tokens" | "input_tokens" | "completion_tokens" | "output_tokens", number>>;

function parse(json: string): { usage?: Usage | null; response?: { usage?: Usage | null } } | undefined {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** What went wrong, one line each: ids that strayed, and sessions in which nothing happened. */
export function findStrays(requests: readonly LoggedRequest[], examples: readonly ExampleSessions[]): string[] {
  return examples.flatMap(({ example, sessions }) => {
    const own = requests.filter((request) => request.example === example);
    const problems = own.flatMap(({ sessionId, prompt }) => {
      // A prompt that names a session of the example belongs to it and to no other.
      const named = sessions.find((session) => session && prompt.includes(session));
      const isRight = named ? sessionId === named : sessions.some((session) => session && session === sessionId);
      const expected = named ?? "a session of this example";
      return isRight ? [] : [`${example}: a request carried ${sessionId ?? "no session id"}, expected ${expected}`];
    });
    const silent = sessions.filter((session) => !own.some(({ sessionId }) => sessionId === session));
    return [...problems, ...silent.map((session) => `${example}: no request in session ${session || "(none)"}`)];
  });
}

/** The log as a table, one line a session, in the order in which they began. */
export function formatLog(requests: readonly LoggedRequest[]): string {
  const rows = [...new Set(requests.map(({ sessionId }) => sessionId))].map((sessionId) => {
    const of = requests.filter((request) => request.sessionId === sessionId);
    const sum = (key: "inputTokens" | "outputTokens") => of.reduce((total, request) => total + request[key], 0);
    return [
      of[0]?.example ?? "",
      sessionId ?? "(none)",
      String(of.length),
      [...new Set(of.map(({ model }) => model))].join(", "),
      `${sum("inputTokens")} in, ${sum("outputTokens")} out`,
    ];
  });
  const table = [["example", "session", "requests", "models", "tokens"], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return table.map((row) => line(row).trimEnd()).join("\n");
}
