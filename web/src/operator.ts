// How the instance was in the last two minutes: what the plots are drawn from. Pure.

import type { Instance } from "./wire";

export const SAMPLES = 60;

export interface Sample {
  messages: number;
  deliveries: number;
  requests: number;
  sent: number;
  sessions: number;
  online: number;
  members: number;
  offset: number;
  lag: number;
  size: number;
  outbox: number;
}

export type Measure = keyof Sample;

export interface History {
  samples: readonly Sample[];
  latest: Instance | null;
}

export const NEW: History = { samples: [], latest: null };

/** The same, with how it is now. */
export function seen({ samples }: History, now: Instance): History {
  const sample: Sample = {
    messages: now.rates.messages,
    deliveries: now.rates.deliveries,
    requests: now.rates.requests,
    sent: now.rates.sent_bytes,
    sessions: now.sessions,
    online: now.online_users,
    members: now.members_kept,
    offset: now.bus?.offset ?? 0,
    lag: now.bus?.lag_s ?? 0,
    size: now.database?.size_bytes ?? 0,
    outbox: now.database?.outbox_rows ?? 0,
  };
  return { samples: [...samples, sample].slice(-SAMPLES), latest: now };
}

/** A line through the values from left to right, newest at the right edge, in a box from 0 to `height`. */
export function line(values: readonly number[], width: number, height: number, most: number): string {
  const step = width / (SAMPLES - 1);
  const from = width - step * (values.length - 1);
  return values
    .map((value, at) => `${round(from + step * at)},${round(height - (most === 0 ? 0 : value / most) * height)}`)
    .join(" ");
}

const round = (value: number): number => Math.round(value * 100) / 100;
