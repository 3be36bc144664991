// The REST calls of the app. Those that need no account are here, the rest by what they are about.

import { AccountCalls } from "./calls/accounts";
import { GuildCalls } from "./calls/guilds";
import { MemberCalls } from "./calls/members";
import { MessageCalls } from "./calls/messages";
import { PeopleCalls } from "./calls/people";
import { Http } from "./http";
import type { Instance, Invite, Snowflake } from "./wire";

export interface Registration {
  username: string;
  password: string;
  global_name?: string;
  invite?: string;
}

export interface InviteForm {
  max_age?: number;
  max_uses?: number;
  unique?: boolean;
}

export class Api extends Http {
  readonly account = new AccountCalls(this);
  readonly guilds = new GuildCalls(this);
  readonly members = new MemberCalls(this);
  readonly messages = new MessageCalls(this);
  readonly people = new PeopleCalls(this);

  register(form: Registration): Promise<{ token: string }> {
    return this.call("POST", "/auth/register", form);
  }

  login(login: string, password: string): Promise<{ token: string }> {
    return this.call("POST", "/auth/login", { login, password });
  }

  logout(): Promise<void> {
    return this.call("POST", "/auth/logout", {});
  }

  gateway(): Promise<{ url: string }> {
    return this.get("/gateway");
  }

  operator(): Promise<Instance> {
    return this.get("/operator");
  }

  invite(code: string): Promise<Invite> {
    return this.get(`/invites/${encodeURIComponent(code)}`, { with_counts: true });
  }

  acceptInvite(code: string): Promise<Invite> {
    return this.call("POST", `/invites/${encodeURIComponent(code)}`, {});
  }

  createInvite(channelId: Snowflake, form: InviteForm = {}): Promise<Invite> {
    return this.call("POST", `/channels/${channelId}/invites`, form);
  }
}
