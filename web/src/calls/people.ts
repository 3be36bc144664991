// Calls about other people: friends, and conversations outside of guilds.

import type { Http } from "../http";
import type { DirectChannel, Snowflake } from "../wire";

export const FRIEND = 1;
export const BLOCKED = 2;
export const INCOMING = 3;
export const OUTGOING = 4;

export class PeopleCalls {
  constructor(private readonly http: Http) {}

  request(username: string): Promise<void> {
    return this.http.call("POST", "/users/@me/relationships", { username, discriminator: null });
  }

  /** Asks, or accepts. */
  befriend(userId: Snowflake): Promise<void> {
    return this.http.call("PUT", `/users/@me/relationships/${userId}`, {});
  }

  block(userId: Snowflake): Promise<void> {
    return this.http.call("PUT", `/users/@me/relationships/${userId}`, { type: BLOCKED });
  }

  nickname(userId: Snowflake, nickname: string | null): Promise<void> {
    return this.http.call("PATCH", `/users/@me/relationships/${userId}`, { nickname });
  }

  forget(userId: Snowflake): Promise<void> {
    return this.http.call("DELETE", `/users/@me/relationships/${userId}`);
  }

  open(userIds: readonly Snowflake[]): Promise<DirectChannel> {
    const [recipient_id] = userIds;
    return this.http.call(
      "POST",
      "/users/@me/channels",
      userIds.length === 1 ? { recipient_id } : { recipients: userIds },
    );
  }

  close(channelId: Snowflake): Promise<DirectChannel> {
    return this.http.call("DELETE", `/channels/${channelId}`);
  }

  addToGroup(channelId: Snowflake, userId: Snowflake): Promise<void> {
    return this.http.call("PUT", `/channels/${channelId}/recipients/${userId}`);
  }

  removeFromGroup(channelId: Snowflake, userId: Snowflake): Promise<void> {
    return this.http.call("DELETE", `/channels/${channelId}/recipients/${userId}`);
  }

  editGroup(channelId: Snowflake, form: { name?: string; icon?: string | null }): Promise<DirectChannel> {
    return this.http.call("PATCH", `/channels/${channelId}`, form);
  }
}
