// What events make of friends and of conversations outside of guilds.

import { byId, byUser, without, type ById } from "./collections";
import { withPresence } from "./guilds";
import { newest } from "./snowflakes";
import type {
  Dispatch,
  Dispatches,
  DirectChannel,
  Message,
  OwnUser,
  Presence,
  Ready,
  Relationship,
  Snowflake,
  User,
} from "./wire";

export interface People {
  relationships: ById<Relationship>;
  directs: ById<DirectChannel>;
  /** Of friends, wherever they are. */
  presences: ById<Presence>;
}

export const NOBODY: People = { relationships: {}, directs: {}, presences: {} };

type Talk = Extract<Dispatch, { t: `RELATIONSHIP_${string}` | `CHANNEL_RECIPIENT_${string}` }>;

/** When something was last pinned in a channel; null once nothing is. */
export type Pinned = Dispatches["CHANNEL_PINS_UPDATE"];

export function ready(d: Ready): People {
  const users = byId(d.users ?? []);
  const directs = (d.private_channels ?? []).map(({ recipient_ids, ...channel }) => ({
    ...channel,
    recipients: channel.recipients ?? (recipient_ids ?? []).flatMap((id) => users[id] ?? []),
  }));
  const known = (d.relationships ?? []).map((one) => ({ ...one, user: one.user ?? users[one.id] }));
  const present = (d.presences ?? []).filter(({ guild_id, status }) => guild_id === undefined && status !== "offline");
  return { relationships: byId(known), directs: byId(directs), presences: byUser(present) };
}

export function happened(people: People, { t, d }: Talk, me: OwnUser | null): People {
  switch (t) {
    case "RELATIONSHIP_ADD":
      return { ...people, relationships: { ...people.relationships, [d.id]: d } };
    case "RELATIONSHIP_UPDATE": {
      const held = people.relationships[d.id];
      if (held === undefined) return people;
      return { ...people, relationships: { ...people.relationships, [d.id]: { ...held, ...d } } };
    }
    case "RELATIONSHIP_REMOVE":
      return {
        ...people,
        relationships: without(people.relationships, d.id),
        presences: without(people.presences, d.id),
      };
    case "CHANNEL_RECIPIENT_ADD":
      return onDirect(people, d.channel_id, (direct) => withRecipient(direct, d.user));
    case "CHANNEL_RECIPIENT_REMOVE":
      if (d.user.id === me?.id) return { ...people, directs: without(people.directs, d.channel_id) };
      return onDirect(people, d.channel_id, (direct) => ({
        ...direct,
        recipients: direct.recipients.filter(({ id }) => id !== d.user.id),
      }));
  }
}

export function opened(people: People, channel: DirectChannel): People {
  const held = people.directs[channel.id];
  // What was said last comes with messages; an update may have been read before the latest.
  const last = newest([held?.last_message_id, channel.last_message_id]);
  const recipients = channel.recipients ?? held?.recipients ?? [];
  const next = { ...channel, recipients, ...(last === "0" ? {} : { last_message_id: last }) };
  return { ...people, directs: { ...people.directs, [channel.id]: next } };
}

export function closed(people: People, id: Snowflake): People {
  return { ...people, directs: without(people.directs, id) };
}

export function spoken(people: People, { channel_id, id }: Message): People {
  return onDirect(people, channel_id, (direct) => ({
    ...direct,
    last_message_id: newest([direct.last_message_id, id]),
  }));
}

export function seen(people: People, presence: Presence): People {
  return { ...people, presences: withPresence(people.presences, presence) };
}

/** A conversation in which nothing is pinned does not say when something was. */
export function pinned(people: People, { channel_id, last_pin_timestamp = null }: Pinned): People {
  return onDirect(people, channel_id, ({ last_pin_timestamp: _, ...rest }) =>
    last_pin_timestamp === null ? rest : { ...rest, last_pin_timestamp },
  );
}

function withRecipient(direct: DirectChannel, user: User): DirectChannel {
  return { ...direct, recipients: [...direct.recipients.filter(({ id }) => id !== user.id), user] };
}

function onDirect(people: People, id: Snowflake, change: (old: DirectChannel) => DirectChannel): People {
  const direct = people.directs[id];
  return direct === undefined ? people : { ...people, directs: { ...people.directs, [id]: change(direct) } };
}
