import { number } from "./counted";

const short = (value: number): string =>
  (value < 100 ? Math.round(value * 10) / 10 : Math.round(value)).toLocaleString();

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${short(value)} ${UNITS[unit]}`;
}

function span(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${number(Math.floor(hours / 24))} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

export const operator = {
  hint: "How this server is, as its processes say every two seconds.",
  notYours: "Only those who run this server see how it is.",
  notYoursHint: "They are named where it runs: derailed user promote NAME.",
  stale: (why: string) => `${why} What is shown is from before.`,
  messages: "Messages a second",
  deliveries: "Deliveries a second",
  requests: "Requests a second",
  sent: "Sent a second",
  sessions: "Live sessions",
  online: "People online",
  members: "Members in memory",
  offset: "Bus offset",
  lag: "Bus lag",
  size: "Database size",
  outbox: "Waiting in the outbox",
  plot: (what: string, now: string, most: string) => `${what}: ${now} now, ${most} at most in the last two minutes`,
  most: (most: string) => `at most ${most}`,
  state: "State",
  processes: "Processes",
  process: "Process",
  version: "Version",
  uptime: "Up for",
  cpu: "CPU",
  memory: "Memory",
  ready: "Ready",
  notReady: "Not ready",
  worse: "Ready, with trouble",
  gone: (seconds: number) => `Gone for ${span(seconds)}`,
  bus: "Bus",
  database: "Database",
  reached: (kind: string) => `${kind}, reached`,
  notReached: (kind: string) => `${kind}, can not be reached`,
  unknown: "–",
  number,
  short,
  bytes,
  span,
  milliseconds: (seconds: number) => `${short(seconds * 1000)} ms`,
  percent: (share: number) => share.toLocaleString(undefined, { style: "percent" }),
};
