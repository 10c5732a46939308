import { parseArgs } from "node:util";

/** What the command is to do. */
export type Command =
  | { readonly name: "help" | "version" }
  | {
      readonly name: "doctor";
      readonly baseURL: string | undefined;
      readonly model: string | undefined;
      readonly waitMs: number;
    }
  | {
      readonly name: "show";
      readonly baseURL: string | undefined;
      readonly sessionId: string;
      readonly json: boolean;
      readonly html: string | undefined;
      readonly watch: boolean;
    };

/** The arguments, or the settings in the environment, are invalid. */
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
} as const;

/** The options of each command, beside `--base-url`. */
const OWN = { doctor: ["model", "wait"], show: ["json", "html", "watch"] } as const;

/**
 * Reads the command's arguments.
 *
 * @throws {UsageError} that says in one line what is wrong.
 */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { name: "help" };
  if (values.version) return { name: "version" };
  const [name, ...rest] = positionals;
  if (name !== "doctor" && name !== "show") {
    throw new UsageError(name === undefined ? "Name a command: doctor or show." : "The commands are doctor and show.");
  }
  const foreign = Object.keys(values).find(
    (key) => key !== "base-url" && !(OWN[name] as readonly string[]).includes(key),
  );
  if (foreign !== undefined) throw new UsageError(`"${name}" has no option --${foreign}.`);
  const baseURL = values["base-url"];

  if (name === "doctor") {
    if (rest.length > 0) throw new UsageError('"doctor" takes no argument.');
    return { name, baseURL, model: values.model || undefined, waitMs: parseSeconds(values.wait ?? "60") };
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
    throw new UsageError(
      String((error as Error).message)
        .split(". ")[0]
        ?.replace(/\.?$/, "."),
    );
  }
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds < 1 || seconds > 3_600) {
    throw new UsageError("--wait takes seconds, from 1 to 3600.");
  }
  return seconds * 1_000;
}
