// Notices that nobody has touched the page for a while, and that somebody does again.

export const IDLE_AFTER_MS = 10 * 60_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;

export class Idle {
  /** When the page was last touched, once that is long ago; else null. */
  since: number | null = null;
  private last = Date.now();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly changed: () => void) {}

  start(): void {
    for (const sign of SIGNS) addEventListener(sign, this.touched, { passive: true, capture: true });
    this.wait();
  }

  stop(): void {
    for (const sign of SIGNS) removeEventListener(sign, this.touched, { capture: true });
    clearTimeout(this.timer);
  }

  private readonly touched = (): void => {
    this.last = Date.now();
    if (this.since === null) return;
    this.since = null;
    this.changed();
    this.wait();
  };

  private wait(): void {
    this.timer = setTimeout(() => this.look(), Math.max(0, this.last + IDLE_AFTER_MS - Date.now()));
  }

  private look(): void {
    if (Date.now() - this.last < IDLE_AFTER_MS) return this.wait();
    this.since = this.last;
    this.changed();
  }
}
