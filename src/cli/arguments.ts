import { parseArgs } from "node:util";

/** The parsed arguments of `litellm-session`. */
export type Command =
  | { readonly name: "help" | "version" }
  | {
      readonly name: "doctor";
      readonly baseURL: string | undefined;
      readonly model: string | undefined;
      readonly waitMs: number;
    }
  | { readonly name: "list"; readonly baseURL: string | undefined; readonly sinceMs: number; readonly json: boolean }
  | {
      readonly name: "show";
      readonly baseURL: string | undefined;
      readonly sessionId: string;
      readonly json: boolean;
      readonly html: string | undefined;
      readonly watch: boolean;
    };

/** Invalid arguments: the message is one line, and the exit code is 2. */
export class UsageError extends Error {}

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
  "base-url": { type: "string" },
  model: { type: "string" },
  wait: { type: "string" },
  json: { type: "boolean" },
  html: { type: "string" },
  watch: { type: "boolean" },
  since: { type: "string" },
} as const;

/** The options of each command. All commands have `--base-url` too. */
const COMMAND_OPTIONS = {
  doctor: ["model", "wait"],
  show: ["json", "html", "watch"],
  list: ["since", "json"],
} as const;

/** @throws {UsageError} for arguments that the command does not take. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { name: "help" };
  if (values.version) return { name: "version" };
  const [name, ...rest] = positionals;
  if (name !== "doctor" && name !== "show" && name !== "list") {
    throw new UsageError(
      name === undefined ? "Name a command: doctor, show or list." : "The commands are doctor, show and list.",
    );
  }
  const allowed: readonly string[] = ["base-url", ...COMMAND_OPTIONS[name]];
  const unknown = Object.keys(values).find((key) => !allowed.includes(key));
  if (unknown !== undefined) throw new UsageError(`"${name}" has no option --${unknown}.`);
  const baseURL = values["base-url"];

  if (name === "doctor") {
    if (rest.length > 0) throw new UsageError('"doctor" takes no argument.');
    return { name, baseURL, model: values.model || undefined, waitMs: parseSeconds(values.wait ?? "60") };
  }
  if (name === "list") {
    if (rest.length > 0) throw new UsageError('"list" takes no argument.');
    return { name, baseURL, sinceMs: parsePeriod(values.since ?? "1d"), json: values.json ?? false };
  }
  const [sessionId] = rest;
  if (sessionId === undefined || rest.length > 1) throw new UsageError('"show" takes one argument: the session id.');
  const { json = false, html, watch = false } = values;
  if (Number(json) + Number(html !== undefined) + Number(watch) > 1) {
    throw new UsageError("Give one of --json, --html and --watch.");
  }
  if (html === "") throw new UsageError("--html takes the name of a file, or - for the standard output.");
  return { name, baseURL, sessionId, json, html, watch };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    // Only the first sentence: Node's `parseArgs` continues with advice for positional arguments.
    const [sentence = ""] = (error as Error).message.split(". ");
    throw new UsageError(sentence.replace(/\.?$/, "."));
  }
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds < 1 || seconds > 3_600) {
    throw new UsageError("--wait takes seconds, from 1 to 3600.");
  }
  return seconds * 1_000;
}

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function parsePeriod(text: string): number {
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  if (Number(count) > 0) return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  throw new UsageError("--since takes minutes, hours or days, such as 30m, 12h or 7d.");
}
