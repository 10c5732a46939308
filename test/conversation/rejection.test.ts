import { describe, expect, it } from "vitest";
import { isPreviousResponseRejected } from "../../src/conversation/rejection.js";

describe("isPreviousResponseRejected", () => {
  const wrapped = (inner: object) =>
    `400 litellm.BadRequestError: OpenAIException - ${JSON.stringify({ error: inner })}. Received Model Group=m`;

  it.each<[string, unknown, boolean]>([
    ["OpenAI's code", { status: 400, code: "previous_response_not_found", message: "400 x" }, true],
    ["OpenAI's param", { status: 400, param: "previous_response_id", message: "400 unsupported" }, true],
    ["LiteLLM's text", { status: 400, code: "400", message: wrapped({ code: "previous_response_not_found" }) }, true],
    ["the id in the text", { status: 404, message: "404 resp_1 does not exist" }, true],
    [
      "another key's",
      {
        status: 403,
        message: "403 Forbidden. The response id is not associated with the user, who this key belongs to",
      },
      true,
    ],
    ["another 400", { status: 400, code: "invalid_value", param: "input", message: "400 Invalid value" }, false],
    [
      "an open tool call",
      { status: 400, param: "input", message: "400 No tool output found for function call call_1." },
      false,
    ],
    ["another 403", { status: 403, message: "403 key not allowed to access model" }, false],
    ["another 404", { status: 404, code: "model_not_found", message: "404 The model does not exist" }, false],
    ["401", { status: 401, message: "401 previous_response_id" }, false],
    ["408", { status: 408, message: "408 previous_response_not_found" }, false],
    ["429", { status: 429, code: "previous_response_not_found", message: "429 resp_1" }, false],
    ["500", { status: 500, param: "previous_response_id", message: "500 resp_1" }, false],
    ["an error without a status", { message: "resp_1" }, false],
    ["a message that is no string", { status: 400, message: ["resp_1"] }, false],
    ["nothing", undefined, false],
    ["null", null, false],
    ["a string", "previous_response_not_found", false],
  ])("isPreviousResponseRejected decides by status, code and message: %s", (_, error, is) => {
    expect(isPreviousResponseRejected(error, "resp_1")).toBe(is);
  });
});
