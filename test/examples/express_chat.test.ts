import { once } from "node:events";
import { connect } from "node:net";
import pg from "pg";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { hasChromium, launchChromium } from "../support/chromium.js";
import { sentTurns, summarizeItems } from "../support/conversation.js";
import { allOf, ChatServer, ChatUser, eventsOf, Reply, textOf } from "../support/express_chat.js";
import { type Gateway, type GatewayRequest, type Json, sendJson } from "../support/gateway/server.js";
import { hasPostgres, type Postgres, startPostgres } from "../support/postgres.js";
import { sessionOf, sessions, useGateway } from "../support/sessions.js";

/** The app of `examples/express-chat`, in processes of its own. What counts is what the gateway received. */
const gateway = useGateway();

/** A user's id, then a UUIDv7. */
const CONVERSATION = expect.stringMatching(
  /^[0-9a-f]{32}:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
);

const ID = expect.stringMatching(/^resp_[0-9a-f]{32}$/);

const KEY = "sk-of-the-server";

const environmentOf = ({ url }: Gateway) => ({ LITELLM_BASE_URL: url, LITELLM_API_KEY: KEY });

/** What a proxy's refusal may tell, and a user must not learn. */
const SECRETS = `Traceback (most recent call last): File "/app/proxy.py" Received API Key = ${KEY}`;

let server: ChatServer;
beforeAll(async () => {
  server = await ChatServer.start(environmentOf(gateway.current));
}, 60_000);
afterAll(() => server.stop());

/** Two strangers. */
const users = () => [new ChatUser(server), new ChatUser(server)] as const;

/** What the user said and was answered, up to and with a request: what the provider has, and what is sent. */
const saidIn = ({ body }: GatewayRequest) => summarizeItems([...had(body), ...(body.input as Json[])]);

const had = (body: Json) => gateway.current.responses.conversation(body.previous_response_id) ?? [];

/** Holds back answers until so many requests wait for one, so that they do overlap. */
function answerTogether(count: number): void {
  let waiting: (() => void)[] = [];
  gateway.current.respond(async () => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length < count) return;
      for (const release of waiting) release();
      waiting = [];
    });
    return false;
  });
}

/** Lets the test answer the next requests, piece by piece. */
function answerByHand(): { next(): Promise<Reply> } {
  const replies: Reply[] = [];
  gateway.current.respond((_, response) => {
    replies.push(new Reply(response));
    return true;
  });
  return { next: () => vi.waitUntil(() => replies.shift(), { timeout: 15_000, interval: 5 }) };
}

