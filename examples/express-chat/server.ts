/** A chat server: one shared model, a session for each conversation. See README.md. */
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import express, { type NextFunction, type Request, type Response } from "express";
import { renderSessionHtml, SessionBudgetError, type SessionSource } from "langchain-litellm-session";
import { z } from "zod";
import { answer, messagesOf } from "./answer.js";
import { checkpointer } from "./checkpointer.js";
import { type Conversation, createConversation, findConversation } from "./conversations.js";
import { environment } from "./environment.js";
import { userOf } from "./login.js";

const Message = z.object({ text: z.string().trim().min(1).max(4_000) });

/** Answers that are being streamed. */
const underWay = new Set<Response>();

const app = express().disable("x-powered-by");

app.use((request, response, next) => {
  response.locals.user = userOf(request, response);
  next();
});

// For each route with an `:id`, before its body is read: what is not the user's does not exist.
app.param("id", async (_request, response, next, id: string) => {
  const conversation = await findConversation(id, response.locals.user);
  if (!conversation) return void response.status(404).json({ error: "There is no such conversation." });
  response.locals.conversation = conversation;
  next();
});

// The page of a new conversation, and of one that is there: its id is in the URL, so that a reload keeps it.
app.get(["/", "/conversations/:id"], (_request, response) =>
  response.sendFile("page.html", { root: import.meta.dirname }),
);

// What the page renders Markdown with, and what then removes all that a model must not put into a page.
for (const library of ["marked", "dompurify"]) {
  const file = fileURLToPath(import.meta.resolve(library));
  app.get(`/${library}.js`, (_request, response) => response.type("js").sendFile(file));
}

app.post("/conversations", async (_request, response) => {
  response.status(201).json({ id: await createConversation(response.locals.user) });
});

app.post("/conversations/:id/messages", express.json({ limit: "32kb" }), async (request, response) => {
  const conversation: Conversation = response.locals.conversation;
  const message = Message.safeParse(request.body);
  if (!message.success) {
    const error = message.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`).join("; ");
    return void response.status(400).json({ error });
  }
  if (conversation.isAnswering) return void response.status(409).json({ error: "The last message is being answered." });

  conversation.isAnswering = true;
  const left = new AbortController();
  underWay.add(response);
  response.once("close", () => {
    underWay.delete(response);
    left.abort();
  });
  const send = (event: "text" | "error" | "end", data: string) =>
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  try {
    const pieces = answer(conversation, message.data.text, left.signal);
    let piece = await pieces.next(); // A call that fails before its first piece is answered with a status.
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    for (; !piece.done; piece = await pieces.next()) send("text", piece.value);
    send("end", "");
  } catch (error) {
    if (left.signal.aborted) return;
    console.error(`${conversation.handler.sessionId}: ${error}`);
    const [status, text] = forUser(error);
    if (response.headersSent) send("error", text);
    else response.status(status).json({ error: text });
  } finally {
    conversation.isAnswering = false;
    response.end();
  }
});

app.get("/conversations/:id/messages", async (_request, response) => {
  const { id }: Conversation = response.locals.conversation;
  response.set("cache-control", "no-store").json({ messages: await messagesOf(id) });
});

app.get("/conversations/:id/cost", (_request, response) => {
  const { handler }: Conversation = response.locals.conversation;
  const { calls, costUsd } = handler.summary();
  response.set("cache-control", "no-store").json({ calls, costUsd });
});

app.get("/conversations/:id/session", (_request, response) => {
  const { id, handler }: Conversation = response.locals.conversation;
  // A proxy's message may tell of keys, hosts and tracebacks. The user is told the error's name.
  const nameOf = (error: string) => /^\w+(?=: )/.exec(error)?.[0] ?? "Error";
  const withNames = <Run extends { error?: string | undefined }>(runs: readonly Run[]) =>
    runs.map((run) => (run.error ? { ...run, error: nameOf(run.error) } : run));
  const source: SessionSource = {
    sessionId: handler.sessionId,
    calls: withNames(handler.calls),
    steps: withNames(handler.steps),
    summary: () => handler.summary(),
  };
  const back = `<p><a href="/conversations/${id}">Back to the chat</a>. This process has made these calls: at most the last 100 are shown.</p>`;
  const page = renderSessionHtml(source).replace("<main>", (main) => `${main}\n${back}`);
  response.set("cache-control", "no-store").type("html").send(page);
});

app.use((_request, response) => void response.status(404).json({ error: "There is no such page." }));

app.use((error: Error & { status?: number; expose?: boolean }, _: Request, response: Response, _next: NextFunction) => {
  const { status = 500, expose, message } = error;
  if (status >= 500) console.error(String(error));
  response.status(status).json({ error: expose ? message : "Something went wrong." });
});

/** What a user is told of a model call that failed: a status, where none was sent yet, and a sentence. */
function forUser(error: unknown): [status: number, text: string] {
  if (SessionBudgetError.isInstance(error)) return [429, `This conversation has used up its ${error.limit}.`];
  return [502, "The model did not answer. Please try again."];
}

/** Ends the process once the answers under way are whole, but after ten seconds anyhow. */
async function stop(): Promise<void> {
  server.close();
  for (let waits = 0; underWay.size > 0 && waits < 100; waits += 1) await sleep(100);
  server.closeAllConnections(); // Browsers keep some open, for a request that may come.
  if ("end" in checkpointer) await checkpointer.end();
}

const server = app.listen(environment.PORT, "127.0.0.1", (error) => {
  if (error) {
    console.error(`express-chat: ${error.message}`);
    process.exit(1);
  }
  console.log(`Express chat: http://localhost:${(server.address() as AddressInfo).port}`);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);
