import { cutText } from "../utils/error_text.js";
import { isPlainObject } from "../utils/is_plain_object.js";

/** The step of the app that made a call. A model with `logSteps` sends it. */
export interface SessionLogStep {
  /** LangChain's id of the model run. */
  readonly runId: string | undefined;
  readonly parentRunId: string | undefined;
  /** The runs around the call, the outermost first: at most the 16 innermost. */
  readonly path: readonly { readonly id: string; readonly name: string }[];
  /** The node of the LangGraph graph. */
  readonly node: string | undefined;
  /** The number of the graph's step. */
  readonly step: number | undefined;
  /** The name of the agent. */
  readonly agent: string | undefined;
}

const MAX_LEVELS = 16;
const MAX_NAME_LENGTH = 100;

/** Reads `spend_logs_metadata.langchain`. Any client can write there. Undefined if it is no step. */
export function parseStep(value: unknown): SessionLogStep | undefined {
  if (!isPlainObject(value) || !Array.isArray(value.path)) return undefined;
  const path = value.path.slice(-MAX_LEVELS).flatMap((run: unknown) => {
    const { id, name } = isPlainObject(run) ? run : {};
    const [parsedId, parsedName] = [nameOf(id), nameOf(name)];
    return parsedId === undefined || parsedName === undefined ? [] : [{ id: parsedId, name: parsedName }];
  });
  return {
    runId: nameOf(value.run_id),
    parentRunId: nameOf(value.parent_run_id),
    path,
    node: nameOf(value.node),
    step: Number.isSafeInteger(value.step) && (value.step as number) >= 0 ? (value.step as number) : undefined,
    agent: nameOf(value.agent),
  };
}

/** Without control and format characters and lone surrogates, and cut. */
function nameOf(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return cutText(
    value.slice(0, 10 * MAX_NAME_LENGTH).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " "),
    MAX_NAME_LENGTH,
  );
}
