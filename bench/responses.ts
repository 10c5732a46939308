import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { InMemoryStore } from "@langchain/core/stores";
import { ChatOpenAI } from "@langchain/openai";
import { SessionChatOpenAI } from "../src/index.js";
import { startServer } from "./measure.js";

/** Turns of a conversation, and how many such conversations are one measurement. */
const SIZES = [
  { turns: 10, conversations: 24 },
  { turns: 100, conversations: 3 },
  { turns: 400, conversations: 1 },
];

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);

const QUESTION = "Tell me what happened to the robot after that. ".repeat(4);

/** How a conversation is led: says a question, after what was said before. */
type Talk = (question: HumanMessage, history: BaseMessage[]) => Promise<BaseMessage>;

/** What one conversation costs: bytes sent, and CPU time of this process. */
interface Cost {
  readonly bytes: number;
  readonly cpuMs: number;
}

const PLAIN = "ChatOpenAI";
const MESSAGES = "from the messages";
const STORE = "from the store";

/** What conversations on `/responses` cost with and without `previous_response_id`, beside a plain ChatOpenAI. */
export async function benchResponses(): Promise<boolean> {
  const { baseURL, stop } = await startServer("./responses_server.js");
  const connection = { model: "gpt-4o", apiKey: "sk-bench", maxRetries: 0, configuration: { baseURL } };
  const fields = { ...connection, useResponsesApi: true, sessionId: "session" };
  const whole = (model: ChatOpenAI): Talk => {
    return (question, history) => model.invoke([...history, question]);
  };
  const theirs = whole(new ChatOpenAI(fields));
  const unchained = whole(new SessionChatOpenAI(fields));
  const chained = whole(new SessionChatOpenAI({ ...fields, usePreviousResponseId: true }));

  /** Each begins a conversation. */
  const ways: Record<string, () => Talk> = {
    [PLAIN]: () => theirs,
    unchained: () => unchained,
    [MESSAGES]: () => chained,
    [STORE]: () => {
      const model = new SessionChatOpenAI({ ...fields, responseStore: new InMemoryStore<string>() });
      return (question) => model.invoke([question]);
    },
  };
  try {
    const costOf = await measure(ways, baseURL);
    const rows = SIZES.flatMap(({ turns }) =>
      Object.keys(ways).map((way) => {
        const [{ bytes, cpuMs }, plain] = [costOf(way, turns), costOf(PLAIN, turns)];
        return {
          turns,
          way,
          bytes,
          "bytes / turn": Math.round(bytes / turns),
          [`bytes / ${PLAIN}'s`]: (bytes / plain.bytes).toFixed(4),
          "CPU ms / turn": (cpuMs / turns).toFixed(3),
          [`CPU / ${PLAIN}'s`]: (cpuMs / plain.cpuMs).toFixed(2),
        };
      }),
    );
    console.table(rows);
    return judge(costOf);
  } finally {
    stop();
  }
}

/** Whether bytes grow with the turns and no faster, and CPU time in store mode does not grow with the history. */
function judge(costOf: (way: string, turns: number) => Cost): boolean {
  const [few, many] = [10, 400];
  const perTurn = (way: string, turns: number, what: keyof Cost) => costOf(way, turns)[what] / turns;
  const growth = (way: string, what: keyof Cost) => perTurn(way, many, what) / perTurn(way, few, what);
  const rows = [
    ...[MESSAGES, STORE].flatMap((way) => [
      {
        what: `${way}: bytes at ${many} turns / ${PLAIN}'s`,
        value: costOf(way, many).bytes / costOf(PLAIN, many).bytes,
        limit: 0.03,
      },
      { what: `${way}: bytes a turn at ${many} turns / at ${few}`, value: growth(way, "bytes"), limit: 1.1 },
    ]),
    { what: `${STORE}: CPU a turn at ${many} turns / at ${few}`, value: growth(STORE, "cpuMs"), limit: 1.3 },
  ].map((row) => ({ ...row, value: row.value.toFixed(4), "": row.value > row.limit ? "FAILED" : "ok" }));
  console.table(rows);
  return rows.every((row) => row[""] === "ok");
}

/** The cost of a conversation in each way and size: the median of rounds, in which they alternate. */
async function measure(
  ways: Record<string, () => Talk>,
  baseURL: string,
): Promise<(way: string, turns: number) => Cost> {
  const found = new Map<string, Cost[]>();
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const { turns, conversations } of SIZES) {
      for (const [way, begin] of Object.entries(ways)) {
        const before = process.cpuUsage();
        for (let i = 0; i < conversations; i += 1) await converse(begin(), turns);
        const { user, system } = process.cpuUsage(before);
        const bytes: number = await (await fetch(baseURL)).json();
        if (round < 0) continue; // This one warms up.
        const cost = { bytes: bytes / conversations, cpuMs: (user + system) / 1_000 / conversations };
        found.set(`${way} ${turns}`, [...(found.get(`${way} ${turns}`) ?? []), cost]);
      }
    }
  }
  return (way, turns) => {
    const costs = (found.get(`${way} ${turns}`) ?? []).sort((a, b) => a.cpuMs - b.cpuMs);
    return costs[costs.length >> 1] as Cost;
  };
}

async function converse(talk: Talk, turns: number): Promise<void> {
  const history: BaseMessage[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const question = new HumanMessage(QUESTION);
    history.push(question, await talk(question, history));
  }
}
