import { expect, it } from "vitest";
import { renderSession } from "../../src/index.js";
import { fences, readPage } from "../support/docs_pages.js";
import { logRow } from "../support/session_log_rows.js";

it("the drawing of a session in the guide of the command is renderSession's output", () => {
  const [picture] = fences(readPage("docs/cli.md"), "text");
  expect(picture?.code).toBe(
    `${renderSession([logRow(0, { durationMs: 870 }), logRow(1_000, { durationMs: 2_500 })])}\n`,
  );
});
