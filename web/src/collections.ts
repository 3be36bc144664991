// Things by their id, and changes that make new ones.

import type { Snowflake } from "./wire";

export type ById<T> = Readonly<Record<Snowflake, T>>;

export const byId = <T extends { id: Snowflake }>(things: readonly T[]): ById<T> =>
  Object.fromEntries(things.map((thing) => [thing.id, thing]));

export const byUser = <T extends { user: { id: Snowflake } }>(those: readonly T[]): ById<T> =>
  Object.fromEntries(those.map((each) => [each.user.id, each]));

export const mapped = <T>(things: ById<T>, change: (thing: T) => T): ById<T> =>
  Object.fromEntries(Object.entries(things).map(([id, thing]) => [id, change(thing)]));

export function without<T>(things: ById<T>, id: Snowflake): ById<T> {
  if (!(id in things)) return things;
  const { [id]: _, ...rest } = things;
  return rest;
}
