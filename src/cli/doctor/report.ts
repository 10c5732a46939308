import { sanitizeLine } from "../../render/format.js";
import type { SessionTextPart } from "../../render/text.js";

/** The named transports that send an id. `recommend` picks the first that works. */
export const TRANSPORTS = ["litellm", "body", "headers", "metadata"] as const;

export type TransportName = (typeof TRANSPORTS)[number];

/** Continues the line "Not checked:" of the report. */
export const UNCHECKED =
  "streamed calls, /responses and embeddings (measured to group alike), and what the proxy's own loggers " +
  "(Langfuse, LangSmith) make of a session";

/** The result of the calls that were sent with one transport. */
export interface Finding {
  readonly transport: TransportName;
  /** Number of its calls that the log has in the probe's session. */
  readonly calls: number;
  /** Undefined as long as calls may still appear in the log. */
  readonly verdict: "groups" | "does not group" | "could not check" | undefined;
  readonly reason?: string | undefined;
}

const STYLES = { groups: "ok", "does not group": "failed", "could not check": "muted" } as const;

export function formatTable(
  findings: readonly Finding[],
  sent: number,
  version: string | undefined,
  style: (part: SessionTextPart, text: string) => string,
): string {
  const head = style("muted", "sessionTransport  in one session  verdict");
  const lines = findings.map(({ transport, calls, verdict = "could not check", reason }) => {
    const isExpected = verdict === "does not group" && reason === undefined && isKnownNotToGroup(transport, version);
    const part = isExpected ? "muted" : STYLES[verdict];
    const cells = [
      transport.padEnd(16),
      `${calls} of ${sent}`.padEnd(14),
      style(part, verdict + (isExpected ? " (as expected)" : "")),
    ];
    return cells.join("  ") + (reason === undefined ? "" : ` (${sanitizeLine(reason)})`);
  });
  return [head, ...lines].join("\n");
}

/** LiteLLM groups by no `metadata.litellm_trace_id`, and by headers from 1.90 on. */
function isKnownNotToGroup(transport: TransportName, version = ""): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return transport === "metadata" || (transport === "headers" && Number(major) === 1 && Number(minor) < 90);
}

/** Says which transport to use with this proxy. */
export function recommend(findings: readonly Finding[]): string {
  const transport = findings.find(({ verdict }) => verdict === "groups")?.transport;
  if (transport === "litellm") return 'Sessions group. Use the default, sessionTransport: "litellm".';
  if (findings[0]?.verdict === "could not check") {
    const alternative = transport ? ` What groups for certain is sessionTransport: "${transport}".` : "";
    return `The default, sessionTransport: "litellm", could not be checked: try again, or wait longer with --wait.${alternative}`;
  }
  if (transport) return `Sessions do not group by default here. Set sessionTransport: "${transport}".`;
  return (
    "No transport was seen to group here. Sessions need LiteLLM 1.70 or newer; " +
    "a gateway in front may take the fields away."
  );
}
