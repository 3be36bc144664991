// The REST calls of the app, and what can go wrong with them: refused by the server, or not reached.

import type { Channel, Emoji, ErrorBody, ErrorTree, Guild, Invite, Message, Snowflake } from "./wire";

const BASE = "/api/v10";
const TRIES = 4; // a 429 says when to come back; after so many it is told to the person instead

/** The server answered "no". `fields` holds a sentence per field of a form, by dotted path. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    readonly fields: Record<string, string> = {},
  ) {
    super(message);
  }
}

/** No answer: the network or the server is away. Whether the call took effect is not known. */
export class Unreachable extends Error {
  constructor() {
    super("The server can not be reached. Check your connection and try again.");
  }
}

/** The first sentence of each field of a form error. */
export function fieldErrors(tree: ErrorTree, path = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, below] of Object.entries(tree)) {
    if (name === "_errors") {
      const [first] = below as { message: string }[];
      if (first !== undefined) found[path] = first.message;
    } else {
      Object.assign(found, fieldErrors(below as ErrorTree, path === "" ? name : `${path}.${name}`));
    }
  }
  return found;
}

/** What to tell the person. */
export function sentence(error: unknown): string {
  if (error instanceof Refused) return Object.values(error.fields)[0] ?? error.message;
  if (error instanceof Unreachable) return error.message;
  throw error;
}

export interface Outgoing {
  content: string;
  nonce: string;
  replyTo: Snowflake | null;
}

export type Page = Partial<Record<"before" | "after" | "around", Snowflake>>;

export const PAGE_SIZE = 50;

export class Api {
  constructor(
    private readonly token: string | null,
    private readonly unauthorized: () => unknown = () => undefined,
  ) {}

  register(form: {
    username: string;
    password: string;
    global_name?: string;
    invite?: string;
  }): Promise<{ token: string }> {
    return this.call("POST", "/auth/register", form);
  }

  login(login: string, password: string): Promise<{ token: string }> {
    return this.call("POST", "/auth/login", { login, password });
  }

  logout(): Promise<void> {
    return this.call("POST", "/auth/logout", {});
  }

  gateway(): Promise<{ url: string }> {
    return this.call("GET", "/gateway");
  }

  createGuild(name: string): Promise<Guild> {
    return this.call("POST", "/guilds", { name });
  }

  leaveGuild(guildId: Snowflake): Promise<void> {
    return this.call("DELETE", `/users/@me/guilds/${guildId}`);
  }

  createChannel(guildId: Snowflake, form: { name: string; type: number; parent_id?: Snowflake }): Promise<Channel> {
    return this.call("POST", `/guilds/${guildId}/channels`, form);
  }

  createInvite(channelId: Snowflake): Promise<Invite> {
    return this.call("POST", `/channels/${channelId}/invites`, {});
  }

  invite(code: string): Promise<Invite> {
    return this.call("GET", `/invites/${encodeURIComponent(code)}?with_counts=true`);
  }

  acceptInvite(code: string): Promise<Invite> {
    return this.call("POST", `/invites/${encodeURIComponent(code)}`, {});
  }

  messages(channelId: Snowflake, page: Page): Promise<Message[]> {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...page });
    return this.call("GET", `/channels/${channelId}/messages?${query}`);
  }

  send(channelId: Snowflake, { content, nonce, replyTo }: Outgoing): Promise<Message> {
    const reply = replyTo === null ? {} : { message_reference: { message_id: replyTo } };
    return this.call("POST", `/channels/${channelId}/messages`, { content, nonce, enforce_nonce: true, ...reply });
  }

  edit(channelId: Snowflake, messageId: Snowflake, content: string): Promise<Message> {
    return this.call("PATCH", `/channels/${channelId}/messages/${messageId}`, { content });
  }

  remove(channelId: Snowflake, messageId: Snowflake): Promise<void> {
    return this.call("DELETE", `/channels/${channelId}/messages/${messageId}`);
  }

  typing(channelId: Snowflake): Promise<void> {
    return this.call("POST", `/channels/${channelId}/typing`, {});
  }

  react(method: "PUT" | "DELETE", channelId: Snowflake, messageId: Snowflake, emoji: Emoji): Promise<void> {
    const segment = encodeURIComponent(emoji.id === null ? emoji.name : `${emoji.name}:${emoji.id}`);
    return this.call(method, `/channels/${channelId}/messages/${messageId}/reactions/${segment}/@me`);
  }

  private async call<Reply>(method: string, path: string, body?: object): Promise<Reply> {
    for (let tries = 1; ; tries += 1) {
      const response = await this.fetch(method, path, body);
      if (response.status === 204) return undefined as Reply;
      if (response.ok) return (await response.json()) as Reply;
      const error = await errorBody(response);
      if (response.status === 429 && error.retry_after !== undefined && tries < TRIES) {
        await new Promise((resume) => setTimeout(resume, error.retry_after! * 1000));
        continue;
      }
      if (response.status === 401 && this.token !== null) this.unauthorized();
      throw new Refused(response.status, error.code, error.message, fieldErrors(error.errors ?? {}));
    }
  }

  private async fetch(method: string, path: string, body?: object): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.token !== null) headers["Authorization"] = this.token;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const payload = body === undefined ? {} : { body: JSON.stringify(body) };
    try {
      return await fetch(BASE + path, { method, headers, ...payload });
    } catch {
      throw new Unreachable(); // `fetch` rejects only when there was no answer
    }
  }
}

/** A proxy's error page is no JSON: then the status is all there is to tell. */
async function errorBody(response: Response): Promise<ErrorBody> {
  if (response.status >= 502) throw new Unreachable();
  if (response.headers.get("Content-Type")?.startsWith("application/json")) {
    return (await response.json()) as ErrorBody;
  }
  return { code: 0, message: `The server answered ${response.status}.` };
}
