// The pure heart: everything that the app knows, and `apply`, which says what each event makes of it.
// The views draw from this alone; whatever happens, here or at the server, is an event.

import { compare, newest } from "./snowflakes";
import * as timelines from "./timeline";
import type { Asking, Pending, Timeline } from "./timeline";
import type {
  Channel,
  Dispatch,
  Dispatches,
  Guild,
  GuildCreate,
  Member,
  Message,
  OwnUser,
  Presence,
  Role,
  Snowflake,
  User,
} from "./wire";

type ById<T> = Readonly<Record<Snowflake, T>>;

/** A guild with what is in it, by id. */
export interface GuildState extends Omit<Guild, "roles"> {
  joined_at: string;
  member_count: number;
  roles: ById<Role>;
  channels: ById<Channel>;
  members: ById<Member>;
  /** Those who are here. A large guild does not tell. */
  presences: ById<Presence>;
}

export interface State {
  status: "connecting" | "live" | "lost";
  me: OwnUser | null;
  guilds: ById<GuildState>;
  timelines: ById<Timeline>;
  /** Who is typing where, and until when (in the clock of `Event.now`). */
  typing: ById<ById<number>>;
  /** The newest message of each channel that was on the screen. */
  seen: ById<Snowflake>;
}

export type Event =
  | { kind: "dispatch"; dispatch: Dispatch; now: number }
  | { kind: "status"; status: "live" | "lost" }
  | { kind: "page asked"; channelId: Snowflake; asking: Asking }
  | { kind: "page came"; channelId: Snowflake; asking: number; page: Message[]; full: boolean }
  | { kind: "page refused"; channelId: Snowflake; asking: number; problem: string }
  | { kind: "sending"; channelId: Snowflake; pending: Pending }
  | { kind: "settled"; channelId: Snowflake; nonce: string }
  | { kind: "seen"; channelId: Snowflake }
  | { kind: "time"; now: number };

export const NOTHING: State = { status: "connecting", me: null, guilds: {}, timelines: {}, typing: {}, seen: {} };

export const TYPING_LASTS_MS = 10_000;

export function apply(state: State, event: Event): State {
  switch (event.kind) {
    case "dispatch":
      return dispatched(state, event.dispatch, event.now);
    case "status":
      return { ...state, status: event.status, timelines: mapped(state.timelines, timelines.hopeful) };
    case "page asked":
      return onTimeline(state, event.channelId, (old) => timelines.asked(old, event.asking));
    case "page came":
      return onTimeline(state, event.channelId, (old) => timelines.came(old, event.asking, event.page, event.full));
    case "page refused":
      return onTimeline(state, event.channelId, (old) => timelines.refused(old, event.asking, event.problem));
    case "sending":
      return onTimeline(state, event.channelId, (old) => timelines.sending(old, event.pending));
    case "settled":
      return onTimeline(state, event.channelId, (old) => timelines.settled(old, event.nonce));
    case "seen":
      return saw(state, event.channelId);
    case "time":
      return { ...state, typing: stillTyping(state.typing, event.now) };
  }
}

function dispatched(state: State, { t, d }: Dispatch, now: number): State {
  switch (t) {
    case "READY":
      return ready(state, d);
    case "GUILD_CREATE":
      return withGuild(seenUpTo(state, [d]), guildState(d));
    case "GUILD_UPDATE":
      return onGuild(state, d.id, (guild) => ({ ...guild, ...d, roles: byId(d.roles) }));
    case "GUILD_DELETE":
      return d.unavailable === true ? state : withoutGuild(state, d.id);
    case "GUILD_ROLE_CREATE":
    case "GUILD_ROLE_UPDATE":
      return onGuild(state, d.guild_id, (guild) => ({ ...guild, roles: { ...guild.roles, [d.role.id]: d.role } }));
    case "GUILD_ROLE_DELETE":
      return onGuild(state, d.guild_id, (guild) => withoutRole(guild, d.role_id));
    case "GUILD_EMOJIS_UPDATE":
      return onGuild(state, d.guild_id, (guild) => ({ ...guild, emojis: d.emojis }));
    case "GUILD_MEMBER_ADD":
    case "GUILD_MEMBER_UPDATE":
      return onGuild(state, d.guild_id, (guild) => withMember(guild, d, t === "GUILD_MEMBER_ADD"));
    case "GUILD_MEMBER_REMOVE":
      return onGuild(state, d.guild_id, (guild) => withoutMember(guild, d.user.id));
    case "GUILD_MEMBERS_CHUNK":
      return onGuild(state, d.guild_id, (guild) => ({ ...guild, members: { ...guild.members, ...byUser(d.members) } }));
    case "CHANNEL_CREATE":
    case "CHANNEL_UPDATE":
      return onChannels(state, d, (channels) => ({ ...channels, [d.id]: d }));
    case "CHANNEL_DELETE":
      return onChannels({ ...state, timelines: without(state.timelines, d.id) }, d, (channels) =>
        without(channels, d.id),
      );
    case "PRESENCE_UPDATE":
      return onGuild(state, d.guild_id, (guild) => ({ ...guild, presences: withPresence(guild.presences, d) }));
    case "TYPING_START":
      return typed(state, d, now);
    case "USER_UPDATE":
      return renamed(state, d);
    default: // there are events that the app has no use for
      return t.startsWith("MESSAGE_") ? talked(state, { t, d } as Talk) : state;
  }
}

