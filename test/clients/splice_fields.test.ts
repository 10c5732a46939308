import fc from "fast-check";
import { expect, it } from "vitest";
import { type SessionFetchOptions, type SessionTransport, sessionFetch } from "../../src/index.js";
import { useEchoServer } from "../support/echo_server.js";

const echo = useEchoServer();

const ID = 'con"versation\\ }{ 会話 😀';
const FIELDS = { litellm_session_id: ID, litellm_trace_id: ID };

/** Sends a text through `sessionFetch`, and returns the body that the inner fetch gets. */
async function sent(text: string, options: SessionFetchOptions = {}): Promise<string> {
  let body: unknown;
  const fetch: typeof globalThis.fetch = async (_, init) => {
    body = init?.body;
    return new Response();
  };
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: text };
  await sessionFetch({ sessionId: ID, fetch, ...options })("http://127.0.0.1:1/v1/any", init);
  return String(body);
}

const space = fc.constantFrom("", " ", "\n", "\t", "  \r\n");

const string = fc.oneof(
  fc.constantFrom(
    '"metadata"',
    '"\\u006detadata"',
    '"m\\u0065tadata"',
    '"litellm_session_id"',
    '"\\u006citellm_trace_id"',
    '"__proto__"',
    '"constructor"',
    '"jsonrpc"',
    '""',
    '"{"',
    '"\\\\"',
    '"\\""',
    '"\\\\\\""',
    '":"',
    '"\u2028"',
    '"\\ud800"',
  ),
  fc.string().map((value) => JSON.stringify(value)),
);

const { object } = fc.letrec<{ object: string; value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("12345678901234567890", "1e400", "-1E-400", "-0.10", "1.0", "true", "null"),
    string,
    fc
      .tuple(
        space,
        fc.array(
          fc.tuple(space, tie("value"), space).map((parts) => parts.join("")),
          { maxLength: 3 },
        ),
      )
      .map(([inside, items]) => (items.length > 0 ? `[${items.join(",")}]` : `[${inside}]`)),
    tie("object"),
  ),
  object: fc
    .tuple(
      space,
      fc.array(
        fc
          .tuple(space, string, space, space, tie("value"), space)
          .map(([a, key, b, c, value, d]) => `${a + key + b}:${c}${value}${d}`),
        { maxLength: 4 },
      ),
    )
    .map(([inside, fields]) => (fields.length > 0 ? `{${fields.join(",")}}` : `{${inside}}`)),
}));

const text = fc.tuple(space, object, space).map((parts) => parts.join(""));

const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Removes what was inserted at one place. Undefined if the rest is not what was there before. */
function isOnlyInserted(before: string, after: string, inserted: string): boolean {
  for (let at = after.indexOf(inserted); at !== -1; at = after.indexOf(inserted, at + 1)) {
    if (after.slice(0, at) + after.slice(at + inserted.length) === before) return true;
    if (after.slice(0, at) + after.slice(at + inserted.length + 1) === before) return true; // With a comma.
  }
  return false;
}

it("sessionFetch inserts the fields into any JSON object, and every other character stays", async () => {
  let inserted = 0;
  await fc.assert(
    fc.asyncProperty(text, async (body) => {
      const value = JSON.parse(body);
      const after = await sent(body);
      if ("litellm_session_id" in value || "litellm_trace_id" in value || typeof value.jsonrpc === "string") {
        expect(after).toBe(body);
        return;
      }
      inserted += 1;
      // With `__proto__` as an own key, as JSON.parse makes it.
      expect(Object.entries(JSON.parse(after))).toEqual(Object.entries({ ...FIELDS, ...entriesOf(value) }));
      expect(isOnlyInserted(body, after, JSON.stringify(FIELDS).slice(1, -1))).toBe(true);
    }),
    { numRuns: 3_000 },
  );
  expect(inserted).toBeGreaterThan(1_000);
});

/** An object that a spread copies `__proto__` from as an own key. */
function entriesOf(value: object): object {
  return Object.fromEntries(Object.entries(value));
}

