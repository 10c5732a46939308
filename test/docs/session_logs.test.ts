import { expect, it } from "vitest";
import { renderSession } from "../../src/index.js";
import { BUSY_CALLS, rowsOfCalls } from "../support/busy_session.js";
import { fences, readPage } from "../support/docs_pages.js";

it("the drawing of a session in the guide of the command is renderSession's output", () => {
  const [picture] = fences(readPage("docs/cli.md"), "text");
  expect(picture?.code).toBe(`${renderSession(rowsOfCalls(BUSY_CALLS.slice(0, 6)), { width: 80 })}\n`);
});