describe("two users at once", () => {
  it("are in the sessions of their own conversations, turn by turn", async () => {
    const [anne, bert] = users();
    const conversations: { user: ChatUser; id: string }[] = [];
    // Two conversations of one user are as separate as those of two.
    for (const user of [anne, bert, bert, anne]) conversations.push({ user, id: await user.begin() });
    answerTogether(conversations.length);
    for (let turn = 0; turn < 5; turn += 1) {
      const answers = conversations.map(async ({ user, id }) => textOf(await user.ask(id, `${id} turn ${turn}`)));
      expect(new Set(await Promise.all(answers))).toEqual(new Set([`reply to ${2 * turn + 1} messages`]));
    }
    const { requests } = gateway.current;
    expect(requests).toHaveLength(20);
    for (const request of requests) {
      const id = String(saidIn(request)[0]).split(" ")[1];
      const turns = saidIn(request).filter((_, index) => index % 2 === 0);
      expect(turns).toEqual(turns.map((_, turn) => `user: ${id} turn ${turn}`));
      expect(sentTurns({ requests: [request] } as unknown as Gateway)).toEqual([
        { previousResponseId: turns.length === 1 ? undefined : ID, input: [`user: ${id} turn ${turns.length - 1}`] },
      ]);
      expect(sessionOf(request)).toBe(id);
      expect(request.headers.authorization).toBe(`Bearer ${KEY}`);
    }
    const ids = conversations.map(({ id }) => id);
    expect(ids).toEqual(ids.map(() => CONVERSATION));
    expect(new Set(sessions(gateway.current))).toEqual(new Set(ids));
  });

  it("see what their own calls did", async () => {
    gateway.current.moreUsage = ({ body }) => ({
      input_tokens: JSON.stringify(body).includes("Anne") ? 1_111 : 2_222,
    });
    const [anne, bert] = users();
    const [annes, berts] = [await anne.begin(), await bert.begin()];
    answerTogether(2);
    await Promise.all([anne.ask(annes, "I am Anne"), bert.ask(berts, "I am Bert")]);
    await Promise.all([anne.ask(annes, "Am I Anne?"), bert.ask(berts, "Who am I?")]);
    const pages = [await anne.page(annes), await bert.page(berts)];
    for (const [page, own, foreign, tokens, not] of [
      [pages[0], annes, berts, "2,222 tokens in", "4,444"],
      [pages[1], berts, annes, "4,444 tokens in", "1,111"],
    ]) {
      expect(page).toContain(`<h1>Session <code>${own}</code></h1>`);
      expect(page).toContain("<li>2 calls</li>");
      expect(page?.match(/class="bar ok"/g)).toHaveLength(2);
      expect(page).toContain(tokens);
      expect(page).not.toContain(foreign);
      expect(page).not.toContain(not);
    }
  });

  it("can neither write nor look into each other's conversation: it does not exist for them", async () => {
    const [anne, bert] = users();
    const [id] = [await anne.begin(), await bert.begin()];
    await anne.ask(id, "Hello");
    const unknown = "01900000-0000-7000-8000-000000000000";
    const [owner, uuid = ""] = id.split(":");
    const ids = [id, `${owner}:${unknown}`, unknown, uuid, "__proto__", ":", encodeURIComponent(`${owner}:\0`)];
    for (const stranger of [bert, new ChatUser(server), anne]) {
      for (const each of ids.filter((each) => stranger !== anne || each !== id)) {
        const answers = [
          await stranger.send(each, "What did we say?"),
          await stranger.send(each, "x".repeat(100_000)),
          await stranger.request(`/conversations/${each}/session`),
        ];
        const texts = await Promise.all(answers.map((answer) => answer.text()));
        expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
        expect(new Set(texts)).toEqual(new Set(['{"error":"There is no such conversation."}']));
      }
    }
    expect(gateway.current.requests).toHaveLength(1);
    await anne.ask(id, "And now?");
    expect(saidIn(gateway.current.requests[1] as never)).toEqual([
      "user: Hello",
      "assistant: reply to 1 messages",
      "user: And now?",
    ]);
  });

  it("do not choose ids", async () => {
    const [anne] = users();
    const response = await anne.request("/conversations", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: "mine", sessionId: "mine" }),
    });
    expect(response.status).toBe(201);
    const { id } = await response.json();
    expect(id).toEqual(CONVERSATION);
    textOf(await anne.ask(id, "Hello"));
    const body = { text: "Hello", sessionId: "mine", configurable: { sessionId: "mine" }, model: "mine" };
    await (await anne.send(id, body)).text();
    expect(JSON.stringify(gateway.current.requests)).not.toContain("mine");
    expect(sessions(gateway.current)).toEqual([id, id]);
  });

  it("are known by a cookie that scripts and other sites can't use", async () => {
    const [anne, bert] = users();
    await Promise.all([anne.request("/"), bert.request("/")]);
    expect(anne.setCookie).toMatch(/^user=[0-9a-f-]{36}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(bert.setCookie).not.toBe(anne.setCookie);
    expect((await anne.request("/")).headers.get("set-cookie")).toBeNull();
    // The proxy logs the user's id, in the session's.
    await anne.ask(await anne.begin(), "Hello");
    const [, secret = ""] = /^user=([^;]+)/.exec(anne.setCookie ?? "") ?? [];
    expect(secret).not.toBe("");
    expect(JSON.stringify(gateway.current.requests)).not.toContain(secret);
  });
});

