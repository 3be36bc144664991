// One channel's messages as the app holds them: a gapless window, bounded, with what is still being sent.
// All functions are pure: they return the timeline that comes next.

import { compare } from "./snowflakes";
import type { Emoji, Message, Reaction, ReactionChange, Snowflake } from "./wire";

/** A message on its way out. `waiting` is for the network and goes again by itself; `failed` was refused. */
export interface Pending {
  nonce: string;
  content: string;
  at: string;
  replyTo: Message | null;
  files: readonly File[];
  status: "sending" | "waiting" | "failed";
  /** How much of its files is on the way, from 0 to 1. */
  progress?: number;
  problem?: string;
}

/** Which way a page extends the window; `newest` and `around` begin another one. */
export type Edge = "older" | "newer" | "newest" | "around";

export interface Asking {
  edge: Edge;
  number: number;
}

export type Change =
  | { t: "MESSAGE_CREATE"; d: Message }
  | { t: "MESSAGE_UPDATE"; d: Message }
  | { t: "MESSAGE_DELETE"; d: { id: Snowflake } };

export interface Timeline {
  /** Oldest first. */
  messages: readonly Message[];
  pending: readonly Pending[];
  /** Whether there is more beyond either end. */
  older: boolean;
  newer: boolean;
  /** The page that is on its way; the answer to an earlier asking is not taken for it. */
  loading: Asking | null;
  problem: string | null;
  /** Changes may have been missed: what is shown is of the past until a new page comes. */
  stale: boolean;
  /** Changes since a page was asked for: the page may have been read before them. */
  since: readonly Change[];
}

export const KEPT = 1000; // messages held of a channel: scrolling back within them asks nobody

export const EMPTY: Timeline = {
  messages: [],
  pending: [],
  older: true,
  newer: false,
  loading: null,
  problem: null,
  stale: true,
  since: [],
};

export function change(timeline: Timeline, change: Change): Timeline {
  const since = timeline.loading === null ? timeline.since : [...timeline.since, change];
  const next = { ...timeline, since, messages: changed(timeline.messages, change, timeline.newer) };
  return next.messages.length > 2 * KEPT ? bounded(next, "older") : next;
}

function changed(messages: readonly Message[], change: Change, newer: boolean): readonly Message[] {
  switch (change.t) {
    case "MESSAGE_CREATE":
      return newer ? messages : inserted(messages, change.d);
    case "MESSAGE_UPDATE":
      return onMessage(messages, change.d.id, (message) => edited(message, change.d));
    case "MESSAGE_DELETE":
      return messages.filter(({ id }) => id !== change.d.id).map((message) => withoutAnswered(message, change.d.id));
  }
}

function inserted(messages: readonly Message[], message: Message): readonly Message[] {
  const at = messages.findLastIndex((other) => compare(other.id, message.id) <= 0);
  if (messages[at]?.id === message.id) return messages;
  const answered = messages.find(({ id }) => id === message.referenced_message?.id);
  return messages.toSpliced(
    at + 1,
    0,
    answered === undefined ? message : { ...message, referenced_message: bare(answered) },
  );
}

/** A message as it is shown within an answer to it. */
function bare({ referenced_message: _, ...message }: Message): Message {
  return message;
}

/** One message, and what the answers to it show of it. */
function onMessage(
  messages: readonly Message[],
  id: Snowflake,
  change: (message: Message) => Message,
): readonly Message[] {
  return messages.map((message) => {
    if (message.id === id) return change(message);
    const answered = message.referenced_message;
    return answered?.id === id ? { ...message, referenced_message: bare(change(answered)) } : message;
  });
}

function withoutAnswered(message: Message, id: Snowflake): Message {
  return message.referenced_message?.id === id ? { ...message, referenced_message: null } : message;
}

/** An update says nothing of reactions that the reader gave, nor of those to what it answers: these are kept. */
function edited(old: Message, update: Message): Message {
  if ((update.edited_timestamp ?? "") < (old.edited_timestamp ?? "")) return old;
  const reactions = old.reactions === undefined ? {} : { reactions: old.reactions };
  const answered = old.referenced_message === undefined ? {} : { referenced_message: old.referenced_message };
  return { ...update, ...reactions, ...answered };
}

export function asked(timeline: Timeline, loading: Asking): Timeline {
  return { ...timeline, loading, problem: null, since: [] };
}