type Talk = Extract<Dispatch, { t: `MESSAGE_${string}` }>;

function talked(state: State, talk: Talk): State {
  const channelId = talk.d.channel_id;
  switch (talk.t) {
    case "MESSAGE_CREATE":
      return posted(state, talk.d);
    case "MESSAGE_UPDATE":
    case "MESSAGE_DELETE":
      return onHeld(state, channelId, (old) => timelines.change(old, talk));
    case "MESSAGE_DELETE_BULK":
      return onHeld(state, channelId, (old) =>
        talk.d.ids.reduce((next, id) => timelines.change(next, { t: "MESSAGE_DELETE", d: { id } }), old),
      );
    case "MESSAGE_REACTION_ADD":
    case "MESSAGE_REACTION_REMOVE": {
      const by = talk.t === "MESSAGE_REACTION_ADD" ? 1 : -1;
      return onHeld(state, channelId, (old) => timelines.reacted(old, talk.d, by, talk.d.user_id === state.me?.id));
    }
    case "MESSAGE_REACTION_REMOVE_ALL":
      return onHeld(state, channelId, (old) => timelines.unreacted(old, talk.d.message_id));
    case "MESSAGE_REACTION_REMOVE_EMOJI":
      return onHeld(state, channelId, (old) => timelines.unreacted(old, talk.d.message_id, talk.d.emoji));
    default:
      return state;
  }
}

/** A new session: the shape is whole again, while messages may have been missed. */
function ready(state: State, d: Dispatches["READY"]): State {
  const guilds = Object.fromEntries(d.guilds.map((guild) => [guild.id, guildState(guild)]));
  const stale = mapped(state.timelines, timelines.outdated);
  return { ...seenUpTo(state, d.guilds), me: d.user, guilds, timelines: stale, typing: {} };
}

/** What was there before one came counts as seen. */
function seenUpTo(state: State, guilds: readonly GuildCreate[]): State {
  const before = guilds.flatMap((guild) =>
    guild.channels.map(({ id, last_message_id }) => [id, last_message_id ?? "0"]),
  );
  return { ...state, seen: { ...Object.fromEntries(before), ...state.seen } };
}

function posted(state: State, message: Message): State {
  const { channel_id, author, guild_id, nonce } = message;
  const mine = author.id === state.me?.id;
  let next = onHeld(state, channel_id, (old) => {
    const held = timelines.change(old, { t: "MESSAGE_CREATE", d: message });
    return mine && nonce !== undefined ? timelines.settled(held, String(nonce)) : held;
  });
  next = { ...next, typing: { ...next.typing, [channel_id]: without(next.typing[channel_id] ?? {}, author.id) } };
  if (guild_id !== undefined) next = onGuild(next, guild_id, (guild) => withLastMessage(guild, message));
  return mine ? saw(next, channel_id) : next;
}

function withLastMessage(guild: GuildState, { id, channel_id }: Message): GuildState {
  const channel = guild.channels[channel_id];
  if (channel === undefined) return guild;
  const last_message_id = newest([channel.last_message_id, id]);
  return { ...guild, channels: { ...guild.channels, [channel_id]: { ...channel, last_message_id } } };
}

function saw(state: State, channelId: Snowflake): State {
  const last = channelOf(state, channelId)?.last_message_id;
  if (last == null || compare(last, state.seen[channelId] ?? "0") <= 0) return state;
  return { ...state, seen: { ...state.seen, [channelId]: last } };
}

function typed(state: State, d: Dispatches["TYPING_START"], now: number): State {
  if (d.user_id === state.me?.id) return state;
  const here = { ...state.typing[d.channel_id], [d.user_id]: now + TYPING_LASTS_MS };
  return { ...state, typing: { ...state.typing, [d.channel_id]: here } };
}