describe("an answer", () => {
  it("arrives in pieces, as the model writes it", async () => {
    const replies = answerByHand();
    const [anne] = users();
    const sent = anne.send(await anne.begin(), "Hello");
    const reply = await replies.next();
    reply.write("One\n\n");
    const response = await sent;
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const events = eventsOf(response);
    expect((await events.next()).value).toEqual({ event: "text", data: "One\n\n" });
    reply.write("two");
    expect((await events.next()).value).toEqual({ event: "text", data: "two" });
    reply.end();
    expect((await events.next()).value).toEqual({ event: "end", data: "" });
    expect((await events.next()).done).toBe(true);
  });

  it.each(["before the first piece", "in the middle"])(
    "is no longer asked for when its user leaves %s",
    async (when) => {
      const replies = answerByHand();
      const [anne] = users();
      const id = await anne.begin();
      const tab = new AbortController();
      const sent = anne.send(id, "Hello", { signal: tab.signal });
      const reply = await replies.next();
      if (when === "in the middle") {
        reply.write("One");
        await eventsOf(await sent).next();
        tab.abort();
      } else {
        tab.abort();
        await expect(sent).rejects.toThrow("aborted");
      }
      await vi.waitFor(() => expect(reply.isLeft).toBe(true), { timeout: 15_000, interval: 5 });

      // The conversation goes on, without what was cut off.
      const again = anne.send(id, "Again");
      const second = await replies.next();
      second.write("Yes");
      second.end();
      expect((await again).status).toBe(200);
      expect(sentTurns(gateway.current)).toEqual([
        { previousResponseId: undefined, input: ["user: Hello"] },
        { previousResponseId: undefined, input: ["user: Again"] },
      ]);
      await vi.waitFor(async () => expect(await anne.page(id)).toMatch(/\b2 calls/), {
        timeout: 15_000,
        interval: 5,
      });
    },
  );

  it("comes before the next question: a second at the same time is refused", async () => {
    const replies = answerByHand();
    const [anne, bert] = users();
    const [id, other, berts] = [await anne.begin(), await anne.begin(), await bert.begin()];
    const first = anne.send(id, "One");
    const reply = await replies.next();
    const second = await anne.send(id, "Two");
    expect([second.status, await second.json()]).toEqual([409, { error: "The last message is being answered." }]);
    // Other conversations do not wait for this one.
    for (const [user, each] of [
      [anne, other],
      [bert, berts],
    ] as const) {
      const sent = user.send(each, "One");
      const own = await replies.next();
      own.write("Yes");
      own.end();
      textOf(await allOf(eventsOf(await sent)));
    }
    reply.write("Yes");
    reply.end();
    textOf(await allOf(eventsOf(await first)));
    const third = anne.send(id, "Three");
    (await replies.next()).end();
    await third;
    expect(sentTurns(gateway.current).at(-1)).toEqual({ previousResponseId: reply.id, input: ["user: Three"] });
  });
});

describe("a message", () => {
  const json = { "content-type": "application/json" };
  it.each<[string, RequestInit, number, string]>([
    ["without a body", {}, 400, "body: "],
    ["that is not JSON", { headers: json, body: "{text" }, 400, ""],
    ["of another content type", { headers: { "content-type": "text/plain" }, body: '{"text":"Hello"}' }, 400, "body: "],
    ["without a text", { headers: json, body: "{}" }, 400, "text: "],
    ["whose text is no text", { headers: json, body: '{"text":["Hello"]}' }, 400, "text: "],
    ["whose text is blank", { headers: json, body: '{"text":" \\n "}' }, 400, "text: "],
    ["that is too long", { headers: json, body: JSON.stringify({ text: "x".repeat(4_001) }) }, 400, "text: "],
    ["whose body is too large", { headers: json, body: `{"text":"Hello"${" ".repeat(40_000)}}` }, 413, ""],
  ])("%s is refused in a sentence", async (_, init, status, start) => {
    const [anne] = users();
    const id = await anne.begin();
    const response = await anne.request(`/conversations/${id}/messages`, { method: "POST", ...init });
    const text = await response.text();
    expect(response.status).toBe(status);
    expect(JSON.parse(text)).toEqual({ error: expect.stringMatching(new RegExp(`^${start}.{5,100}$`)) });
    expect(text).not.toMatch(/node_modules|\.[jt]s\b/);
    expect(gateway.current.requests).toEqual([]);
  });

  it("of the greatest length is sent, in any script", async () => {
    const [anne] = users();
    const text = "語".repeat(4_000);
    textOf(await anne.ask(await anne.begin(), text));
    expect(gateway.current.requests.map(saidIn)).toEqual([[`user: ${text}`]]);
  });
});

