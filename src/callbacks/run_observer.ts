import { newSessionId } from "../session/session_id.js";
import type { RunObserver } from "../session/steps.js";
import { answerId } from "../utils/answer_id.js";
import { nonNegative } from "../utils/non_negative.js";
import type { CallRecords } from "./call_records.js";

/** Connects the records of a handler to the models of this package. */
export function observeRuns(records: CallRecords): RunObserver {
  return {
    pathTo: (id) => records.tree.pathTo(id),
    firstToken: (runId) => records.firstToken(runId),
    startEmbedding: (parentRunId, model) => {
      const runId = newSessionId(); // LangChain has no run for a request of embeddings.
      records.startCall({ kind: "embedding", runId, parentRunId, model }, {});
      return ({ inputTokens, callId, costUsd, thrown }) => {
        const outcome = { callId: answerId(callId) };
        if (thrown) return records.failCall(runId, thrown[0], outcome);
        const cost = nonNegative(costUsd);
        const cached = cost === 0 || undefined;
        records.endCall(runId, {
          ...outcome,
          status: "ok",
          inputTokens: nonNegative(inputTokens),
          costUsd: cost,
          cached,
        });
      };
    },
  };
}
