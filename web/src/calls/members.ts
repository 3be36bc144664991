// Calls about the members of a guild, and those who may be one no more.

import type { Http } from "../http";
import type { Ban, Member, Snowflake } from "../wire";

export interface MemberEdit {
  nick?: string | null;
  roles?: readonly Snowflake[];
  communication_disabled_until?: string | null;
}

export class MemberCalls {
  constructor(private readonly http: Http) {}

  get(guildId: Snowflake, userId: Snowflake): Promise<Member> {
    return this.http.get(`/guilds/${guildId}/members/${userId}`);
  }

  search(guildId: Snowflake, query: string, limit = 10): Promise<Member[]> {
    return this.http.get(`/guilds/${guildId}/members/search`, { query, limit });
  }

  edit(guildId: Snowflake, userId: Snowflake, form: MemberEdit, reason = ""): Promise<Member> {
    return this.http.call("PATCH", `/guilds/${guildId}/members/${userId}`, form, reason);
  }

  kick(guildId: Snowflake, userId: Snowflake, reason: string): Promise<void> {
    return this.http.call("DELETE", `/guilds/${guildId}/members/${userId}`, undefined, reason);
  }

  bans(guildId: Snowflake, after?: Snowflake): Promise<Ban[]> {
    return this.http.get(`/guilds/${guildId}/bans`, { limit: 100, after });
  }

  ban(guildId: Snowflake, userId: Snowflake, deleteSeconds: number, reason: string): Promise<void> {
    return this.http.call(
      "PUT",
      `/guilds/${guildId}/bans/${userId}`,
      { delete_message_seconds: deleteSeconds },
      reason,
    );
  }

  unban(guildId: Snowflake, userId: Snowflake): Promise<void> {
    return this.http.call("DELETE", `/guilds/${guildId}/bans/${userId}`);
  }
}
