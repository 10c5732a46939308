import { expect, it } from "vitest";
import { isAnswerContinuable } from "../../src/conversation/plan.js";

it.each<[Parameters<typeof isAnswerContinuable>, boolean]>([
  [[{}, false], true],
  [[{}, true], false],
  [[{ store: true }, false], true],
  [[{ store: false }, false], false],
  [[{ store: null }, false], true],
  [[{ conversation: "conv_1" }, false], false],
  [[{ conversation: { id: "conv_1" } }, false], false],
  [[{ conversation: null }, false], true],
])("isAnswerContinuable(%j): %s", (given, is) => {
  expect(isAnswerContinuable(...given)).toBe(is);
});
