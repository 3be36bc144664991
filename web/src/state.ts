// The pure heart: everything that the app knows, and `apply`, which says what each event makes of it.
// The views draw from this alone; whatever happens, here or at the server, is an event.

import { byId, mapped, without, type ById } from "./collections";
import * as guilds from "./guilds";
import { guildState, type GuildState } from "./guilds";
import { channelOf } from "./lookup";
import * as mutings from "./muting";
import type { Muting } from "./muting";
import * as people from "./people";
import { NOBODY, type People } from "./people";
import * as rolls from "./roll";
import type { Roll } from "./roll";
import { acknowledged, placesIn, readingOf, saw, seenUpTo, talked, type Talk } from "./talk";
import * as timelines from "./timeline";
import type { Asking, Pending, Timeline } from "./timeline";
import type {
  Channel,
  DirectChannel,
  Dispatch,
  Dispatches,
  GuildCreate,
  MemberListUpdate,
  Message,
  OwnUser,
  Ready,
  Settings,
  Snowflake,
} from "./wire";

export type { GuildState } from "./guilds";
export { channelOf, unread } from "./lookup";

export interface State {
  status: "connecting" | "live" | "lost";
  me: OwnUser | null;
  /** Which of one's logins is this one. */
  login: string | null;
  guilds: ById<GuildState>;
  people: People;
  timelines: ById<Timeline>;
  /** Who is typing where, and until when (in the clock of `Event.now`). */
  typing: ById<ById<number>>;
  /** The newest message of each channel that was on the screen. */
  seen: ById<Snowflake>;
  /** How often the reader was named since, by channel. */
  mentions: ById<number>;
  /** Whether the server keeps what one has seen. */
  acks: boolean;
  /** The list of members that is followed. */
  roll: Roll | null;
  settings: Settings;
  muting: Muting;
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

export const NOTHING: State = {
  status: "connecting",
  me: null,
  login: null,
  guilds: {},
  people: NOBODY,
  timelines: {},
  typing: {},
  seen: {},
  mentions: {},
  acks: false,
  roll: null,
  settings: { status: "online", custom_status: null },
  muting: {},
};

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
      return saw(state, event.channelId, channelOf(state, event.channelId)?.last_message_id ?? "0");
    case "time":
      return {
        ...state,
        typing: stillTyping(state.typing, event.now),
        muting: mutings.lapsed(state.muting, event.now),
      };
  }
}

type Shape = Extract<Dispatch, { t: `GUILD_${string}` }>;

function dispatched(state: State, dispatch: Dispatch, now: number): State {
  const { t, d } = dispatch;
  switch (t) {
    case "READY":
      return ready(state, d, now);
    case "CHANNEL_CREATE":
    case "CHANNEL_UPDATE":
      return withChannel(state, d);
    case "CHANNEL_DELETE":
      return withoutChannel(state, d);
    case "CHANNEL_PINS_UPDATE":
      if (d.guild_id === undefined) return { ...state, people: people.pinned(state.people, d) };
      return onGuild(state, d.guild_id, (guild) => guilds.withPins(guild, d.channel_id, d.last_pin_timestamp ?? null));
    case "PRESENCE_UPDATE":
      return d.guild_id === undefined
        ? { ...state, people: people.seen(state.people, d) }
        : onGuild(state, d.guild_id, (guild) => ({ ...guild, presences: guilds.withPresence(guild.presences, d) }));
    case "TYPING_START":
      return typed(state, d, now);
    case "USER_UPDATE":
      return { ...state, me: d, guilds: mapped(state.guilds, (guild) => guilds.withUser(guild, d)) };
    case "RELATIONSHIP_ADD":
    case "RELATIONSHIP_UPDATE":
    case "RELATIONSHIP_REMOVE":
    case "CHANNEL_RECIPIENT_ADD":
    case "CHANNEL_RECIPIENT_REMOVE":
      return { ...state, people: people.happened(state.people, dispatch, state.me) };
    case "USER_SETTINGS_UPDATE":
      return { ...state, settings: { ...state.settings, ...d } };
    case "USER_GUILD_SETTINGS_UPDATE":
      return { ...state, muting: mutings.told(state.muting, d, now) };
    case "MESSAGE_ACK":
      return acknowledged(state, d);
    default: // there are events that the app has no use for
      if (t.startsWith("MESSAGE_")) return talked(state, { t, d } as Talk);
      return t.startsWith("GUILD_") ? shaped(state, { t, d } as Shape) : state;
  }
}

