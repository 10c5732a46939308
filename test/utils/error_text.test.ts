import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { cutText, foldErrorText, formatErrorText, MAX_ERROR_LENGTH } from "../../src/utils/error_text.js";

it.each([
  [
    "ContextWindowExceededError: litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: OpenAIException - too long",
    "ContextWindowExceededError: litellm.BadRequestError: OpenAIException - too long",
  ],
  ["RateLimitError: 429 litellm.RateLimitError: RateLimitError: slow down", "RateLimitError: 429 slow down"],
  ["Error: Error: no", "Error: no"],
  ["TypeError: an Error: Error: no", "TypeError: an Error: Error: no"],
  ["400 no such thing", "400 no such thing"],
  ["", ""],
])("foldErrorText keeps each class name once, in %j", (text, folded) => {
  expect(foldErrorText(text)).toBe(folded);
});

it("formatErrorText shows the cause behind thousands of class names, and cuts a long one", () => {
  expect(formatErrorText(`${"litellm.BadRequestError: ".repeat(10_000)}the cause`)).toBe(
    "litellm.BadRequestError: the cause",
  );
  const text = formatErrorText(`Error: ${"x".repeat(1e6)}`);
  expect(text).toHaveLength(MAX_ERROR_LENGTH);
  expect(text.endsWith("x…")).toBe(true);
});

it("cutText leaves a short text as it is, and no lone surrogate at a cut", () => {
  expect(cutText("abc", 3)).toBe("abc");
  expect(cutText("a😀bc", 3)).toBe("a\ufffd…");
});

it("cutText does not keep the whole text in memory", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const texts: string[] = [];
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 20; index += 1) texts.push(cutText(Buffer.alloc(5e6, 97 + index).toString(), 2_000));
  collectGarbage();
  expect(texts).toHaveLength(20);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20e6);
});
