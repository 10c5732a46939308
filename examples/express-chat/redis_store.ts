import { BaseStore } from "@langchain/core/stores";
import { createClient } from "redis";

// Without Redis a call starts afresh and says so. With an offline queue, it would wait for Redis.
export const redis = createClient({ url: process.env.REDIS_URL, disableOfflineQueue: true });
redis.on("error", (error) => console.error(`Redis: ${error.message}`));

const EXPIRATION = { type: "EX", value: 7 * 24 * 60 * 60 } as const; // as long as your provider keeps answers

class RedisStore extends BaseStore<string, string> {
  lc_namespace = ["redis_store"];

  async mget(keys: string[]) {
    return (await redis.mGet(keys)).map((value) => value ?? undefined);
  }

  async mset(pairs: [string, string][]) {
    await Promise.all(pairs.map(([key, value]) => redis.set(key, value, { expiration: EXPIRATION })));
  }

  async mdelete(keys: string[]) {
    await redis.del(keys);
  }

  async *yieldKeys(prefix = "") {
    for await (const keys of redis.scanIterator({ MATCH: `${prefix}*` })) yield* keys;
  }
}

export const responseStore = new RedisStore(); // await redis.connect() when the server starts, redis.destroy() when it ends
