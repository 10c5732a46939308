import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** V8's `gc`: a full collection, or of the young generation alone. */
export const collectGarbage: (options?: { type: "minor" | "major" }) => void = runInNewContext("gc");
