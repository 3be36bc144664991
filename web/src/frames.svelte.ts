// The last frames of one's own session, for whoever wants to see them. The token is in none.

export interface Seen {
  number: number;
  at: number;
  direction: "sent" | "received";
  op: number;
  name: string | null;
  seq: number | null;
  bytes: number;
  frame: object;
}

const KEPT = 500;

export class Frames {
  all = $state.raw<readonly Seen[]>([]);
  private count = 0;
  private pending: Seen[] = [];

  add(
    direction: Seen["direction"],
    frame: { op: number; t?: string; s?: number | null; d?: unknown },
    bytes: number,
  ): void {
    this.count += 1;
    const shown = { ...frame, ...("d" in frame ? { d: withoutToken(frame.d) } : {}) };
    const told = { op: frame.op, name: frame.t ?? null, seq: frame.s ?? null };
    this.pending.push({ number: this.count, at: Date.now(), direction, bytes, frame: shown, ...told });
    if (this.pending.length === 1) queueMicrotask(() => this.settle());
  }

  clear(): void {
    this.all = [];
  }

  /** A burst of them is one change of what is drawn. */
  private settle(): void {
    this.all = [...this.all, ...this.pending].slice(-KEPT);
    this.pending = [];
  }
}

function withoutToken(d: unknown): unknown {
  return typeof d === "object" && d !== null && "token" in d ? { ...d, token: "…" } : d;
}
