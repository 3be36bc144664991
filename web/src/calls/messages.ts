// Calls about messages: reading, writing, and what is done with one.

import type { Http, Progress, Query } from "../http";
import type { Emoji, Message, Pins, Snowflake } from "../wire";

export interface Outgoing {
  content: string;
  nonce: string;
  replyTo: Snowflake | null;
  files: readonly File[];
}

export type Page = Partial<Record<"before" | "after" | "around", Snowflake>>;

export const PAGE_SIZE = 50;
const NO_ANSWER_MS = 20_000; // a line that died in silence: it goes again with its nonce

export interface Found {
  total_results: number;
  messages: Message[][];
}

export class MessageCalls {
  constructor(private readonly http: Http) {}

  page(channelId: Snowflake, page: Page): Promise<Message[]> {
    return this.http.get(`/channels/${channelId}/messages`, { limit: PAGE_SIZE, ...page });
  }

  send(channelId: Snowflake, { content, nonce, replyTo, files }: Outgoing, progress: Progress): Promise<Message> {
    const reply = replyTo === null ? {} : { message_reference: { message_id: replyTo, fail_if_not_exists: false } };
    const json = { content, nonce, enforce_nonce: true, ...reply };
    const path = `/channels/${channelId}/messages`;
    return files.length === 0
      ? this.http.call("POST", path, json, "", NO_ANSWER_MS)
      : this.http.upload(path, json, files, progress);
  }

  edit(channelId: Snowflake, messageId: Snowflake, content: string): Promise<Message> {
    return this.http.call("PATCH", `/channels/${channelId}/messages/${messageId}`, { content });
  }

  remove(channelId: Snowflake, messageId: Snowflake): Promise<void> {
    return this.http.call("DELETE", `/channels/${channelId}/messages/${messageId}`);
  }

  typing(channelId: Snowflake): Promise<void> {
    return this.http.call("POST", `/channels/${channelId}/typing`, {});
  }

  react(method: "PUT" | "DELETE", channelId: Snowflake, messageId: Snowflake, emoji: Emoji): Promise<void> {
    const segment = encodeURIComponent(emoji.id === null ? emoji.name : `${emoji.name}:${emoji.id}`);
    return this.http.call(method, `/channels/${channelId}/messages/${messageId}/reactions/${segment}/@me`);
  }

  pins(channelId: Snowflake, before?: string): Promise<Pins> {
    return this.http.get(`/channels/${channelId}/messages/pins`, { limit: 50, before });
  }

  pin(method: "PUT" | "DELETE", channelId: Snowflake, messageId: Snowflake): Promise<void> {
    return this.http.call(method, `/channels/${channelId}/messages/pins/${messageId}`);
  }

  ack(channelId: Snowflake, messageId: Snowflake): Promise<void> {
    return this.http.call("POST", `/channels/${channelId}/messages/${messageId}/ack`, { token: null });
  }

  /** Back to before a message, in all of one's sessions. */
  unread(channelId: Snowflake, before: Snowflake): Promise<void> {
    return this.http.call("POST", `/channels/${channelId}/messages/${before}/ack`, { manual: true });
  }

  ackGuild(guildId: Snowflake): Promise<void> {
    return this.http.call("POST", `/guilds/${guildId}/ack`, {});
  }

  search(place: "guilds" | "channels", id: Snowflake, query: Query): Promise<Found> {
    return this.http.get(`/${place}/${id}/messages/search`, query);
  }
}
