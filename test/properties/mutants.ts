import type { RunnableConfig } from "@langchain/core/runnables";
import { ChatOpenAI } from "@langchain/openai";
import { getRequestContext } from "../../src/chat_models/request_context.js";
import { SessionChatOpenAI, type SessionChatOpenAICallOptions, type SessionChatOpenAIFields } from "../../src/index.js";

/** Returns the id of a call when its request is sent. */
type Read = () => string | undefined;

/** How running calls read their ids, by the key in each request. */
const calls = new Map<string, Read>();

/** Writes ids into requests when they are sent, instead of SessionChatOpenAI. */
const tagging: typeof fetch = async (input, init) => {
  const headers = new Headers(init?.headers);
  const id = calls.get(headers.get(KEY) ?? "")?.();
  headers.delete(KEY);
  if (id === undefined) return fetch(input, { ...init, headers });
  if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(id)) headers.set("x-litellm-session-id", id);
  const body = { ...JSON.parse(String(init?.body)), litellm_session_id: id, litellm_trace_id: id };
  return fetch(input, { ...init, headers, body: JSON.stringify(body) });
};

const KEY = "x-call";

let callCount = 0;

/** A SessionChatOpenAI that writes no id: each call defines how its request reads one. Correct by itself. */
export class Faithful extends SessionChatOpenAI {
  protected readonly held: { id?: string | undefined } = {};

  constructor(fields: SessionChatOpenAIFields) {
    super({ ...fields, sessionTransport: "none", configuration: { ...fields.configuration, fetch: tagging } });
  }

  protected override _separateRunnableConfigFromCallOptionsCompat(
    options?: Partial<SessionChatOpenAICallOptions>,
  ): [RunnableConfig, this["ParsedCallOptions"]] {
    const separate = () => super._separateRunnableConfigFromCallOptionsCompat(options);
    const resolve: Read = () => getRequestContext(separate()[1])?.sessionId;
    const key = String(++callCount);
    calls.set(key, this.reading(resolve));
    const headers = { [KEY]: key };
    const [config, callOptions] = separate();
    return [config, { ...callOptions, headers, options: { ...callOptions.options, headers } }];
  }

  protected reading(resolve: Read): Read {
    const id = resolve();
    return () => id;
  }
}

/** Mutant: reads the id when the request is sent. */
export class ReadLate extends Faithful {
  protected override reading(resolve: Read): Read {
    return resolve;
  }
}

/** Mutant: stores the id on the instance. */
export class KeptOnInstance extends Faithful {
  protected override reading(resolve: Read): Read {
    this.held.id = resolve();
    return () => this.held.id;
  }
}

/** Mutant: copies with ChatOpenAI's withConfig. */
export class CopiedByChatOpenAI extends SessionChatOpenAI {
  override withConfig(config: Partial<SessionChatOpenAICallOptions>): this {
    return copyByChatOpenAI(this, config) as this;
  }
}

/** A copy as ChatOpenAI makes it, with the one method that it lacks. */
function copyByChatOpenAI(model: ChatOpenAI, config: Partial<SessionChatOpenAICallOptions>): unknown {
  const copy = ChatOpenAI.prototype.withConfig.call(model, config) as ChatOpenAI;
  const withConfig = (more: Partial<SessionChatOpenAICallOptions>) => copyByChatOpenAI(copy, more);
  return Object.assign(copy, { withConfig, withSession: (sessionId: string) => withConfig({ sessionId }) });
}
