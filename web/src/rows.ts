// A channel's messages as lines on the screen: day dividers, groups by author, where the new ones begin.

import { compare } from "./snowflakes";
import { sameDay } from "./time";
import type { Pending } from "./timeline";
import type { Message, Snowflake } from "./wire";
import { words } from "./words";

export type Row =
  | { kind: "day"; key: string; at: string }
  | { kind: "new"; key: string }
  | { kind: "message"; key: string; message: Message; leads: boolean }
  | { kind: "pending"; key: string; pending: Pending; leads: boolean };

const GROUP_MS = 7 * 60_000;
export const REPLY = 19;
/** What is said of the author of a message that nobody wrote, by its type. */
export const NOTICES = words.messages.notices;

/** `seen` is the newest message that was on the screen before: the line goes after it. */
export function rows(
  messages: readonly Message[],
  pending: readonly Pending[],
  me: Snowflake,
  seen: Snowflake | null,
): Row[] {
  const lines: Row[] = [];
  let previous: Message | null = null;
  for (const message of messages) {
    const newDay = previous === null || !sameDay(previous.timestamp, message.timestamp);
    const isNew: boolean = begins(seen, previous, message, me);
    if (newDay) lines.push({ kind: "day", key: `day ${message.id}`, at: message.timestamp });
    if (isNew) lines.push({ kind: "new", key: "new" });
    const alone = message.type === REPLY || message.type in NOTICES;
    const leads =
      newDay ||
      isNew ||
      renamed(previous!, message) ||
      !follows(previous!, message.author.id, message.timestamp, alone);
    lines.push({ kind: "message", key: message.id, message, leads });
    previous = message;
  }
  for (const [index, one] of pending.entries()) {
    const leads = index === 0 && (previous === null || !follows(previous, me, one.at, one.replyTo !== null));
    lines.push({ kind: "pending", key: one.nonce, pending: one, leads: leads || one.replyTo !== null });
  }
  return lines;
}

function begins(seen: Snowflake | null, previous: Message | null, message: Message, me: Snowflake): boolean {
  if (seen === null || message.author.id === me || compare(message.id, seen) <= 0) return false;
  return previous !== null && compare(previous.id, seen) <= 0;
}

/** A webhook calls itself what it likes each time. */
function renamed(previous: Message, message: Message): boolean {
  return previous.author.username !== message.author.username;
}

function follows(previous: Message, authorId: Snowflake, at: string, reply: boolean): boolean {
  return !reply && previous.author.id === authorId && Date.parse(at) - Date.parse(previous.timestamp) < GROUP_MS;
}
