// Short makers of wire shapes for the tests: with the keys that the app reads, and no others.

import type { Activity } from "../src/generated";
import type {
  Channel,
  Dispatch,
  Dispatches,
  GuildCreate,
  Member,
  Message,
  OwnUser,
  Presence,
  Role,
  User,
} from "../src/wire";
import type { Edge } from "../src/timeline";
import { apply, NOTHING, type Event, type State } from "../src/state";

export const user = (id: string, username = `user${id}`): User => ({ id, username, global_name: null }) as User;
export const me = user("100000000000000001", "ann") as OwnUser;
export const ben = user("100000000000000002", "ben");

export const GUILD = "200000000000000001";
export const GENERAL = "300000000000000001";

export const member = (of: User, roles: string[] = []): Member => ({ user: of, nick: null, roles }) as Member;

export const channel = (id: string, more: Partial<Channel> = {}): Channel =>
  ({ id, type: 0, guild_id: GUILD, name: `c${id.at(-1)}`, position: 0, permission_overwrites: [], ...more }) as Channel;

export const role = (id: string, more: Partial<Role>): Role =>
  ({ id, name: `r${id}`, color: 0, hoist: false, position: 0, permissions: "0", ...more }) as Role;

export const everyone = role(GUILD, { name: "@everyone", permissions: "3072" });

export const guild = (more: Partial<GuildCreate> = {}): GuildCreate =>
  ({
    id: GUILD,
    name: "Platform nine",
    owner_id: me.id,
    joined_at: "2026-01-01T00:00:00+00:00",
    member_count: 2,
    roles: [everyone],
    channels: [channel(GENERAL)],
    members: [member(me), member(ben)],
    presences: [here(me.id)],
    ...more,
  }) as GuildCreate;

export const here = (id: string, status = "online", activities: Activity[] = []): Presence => ({
  user: { id },
  status,
  activities,
  client_status: { web: status },
});

export const message = (id: string, more: Partial<Message> = {}): Message =>
  ({
    id,
    channel_id: GENERAL,
    guild_id: GUILD,
    type: 0,
    content: `text ${id}`,
    author: ben,
    timestamp: "2026-03-01T10:00:00+00:00",
    edited_timestamp: null,
    mentions: [] as User[],
    ...more,
  }) as Message;

/** A dispatch of which the keys are given that the app reads. */
export interface Told {
  t: keyof Dispatches;
  d: object;
}

export const ready = (...guilds: GuildCreate[]): Told => ({ t: "READY", d: { user: me, guilds, session_id: "s1" } });

export const dispatch = (told: Told, now = 0): Event => ({ kind: "dispatch", dispatch: told as Dispatch, now });

export const after = (state: State, ...events: (Event | Told)[]): State =>
  events.reduce((next, event) => apply(next, "kind" in event ? event : dispatch(event)), state);

export const asked = (edge: Edge, number = 1): Event => ({
  kind: "page asked",
  channelId: GENERAL,
  asking: { edge, number },
});

export const came = (page: Message[], full = false, asking = 1): Event => ({
  kind: "page came",
  channelId: GENERAL,
  asking,
  page,
  full,
});

/** Ready, with #general opened and empty. */
export const opened = after(NOTHING, ready(guild()), asked("newest"), came([]));