export function refused(timeline: Timeline, asking: number, problem: string): Timeline {
  return timeline.loading?.number === asking ? { ...timeline, loading: null, problem, since: [] } : timeline;
}

/** A new session: changes may have been missed, also by a page that is still on its way. */
export function outdated(timeline: Timeline): Timeline {
  return { ...timeline, stale: true, loading: null, since: [] };
}

/** The connection changed: what could not be read before may be readable now. */
export function hopeful(timeline: Timeline): Timeline {
  return { ...timeline, problem: null };
}

/** `page` is newest first, as the API answers; `full` when it may not be the last one that way. */
export function came(timeline: Timeline, asking: number, page: readonly Message[], full: boolean): Timeline {
  if (timeline.loading?.number !== asking) return timeline;
  const fresh = page.toReversed();
  const next = { ...timeline, loading: null, since: [] };
  const upToDate = (messages: readonly Message[], newer: boolean): readonly Message[] =>
    timeline.since.reduce((sofar, change) => changed(sofar, change, newer), messages);
  switch (timeline.loading.edge) {
    case "older":
      return bounded(
        { ...next, messages: upToDate([...fresh, ...timeline.messages], timeline.newer), older: full },
        "newer",
      );
    case "newer":
      return bounded({ ...next, messages: upToDate([...timeline.messages, ...fresh], full), newer: full }, "older");
    case "newest":
      return { ...next, messages: upToDate(fresh, false), older: full, newer: false, stale: false };
    case "around":
      return { ...next, messages: upToDate(fresh, true), older: true, newer: true, stale: false };
  }
}

/** Gives up what is furthest from where the reader is going. */
function bounded(timeline: Timeline, giveUp: "older" | "newer"): Timeline {
  if (timeline.messages.length <= KEPT) return timeline;
  const messages = giveUp === "older" ? timeline.messages.slice(-KEPT) : timeline.messages.slice(0, KEPT);
  return { ...timeline, messages, [giveUp]: true };
}

/** A message that was there already keeps its place. */
export function sending(timeline: Timeline, pending: Pending): Timeline {
  const at = timeline.pending.findIndex(({ nonce }) => nonce === pending.nonce);
  const next = at === -1 ? [...timeline.pending, pending] : timeline.pending.with(at, pending);
  return { ...timeline, pending: next };
}

export function settled(timeline: Timeline, nonce: string): Timeline {
  return { ...timeline, pending: timeline.pending.filter((pending) => pending.nonce !== nonce) };
}

/** One reaction more (`by` 1) or less (-1). `mine` says whether the reader gave or took it. */
export function reacted(
  timeline: Timeline,
  { message_id, emoji }: ReactionChange,
  by: 1 | -1,
  mine: boolean,
): Timeline {
  return withMessage(timeline, message_id, (message) => {
    const reactions = message.reactions ?? [];
    const old = reactions.find((reaction) => emojiKey(reaction.emoji) === emojiKey(emoji));
    if (old === undefined) {
      return by === 1 ? { ...message, reactions: [...reactions, counted(emoji, 1, mine)] } : message;
    }
    if (mine && old.me === (by === 1)) return message;
    const next = counted(emoji, old.count + by, mine ? by === 1 : old.me);
    const others = reactions.map((reaction) => (reaction === old ? next : reaction));
    return { ...message, reactions: others.filter(({ count }) => count > 0) };
  });
}

/** What tells emoji apart: a guild's own may be called otherwise tomorrow. */
export const emojiKey = ({ id, name }: Emoji): string => id ?? name;

const counted = (emoji: Emoji, count: number, me: boolean): Reaction => ({
  emoji,
  count,
  count_details: { normal: count, burst: 0 },
  me,
  me_burst: false,
  burst_colors: [],
});

/** Without `emoji` all reactions of the message go. */
export function unreacted(timeline: Timeline, messageId: Snowflake, emoji?: Emoji): Timeline {
  return withMessage(timeline, messageId, (message) => ({
    ...message,
    reactions:
      emoji === undefined
        ? []
        : (message.reactions ?? []).filter((reaction) => emojiKey(reaction.emoji) !== emojiKey(emoji)),
  }));
}

function withMessage(timeline: Timeline, id: Snowflake, change: (message: Message) => Message): Timeline {
  return { ...timeline, messages: onMessage(timeline.messages, id, change) };
}
