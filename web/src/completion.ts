// What is completed while one types: who, where, and which emoji. Pure.

import { displayName } from "./names";
import type { GuildState } from "./guilds";
import type { User } from "./wire";

export interface Query {
  kind: "@" | "#" | ":";
  text: string;
  /** Where the sign stands. */
  from: number;
}

export interface Choice {
  key: string;
  /** What stands in the text instead. */
  insert: string;
  /** What that is on the wire, when it is not the same. */
  wire?: string;
  label: string;
  hint?: string;
  user?: User;
  emoji?: string;
  picture?: string;
  color?: string | null;
}

const BEGUN = /(?:^|[\s(])([@#:])([\p{L}\p{N}_.+-]*)$/u;
const SHORTEST_EMOJI = 2; // ":d" is a smile of its own
export const CHOICES = 8;

/** What is being named before the caret, if anything. */
export function queryAt(text: string, caret: number): Query | null {
  const found = BEGUN.exec(text.slice(0, caret));
  if (found === null) return null;
  const [, kind, query] = found as unknown as [string, Query["kind"], string];
  if (kind === ":" && query.length < SHORTEST_EMOJI) return null;
  return { kind, text: query, from: caret - query.length - 1 };
}

/** Better matches first: those that begin with it before those that hold it. */
export function ranked<T>(things: Iterable<T>, query: string, namesOf: (thing: T) => readonly string[]): T[] {
  const wanted = query.toLocaleLowerCase();
  const [begin, hold]: [T[], T[]] = [[], []];
  for (const thing of things) {
    const names = namesOf(thing).map((name) => name.toLocaleLowerCase());
    if (names.some((name) => name.startsWith(wanted))) begin.push(thing);
    else if (names.some((name) => name.includes(wanted))) hold.push(thing);
    if (begin.length >= CHOICES) break;
  }
  return [...begin, ...hold].slice(0, CHOICES);
}

export function people(users: Iterable<User>, guild: GuildState | undefined, query: string): Choice[] {
  return ranked(users, query, (user) => [displayName(guild, user), user.username]).map((user) => ({
    key: user.id,
    insert: `@${displayName(guild, user)}`,
    wire: `<@${user.id}>`,
    label: displayName(guild, user),
    hint: user.username,
    user,
  }));
}

export function roles(guild: GuildState, query: string): Choice[] {
  const named = Object.values(guild.roles).filter(({ id, mentionable }) => mentionable && id !== guild.id);
  return ranked(named, query, ({ name }) => [name]).map(({ id, name, color }) => ({
    key: id,
    insert: `@${name}`,
    wire: `<@&${id}>`,
    label: `@${name}`,
    color: color === 0 ? null : `#${color.toString(16).padStart(6, "0")}`,
  }));
}

export function channels(guild: GuildState, query: string): Choice[] {
  const places = Object.values(guild.channels).filter(({ type }) => type !== 4);
  return ranked(places, query, ({ name }) => [name]).map(({ id, name }) => ({
    key: id,
    insert: `#${name}`,
    wire: `<#${id}>`,
    label: `#${name}`,
  }));
}

export interface UnicodeEmoji {
  emoji: string;
  name: string;
}

export function emojis(guild: GuildState | undefined, all: readonly UnicodeEmoji[], query: string): Choice[] {
  const own = ranked(guild?.emojis ?? [], query, ({ name }) => [name]).map(({ id, name, animated }) => ({
    key: id,
    insert: `:${name}:`,
    wire: `<${animated ? "a" : ""}:${name}:${id}>`,
    label: `:${name}:`,
    picture: `/emojis/${id}.${animated ? "gif" : "png"}`,
  }));
  const spaced = query.replaceAll("_", " ");
  const common = ranked(all, spaced, ({ name }) => [name]).map(({ emoji, name }) => ({
    key: emoji,
    insert: emoji,
    label: `:${name.replaceAll(" ", "_")}:`,
    emoji,
  }));
  return [...own, ...common].slice(0, CHOICES);
}

/** The text as it goes out: each completed name as what it means. Longer names first, since one may begin another. */
export function toWire(text: string, wire: Readonly<Record<string, string>>): string {
  const names = Object.keys(wire).sort((a, b) => b.length - a.length);
  return names.reduce((sofar, name) => sofar.replaceAll(name, wire[name]!), text);
}

const TOLD = /<(@!?|@&|#)(\d{1,20})>|<a?:(\w{2,32}):\d{1,20}>/g;

/** The reverse, to edit: what each mention is called, and how to get back. */
export function fromWire(
  text: string,
  nameOf: (sigil: string, id: string) => string | null,
): { text: string; wire: Record<string, string> } {
  const wire: Record<string, string> = {};
  const readable = text.replace(TOLD, (told: string, sigil?: string, id?: string, emoji?: string) => {
    const name = emoji === undefined ? nameOf(sigil!, id!) : `:${emoji}:`;
    if (name === null) return told;
    wire[name] = told;
    return name;
  });
  return { text: readable, wire };
}
