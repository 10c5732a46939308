import { RunnableLambda } from "@langchain/core/runnables";
import { describe, expect, it } from "vitest";
import { getSessionId, SessionOpenAIEmbeddings, withSession } from "../../src/index.js";
import { connection, modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const IDS = ["a", "b", "c"];

/** A queue such as an app writes: one job runs at a time, and the job that ends starts the next one. */
class AppQueue {
  private readonly waiting: (() => Promise<void>)[] = [];
  private isBusy = false;

  add<T>(job: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.waiting.push(() => job().then(resolve, reject));
      if (!this.isBusy) void this.startNext();
    });
  }

  private async startNext(): Promise<void> {
    this.isBusy = true;
    await this.waiting.shift()?.();
    this.isBusy = false;
    if (this.waiting.length > 0) void this.startNext();
  }
}

type Job = (input: string) => Promise<unknown>;

/** Queues a job in three sessions at once. `prepare` runs in the session, before its job is queued. */
async function queueInSessions(prepare: (config: object) => Job): Promise<void> {
  const queue = new AppQueue();
  const ask = RunnableLambda.from(async (input: string, config) => {
    const job = prepare(config);
    await queue.add(() => job(input));
  });
  await Promise.all(IDS.map((sessionId) => withSession(ask, { sessionId }).invoke(sessionId)));
}

/** The text that a request asks about: the id of the session that queued its job. */
function asked(): unknown[] {
  return gateway.current.requests.map(({ body }) => {
    const [message] = (body.messages ?? []) as { content: unknown }[];
    return message ? message.content : (body.input as string[])[0];
  });
}

describe("a queue of the app's own, which starts a job in the session of the job before it", () => {
  it("a queued call without a remedy is in the session of the call that made room", async () => {
    const model = modelFor(gateway.current);
    await queueInSessions(() => (input) => model.invoke(input));
    expect(asked()).toEqual(IDS);
    expect(sessions(gateway.current)).toEqual(["a", "a", "a"]);
  });

  it.each<[string, (config: object) => Job]>([
    [
      "a model that was bound to getSessionId() before",
      () => {
        const bound = modelFor(gateway.current).withSession(getSessionId());
        return (input) => bound.invoke(input);
      },
    ],
    [
      "a model that gets the config of the run that queued the job",
      (config) => {
        const model = modelFor(gateway.current);
        return (input) => model.invoke(input, config);
      },
    ],
    [
      "embeddings that were bound to getSessionId() before",
      () => {
        const fields = { ...connection(gateway.current), sessionId: false } as const;
        const bound = new SessionOpenAIEmbeddings(fields).withSession(getSessionId());
        return (input) => bound.embedDocuments([input]);
      },
    ],
    [
      "a wrapper that gets the config of the run that queued the job",
      (config) => {
        const model = modelFor(gateway.current);
        const wrapper = withSession(RunnableLambda.from((input: string) => model.invoke(input)));
        return (input) => wrapper.invoke(input, config);
      },
    ],
    [
      "a wrapper with the call option sessionId of getSessionId() before",
      () => {
        const model = modelFor(gateway.current);
        const wrapper = withSession(RunnableLambda.from((input: string) => model.invoke(input)));
        const sessionId = getSessionId();
        return (input) => wrapper.invoke(input, { sessionId });
      },
    ],
  ])("a queued call is in the session that queued it: %s", async (_, prepare) => {
    await queueInSessions(prepare);
    expect(asked()).toEqual(IDS);
    expect(sessions(gateway.current)).toEqual(IDS);
  });
});
