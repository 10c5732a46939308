import type { SessionTextPart } from "../render_session.js";
import { plainLine } from "../session_picture.js";
import type { Probe } from "./doctor_probe.js";

/** The named transports that send something, in the order in which they are to be preferred. */
export const TRANSPORTS = ["litellm", "body", "headers", "metadata"] as const;

export type TransportName = (typeof TRANSPORTS)[number];

/** What the command can't know. */
export const UNCHECKED =
  "streamed calls, /responses and embeddings (measured to group alike), and what the proxy's own loggers " +
  "(Langfuse, LangSmith) make of a session";

/** A line for each transport: what came of its calls. */
export function table(
  probes: readonly Probe[],
  found: ReadonlyMap<string, number>,
  calls: number,
  style: (part: SessionTextPart, text: string) => string,
): string {
  const head = style("muted", "sessionTransport  in one session  verdict");
  const lines = probes.map(({ transport, sessionId, answers }) => {
    const count = found.get(sessionId) ?? 0;
    const refused = answers.find(({ error }) => error !== undefined)?.error;
    const verdict = count >= calls ? style("ok", "groups") : style("failed", "does not group");
    const why = refused === undefined || count >= calls ? "" : ` (${plainLine(refused)})`;
    return `${transport.padEnd(16)}  ${`${count} of ${calls}`.padEnd(14)}  ${verdict}${why}`;
  });
  return [head, ...lines].join("\n");
}

/** Which transport to use here, in words. */
export function recommend(found: readonly number[], calls: number): { use: TransportName | undefined; advice: string } {
  const use = TRANSPORTS.find((_, index) => (found[index] ?? 0) >= calls);
  if (use === "litellm") return { use, advice: 'Sessions group. Use the default, sessionTransport: "litellm".' };
  if (use) return { use, advice: `Sessions do not group by default here. Set sessionTransport: "${use}".` };
  const advice =
    "No transport groups here, or the log is later than the time waited (--wait). " +
    "Sessions need LiteLLM 1.70 or newer; a gateway in front may take the fields away.";
  return { use, advice };
}
