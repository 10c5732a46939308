// workerd: the base URL is in the query.
import { check } from "./check.mjs";

export default {
  async fetch(request) {
    try {
      await check(new URL(request.url).searchParams.get("base"));
      return new Response("done");
    } catch (error) {
      return new Response(String(error?.stack ?? error), { status: 500 });
    }
  },
};
