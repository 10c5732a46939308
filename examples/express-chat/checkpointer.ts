import type { RunnableConfig } from "@langchain/core/runnables";
import { type Checkpoint, type CheckpointMetadata, MemorySaver } from "@langchain/langgraph";
import { environment } from "./environment.js";

/** How many conversations this process remembers. Beyond, it forgets the one whose last message is the oldest. */
const MAX_THREADS = 1_000;

/** LangGraph's `MemorySaver` keeps every checkpoint of every thread. A server that runs for weeks keeps the newest ones. */
class RecentThreads extends MemorySaver {
  override async put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata) {
    const saved = await super.put(config, checkpoint, metadata);
    const { thread_id, checkpoint_ns = "" } = saved.configurable ?? {};
    const newest = this.storage[thread_id]?.[checkpoint_ns]?.[checkpoint.id];
    delete this.storage[thread_id]; // An object's keys are in the order in which they were added.
    if (newest) this.storage[thread_id] = { [checkpoint_ns]: { [checkpoint.id]: newest } };
    const [oldest, ...others] = Object.keys(this.storage);
    if (oldest !== undefined && others.length >= MAX_THREADS) await this.deleteThread(oldest);
    return saved;
  }

  /** A turn that failed is asked again and never resumed, so its writes are not needed. */
  override async putWrites(): Promise<void> {}
}

/** The default loads no Postgres client. */
async function connectPostgres(url: string) {
  const { connect } = await import("./postgres.js");
  return connect(url);
}

/** Carries the messages of each conversation from one turn to the next. */
export const checkpointer = environment.DATABASE_URL
  ? await connectPostgres(environment.DATABASE_URL)
  : new RecentThreads();
