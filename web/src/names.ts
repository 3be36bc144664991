// What people are called and coloured in a guild, and how its members and channels are ordered.

import type { ById } from "./collections";
import { compare } from "./snowflakes";
import type { GuildState } from "./state";
import type { Channel, DirectChannel, Member, Presence, Relationship, Role, Snowflake, User } from "./wire";
import { words } from "./words";

export const TEXT = 0;
export const CATEGORY = 4;
const CUSTOM = 4; // of an activity
const { online: ONLINE, offline: OFFLINE } = words.people;

/** A nickname, else the name of the account's owner's choice, else the username. */
export function displayName(guild: GuildState | undefined, user: User): string {
  const member = guild?.members[user.id];
  const known = member?.user ?? user;
  return member?.nick ?? known.global_name ?? known.username;
}

type Pictured = { id: Snowflake; avatar: string | null };

const extension = (hash: string): string => (hash.startsWith("a_") ? "gif" : "png");

/** null for those who have none: then their initials stand for them. */
export const avatarUrl = ({ id, avatar }: Pictured): string | null =>
  avatar == null ? null : `/avatars/${id}/${avatar}.${extension(avatar)}`;

export const iconUrl = ({ id, icon }: { id: Snowflake; icon: string | null }): string | null =>
  icon == null ? null : `/icons/${id}/${icon}.${extension(icon)}`;

export const groupIconUrl = ({ id, icon }: DirectChannel): string | null =>
  icon == null ? null : `/channel-icons/${id}/${icon}.${extension(icon)}`;

/** Outside of guilds: what the reader calls a friend, else the name of the account's owner's choice. */
export const personName = (known: ById<Relationship>, { id, global_name, username }: User): string =>
  known[id]?.nickname ?? global_name ?? username;

/** Of a conversation outside of guilds: its own name, else those who are in it. */
export function directName({ name, recipients }: DirectChannel, known: ById<Relationship>): string {
  if (name != null && name !== "") return name;
  const names = recipients.map((user) => personName(known, user));
  return names.length === 0 ? words.people.emptyGroup : names.join(", ");
}

/** Of the highest role that has one; null for the colour of the text. */
export function nameColor(guild: GuildState | undefined, userId: Snowflake): string | null {
  const colored = rolesOf(guild, guild?.members[userId]).find((role) => role.color !== 0);
  return colored === undefined ? null : `#${colored.color.toString(16).padStart(6, "0")}`;
}

/** Up to two letters that stand for a name where there is no picture. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "");
  const letters = words.slice(0, 2).map((word) => [...word][0]);
  return letters.join("").toLocaleUpperCase();
}

/** Highest first; of two at one position the older stands higher. */
export function rolesOf(guild: GuildState | undefined, member: Member | undefined): Role[] {
  const held = (member?.roles ?? []).flatMap((id) => guild?.roles[id] ?? []);
  return held.sort((a, b) => b.position - a.position || compare(a.id, b.id));
}

export interface MemberGroup {
  title: string;
  members: Member[];
}

/** What a member shows as their own words: a custom status, else what they do. */
export function statusText(presence: Presence | undefined): string {
  const activities = presence?.activities ?? [];
  const custom = activities.find(({ type }) => type === CUSTOM);
  if (custom !== undefined) return [custom.emoji?.id == null ? custom.emoji?.name : "", custom.state].join(" ").trim();
  return activities[0]?.name ?? "";
}

/** Each member once: those who are here under the highest of their hoisted roles, the others last; by name. */
export function memberGroups(guild: GuildState): MemberGroup[] {
  const groups = new Map<Role | null | undefined, Member[]>();
  for (const member of Object.values(guild.members)) {
    const hoisted = rolesOf(guild, member).find(({ hoist }) => hoist) ?? null;
    const role = guild.presences[member.user.id] === undefined ? undefined : hoisted;
    groups.set(role, [...(groups.get(role) ?? []), member]);
  }
  const byName = (a: Member, b: Member): number =>
    displayName(guild, a.user).localeCompare(displayName(guild, b.user)) || compare(a.user.id, b.user.id);
  return [...groups]
    .sort(([a], [b]) => height(b) - height(a))
    .map(([role, members]) => ({
      title: role === undefined ? OFFLINE : (role?.name ?? ONLINE),
      members: members.sort(byName),
    }));
}

const height = (role: Role | null | undefined): number => (role === undefined ? -2 : (role?.position ?? -1));

export interface ChannelGroup {
  category: Channel | null;
  channels: Channel[];
}

const byPosition = (a: Channel, b: Channel): number => a.position - b.position || compare(a.id, b.id);

/** Channels without a category first, then each category with its own. */
export function channelGroups(guild: GuildState): ChannelGroup[] {
  const all = Object.values(guild.channels).sort(byPosition);
  const within = (category: Channel | null): Channel[] =>
    all.filter(({ type, parent_id }) => type !== CATEGORY && (parentOf(guild, parent_id) ?? null) === category);
  const categories = all.filter(({ type }) => type === CATEGORY);
  return [null, ...categories].map((category) => ({ category, channels: within(category) }));
}

/** A category that one may not see is as if it were not there. */
const parentOf = (guild: GuildState, id: Snowflake | null | undefined): Channel | undefined =>
  id == null ? undefined : guild.channels[id];

/** The channels in the order of the list: what "the first" and "the next" mean. */
export function channelsInOrder(guild: GuildState): Channel[] {
  return channelGroups(guild).flatMap(({ channels }) => channels);
}
