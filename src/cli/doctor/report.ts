import { sanitizeLine } from "../../render/format.js";
import type { SessionTextPart } from "../../render/text.js";

/** The named transports that send something, in the order in which they are to be preferred. */
export const TRANSPORTS = ["litellm", "body", "headers", "metadata"] as const;

export type TransportName = (typeof TRANSPORTS)[number];

/** What the command can't know. */
export const UNCHECKED =
  "streamed calls, /responses and embeddings (measured to group alike), and what the proxy's own loggers " +
  "(Langfuse, LangSmith) make of a session";

/** What came of the calls of a transport. */
export interface Finding {
  readonly transport: TransportName;
  /** How many of them are in their session. */
  readonly calls: number;
  /** Undefined while it is not certain. */
  readonly verdict: "groups" | "does not group" | "could not check" | undefined;
  readonly why?: string | undefined;
}

const STYLES = { groups: "ok", "does not group": "failed", "could not check": "muted" } as const;

/** A line for each transport. */
export function table(
  findings: readonly Finding[],
  sent: number,
  style: (part: SessionTextPart, text: string) => string,
): string {
  const head = style("muted", "sessionTransport  in one session  verdict");
  const lines = findings.map(({ transport, calls, verdict = "could not check", why }) => {
    const cells = [transport.padEnd(16), `${calls} of ${sent}`.padEnd(14), style(STYLES[verdict], verdict)];
    return cells.join("  ") + (why === undefined ? "" : ` (${sanitizeLine(why)})`);
  });
  return [head, ...lines].join("\n");
}

/** Which transport to use here, in words. */
export function adviceOf(findings: readonly Finding[]): string {
  const use = findings.find(({ verdict }) => verdict === "groups")?.transport;
  if (use === "litellm") return 'Sessions group. Use the default, sessionTransport: "litellm".';
  if (findings[0]?.verdict === "could not check") {
    const other = use ? ` What groups for certain is sessionTransport: "${use}".` : "";
    return `The default, sessionTransport: "litellm", could not be checked: try again, or wait longer with --wait.${other}`;
  }
  if (use) return `Sessions do not group by default here. Set sessionTransport: "${use}".`;
  return (
    "No transport was seen to group here. Sessions need LiteLLM 1.70 or newer; " +
    "a gateway in front may take the fields away."
  );
}