function shaped(state: State, { t, d }: Shape): State {
  switch (t) {
    case "GUILD_CREATE":
      return withGuild({ ...state, seen: seenUpTo(state, placesIn(d)) }, guildState(d));
    case "GUILD_UPDATE":
      return onGuild(state, d.id, (guild) => ({ ...guild, ...d, roles: byId(d.roles) }));
    case "GUILD_DELETE":
      return d.unavailable === true ? state : withoutGuild(state, d.id);
    case "GUILD_ROLE_CREATE":
    case "GUILD_ROLE_UPDATE":
      return onGuild(state, d.guild_id, (guild) => guilds.withRole(guild, d.role));
    case "GUILD_ROLE_DELETE":
      return onGuild(state, d.guild_id, (guild) => guilds.withoutRole(guild, d.role_id));
    case "GUILD_EMOJIS_UPDATE":
      return onGuild(state, d.guild_id, (guild) => ({ ...guild, emojis: d.emojis }));
    case "GUILD_MEMBER_ADD":
    case "GUILD_MEMBER_UPDATE":
      return onGuild(state, d.guild_id, (guild) => guilds.withMember(guild, d, t === "GUILD_MEMBER_ADD"));
    case "GUILD_MEMBER_REMOVE":
      return onGuild(state, d.guild_id, (guild) => guilds.withoutMember(guild, d.user.id));
    case "GUILD_MEMBERS_CHUNK":
      return onGuild(state, d.guild_id, (guild) => guilds.withMembers(guild, d.members));
    case "GUILD_MEMBER_LIST_UPDATE":
      return listed(state, d);
    default:
      return state;
  }
}

const whole = (guild: Ready["guilds"][number]): guild is GuildCreate => "channels" in guild;

/** A new session: the shape is whole again, while messages may have been missed. */
function ready(state: State, d: Ready, now: number): State {
  const came = d.guilds.filter(whole);
  // Those that are only announced come each by its own event: until then they stay as they were.
  const awaited = d.guilds.filter((guild) => !whole(guild)).flatMap(({ id }) => state.guilds[id] ?? []);
  const all = { ...byId(awaited), ...byId(came.map(guildState)) };
  const next = { ...state, ...readingOf(state, d), people: people.ready(d) };
  const places = [...came.flatMap(placesIn), ...Object.values(next.people.directs)];
  return {
    ...next,
    me: d.user,
    login: d.auth_session_id_hash ?? null,
    guilds: all,
    seen: seenUpTo(next, places),
    timelines: mapped(state.timelines, timelines.outdated),
    typing: {},
    settings: { ...state.settings, ...d.user_settings },
    muting: mutings.all(d.user_guild_settings ?? [], now),
  };
}

function listed(state: State, update: MemberListUpdate): State {
  const next = onGuild(state, update.guild_id, (guild) => ({
    ...guilds.withMembers(guild, rolls.membersIn(update)),
    member_count: update.member_count,
  }));
  return { ...next, roll: rolls.told(state.roll, update) };
}

const inNoGuild = (channel: Channel | DirectChannel): channel is DirectChannel => !("guild_id" in channel);

function withChannel(state: State, channel: Channel | DirectChannel): State {
  if (inNoGuild(channel)) {
    const next = { ...state, people: people.opened(state.people, channel) };
    return { ...next, seen: seenUpTo(next, state.acks ? [] : [channel]) };
  }
  return onGuild(state, channel.guild_id, (guild) => guilds.withChannel(guild, channel));
}

function withoutChannel(state: State, channel: Channel | DirectChannel): State {
  const next = {
    ...state,
    timelines: without(state.timelines, channel.id),
    mentions: without(state.mentions, channel.id),
  };
  if (inNoGuild(channel)) return { ...next, people: people.closed(state.people, channel.id) };
  return onGuild(next, channel.guild_id, (guild) => ({ ...guild, channels: without(guild.channels, channel.id) }));
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

function withGuild(state: State, guild: GuildState): State {
  return { ...state, guilds: { ...state.guilds, [guild.id]: guild } };
}

function withoutGuild(state: State, id: Snowflake): State {
  const gone = state.guilds[id]?.channels ?? {};
  const kept = <T>(things: ById<T>): ById<T> =>
    Object.fromEntries(Object.entries(things).filter(([channelId]) => gone[channelId] === undefined));
  return {
    ...state,
    guilds: without(state.guilds, id),
    timelines: kept(state.timelines),
    mentions: kept(state.mentions),
    roll: state.roll?.guildId === id ? null : state.roll,
  };
}

/** A timeline that nobody opened is not kept up to date: it is read when it is opened. */
export function onHeld(state: State, channelId: Snowflake, change: (old: Timeline) => Timeline): State {
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
