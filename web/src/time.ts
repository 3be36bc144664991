// Times and days in the reader's locale.

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export const clock = (timestamp: string): string => clockFormat.format(new Date(timestamp));
export const day = (timestamp: string): string => dayFormat.format(new Date(timestamp));
export const exact = (timestamp: string): string => exactFormat.format(new Date(timestamp));

export function sameDay(one: string, other: string): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}
