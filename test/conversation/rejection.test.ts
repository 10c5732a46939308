import { describe, expect, it } from "vitest";
import { isPreviousResponseRejected } from "../../src/conversation/rejection.js";
import recorded from "../fixtures/rejected_previous_response.json" with { type: "json" };

describe("isPreviousResponseRejected", () => {
  const quoted = (inner: object, more = "") =>
    `400 litellm.BadRequestError: OpenAIException - ${JSON.stringify({ error: inner })}${more}`;
  const REJECTION = { code: "previous_response_not_found", param: "previous_response_id" };

  it.each(recorded)(
    "LiteLLM $version, $asked, answers $status: a rejection, unless it is a 429",
    ({ status, error }) => {
      const thrown = { ...error, status, message: `${status} ${error.message}` };
      expect(isPreviousResponseRejected(thrown)).toBe(status !== 429);
    },
  );

  it.each<[string, unknown, boolean]>([
    ["OpenAI's code", { status: 400, code: "previous_response_not_found", message: "400 x" }, true],
    ["OpenAI's param", { status: 400, param: "previous_response_id", message: "400 unsupported" }, true],
    ["LiteLLM's quote", { status: 400, code: "400", message: quoted(REJECTION, ". Received Model Group={m}") }, true],
    [
      "a quote with braces and quotation marks inside",
      { status: 400, message: quoted({ ...REJECTION, message: 'a } "b" {' }, " }") },
      true,
    ],
    [
      "another team's",
      {
        status: 403,
        message: "403 Forbidden. The response id is not associated with the team, who this key belongs to. To …",
      },
      true,
    ],
    ["a provider without codes", { status: 404, message: "404 Response with id 'resp_1' not found." }, true],
    ["another 400", { status: 400, code: "invalid_value", param: "input", message: "400 Invalid value" }, false],
    [
      "an open tool call",
      { status: 400, param: "input", message: "400 No tool output found for function call call_1." },
      false,
    ],
    [
      "another error that is quoted",
      { status: 400, message: quoted({ code: "invalid_value", param: "input" }) },
      false,
    ],
    [
      "a quoted error that repeats a rejection",
      { status: 400, message: quoted({ param: "input", message: JSON.stringify({ error: REJECTION }) }) },
      false,
    ],
    [
      "a rejection behind the quoted error",
      { status: 400, message: quoted({ param: "input" }, JSON.stringify({ error: REJECTION })) },
      false,
    ],
    [
      "a guardrail that quotes the user's response id",
      {
        status: 400,
        message:
          "400 {'error': 'Violated guardrail policy', 'text': 'Forbidden. The response id is not associated with the user'}",
      },
      false,
    ],
    [
      "a guardrail that quotes a rejection",
      { status: 400, message: `400 Guardrail: ${quoted(REJECTION).slice(4)}` },
      false,
    ],
    ["a file", { status: 403, message: "403 You may not read resp_final.png" }, false],
    ["a download", { status: 400, message: "400 Failed to download https://files.example/resp_1.png" }, false],
    [
      "a validation error that echoes the body",
      { status: 400, param: null, message: '400 Invalid body: {"previous_response_id": "resp_1", "input": []}' },
      false,
    ],
    [
      "a deployment that is down",
      { status: 404, message: "404 No healthy deployment for this response id resp_1, try again" },
      false,
    ],
    ["another 403", { status: 403, message: "403 key not allowed to access model" }, false],
    ["another 404", { status: 404, code: "model_not_found", message: "404 The model does not exist" }, false],
    ["401", { status: 401, message: "401 previous_response_id" }, false],
    ["408", { status: 408, message: "408 previous_response_not_found" }, false],
    ["429", { status: 429, code: "previous_response_not_found", message: "429 resp_1" }, false],
    ["500", { status: 500, param: "previous_response_id", message: "500 resp_1" }, false],
    ["an error without a status", { message: "resp_1", code: "previous_response_not_found" }, false],
    ["a message that is no string", { status: 400, message: ["resp_1"] }, false],
    ["a quote that is cut", { status: 400, message: quoted(REJECTION).slice(0, -9) }, false],
    ["a quote of braces", { status: 400, message: `400 litellm.A: B - ${"{".repeat(99_999)}` }, false],
    ["nothing", undefined, false],
    ["null", null, false],
    ["a string", "previous_response_not_found", false],
  ])("isPreviousResponseRejected decides by status, code and LiteLLM's sentences: %s", (_, error, is) => {
    expect(isPreviousResponseRejected(error)).toBe(is);
  });
});
