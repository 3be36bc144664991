// How hard a password is to guess, roughly: enough to say "longer" while one types. The server decides what it takes.

export const SHORTEST = 8;

/** 0 too short, 1 weak, 2 fair, 3 good, 4 strong. */
export function strength(password: string): number {
  const length = [...password].length;
  if (length < SHORTEST) return 0;
  const bits = distinctLength(password) * Math.log2(alphabet(password));
  if (bits < 36) return 1;
  if (bits < 52) return 2;
  return bits < 72 ? 3 : 4;
}

/** Characters that repeat or continue the ones before ("aaa", "123") add nothing. */
function distinctLength(password: string): number {
  let count = 1;
  for (let at = 1; at < password.length; at += 1) {
    const step = password.charCodeAt(at) - password.charCodeAt(at - 1);
    if (Math.abs(step) > 1) count += 1;
  }
  return Math.min(count, new Set(password).size * 2);
}

function alphabet(password: string): number {
  const kinds: readonly [RegExp, number][] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/\d/, 10],
    [/[^\p{L}\p{N}]/u, 24],
    [/[^\x00-\x7f]/, 100],
  ];
  return kinds.reduce((size, [kind, count]) => (kind.test(password) ? size + count : size), 2);
}
