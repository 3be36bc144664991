// Ids grow with time: comparing two tells which is older.

import type { Snowflake } from "./wire";

/** Negative when `a` is older than `b`. Decimal strings without leading zeros compare by length first. */
export function compare(a: Snowflake, b: Snowflake): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function newest(ids: readonly (Snowflake | null | undefined)[]): Snowflake {
  return ids.reduce<Snowflake>((best, id) => (id != null && compare(id, best) > 0 ? id : best), "0");
}
