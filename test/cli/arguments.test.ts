import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { parseCommand } from "../../src/cli/arguments.js";
import { runCommand } from "../support/command.js";

it.each(["--help", "-h"])("%s prints help with commands, exit codes and examples", async (option) => {
  const { code, stdout, stderr } = await runCommand([option]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const part of [
    "doctor [--model MODEL]",
    "show SESSION [--json | --html FILE | --watch]",
    "Exit codes",
    "Examples",
  ]) {
    expect(stdout).toContain(part);
  }
  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
});

it("--version prints the version", async () => {
  expect(await runCommand(["--version"])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: "" });
});

it("unknown arguments exit with 2 and one line", async () => {
  expect(await runCommand(["shwo"])).toEqual({
    code: 2,
    stdout: "",
    stderr: "litellm-session: The commands are doctor, show and list. See litellm-session --help.\n",
  });
});

it("invalid settings exit with 2 and one line", async () => {
  const unset = await runCommand(["show", "s"]);
  expect(unset).toMatchObject({ code: 2, stdout: "" });
  expect(unset.stderr).toMatch(
    /^litellm-session: Invalid field "baseURL" \(or LITELLM_BASE_URL\): .*; there is none\.\n$/,
  );
  const id = await runCommand(["show", "a\nb", "--base-url", "http://localhost:4000"]);
  expect(id.code).toBe(2);
  expect(id.stderr).toMatch(/^litellm-session: Invalid session id .*\n$/);
  const key = await runCommand(["show", "s", "--base-url", "http://localhost:4000"], { LITELLM_API_KEY: "sk secret" });
  expect(key.code).toBe(2);
  expect(key.stderr).not.toContain("secret");
});

describe("parseCommand", () => {
  const show = { name: "show", baseURL: undefined, sessionId: "s", json: false, html: undefined, watch: false };
  const doctor = { name: "doctor", baseURL: undefined, model: undefined, waitMs: 60_000 };

  it.each([
    [["show", "s"], show],
    [["show", "s", "--json"], { ...show, json: true }],
    [["show", "--html", "-", "s"], { ...show, html: "-" }],
    [["show", "s", "--watch", "--base-url=http://x"], { ...show, watch: true, baseURL: "http://x" }],
    [["show", "--", "-s"], { ...show, sessionId: "-s" }],
    [["doctor"], doctor],
    [["doctor", "--model", "m", "--wait", "1.5"], { ...doctor, model: "m", waitMs: 1_500 }],
    [["doctor", "--help"], { name: "help" }],
  ])("parseCommand reads %j", (args, expected) => {
    expect(parseCommand(args)).toEqual(expected);
  });

  it.each([
    [[], "Name a command: doctor, show or list."],
    [["show"], '"show" takes one argument: the session id.'],
    [["show", "a", "b"], '"show" takes one argument: the session id.'],
    [["show", "s", "--json", "--watch"], "Give one of --json, --html and --watch."],
    [["show", "s", "--html", ""], "--html takes the name of a file, or - for the standard output."],
    [["show", "s", "--model", "m"], '"show" has no option --model.'],
    [["doctor", "s"], '"doctor" takes no argument.'],
    [["doctor", "--json"], '"doctor" has no option --json.'],
    [["doctor", "--wait", "soon"], "--wait takes seconds, from 1 to 3600."],
    [["doctor", "--wait", "0"], "--wait takes seconds, from 1 to 3600."],
    [["show", "s", "--colour"], "Unknown option '--colour'."],
  ])("parseCommand throws for %j", (args, message) => {
    expect(() => parseCommand(args)).toThrow(message);
  });
});
