// Ids grow with time: comparing two tells which is older.

import type { Snowflake } from "./wire";

/** Negative when `a` is older than `b`. Decimal strings without leading zeros compare by length first. */
export function compare(a: Snowflake, b: Snowflake): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function newest(ids: readonly (Snowflake | null | undefined)[]): Snowflake {
  return ids.reduce<Snowflake>((best, id) => (id != null && compare(id, best) > 0 ? id : best), "0");
}

const EPOCH_MS = 1_420_070_400_000n;

export const bornAt = (id: Snowflake): number => Number((BigInt(id) >> 22n) + EPOCH_MS);

/** The id that something born then would have at the least. */
export const firstAt = (ms: number): Snowflake => String((BigInt(ms) - EPOCH_MS) << 22n);
