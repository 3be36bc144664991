// Short makers of wire shapes for the tests.

import type { Channel, Dispatch, GuildCreate, Member, Message, OwnUser, User } from "../src/wire";
import type { Edge } from "../src/timeline";
import { apply, NOTHING, type Event, type State } from "../src/state";

export const user = (id: string, username = `user${id}`): User => ({ id, username, discriminator: "0", avatar: null });
export const me: OwnUser = { ...user("100000000000000001", "ann"), mfa_enabled: false, flags: 0 };
export const ben = user("100000000000000002", "ben");

export const GUILD = "200000000000000001";
export const GENERAL = "300000000000000001";

export const member = (of: User, roles: string[] = []): Member => ({ user: of, roles, joined_at: "2026-01-01T00:00:00+00:00" });

export const channel = (id: string, more: Partial<Channel> = {}): Channel => ({
  id, type: 0, guild_id: GUILD, name: `c${id.at(-1)}`, position: 0, permission_overwrites: [], ...more,
});

export const guild = (more: Partial<GuildCreate> = {}): GuildCreate => ({
  id: GUILD, name: "Platform nine", icon: null, owner_id: me.id, joined_at: null, member_count: 2,
  roles: [{ id: GUILD, name: "@everyone", color: 0, hoist: false, position: 0, permissions: "3072", managed: false, mentionable: false }],
  channels: [channel(GENERAL)], members: [member(me), member(ben)], ...more,
});

export const message = (id: string, more: Partial<Message> = {}): Message => ({
  id, channel_id: GENERAL, guild_id: GUILD, type: 0, content: `text ${id}`, author: ben,
  timestamp: "2026-03-01T10:00:00+00:00", edited_timestamp: null, mentions: [], mention_roles: [], mention_everyone: false, ...more,
});

export const ready = (...guilds: GuildCreate[]): Dispatch => ({
  t: "READY", d: { user: me, guilds, session_id: "s1", resume_gateway_url: "ws://x" },
});

export const dispatch = (dispatch: Dispatch, now = 0): Event => ({ kind: "dispatch", dispatch, now });

export const after = (state: State, ...events: (Event | Dispatch)[]): State =>
  events.reduce((next, event) => apply(next, "kind" in event ? event : dispatch(event)), state);

export const asked = (edge: Edge, number = 1): Event => ({ kind: "page asked", channelId: GENERAL, asking: { edge, number } });

export const came = (page: Message[], full = false, asking = 1): Event => ({ kind: "page came", channelId: GENERAL, asking, page, full });

/** Ready, with #general opened and empty. */
export const opened = after(
  NOTHING, ready(guild()),
  asked("newest"),
  came([]),
);
