// Times and days in the reader's locale.

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const shortFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const agoFormat = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

type When = string | number;

export const clock = (timestamp: When): string => clockFormat.format(new Date(timestamp));
export const day = (timestamp: When): string => dayFormat.format(new Date(timestamp));
export const date = (timestamp: When): string => dateFormat.format(new Date(timestamp));
export const short = (timestamp: When): string => shortFormat.format(new Date(timestamp));
export const exact = (timestamp: When): string => exactFormat.format(new Date(timestamp));

const days = new Map<string, number>();
const DAYS_KEPT = 20_000;

/** The number of the local day: many messages are asked, again and again. */
export function localDay(timestamp: string): number {
  const known = days.get(timestamp);
  if (known !== undefined) return known;
  if (days.size > DAYS_KEPT) days.clear();
  const at = new Date(timestamp);
  const found = (at.getFullYear() * 12 + at.getMonth()) * 31 + at.getDate();
  days.set(timestamp, found);
  return found;
}

export const sameDay = (one: string, other: string): boolean => localDay(one) === localDay(other);

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Relative under a day, else the date. */
export function ago(timestamp: When, now: number): string {
  const past = now - new Date(timestamp).getTime();
  if (past < HOUR_MS) return agoFormat.format(-Math.max(0, Math.floor(past / MINUTE_MS)), "minute");
  return past < DAY_MS ? agoFormat.format(-Math.floor(past / HOUR_MS), "hour") : date(timestamp);
}

/** "1:05" of seconds. */
export function countdown(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}
