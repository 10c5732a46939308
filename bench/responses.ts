import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { SessionChatOpenAI } from "../src/index.js";
import { collectGarbage } from "./collect_garbage.js";
import { printed, type Quartiles, quartiles, startServer } from "./measure.js";

/** Turns of a conversation, and how many such conversations are one measurement. */
const SIZES = [
  { turns: 10, conversations: 24 },
  { turns: 100, conversations: 3 },
  { turns: 400, conversations: 1 },
];

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9);

const QUESTION = "Tell me what happened to the robot after that. ".repeat(4);

/** Sends a question after the messages before it, and resolves to the answer. */
type Talk = (question: HumanMessage, history: BaseMessage[]) => Promise<BaseMessage>;

/** What one conversation costs: bytes sent, and CPU time of this process. */
interface Cost {
  readonly bytes: number;
  readonly cpuMs: number;
}

/** The costs of a way's conversations of a size, a round each. */
type Costs = (way: string, turns: number) => readonly Cost[];

const PLAIN = "ChatOpenAI";
const MESSAGES = "from the messages";

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

  const ways: Record<string, Talk> = { [PLAIN]: theirs, unchained, [MESSAGES]: chained };
  try {
    const costs = await measure(ways, baseURL);
    const rows = SIZES.flatMap(({ turns }) =>
      Object.keys(ways).map((way) => {
        const bytes = bytesOf(costs, way, turns);
        return {
          turns,
          way,
          bytes,
          "bytes / turn": Math.round(bytes / turns),
          [`bytes / ${PLAIN}'s`]: (bytes / bytesOf(costs, PLAIN, turns)).toFixed(4),
          "CPU ms / turn": (quartiles(costs(way, turns).map(({ cpuMs }) => cpuMs)).median / turns).toFixed(3),
          ...printed(`CPU / ${PLAIN}'s`, cpuRatio(costs, way, turns), 3),
        };
      }),
    );
    console.table(rows);
    return judge(costs);
  } finally {
    stop();
  }
}

/** The same in each round. */
function bytesOf(costs: Costs, way: string, turns: number): number {
  return costs(way, turns)[0]?.bytes ?? Number.NaN;
}

/** CPU time as a share of the plain model's in the same round, so that what slows a round down hits both. */
function cpuRatio(costs: Costs, way: string, turns: number): Quartiles {
  const plain = costs(PLAIN, turns);
  return quartiles(costs(way, turns).map(({ cpuMs }, round) => cpuMs / (plain[round]?.cpuMs ?? Number.NaN)));
}

/** Whether bytes grow with the turns and no faster. */
function judge(costs: Costs): boolean {
  const [few, many] = [10, 400];
  const sent = bytesOf(costs, MESSAGES, many);
  const rows = [
    {
      what: `${MESSAGES}: bytes at ${many} turns / ${PLAIN}'s`,
      value: sent / bytesOf(costs, PLAIN, many),
      limit: 0.03,
    },
    {
      what: `${MESSAGES}: bytes a turn at ${many} turns / at ${few}`,
      value: sent / many / (bytesOf(costs, MESSAGES, few) / few),
      limit: 1.1,
    },
  ].map((row) => ({ ...row, value: row.value.toFixed(4), "": row.value > row.limit ? "FAILED" : "ok" }));
  console.table(rows);
  return rows.every((row) => row[""] === "ok");
}

/** The ways alternate within a round, and their order from round to round. */
async function measure(ways: Record<string, Talk>, baseURL: string): Promise<Costs> {
  const found = new Map<string, Cost[]>();
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const { turns, conversations } of SIZES) {
      const order = Object.entries(ways);
      if (round % 2 === 0) order.reverse();
      for (const [way, talk] of order) {
        collectGarbage();
        const before = process.cpuUsage();
        for (let i = 0; i < conversations; i += 1) await converse(talk, turns);
        const { user, system } = process.cpuUsage(before);
        const bytes: number = await (await fetch(baseURL)).json();
        if (round < 0) continue; // This round warms up.
        const cost = { bytes: bytes / conversations, cpuMs: (user + system) / 1_000 / conversations };
        found.set(`${way} ${turns}`, [...(found.get(`${way} ${turns}`) ?? []), cost]);
      }
    }
  }
  return (way, turns) => found.get(`${way} ${turns}`) ?? [];
}

async function converse(talk: Talk, turns: number): Promise<void> {
  const history: BaseMessage[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const question = new HumanMessage(QUESTION);
    history.push(question, await talk(question, history));
  }
}