describe("a call that fails", () => {
  const failures: [string, () => void, number, string][] = [
    [
      "by a refusal",
      () => gateway.current.failNext(401, { message: SECRETS, type: "auth_error", code: "401" }),
      502,
      "The model did not answer. Please try again.",
    ],
    [
      "by the session's budget",
      () =>
        gateway.current.failNext(429, { message: `Session budget exceeded for session x. ${SECRETS}`, code: "429" }),
      429,
      "This conversation has used up its budget.",
    ],
    [
      "by an answer without text",
      () => {
        let isFirst = true;
        gateway.current.respond((_, response) => {
          if (isFirst) new Reply(response).end();
          const answered = isFirst;
          isFirst = false;
          return answered || undefined;
        });
      },
      502,
      "The model did not answer. Please try again.",
    ],
  ];
  it.each(failures)("%s is told as that, and leaves no trace in the history", async (name, fail, status, error) => {
    const [anne] = users();
    const id = await anne.begin();
    await anne.ask(id, "One");
    fail();
    const response = await anne.send(id, "Two");
    expect([response.status, await response.json()]).toEqual([status, { error }]);
    expect(textOf(await anne.ask(id, "Three"))).toBe("reply to 3 messages");
    expect(gateway.current.requests.map(saidIn).at(-1)).toEqual([
      "user: One",
      "assistant: reply to 1 messages",
      "user: Three",
    ]);
    const page = await anne.page(id);
    expect(page).toContain(name === "by an answer without text" ? "<li>3 calls</li>" : "<li>3 calls, 1 failed</li>");
    if (page.includes("1 failed")) expect(page).toMatch(/<span class="error">\w+<\/span>/);
    expect(page).not.toMatch(new RegExp(`Traceback|${KEY}`));
  });

  it("in the middle of an answer is told at its end, and leaves no trace in the history", async () => {
    const replies = answerByHand();
    const [anne] = users();
    const id = await anne.begin();
    const sent = anne.send(id, "One");
    const reply = await replies.next();
    reply.write("Half an");
    const events = eventsOf(await sent);
    await events.next();
    reply.response.destroy();
    expect(await allOf(events)).toEqual([{ event: "error", data: "The model did not answer. Please try again." }]);
    const again = anne.send(id, "Two");
    const second = await replies.next();
    second.write("Yes");
    second.end();
    await again;
    expect(sentTurns(gateway.current)).toEqual([
      { previousResponseId: undefined, input: ["user: One"] },
      { previousResponseId: undefined, input: ["user: Two"] },
    ]);
  });

  it("by an outage is made once more, as somebody waits", async () => {
    gateway.current.respond((_, response) => {
      sendJson(response, 500, { error: { message: SECRETS } });
      return true;
    });
    const [anne] = users();
    const id = await anne.begin();
    expect((await anne.send(id, "One")).status).toBe(502);
    expect(sessions(gateway.current)).toEqual([id, id]);
  });
});