function stillTyping(typing: State["typing"], now: number): State["typing"] {
  const rest = Object.entries(typing).map(
    ([id, users]) => [id, Object.fromEntries(Object.entries(users).filter(([, until]) => until > now))] as const,
  );
  return Object.fromEntries(rest.filter(([, users]) => Object.keys(users).length > 0));
}

function renamed(state: State, me: OwnUser): State {
  return { ...state, me, guilds: mapped(state.guilds, (guild) => withUser(guild, me)) };
}

function withUser(guild: GuildState, user: User): GuildState {
  const member = guild.members[user.id];
  return member === undefined ? guild : { ...guild, members: { ...guild.members, [user.id]: { ...member, user } } };
}

function guildState(guild: GuildCreate): GuildState {
  const { roles, channels, members, presences, ...rest } = guild;
  return {
    ...rest,
    roles: byId(roles),
    channels: byId(channels),
    members: byUser(members),
    presences: byUser(presences ?? []),
  };
}

function withPresence(presences: ById<Presence>, told: Presence): ById<Presence> {
  const { user, status, activities, client_status } = told;
  if (status === "offline") return without(presences, user.id);
  return { ...presences, [user.id]: { user, status, activities, client_status } };
}

function withGuild(state: State, guild: GuildState): State {
  return { ...state, guilds: { ...state.guilds, [guild.id]: guild } };
}

function withoutGuild(state: State, id: Snowflake): State {
  const gone = state.guilds[id]?.channels ?? {};
  const kept = Object.entries(state.timelines).filter(([channelId]) => gone[channelId] === undefined);
  return { ...state, guilds: without(state.guilds, id), timelines: Object.fromEntries(kept) };
}

function withoutRole(guild: GuildState, roleId: Snowflake): GuildState {
  const members = Object.values(guild.members).map((member) => ({
    ...member,
    roles: member.roles.filter((id) => id !== roleId),
  }));
  return { ...guild, roles: without(guild.roles, roleId), members: byUser(members) };
}

function withMember(
  guild: GuildState,
  { guild_id: _, ...member }: Member & { guild_id: Snowflake },
  joined: boolean,
): GuildState {
  const more = joined && guild.members[member.user.id] === undefined ? 1 : 0;
  const members = { ...guild.members, [member.user.id]: member };
  return { ...guild, members, member_count: guild.member_count + more };
}

function withoutMember(guild: GuildState, userId: Snowflake): GuildState {
  const { members, presences, member_count } = guild;
  return {
    ...guild,
    members: without(members, userId),
    presences: without(presences, userId),
    member_count: member_count - 1,
  };
}

/** A timeline that nobody opened is not kept up to date: it is read when it is opened. */
function onHeld(state: State, channelId: Snowflake, change: (old: Timeline) => Timeline): State {
  return state.timelines[channelId] === undefined ? state : onTimeline(state, channelId, change);
}

function onTimeline(state: State, channelId: Snowflake, change: (old: Timeline) => Timeline): State {
  const next = change(state.timelines[channelId] ?? timelines.EMPTY);
  return { ...state, timelines: { ...state.timelines, [channelId]: next } };
}

function onGuild(state: State, id: Snowflake, change: (old: GuildState) => GuildState): State {
  const guild = state.guilds[id];
  return guild === undefined ? state : withGuild(state, change(guild));
}

function onChannels(state: State, { guild_id }: Channel, change: (old: ById<Channel>) => ById<Channel>): State {
  if (guild_id === undefined) return state;
  return onGuild(state, guild_id, (guild) => ({ ...guild, channels: change(guild.channels) }));
}

export function channelOf(state: State, channelId: Snowflake): Channel | undefined {
  return Object.values(state.guilds).find((guild) => guild.channels[channelId] !== undefined)?.channels[channelId];
}

export function unread(state: State, channel: Channel): boolean {
  return compare(channel.last_message_id ?? "0", state.seen[channel.id] ?? "0") > 0;
}

const byId = <T extends { id: Snowflake }>(things: readonly T[]): ById<T> =>
  Object.fromEntries(things.map((thing) => [thing.id, thing]));

const byUser = <T extends { user: { id: Snowflake } }>(those: readonly T[]): ById<T> =>
  Object.fromEntries(those.map((each) => [each.user.id, each]));

const mapped = <T>(things: ById<T>, change: (thing: T) => T): ById<T> =>
  Object.fromEntries(Object.entries(things).map(([id, thing]) => [id, change(thing)]));

function without<T>(things: ById<T>, id: Snowflake): ById<T> {
  const { [id]: _, ...rest } = things;
  return rest;
}
