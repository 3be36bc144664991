// What one does not want to hear: muted guilds, channels and conversations, and what of the rest one is told of. Pure.

import type { ById } from "./collections";
import type { GuildState } from "./guilds";
import { channelOf, inGuild, unread } from "./lookup";
import type { State } from "./state";
import type { Channel, ChannelOverride, DirectChannel, GuildSettings, Message, Snowflake } from "./wire";

/** By guild; what is outside of guilds stands under `DIRECT`. */
export type Muting = ById<GuildSettings>;

export const DIRECT = "@me";

/** Of what one is told. Numbers of the wire. */
export const EVERYTHING = 0;
export const MENTIONS = 1;
export const NOTHING = 2;
export const USUAL = 3;

type Mutable = Pick<GuildSettings, "muted" | "mute_config">;

export function told(muting: Muting, settings: GuildSettings, now: number): Muting {
  return lapsed({ ...muting, [settings.guild_id ?? DIRECT]: settings }, now);
}

export function all(given: GuildSettings[] | { entries: GuildSettings[] }, now: number): Muting {
  const entries = Array.isArray(given) ? given : given.entries;
  return lapsed(Object.fromEntries(entries.map((one) => [one.guild_id ?? DIRECT, one])), now);
}

/** What is over sounds again. */
export function lapsed(muting: Muting, now: number): Muting {
  const settled = Object.entries(muting).map(([id, settings]) => {
    const overrides = settings.channel_overrides.map((one) => sounding(one, now));
    return [id, { ...sounding(settings, now), channel_overrides: overrides }] as const;
  });
  return Object.fromEntries(settled);
}

function sounding<Of extends Mutable>(one: Of, now: number): Of {
  const end = endOf(one);
  return end !== null && end <= now ? { ...one, muted: false, mute_config: null } : one;
}

/** When something that is muted will sound again; null when nothing will by itself. */
export function nextEnd(muting: Muting): number | null {
  const all = Object.values(muting).flatMap((settings) => [settings, ...settings.channel_overrides]);
  const ends = all.flatMap((one) => endOf(one) ?? []);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Until when; null when it is not muted, or for good. */
export function endOf({ muted, mute_config }: Mutable): number | null {
  const end = mute_config?.end_time ?? null;
  return muted && end !== null ? Date.parse(end) : null;
}

export const settingsOf = (state: State, guildId: Snowflake | undefined): GuildSettings | undefined =>
  state.muting[guildId ?? DIRECT];

export const overrideOf = (state: State, guildId: Snowflake | undefined, id: Snowflake): ChannelOverride | undefined =>
  settingsOf(state, guildId)?.channel_overrides.find(({ channel_id }) => channel_id === id);

/** A category mutes what is in it. */
export function isMuted(state: State, guild: GuildState | undefined, channelId: Snowflake): boolean {
  if (settingsOf(state, guild?.id)?.muted === true) return true;
  return [channelId, guild?.channels[channelId]?.parent_id ?? null].some(
    (id) => id !== null && overrideOf(state, guild?.id, id)?.muted === true,
  );
}

/** Whether there is something new that one wants to know of. */
export function fresh(state: State, guild: GuildState | undefined, channel: Channel | DirectChannel): boolean {
  return unread(state, channel) && !isMuted(state, guild, channel.id);
}

export function level(state: State, guild: GuildState | undefined, channelId: Snowflake): number {
  if (guild === undefined) return EVERYTHING;
  const parent = guild.channels[channelId]?.parent_id ?? null;
  const chosen = [channelId, parent].map(
    (id) => (id === null ? undefined : overrideOf(state, guild.id, id))?.message_notifications,
  );
  const all = [...chosen, settingsOf(state, guild.id)?.message_notifications, guild.default_message_notifications];
  return all.find((one) => one !== undefined && one !== USUAL) ?? EVERYTHING;
}

/** Whether it calls the reader in particular: it names them or a role of theirs, or is said to them alone. */
export function calls(state: State, message: Message): boolean {
  const me = state.me?.id;
  if (me === undefined || message.author.id === me) return false;
  const guild = inGuild(state, message.channel_id);
  const muted = isMuted(state, guild, message.channel_id);
  if (state.people.directs[message.channel_id] !== undefined) return !muted;
  if (message.mentions.some(({ id }) => id === me)) return true;
  const settings = settingsOf(state, guild?.id);
  if (muted) return false;
  if (message.mention_everyone && settings?.suppress_everyone !== true) return true;
  const roles = settings?.suppress_roles === true ? [] : (guild?.members[me]?.roles ?? []);
  return (message.mention_roles ?? []).some((id) => roles.includes(id));
}

/** Whether one wants to be told of it while one looks elsewhere. */
export function announces(state: State, message: Message): boolean {
  if (message.author.id === state.me?.id || channelOf(state, message.channel_id) === undefined) return false;
  const guild = inGuild(state, message.channel_id);
  if (isMuted(state, guild, message.channel_id)) return false;
  const chosen = level(state, guild, message.channel_id);
  return chosen === EVERYTHING || (chosen === MENTIONS && calls(state, message));
}