describe("the server", () => {
  it("serves the page of the chat, which loads nothing from elsewhere", async () => {
    const response = await new ChatUser(server).request("/");
    const page = await response.text();
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    expect(page).toContain("<title>Express chat</title>");
    expect(page).not.toMatch(/https?:\/\/|\bsrc=/);
    expect(page).toContain("form-action 'none'; base-uri 'none'");
  });

  it("says in JSON that there is no such page", async () => {
    const response = await new ChatUser(server).request("/nothing");
    expect([response.status, await response.json()]).toEqual([404, { error: "There is no such page." }]);
    expect(response.headers.get("x-powered-by")).toBeNull();
  });

  it("sends a conversation's newer half once, when it has 40 messages, and continues from there", async () => {
    const [anne] = users();
    const id = await anne.begin();
    for (let turn = 0; turn < 22; turn += 1) await anne.ask(id, `turn ${turn}`);
    const requests = sentTurns(gateway.current);
    const [before, { input: half = [], previousResponseId } = {}, then] = requests.slice(-3);
    expect(before).toEqual({ previousResponseId: ID, input: ["user: turn 19"] });
    expect(previousResponseId).toBeUndefined();
    expect(half).toHaveLength(21);
    expect([half[0], half.at(-1)]).toEqual(["user: turn 10", "user: turn 20"]);
    expect(then).toEqual({ previousResponseId: ID, input: ["user: turn 21"] });
  });

  it("remembers the conversations with the newest messages", async () => {
    const [anne] = users();
    const [used, unused] = [await anne.begin(), await anne.begin()];
    for (let count = 0; count < 998; count += 1) await anne.begin();
    await anne.ask(used, "Hello");
    await anne.begin();
    expect((await anne.request(`/conversations/${used}/session`)).status).toBe(200);
    expect((await anne.request(`/conversations/${unused}/session`)).status).toBe(404);
  });

  it("keeps the newest checkpoint alone of a conversation in memory", async () => {
    vi.stubEnv("LITELLM_BASE_URL", gateway.current.url);
    const { checkpointer } = await import("../../examples/express-chat/checkpointer.js");
    const { answer } = await import("../../examples/express-chat/answer.js");
    const { createConversation, findConversation } = await import("../../examples/express-chat/conversations.js");
    const id = await createConversation("anne");
    const conversation = await findConversation(id, "anne");
    if (!conversation) throw new Error("There is no conversation.");
    const { signal } = new AbortController();
    for (const text of ["One", "Two"]) for await (const _ of answer(conversation, text, signal));
    gateway.current.failNext(400, { message: SECRETS });
    await expect(answer(conversation, "Three", signal).next()).rejects.toThrow();
    const checkpoints: unknown[] = [];
    for await (const { checkpoint } of checkpointer.list({ configurable: { thread_id: id } }))
      checkpoints.push(checkpoint);
    expect(checkpoints).toEqual([
      expect.objectContaining({ channel_values: expect.objectContaining({ question: "Three" }) }),
    ]);
  });

  it("ends when it is told to, after the answers that are under way", async () => {
    const own = await ChatServer.start(environmentOf(gateway.current));
    const replies = answerByHand();
    const anne = new ChatUser(own);
    const sent = anne.send(await anne.begin(), "Hello");
    const reply = await replies.next();
    reply.write("One");
    const events = eventsOf(await sent);
    await events.next();
    const idle = connect(Number(new URL(own.url).port), "127.0.0.1"); // As browsers do, for a request that may come.
    await once(idle, "connect");
    own.signal("SIGTERM");
    const isRefused = () =>
      fetch(own.url, { method: "HEAD" }).then(
        () => false,
        () => true,
      );
    await vi.waitUntil(isRefused, { timeout: 15_000, interval: 20 });
    reply.end();
    expect(await allOf(events)).toEqual([{ event: "end", data: "" }]);
    expect([await own.ended, own.stderr]).toEqual([0, ""]);
  });

  it("says what to set, a line each", async () => {
    const url = "LITELLM_BASE_URL: set it to the URL of your LiteLLM proxy, such as http://localhost:4000";
    const { port } = new URL(server.url);
    const cases: [env: Record<string, string>, lines: string[]][] = [
      [
        { LITELLM_BASE_URL: "", DATABASE_URL: "localhost", PORT: "http" },
        [
          url,
          "DATABASE_URL: set it to a URL such as postgresql://user:password@localhost:5432/chat",
          "PORT: set it to a number from 0 to 65535",
        ],
      ],
      [
        { ...environmentOf(gateway.current), PORT: port },
        [`listen EADDRINUSE: address already in use 127.0.0.1:${port}`],
      ],
      [
        { ...environmentOf(gateway.current), DATABASE_URL: "postgresql://user:secret@127.0.0.1:1/chat" },
        ["DATABASE_URL: connect ECONNREFUSED 127.0.0.1:1"],
      ],
    ];
    const told = cases.map(async ([env]) => {
      const own = ChatServer.spawn(env);
      return [await own.ended, own.stdout, own.stderr];
    });
    expect(await Promise.all(told)).toEqual(
      cases.map(([, lines]) => [1, "", lines.map((line) => `express-chat: ${line}\n`).join("")]),
    );
  });
});