it("sessionFetch writes into the last top-level metadata of any JSON object, and every other character stays", async () => {
  const sessionTransport: SessionTransport = { metadata: ["group"] };
  const member = `"group":${JSON.stringify(ID)}`;
  let inserted = 0;
  await fc.assert(
    fc.asyncProperty(text, async (body) => {
      const value = JSON.parse(body);
      const after = await sent(body, { sessionTransport });
      const metadata = Object.hasOwn(value, "metadata") ? value.metadata : undefined;
      if (typeof value.jsonrpc === "string" || (metadata !== undefined && metadata !== null && !isObject(metadata))) {
        expect(after).toBe(body);
        return;
      }
      const written = JSON.parse(after);
      // Through an object, which puts keys such as "0" first.
      expect(Object.entries(written.metadata)).toEqual(Object.entries({ group: ID, ...entriesOf(metadata ?? {}) }));
      expect(JSON.stringify({ ...written, metadata: 0 })).toBe(
        JSON.stringify(metadata === undefined ? { metadata: 0, ...value } : { ...value, metadata: 0 }),
      );
      if (isObject(metadata)) {
        inserted += 1;
        expect(isOnlyInserted(body, after, member)).toBe(true);
      }
      if (metadata === undefined) expect(isOnlyInserted(body, after, `"metadata":{${member}}`)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
  expect(inserted).toBeGreaterThan(50);
});

it("numbers, escapes and spaces of a body arrive as they were written", async () => {
  const body = ' {"seed": 12345678901234567890, "top_p": 1e400, "n": 1.0, "s": "\\u00e9\\/", "seed": 1e2 }\n';
  const init = { method: "POST", headers: { "content-type": "application/json" } };
  await sessionFetch({ sessionId: "s" })(echo.url, { ...init, body });
  await sessionFetch({ sessionId: "s" })(new Request(echo.url, { ...init, body }));
  const inserted = `"litellm_session_id":"s","litellm_trace_id":"s",`;
  expect(echo.requests.map((request) => request.body)).toEqual(Array(2).fill(body.replace("{", `{${inserted}`)));
});

it.each([
  ["null", '{"metadata": null, "a": 1}', '{"metadata": {"g":"s"}, "a": 1}'],
  ["an empty object", '{"metadata": {  }}', '{"metadata": {"g":"s"  }}'],
  [
    "given twice",
    '{"metadata": {"a": 1}, "metadata" :{"b": 2}}',
    '{"metadata": {"a": 1}, "metadata" :{"g":"s","b": 2}}',
  ],
  [
    "given twice, first a text",
    '{"metadata": "x", "metadata": {"b": 2}}',
    '{"metadata": "x", "metadata": {"g":"s","b": 2}}',
  ],
  ["given twice, then a text", '{"metadata": {"b": 2}, "metadata": "x"}', '{"metadata": {"b": 2}, "metadata": "x"}'],
  [
    "given twice, then null",
    '{"metadata": {"b": 2}, "metadata": null}',
    '{"metadata": {"b": 2}, "metadata": {"g":"s"}}',
  ],
  ["missing, but deeper", '{"x": {"metadata": {}}}', '{"metadata":{"g":"s"},"x": {"metadata": {}}}'],
  [
    "a value of that name",
    '{"x": "metadata", "y": ["metadata", {}]}',
    '{"metadata":{"g":"s"},"x": "metadata", "y": ["metadata", {}]}',
  ],
  ["with the user's own id", '{"metadata": {"g": "mine"}}', '{"metadata": {"g": "mine"}}'],
  ["the user's own, in escapes", '{"metadata": {"\\u0067": null}}', '{"metadata": {"\\u0067": null}}'],
  ["a list", '{"metadata": []}', '{"metadata": []}'],
])("metadata of a body: %s", async (_, body, expected) => {
  expect(await sent(body, { sessionId: "s", sessionTransport: { metadata: ["g"] } })).toBe(expected);
});

it.each([
  ["a byte order mark", '\ufeff{"model": "gpt-4o"}'],
  ["a comment", '{"model": "gpt-4o" /* */}'],
  ["two objects", "{}{}"],
  ["nothing", ""],
  ["a trailing comma", '{"a": 1,}'],
])("a text that is no JSON stays as it is: %s", async (_, body) => {
  expect(await sent(body)).toBe(body);
});

it("bytes of a Request that are no UTF-8 stay as they are", async () => {
  const bytes = Buffer.from([...Buffer.from('{"a": "'), 0xe9, ...Buffer.from('"}')]);
  const arrived: Uint8Array[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    arrived.push(new Uint8Array(await new Request(input, init).arrayBuffer()));
    return new Response();
  };
  const headers = { "content-type": "application/json; charset=iso-8859-1" };
  await sessionFetch({ sessionId: "s", fetch })(new Request(echo.url, { method: "POST", headers, body: bytes }));
  expect(arrived.map((each) => Buffer.from(each).equals(bytes))).toEqual([true]);
});

it.each([
  ["one text", JSON.stringify({ a: "x".repeat(10_000_000), metadata: {} })],
  ["backslashes", JSON.stringify({ a: "\\".repeat(5_000_000), metadata: {} })],
  ["quotes", JSON.stringify({ a: '"'.repeat(5_000_000), metadata: {} })],
  ["spaces", `{"a"${" ".repeat(10_000_000)}:1,"metadata":{}}`],
  ["spaces behind values", `{"a":["b"${" ".repeat(10_000_000)}],"metadata":{}}`],
  ["keys", `{${Array.from({ length: 300_000 }, (_, n) => `"k${n}":${n}`).join()},"metadata":{}}`],
  ["nesting", `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)},"metadata":{}}`],
])("a long body is read once: %s", async (_, body) => {
  // A scan in quadratic time would not end within the test's time limit.
  const after = await sent(body, { sessionId: "s", sessionTransport: { metadata: ["g"] } });
  expect(after === `${body.slice(0, -2)}"g":"s"}}`).toBe(true);
});
