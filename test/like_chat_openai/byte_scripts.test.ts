import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type { BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { SessionChatOpenAI } from "../../src/index.js";
import { ByteServer } from "./byte_scripts/byte_server.js";
import { differencesOf, PLAYERS, type Player, replaceTimers } from "./byte_scripts/run.js";
import { byteScripts } from "./byte_scripts/scripts.js";

let server: ByteServer;
let restoreTimers: () => void;

beforeAll(async () => {
  server = await ByteServer.start();
  restoreTimers = replaceTimers();
});
beforeEach(() => {
  // LangChain logs errors of its own handlers for some streams that break off, at any time.
  for (const level of ["log", "warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => {});
});
afterAll(async () => {
  restoreTimers();
  await server.stop();
});

/** The same scripts in every run. `BYTE_SCRIPTS=8000` plays more, `BYTE_SEED=…` others, `BYTE_PATH=…` one again. */
const { BYTE_SEED = 715_225_739, BYTE_SCRIPTS = 60, BYTE_PATH } = process.env;

async function expectNoDifference(player: Player, scripts: number, options: fc.Parameters<unknown> = {}) {
  const property = fc.asyncProperty(byteScripts, async (script) => {
    const differences = await differencesOf(server, script, player);
    if (differences.length > 0) throw new Error(`not as ChatOpenAI: ${differences.slice(0, 5).join("\n")}`);
  });
  const path = BYTE_PATH ? { path: BYTE_PATH } : {};
  await fc.assert(property, {
    seed: Number(BYTE_SEED),
    numRuns: scripts,
    includeErrorInReport: true,
    ...path,
    ...options,
  });
}

const scripts = Number(BYTE_SCRIPTS);

it.each(Object.entries(PLAYERS))(
  "a user of a model that is %s observes what a user of ChatOpenAI does, whatever the provider sends",
  { timeout: 60_000 + scripts * 1_000 },
  async (_, player) => {
    await expectNoDifference(player, scripts);
  },
);

type Options = SessionChatOpenAI["ParsedCallOptions"];

/** Writes on whatever a call throws. */
class Writing extends SessionChatOpenAI {
  override async _generate(messages: BaseMessage[], options: Options, run?: CallbackManagerForLLMRun) {
    return super._generate(messages, options, run).catch((error: unknown): never => {
      if (typeof error === "object" && error !== null && Object.isExtensible(error)) Object.assign(error, { mine: 1 });
      throw error;
    });
  }
}

/** Makes a second request where the first fails. */
class Insisting extends SessionChatOpenAI {
  override _generate(messages: BaseMessage[], options: Options, run?: CallbackManagerForLLMRun): Promise<ChatResult> {
    return super._generate(messages, options, run).catch(() => super._generate(messages, options, run));
  }
}

/** Drops chunks without text. */
class Dropping extends SessionChatOpenAI {
  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: Options,
    run?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    for await (const chunk of super._streamResponseChunks(messages, options, run)) if (chunk.text) yield chunk;
  }
}

it.each([
  ["writes on what a call throws", Writing],
  ["insists", Insisting],
  ["drops chunks without text", Dropping],
])("the comparison fails for a model that %s", async (_, Mutant) => {
  const comparing = expectNoDifference((fields) => new Mutant({ ...fields, sessionId: false }), 200, {
    endOnFailure: true,
  });
  await expect(comparing).rejects.toThrow(/not as ChatOpenAI/);
});
