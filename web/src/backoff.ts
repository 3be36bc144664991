// How long to wait before another try: doubling, bounded, spread so that a crowd does not return at once.

const FIRST_MS = 500;
const LONGEST_MS = 20_000;

/** `chance` is in [0, 1): a wait is between half of its bound and all of it. */
export function backoff(attempt: number, chance: number): number {
  const bound = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return bound / 2 + (bound / 2) * chance;
}
