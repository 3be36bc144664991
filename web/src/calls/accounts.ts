// Calls about oneself: the account, its sessions, its applications.

import type { Http } from "../http";
import type { Application, GuildSettings, OwnUser, Settings, Snowflake, UserSession } from "../wire";

export interface AccountEdit {
  username?: string;
  global_name?: string | null;
  avatar?: string | null;
  password?: string;
  new_password?: string;
}

type Level = Partial<Pick<GuildSettings, "muted" | "mute_config" | "message_notifications">>;

/** What one wants to hear of a guild, and otherwise of its channels, by id. */
export type HearingEdit = Level &
  Partial<Pick<GuildSettings, "suppress_everyone" | "suppress_roles">> & {
    channel_overrides?: Record<Snowflake, Level>;
  };

export class AccountCalls {
  constructor(private readonly http: Http) {}

  edit(form: AccountEdit): Promise<OwnUser> {
    return this.http.call("PATCH", "/users/@me", form);
  }

  set(form: { status?: string; custom_status?: { text: string } | null }): Promise<Settings> {
    return this.http.call("PATCH", "/users/@me/settings", form);
  }

  /** `place` is a guild, or `@me` for what is outside of guilds. */
  hear(place: Snowflake, form: HearingEdit): Promise<GuildSettings> {
    return this.http.call("PATCH", `/users/@me/guilds/${place}/settings`, form);
  }

  async sessions(): Promise<UserSession[]> {
    return (await this.http.get<{ user_sessions: UserSession[] }>("/auth/sessions")).user_sessions;
  }

  endSessions(hashes: readonly string[]): Promise<void> {
    return this.http.call("POST", "/auth/sessions/logout", { session_id_hashes: hashes });
  }

  applications(): Promise<Application[]> {
    return this.http.get("/applications");
  }

  createApplication(name: string): Promise<Application> {
    return this.http.call("POST", "/applications", { name });
  }

  editApplication(
    id: Snowflake,
    form: { name?: string; description?: string; icon?: string | null },
  ): Promise<Application> {
    return this.http.call("PATCH", `/applications/${id}`, form);
  }

  resetToken(id: Snowflake): Promise<{ token: string }> {
    return this.http.call("POST", `/applications/${id}/bot/reset`, {});
  }

  addBot(id: Snowflake, guildId: Snowflake, permissions: string): Promise<void> {
    return this.http.call("POST", `/oauth2/authorize?client_id=${id}&scope=bot`, {
      guild_id: guildId,
      authorize: true,
      permissions,
    });
  }
}
