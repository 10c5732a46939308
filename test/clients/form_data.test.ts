import OpenAI, { toFile } from "openai";
import { expect, it } from "vitest";
import { type SessionFetchOptions, sessionFetch } from "../../src/index.js";
import { useEchoServer } from "../support/echo_server.js";

const echo = useEchoServer();

const inSession = (options: SessionFetchOptions = {}) => sessionFetch({ sessionId: "conversation-42", ...options });

/** All bytes, so that a decoding would change them. */
const BYTES = Buffer.from(Array.from({ length: 1_024 }, (_, index) => index % 256));

/** A transcription, with a field that is there twice. */
function transcription(): FormData {
  const form = new FormData();
  form.append("model", "whisper-1");
  form.append("file", new File([BYTES], "Grüße.mp3", { type: "audio/mpeg" }));
  form.append("timestamp_granularities[]", "word");
  form.append("timestamp_granularities[]", "segment");
  return form;
}

/** The forms that arrived, and their headers. */
async function arrivedForms() {
  return Promise.all(
    echo.requests.map(async ({ bytes, headers }) => {
      const parsed = new Response(new Uint8Array(bytes), {
        headers: { "content-type": String(headers["content-type"]) },
      });
      return { form: await parsed.formData(), header: headers["x-litellm-session-id"], headers };
    }),
  );
}

const WAYS: Record<string, (form: FormData) => Parameters<typeof fetch>> = {
  "a form": (body) => [echo.url, { method: "POST", body, headers: { authorization: "Bearer sk" } }],
  "a Request of a form": (body) => [
    new Request(echo.url, { method: "POST", body, headers: { authorization: "Bearer sk" } }),
  ],
  "a Request and a form": (body) => [
    new Request(echo.url, { method: "POST", headers: { authorization: "Bearer sk" } }),
    { body },
  ],
};

it.each(Object.entries(WAYS))(
  "sessionFetch writes form fields and the header, and leaves the rest: %s",
  async (_, way) => {
    const form = transcription();
    await inSession()(...way(form));
    const [arrived] = await arrivedForms();
    expect([...(arrived?.form.keys() ?? [])]).toEqual(["litellm_session_id", "litellm_trace_id", ...form.keys()]);
    expect(arrived?.form.get("litellm_session_id")).toBe("conversation-42");
    expect(arrived?.form.get("litellm_trace_id")).toBe("conversation-42");
    expect(arrived?.form.getAll("timestamp_granularities[]")).toEqual(["word", "segment"]);
    const file = arrived?.form.get("file") as File;
    expect([file.name, file.type]).toEqual(["Grüße.mp3", "audio/mpeg"]);
    expect(Buffer.from(await file.arrayBuffer()).equals(BYTES)).toBe(true);
    expect(arrived?.headers).toMatchObject({ authorization: "Bearer sk", "x-litellm-session-id": "conversation-42" });
    expect([...form.keys()]).toEqual([...transcription().keys()]);
  },
);

it("sessionFetch does not read a form's files: the copy has the same File", async () => {
  const form = transcription();
  const sent: FormData[] = [];
  const fetch: typeof globalThis.fetch = async (_, init) => Response.json(sent.push(init?.body as FormData));
  await inSession({ fetch })(echo.url, { method: "POST", body: form });
  expect(sent[0]).not.toBe(form);
  expect(sent[0]?.get("file")).toBe(form.get("file"));
});

it.each<[string, RequestInit]>([
  ["a form field", { body: withField("litellm_trace_id", "mine") }],
  ["an empty form field", { body: withField("litellm_session_id", "") }],
  ["a file of that name", { body: withField("litellm_session_id", new File(["x"], "x")) }],
  ["a header", { body: transcription(), headers: { "X-LiteLLM-Session-Id": "mine" } }],
])("sessionFetch leaves a form as it is if the user set the session by %s", async (_, init) => {
  const sent: unknown[] = [];
  const fetch: typeof globalThis.fetch = async (...args) => Response.json(sent.push(args));
  const call = { method: "POST", ...init };
  await inSession({ fetch })(echo.url, call);
  expect(sent).toEqual([[echo.url, call]]);
  expect((sent[0] as unknown[])[1]).toBe(call);
});

function withField(name: string, value: string | File): FormData {
  const form = transcription();
  form.append(name, value);
  return form;
}

it.each([
  { sessionTransport: "body" as const, fields: ["litellm_session_id", "litellm_trace_id"], header: undefined },
  { sessionTransport: "headers" as const, fields: [], header: "conversation-42" },
  { sessionTransport: "metadata" as const, fields: [], header: undefined },
  { sessionTransport: { body: ["group"], metadata: ["group"] }, fields: ["group"], header: undefined },
])("sessionFetch writes a form's session with sessionTransport $sessionTransport", async (row) => {
  const form = withField("metadata", "a text");
  await inSession({ sessionTransport: row.sessionTransport })(echo.url, { method: "POST", body: form });
  const [arrived] = await arrivedForms();
  expect([...(arrived?.form.keys() ?? [])]).toEqual([...row.fields, ...form.keys()]);
  expect(arrived?.header).toBe(row.header);
});

it("an id that no header can hold is in the form alone", async () => {
  await inSession({ sessionId: 'Gespräch "会話"' })(echo.url, { method: "POST", body: transcription() });
  const [arrived] = await arrivedForms();
  expect(arrived?.form.get("litellm_session_id")).toBe('Gespräch "会話"');
  expect(arrived?.header).toBeUndefined();
});

it("a Request whose form is broken gets the header alone, and keeps its bytes", async () => {
  const headers = { "content-type": "multipart/form-data; boundary=x" };
  await inSession()(new Request(echo.url, { method: "POST", headers, body: "--y\r\nno form" }));
  expect(echo.requests).toMatchObject([
    { body: "--y\r\nno form", headers: { ...headers, "x-litellm-session-id": "conversation-42" } },
  ]);
});

it("transcriptions and image edits of the openai SDK are in the session", async () => {
  let asked = 0;
  const sessionId = () => {
    asked += 1;
    return "conversation-42";
  };
  const client = new OpenAI({ apiKey: "sk", baseURL: echo.url, fetch: inSession({ sessionId }) });
  await client.audio.transcriptions.create({ model: "whisper-1", file: await toFile(BYTES, "a.mp3") });
  await client.images.edit({ model: "gpt-image-1", image: await toFile(BYTES, "a.png"), prompt: "Red." });
  const arrived = await arrivedForms();
  expect(
    arrived.map(({ form, header }) => [form.get("litellm_session_id"), form.get("litellm_trace_id"), header]),
  ).toEqual(Array(2).fill(Array(3).fill("conversation-42")));
  expect(asked).toBe(2); // Not for the `data:,` with which the SDK finds out whether a fetch takes forms.
  for (const { form } of arrived) {
    const file = (form.get("file") ?? form.get("image")) as File;
    expect(Buffer.from(await file.arrayBuffer()).equals(BYTES)).toBe(true);
  }
});
