import { SessionIdError } from "../session/session_id_error.js";
import { describeValue } from "../utils/invalid.js";
import { warn } from "../utils/warn.js";
import type { HeadersInput } from "./headers.js";
import { parseTransport } from "./parse_transport.js";
import { providerAt } from "./provider_hosts.js";
import {
  addToRequest,
  canHold,
  type RequestParts,
  type SessionAdditions,
  sessionAdditions,
} from "./write_session_id.js";
import { type Step, type StepEndpoint, writeStep } from "./write_step.js";

/** The base URL of a request, and the headers that the SDK's client adds. */
export interface RequestTarget {
  readonly baseURL: string | null | undefined;
  readonly defaultHeaders?: HeadersInput;
}

/** Writes session ids into requests, as one `sessionTransport` defines. */
export interface SessionWriter {
  /** Which parts of a request can hold an id. */
  readonly holdsId: { readonly inBody: boolean; readonly inHeaders: boolean };
  /** @throws {SessionIdError} if the transport has headers only and no header can hold the id. */
  check(sessionId: string): void;
  /** What to add to a request. Undefined if the user set the session, or if a provider's own API would reject it. */
  additions(request: RequestParts, sessionId: string, target: RequestTarget): SessionAdditions | undefined;
  /** Returns the request with its additions. */
  write(request: RequestParts, sessionId: string, target: RequestTarget): RequestParts;
  /** Returns the request with the step of the app. Unchanged, with one warning, if the transport or host takes none. */
  writeStep(request: RequestParts, step: Step, endpoint: StepEndpoint, target: RequestTarget): RequestParts;
}

/** @throws {TypeError} for an invalid `sessionTransport`. */
export function createSessionWriter(sessionTransport: unknown): SessionWriter {
  const transport = parseTransport(sessionTransport);
  let hasWarned = false;
  let hasWarnedOfSteps = false;
  // A client's base URL does not change: parse it once, not for every request.
  let lastTarget: { baseURL: RequestTarget["baseURL"]; provider: string | undefined } | undefined;
  const providerOf = (baseURL: RequestTarget["baseURL"]) => {
    if (!lastTarget || lastTarget.baseURL !== baseURL) lastTarget = { baseURL, provider: providerAt(baseURL) };
    return lastTarget.provider;
  };
  const writer: SessionWriter = {
    holdsId: {
      inBody: transport.body.length + transport.metadata.length > 0,
      inHeaders: transport.headers.length > 0,
    },
    check(sessionId) {
      if (canHold(transport, sessionId)) return;
      throw new SessionIdError(
        `Session id ${describeValue(sessionId)} can't be sent by a sessionTransport that has headers only: ` +
          "expected printable ASCII without a space at either end.",
      );
    },
    additions(request, sessionId, { baseURL, defaultHeaders }) {
      const provider = providerOf(baseURL);
      if (!transport.skipsProviders || provider === undefined) {
        return sessionAdditions(request, sessionId, transport, defaultHeaders);
      }
      if (!hasWarned) warn(skippedWarning(provider));
      hasWarned = true;
      return undefined;
    },
    write: (request, sessionId, target) => addToRequest(request, writer.additions(request, sessionId, target)),
    writeStep(request, step, endpoint, { baseURL, defaultHeaders }) {
      if (writer.holdsId.inBody && providerOf(baseURL) === undefined) {
        return writeStep(request, step, endpoint, defaultHeaders);
      }
      if (!hasWarnedOfSteps) warn(STEPS_WARNING);
      hasWarnedOfSteps = true;
      return request;
    },
  };
  return writer;
}

const STEPS_WARNING =
  "logSteps writes nothing: it needs a LiteLLM proxy at the base URL, and a sessionTransport with body fields";

function skippedWarning(provider: string): string {
  return (
    `Requests go to ${provider} itself, which refuses unknown fields: no session id is sent. ` +
    'Point the base URL at your LiteLLM proxy, or set sessionTransport: "none" to silence this'
  );
}
