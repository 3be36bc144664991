// A ranged list of members, as far as it is held: the rows of some ranges, and how many there are of each group.

import type { ListGroup, ListItem, ListOp, Member, MemberListUpdate, Snowflake } from "./wire";

export interface Roll {
  /** Of the list. Channels that the same people see have the same one. */
  id: string;
  guildId: Snowflake;
  memberCount: number;
  onlineCount: number;
  groups: readonly ListGroup[];
  rows: ReadonlyMap<number, ListItem>;
}

/** How many rows the list has: each group of some size is headed by one. */
export const rowCount = (groups: readonly ListGroup[]): number =>
  groups.reduce((rows, { count }) => rows + (count > 0 ? count + 1 : 0), 0);

/** A list of another id or guild takes the place of this one. */
export function told(roll: Roll | null, update: MemberListUpdate): Roll {
  const same = roll !== null && roll.guildId === update.guild_id && roll.id === update.id;
  const rows = update.ops.reduce(changed, same ? roll.rows : new Map<number, ListItem>());
  return {
    id: update.id,
    guildId: update.guild_id,
    memberCount: update.member_count,
    onlineCount: update.online_count,
    groups: update.groups,
    rows,
  };
}

function changed(rows: ReadonlyMap<number, ListItem>, op: ListOp): ReadonlyMap<number, ListItem> {
  switch (op.op) {
    case "SYNC": {
      const next = emptied(rows, op.range);
      op.items.forEach((item, offset) => next.set(op.range[0] + offset, item));
      return next;
    }
    case "INVALIDATE":
      return emptied(rows, op.range);
    case "UPDATE":
      return new Map(rows).set(op.index, op.item);
    case "INSERT":
      return shifted(rows, op.index, 1).set(op.index, op.item);
    case "DELETE": {
      const next = new Map(rows);
      next.delete(op.index);
      return shifted(next, op.index, -1);
    }
  }
}

function emptied(rows: ReadonlyMap<number, ListItem>, [first, last]: readonly [number, number]): Map<number, ListItem> {
  return new Map([...rows].filter(([index]) => index < first || index > last));
}

function shifted(rows: ReadonlyMap<number, ListItem>, from: number, by: 1 | -1): Map<number, ListItem> {
  return new Map([...rows].map(([index, item]) => [index >= from ? index + by : index, item]));
}

/** The members among what an update tells. */
export function membersIn(update: MemberListUpdate): Member[] {
  const items = update.ops.flatMap((op) => (op.op === "SYNC" ? op.items : "item" in op ? [op.item] : []));
  return items.flatMap((item) => {
    if (!("member" in item)) return [];
    const { presence: _, ...member } = item.member;
    return [member];
  });
}

export const ROWS_A_RANGE = 100;
const RANGES = 5; // the most that a session may follow of one list

/** The ranges to follow so that the rows from `first` to `last` are told, aligned so that scrolling asks seldom. */
export function rangesFor(first: number, last: number): [number, number][] {
  const from = Math.floor(Math.max(0, first) / ROWS_A_RANGE);
  const until = Math.floor(Math.max(0, last) / ROWS_A_RANGE);
  const wanted = new Set([0]); // the top is where one comes back to
  for (let chunk = from; chunk <= until && wanted.size < RANGES; chunk += 1) wanted.add(chunk);
  return [...wanted].map((chunk) => [chunk * ROWS_A_RANGE, (chunk + 1) * ROWS_A_RANGE - 1]);
}
