// Calls about a guild: itself, its channels, roles, emoji, invites, webhooks, and what was done to it.

import type { Http, Query } from "../http";
import type { AuditLog, Channel, Guild, GuildEmoji, Invite, Role, Snowflake, Webhook } from "../wire";

export interface GuildEdit {
  name?: string;
  icon?: string | null;
  description?: string | null;
  system_channel_id?: Snowflake | null;
}

export interface ChannelEdit {
  name?: string;
  topic?: string | null;
  rate_limit_per_user?: number;
  parent_id?: Snowflake | null;
  type?: number;
}

export interface RoleEdit {
  name?: string;
  permissions?: string;
  color?: number;
  hoist?: boolean;
  mentionable?: boolean;
}

export interface ChannelMove {
  id: Snowflake;
  position: number;
  parent_id?: Snowflake | null;
}

export class GuildCalls {
  constructor(private readonly http: Http) {}

  create(name: string, icon: string | null): Promise<Guild> {
    return this.http.call("POST", "/guilds", icon === null ? { name } : { name, icon });
  }

  edit(id: Snowflake, form: GuildEdit): Promise<Guild> {
    return this.http.call("PATCH", `/guilds/${id}`, form);
  }

  remove(id: Snowflake): Promise<void> {
    return this.http.call("DELETE", `/guilds/${id}`);
  }

  leave(id: Snowflake): Promise<void> {
    return this.http.call("DELETE", `/users/@me/guilds/${id}`);
  }

  createChannel(id: Snowflake, form: ChannelEdit & { name: string }): Promise<Channel> {
    return this.http.call("POST", `/guilds/${id}/channels`, form);
  }

  editChannel(channelId: Snowflake, form: ChannelEdit): Promise<Channel> {
    return this.http.call("PATCH", `/channels/${channelId}`, form);
  }

  removeChannel(channelId: Snowflake): Promise<Channel> {
    return this.http.call("DELETE", `/channels/${channelId}`);
  }

  moveChannels(id: Snowflake, moves: readonly ChannelMove[]): Promise<void> {
    return this.http.call("PATCH", `/guilds/${id}/channels`, moves);
  }

  setOverwrite(
    channelId: Snowflake,
    id: Snowflake,
    form: { type: number; allow: string; deny: string },
  ): Promise<void> {
    return this.http.call("PUT", `/channels/${channelId}/permissions/${id}`, form);
  }

  removeOverwrite(channelId: Snowflake, id: Snowflake): Promise<void> {
    return this.http.call("DELETE", `/channels/${channelId}/permissions/${id}`);
  }

  createRole(id: Snowflake, form: RoleEdit): Promise<Role> {
    return this.http.call("POST", `/guilds/${id}/roles`, form);
  }

  editRole(id: Snowflake, roleId: Snowflake, form: RoleEdit): Promise<Role> {
    return this.http.call("PATCH", `/guilds/${id}/roles/${roleId}`, form);
  }

  moveRoles(id: Snowflake, moves: readonly { id: Snowflake; position: number }[]): Promise<Role[]> {
    return this.http.call("PATCH", `/guilds/${id}/roles`, moves);
  }

  removeRole(id: Snowflake, roleId: Snowflake): Promise<void> {
    return this.http.call("DELETE", `/guilds/${id}/roles/${roleId}`);
  }

  createEmoji(id: Snowflake, name: string, image: string): Promise<GuildEmoji> {
    return this.http.call("POST", `/guilds/${id}/emojis`, { name, image, roles: [] });
  }

  renameEmoji(id: Snowflake, emojiId: Snowflake, name: string): Promise<GuildEmoji> {
    return this.http.call("PATCH", `/guilds/${id}/emojis/${emojiId}`, { name });
  }

  removeEmoji(id: Snowflake, emojiId: Snowflake): Promise<void> {
    return this.http.call("DELETE", `/guilds/${id}/emojis/${emojiId}`);
  }

  invites(id: Snowflake): Promise<Invite[]> {
    return this.http.get(`/guilds/${id}/invites`);
  }

  revokeInvite(code: string): Promise<Invite> {
    return this.http.call("DELETE", `/invites/${encodeURIComponent(code)}`);
  }

  webhooks(id: Snowflake): Promise<Webhook[]> {
    return this.http.get(`/guilds/${id}/webhooks`);
  }

  createWebhook(channelId: Snowflake, name: string): Promise<Webhook> {
    return this.http.call("POST", `/channels/${channelId}/webhooks`, { name });
  }

  editWebhook(
    id: Snowflake,
    form: { name?: string; channel_id?: Snowflake; avatar?: string | null },
  ): Promise<Webhook> {
    return this.http.call("PATCH", `/webhooks/${id}`, form);
  }

  removeWebhook(id: Snowflake): Promise<void> {
    return this.http.call("DELETE", `/webhooks/${id}`);
  }

  log(id: Snowflake, query: Query): Promise<AuditLog> {
    return this.http.get(`/guilds/${id}/audit-logs`, query);
  }
}
