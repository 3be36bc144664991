// What becomes of a guild's channels and roles when one is put elsewhere. Pure.

import type { ChannelMove } from "./calls/guilds";
import { CATEGORY, channelGroups } from "./names";
import type { GuildState } from "./guilds";
import type { Channel, Role, Snowflake } from "./wire";

/** As they stand below each other: those without a category, then each category and its own. */
export const inLines = (guild: GuildState): Channel[] =>
  channelGroups(guild).flatMap(({ category, channels }) => (category === null ? channels : [category, ...channels]));

export function put<T>(things: readonly T[], from: number, to: number): T[] {
  const rest = things.toSpliced(from, 1);
  return rest.toSpliced(to, 0, things[from]!);
}

/** What to ask for so that the line `from` stands where the line `to` stands now. A category takes its own along. */
export function channelMoves(guild: GuildState, from: number, to: number): ChannelMove[] {
  const lines = inLines(guild);
  const moved = lines[from];
  if (moved === undefined || from === to) return [];
  return numbered(moved.type === CATEGORY ? withBlockMoved(lines, from, to) : put(lines, from, to), guild);
}

function withBlockMoved(lines: readonly Channel[], from: number, to: number): Channel[] {
  const blocks = blocksOf(lines);
  const at = (line: number): number => blocks.findIndex((block) => block.includes(lines[line]!));
  const target = Math.max(at(to), lines[0]?.type === CATEGORY ? 0 : 1); // those without a category stay first
  return put(blocks, at(from), target).flat();
}

function blocksOf(lines: readonly Channel[]): Channel[][] {
  return lines.reduce<Channel[][]>((blocks, line) => {
    if (line.type === CATEGORY || blocks.length === 0) return [...blocks, [line]];
    return blocks.with(-1, [...blocks.at(-1)!, line]);
  }, []);
}

function numbered(lines: readonly Channel[], guild: GuildState): ChannelMove[] {
  let parent: Snowflake | null = null;
  let [categories, channels] = [0, 0];
  return lines.flatMap((line): ChannelMove[] => {
    const held = guild.channels[line.id]!;
    if (line.type === CATEGORY) {
      parent = line.id;
      const position = categories++;
      return held.position === position ? [] : [{ id: line.id, position }];
    }
    const position = channels++;
    const moves = held.parent_id !== parent ? { parent_id: parent } : {};
    return held.position === position && held.parent_id === parent ? [] : [{ id: line.id, position, ...moves }];
  });
}

/** Highest first, without @everyone, which is always the lowest. */
export const rolesInOrder = (guild: GuildState): Role[] =>
  Object.values(guild.roles)
    .filter(({ id }) => id !== guild.id)
    .sort((a, b) => b.position - a.position || (a.id < b.id ? -1 : 1));

export function roleMoves(guild: GuildState, from: number, to: number): { id: Snowflake; position: number }[] {
  const order = put(rolesInOrder(guild), from, to);
  return order.flatMap(({ id, position }, at) =>
    position === order.length - at ? [] : [{ id, position: order.length - at }],
  );
}
