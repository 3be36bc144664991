// What messages, and reading them, make of the state.

import { without, type ById } from "./collections";
import { withLastMessageOf } from "./lookup";
import { calls } from "./muting";
import * as people from "./people";
import { compare, firstAt } from "./snowflakes";
import { onHeld, type State } from "./state";
import * as timelines from "./timeline";
import type { Dispatch, Dispatches, GuildCreate, Message, ReadState, Ready, Snowflake } from "./wire";

export type Talk = Exclude<Extract<Dispatch, { t: `MESSAGE_${string}` }>, { t: "MESSAGE_ACK" }>;

export function talked(state: State, talk: Talk): State {
  const channelId = talk.d.channel_id;
  switch (talk.t) {
    case "MESSAGE_CREATE":
      return posted(state, talk.d);
    case "MESSAGE_UPDATE":
    case "MESSAGE_DELETE":
      return onHeld(state, channelId, (old) => timelines.change(old, talk));
    case "MESSAGE_DELETE_BULK":
      return onHeld(state, channelId, (old) =>
        talk.d.ids.reduce((next, id) => timelines.change(next, { t: "MESSAGE_DELETE", d: { id } }), old),
      );
    case "MESSAGE_REACTION_ADD":
    case "MESSAGE_REACTION_REMOVE": {
      const by = talk.t === "MESSAGE_REACTION_ADD" ? 1 : -1;
      return onHeld(state, channelId, (old) => timelines.reacted(old, talk.d, by, talk.d.user_id === state.me?.id));
    }
    case "MESSAGE_REACTION_REMOVE_ALL":
      return onHeld(state, channelId, (old) => timelines.unreacted(old, talk.d.message_id));
    case "MESSAGE_REACTION_REMOVE_EMOJI":
      return onHeld(state, channelId, (old) => timelines.unreacted(old, talk.d.message_id, talk.d.emoji));
    default: // there are events that the app has no use for
      return state;
  }
}

function posted(state: State, message: Message): State {
  const { channel_id, author, nonce } = message;
  const mine = author.id === state.me?.id;
  let next = onHeld(state, channel_id, (old) => {
    const held = timelines.change(old, { t: "MESSAGE_CREATE", d: message });
    return mine && nonce !== undefined ? timelines.settled(held, String(nonce)) : held;
  });
  next = { ...next, typing: { ...next.typing, [channel_id]: without(next.typing[channel_id] ?? {}, author.id) } };
  next = withLastMessageOf({ ...next, people: people.spoken(next.people, message) }, message);
  if (mine) return saw(next, channel_id, message.id);
  const fresh = compare(message.id, state.seen[channel_id] ?? "0") > 0;
  return fresh && calls(state, message) ? withMentions(next, channel_id, (state.mentions[channel_id] ?? 0) + 1) : next;
}

/** One has read up to this message, here or in another tab. */
export function saw(state: State, channelId: Snowflake, messageId: Snowflake): State {
  const read = withMentions(state, channelId, 0);
  if (compare(messageId, state.seen[channelId] ?? "0") <= 0) return read;
  return { ...read, seen: { ...state.seen, [channelId]: messageId } };
}

/** Told by the server, which may also take something back: "mark unread" in another tab. */
export function acknowledged(
  state: State,
  { channel_id, message_id, mention_count }: Dispatches["MESSAGE_ACK"],
): State {
  const next = { ...state, seen: { ...state.seen, [channel_id]: message_id } };
  return withMentions(next, channel_id, mention_count);
}

function withMentions(state: State, channelId: Snowflake, count: number): State {
  if ((state.mentions[channelId] ?? 0) === count) return state;
  const mentions = count === 0 ? without(state.mentions, channelId) : { ...state.mentions, [channelId]: count };
  return { ...state, mentions };
}

type Reading = Pick<State, "seen" | "mentions" | "acks">;

/** Where the reader is in each channel. A server that does not know is remembered for. */
export function readingOf(state: State, d: Ready): Reading {
  if (d.read_state === undefined) return { seen: state.seen, mentions: state.mentions, acks: false };
  const entries: readonly ReadState[] = Array.isArray(d.read_state) ? d.read_state : d.read_state.entries;
  const counted = entries.filter(({ mention_count }) => mention_count > 0);
  return {
    seen: Object.fromEntries(entries.map(({ id, last_message_id }) => [id, last_message_id])),
    mentions: Object.fromEntries(counted.map(({ id, mention_count }) => [id, mention_count])),
    acks: true,
  };
}

/** A place where messages are, and since when one may read it. */
export interface Readable {
  id: Snowflake;
  last_message_id?: Snowflake | null;
  since?: string;
}

/**
 * What was there before one came counts as seen: where the server keeps what one has read, that is what was said
 * before one joined, else all that is there now.
 */
export function seenUpTo(state: State, places: readonly Readable[]): ById<Snowflake> {
  const before = places.map(({ id, last_message_id: last, since }) => {
    const joined = state.acks && since !== undefined ? firstAt(Date.parse(since)) : null;
    return [id, joined ?? last ?? "0"] as const;
  });
  return { ...Object.fromEntries(before), ...state.seen };
}

export const placesIn = ({ channels, joined_at: since }: GuildCreate): Readable[] =>
  channels.map(({ id, last_message_id }) => ({ id, last_message_id: last_message_id ?? null, since }));
