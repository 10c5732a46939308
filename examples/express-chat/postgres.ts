import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";

/** A number of this app's own, by which its processes know the lock. */
const SETUP_LOCK = 1_907_040_511;

/** A checkpointer whose tables exist. Ends the process where there is no such database. */
export async function connect(connectionString: string): Promise<PostgresSaver> {
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 5_000 });
  // A pool whose Postgres goes away emits `error`, which ends a process that does not listen.
  pool.on("error", (error) => console.error(`Postgres: ${error.message}`));
  const saver = new PostgresSaver(pool);
  try {
    await setUpAlone(pool, saver);
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    console.error(`express-chat: DATABASE_URL: ${message || code}`);
    process.exit(1);
  }
  return saver;
}

/** `setup()` fails where another process creates the same tables at the same time. */
async function setUpAlone(pool: pg.Pool, saver: PostgresSaver): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [SETUP_LOCK]);
    await saver.setup();
  } finally {
    client.release(true); // Closes the connection, and so frees the lock.
  }
}