describe.runIf(hasChromium("the page of the Express app"))("the page, in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser.close());

  it("talks with two users at once, shows what comes, and stops", async () => {
    const replies = answerByHand();
    const complaints: string[] = [];
    const tabs = await Promise.all(
      [1_200, 400].map(async (width) => {
        const page = await browser.newPage({ viewport: { width, height: 800 } });
        page.on("console", (message) => complaints.push(message.text()));
        page.on("pageerror", (error) => complaints.push(error.message));
        await page.goto(server.url);
        return page;
      }),
    );
    const said = (page: Page) => page.getByRole("log").locator("> div").allInnerTexts();
    const ask = async (page: Page, text: string) => {
      await page.getByLabel("Message").fill(text);
      await page.getByLabel("Message").press("Enter");
      return replies.next();
    };
    const [anne, bert] = tabs as [Page, Page];
    const [annes, berts] = [await ask(anne, "I am <b>Anne</b>"), await ask(bert, "I am Bert")];
    annes.write("Hello, <i>Anne</i>");
    await anne.getByText("Hello, Anne", { exact: true }).waitFor();
    expect(await said(bert)).toEqual(["I am Bert", ""]);
    annes.write(".\n\nHow are you?");
    annes.end();
    berts.write("Hello, Bert");
    await bert.getByText("Hello, Bert").waitFor();
    await bert.getByRole("button", { name: "Stop" }).click();
    await vi.waitFor(() => expect(berts.isLeft).toBe(true), { timeout: 15_000, interval: 5 });
    expect(await said(bert)).toEqual(["I am Bert", "Hello, Bert", expect.stringMatching(/^Stopped\.\s*Try again$/)]);
    expect(await bert.locator(".error").count()).toBe(0);

    const second = await ask(anne, "Fine");
    second.write("Good");
    await anne.getByText("Good").waitFor();
    second.response.destroy();
    await anne.getByText("The model did not answer.").waitFor();
    expect(await said(anne)).toEqual([
      ...["I am <b>Anne</b>", "Hello, Anne.\n\nHow are you?"],
      ...["Fine", "Good", expect.stringMatching(/^The model did not answer\. Please try again\.\s*Try again$/)],
    ]);

    const ids = sessions(gateway.current);
    expect(ids).toEqual([ids[0], ids[1], ids[0]]);
    await anne.getByRole("link", { name: "Session" }).click();
    expect(await anne.getByRole("heading", { level: 1 }).innerText()).toBe(`Session ${ids[0]}`);
    await anne.getByRole("link", { name: "Back to the chat" }).click();
    await anne.getByText("How are you?").waitFor();
    expect(await said(anne)).toEqual(["I am <b>Anne</b>", "Hello, Anne.\n\nHow are you?"]);
    await anne.getByRole("button", { name: "New chat" }).click();
    await anne.waitForURL(`${server.url}/`);
    (await ask(anne, "Hello again")).end();
    expect(ids).not.toContain(sessions(gateway.current).at(-1));

    for (const page of tabs) {
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    }
    expect(complaints.filter((complaint) => !complaint.includes("502 (Bad Gateway)"))).toEqual([]);
  });

  it("keeps the conversation over a reload, asks again, and shows what it cost", async () => {
    gateway.current.moreUsage = () => ({ cost: 0.0123 });
    gateway.current.failNext(400, { message: SECRETS });
    const page = await browser.newPage({ viewport: { width: 400, height: 800 } });
    const said = () => page.getByRole("log").locator("> div").allInnerTexts();
    await page.goto(server.url);
    await page.getByLabel("Message").fill("Hello");
    await page.getByLabel("Message").press("Enter");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("reply to 1 messages").waitFor();
    await page.getByText("2 calls · $0.0123").waitFor();
    expect(await said()).toEqual(["Hello", "reply to 1 messages"]);
    const [first, second] = sessions(gateway.current);
    expect([first, page.url()]).toEqual([second, `${server.url}/conversations/${second}`]);

    await page.reload();
    await page.getByText("reply to 1 messages").waitFor();
    await page.getByText("2 calls · $0.0123").waitFor();
    expect(await said()).toEqual(["Hello", "reply to 1 messages"]);
    await page.getByLabel("Message").fill("And again");
    await page.getByLabel("Message").press("Enter");
    await page.getByText("reply to 3 messages").waitFor();
    expect(sessions(gateway.current)).toEqual([first, first, first]);
    await page.close();
  });

  it("renders a model's Markdown, and nothing in it that a page must not hold", async () => {
    const replies = answerByHand();
    const page = await browser.newPage();
    const events: string[] = [];
    page.on("dialog", (dialog) => events.push(dialog.message()));
    page.on("pageerror", (error) => events.push(error.message));
    await page.goto(server.url);
    await page.getByLabel("Message").fill("Write **Markdown**");
    await page.getByLabel("Message").press("Enter");
    const reply = await replies.next();
    page.on("request", (request) => events.push(request.url()));
    reply.write(
      "# Robots\n\n- one **bold**\n- `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[a link](https://example.org/)\n\n",
    );
    reply.write("[bad](javascript:alert(1)) ![seen](https://example.org/seen.png)\n\n");
    reply.write(
      `<img src=x onerror="alert(1)"><script>alert(1)</script><form action="/"><input></form><style>body{display:none}</style>`,
    );
    reply.write(
      `<a href="https://example.org/" id="text" onclick="alert(1)" style="position:fixed">b</a><svg><script>alert(1)</script></svg>`,
    );
    reply.end();
    await page.getByRole("button", { name: "Send" }).waitFor();
    const answer = page.locator(".model");
    const count = (selector: string) => answer.locator(selector).count();
    expect(await Promise.all(["h1", "li", "strong", "code", "td"].map(count))).toEqual([1, 2, 1, 1, 2]);
    expect(await count("img, script, form, input, style, svg, [id], [onclick], [style], a[href^=javascript]")).toBe(0);
    for (const link of await answer.locator("a[href]").all()) {
      expect(await link.getAttribute("rel")).toBe("noopener noreferrer");
    }
    expect(await page.locator(".user").innerText()).toBe("Write **Markdown**");
    expect(events.filter((event) => !event.startsWith(`${server.url}/conversations/`))).toEqual([]);
    await page.close();
  });

  it.each([
    `<meta http-equiv="refresh" content="0;url=http://127.0.0.1:1/">`,
    `</td></table><img src=x onerror="alert(1)"><form action="http://127.0.0.1:1/"><base href="http://127.0.0.1:1/">`,
    "\u001b]0;title\u0007\u202e",
    { toLocaleString: 1, toString: 1 },
    -1,
  ])("shows a session whose numbers are not numbers as text, and stays on its page: %j", async (value) => {
    const hostile = {
      input_tokens: value,
      output_tokens: value,
      prompt_tokens: value,
      total_tokens: value,
      cost: value,
    };
    gateway.current.moreUsage = () => hostile;
    const header = encodeURIComponent(JSON.stringify(value));
    gateway.current.responseHeaders = () => ({ "x-litellm-call-id": header, "x-litellm-response-cost": header });
    const [anne] = users();
    const id = await anne.begin();
    await anne.ask(id, "One");
    gateway.current.failNext(400, { message: `${JSON.stringify(value)} ${SECRETS}` });
    await anne.send(id, "Two");
    const page = await browser.newPage();
    const events: string[] = [];
    page.on("console", (message) => events.push(message.text()));
    page.on("pageerror", (error) => events.push(error.message));
    page.on("dialog", (dialog) => events.push(dialog.message()));
    page.on("request", (request) => events.push(request.url()));
    const [cookie] = anne.setCookie?.split(";") ?? [];
    const url = `${server.url}/conversations/${id}/session`;
    await page.setExtraHTTPHeaders({ cookie: String(cookie) });
    expect((await page.goto(url))?.status()).toBe(200);
    expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe(`Session ${id}`);
    expect(await page.locator("img, form, base, script, meta[http-equiv=refresh]").count()).toBe(0);
    expect(await page.locator("body").innerText()).not.toMatch(/NaN|undefined|\[object|Traceback/);
    expect(page.url()).toBe(url);
    expect(events).toEqual([url]);
    await page.close();
  });
});

