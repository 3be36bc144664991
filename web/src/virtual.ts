// Which rows of a long list to draw: those that the eye sees, and some around them. Pure.

/** Where each row begins, and after the last one where the list ends. */
export function offsets(count: number, heightOf: (index: number) => number): Float64Array {
  const starts = new Float64Array(count + 1);
  for (let index = 0; index < count; index += 1) starts[index + 1] = starts[index]! + heightOf(index);
  return starts;
}

/** The row that holds this height: the last that begins at or above it. */
export function rowAt(starts: Float64Array, top: number): number {
  let [low, high] = [0, starts.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= top) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

/** The rows from `first` up to but without `end` that are within `around` of what is seen. */
export function visible(starts: Float64Array, top: number, height: number, around: number): [number, number] {
  const count = starts.length - 1;
  if (count === 0) return [0, 0];
  return [rowAt(starts, top - around), Math.min(count, rowAt(starts, top + height + around) + 1)];
}
