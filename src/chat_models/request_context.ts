import type { Reply } from "../openai_client/observe_responses.js";
import type { ResolvedSession } from "../session/precedence.js";
import type { SessionWriter } from "../transport/session_writer.js";

/** What is known of a call where it is made, on the way from there to its requests. */
export interface Called {
  readonly session: ResolvedSession | undefined;
  readonly extraBody: Readonly<Record<string, unknown>> | undefined;
  /** The id for the run's metadata. */
  readonly tracedId?: string | undefined;
}

/** What a call carries to one of its requests, beside what LangChain carries itself. */
export interface Carried extends Called {
  /** How the session is written. */
  readonly write: SessionWriter;
  /** The response that this request continues. It wins over a null of the user's. */
  readonly previousResponseId: string | undefined;
  /** Where what the proxy says beside the answer is put. */
  readonly reply: Reply;
}

/** The keys of both among call options. Symbols: spreads keep them, and JSON drops them from cache keys and traces. */
const CALLED: unique symbol = Symbol("langchain-litellm-session.called");
const CARRIED: unique symbol = Symbol("langchain-litellm-session.carried");

interface CallOptions {
  [CALLED]?: Called | undefined;
  [CARRIED]?: Carried;
  options?: { [CARRIED]?: Carried };
}

/** What is known of the call that has these options. Undefined: they were not made from a call, as where a model is asked by another. */
export function calledBy(options: object | undefined): Called | undefined {
  return (options as CallOptions | undefined)?.[CALLED];
}

/** Puts what is known of a call into its options, over what another model put there, which passed them on. */
export function setCalled(options: object, called: Called): void {
  (options as CallOptions)[CALLED] = called;
}

/** Call options of one request: a plain call hands `options.options` to the SDK, a streamed one the call options. */
export function carrying<Options extends object>(options: Options, carried: Carried): Options {
  const requestOptions: CallOptions = { ...(options as CallOptions).options };
  requestOptions[CARRIED] = carried; // In the literal, a symbol beside a spread takes ten times as long.
  return { ...options, options: requestOptions };
}

/** What is carried by options on their way to the SDK. */
export function carriedBy(options: object | undefined): Carried | undefined {
  const { [CARRIED]: carried, options: nested } = (options ?? {}) as CallOptions;
  return carried ?? nested?.[CARRIED];
}

/** A session that was chosen where the call was made, on its way to where the options are taken apart. */
export class ChosenSession {
  readonly #isChosen = true;

  constructor(readonly session: ResolvedSession | undefined) {}

  /** Looks for the private field: `instanceof` would run the code of a Proxy that somebody gave as an id. */
  static of(value: unknown): ChosenSession | undefined {
    return typeof value === "object" && value !== null && #isChosen in value ? value : undefined;
  }
}