const hasDatabase = hasPostgres("the Express app with a real Postgres");

describe.runIf(hasDatabase)("two processes that share a Postgres", () => {
  let postgres: Postgres;
  let servers: [ChatServer, ChatServer];

  beforeAll(async () => {
    postgres = await startPostgres();
    const env = { ...environmentOf(gateway.current), DATABASE_URL: postgres.url };
    // Both find an empty database, and create the same tables.
    servers = await Promise.all([ChatServer.start(env), ChatServer.start(env)]);
  }, 60_000);

  afterAll(async () => {
    await Promise.all(servers?.map((each) => each.stop()) ?? []);
    await postgres?.stop();
  });

  it("create the tables one after another, when they start at the same time", async () => {
    const { connect: connectDatabase } = await import("../../examples/express-chat/postgres.js");
    const client = new pg.Client(postgres.url);
    await client.connect();
    await client.query("CREATE DATABASE together");
    await client.end();
    const url = postgres.url.replace(/postgres$/, "together");
    const savers = await Promise.all(Array.from({ length: 5 }, () => connectDatabase(url)));
    await Promise.all(savers.map((saver) => saver.end()));
  });

  it("send what is new alone, each after the last answer of the conversation", async () => {
    const [one, other] = servers;
    const conversations = await Promise.all(
      [new ChatUser(one), new ChatUser(one)].map(async (user) => ({ user, id: await user.begin() })),
    );
    answerTogether(2);
    for (const [turn, process] of [one, other, one].entries()) {
      const answers = conversations.map(async ({ user, id }) =>
        textOf(await user.ask(id, `${id} turn ${turn}`, process)),
      );
      expect(await Promise.all(answers)).toEqual(conversations.map(() => `reply to ${2 * turn + 1} messages`));
    }
    expect(gateway.current.requests.map(({ path }) => path)).toEqual(Array(6).fill("/responses"));
    for (const { id } of conversations) {
      const isOwn = (request: GatewayRequest) => sessionOf(request) === id;
      expect(sentTurns({ requests: gateway.current.requests.filter(isOwn) } as Gateway)).toEqual([
        { previousResponseId: undefined, input: [`user: ${id} turn 0`] },
        { previousResponseId: ID, input: [`user: ${id} turn 1`] },
        { previousResponseId: ID, input: [`user: ${id} turn 2`] },
      ]);
      // What the provider has of it is this conversation, and no more.
      const [{ previous_response_id }] = gateway.current.requests
        .filter(isOwn)
        .map(({ body }) => body)
        .slice(-1) as [Json];
      const said = gateway.current.responses.conversation(previous_response_id) as Json[];
      expect(said.filter(({ role }) => role === "user").map(({ content }) => content)).toEqual([
        `${id} turn 0`,
        `${id} turn 1`,
      ]);
    }
  });

  it("know whose a conversation is, also one that the other began", async () => {
    const [one, other] = servers;
    const [anne, bert] = [new ChatUser(one), new ChatUser(one)];
    const [id] = [await anne.begin(), await bert.begin()];
    await anne.ask(id, "Hello");
    for (const process of servers) {
      expect((await bert.send(id, "What did we say?", {}, process)).status).toBe(404);
      expect((await bert.request(`/conversations/${id}/session`, {}, process)).status).toBe(404);
    }
    expect((await anne.request(`/conversations/${id}/session`, {}, other)).status).toBe(200);
    expect(gateway.current.requests).toHaveLength(1);
  });

  it("continue the last whole answer, after one that failed and one that was left", async () => {
    const [one] = servers;
    const anne = new ChatUser(one);
    const id = await anne.begin();
    await anne.ask(id, "One");
    gateway.current.failNext(400, { message: SECRETS });
    expect((await anne.send(id, "Two")).status).toBe(502);
    gateway.current.responses.streamEnd = "open";
    const tab = new AbortController();
    await eventsOf(await anne.send(id, "Three", { signal: tab.signal })).next();
    tab.abort();
    await vi.waitFor(() => expect(gateway.current.responses.left).toBe(1), { timeout: 15_000, interval: 5 });
    gateway.current.responses.streamEnd = "whole";
    await vi.waitFor(async () => textOf(await anne.ask(id, "Four")), { timeout: 15_000, interval: 20 });
    const [, two, , four] = sentTurns(gateway.current);
    expect(four).toEqual({ previousResponseId: two?.previousResponseId, input: ["user: Four"] });
    expect(two?.previousResponseId).toEqual(ID);
  });

  it("say so while Postgres is away, and end when they are told to", async () => {
    const [one] = servers;
    const anne = new ChatUser(one);
    const id = await anne.begin();
    await postgres.stop();
    await vi.waitFor(() => expect(one.stderr).toContain("Postgres: "), { timeout: 15_000, interval: 5 });
    for (const response of [await anne.send(id, "Hello"), await anne.request("/conversations", { method: "POST" })]) {
      expect([response.status, await response.json()]).toEqual([500, { error: "Something went wrong." }]);
    }
    for (const each of servers) each.signal("SIGTERM");
    expect(await Promise.all(servers.map(({ ended }) => ended))).toEqual([0, 0]);
  });
});
