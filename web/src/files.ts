// Files: how large they are, how large they are drawn, and what may be sent.

export const MOST_FILES = 10;
export const MOST_BYTES = 25 * 1024 * 1024;

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** "3.4 MB". */
export function size(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const unit = UNITS[step]!;
  return new Intl.NumberFormat(undefined, { style: "unit", unit, maximumFractionDigits: step === 0 ? 0 : 1 }).format(
    bytes / 1000 ** step,
  );
}

const WIDEST = 480;
const HIGHEST = 340;

/** A picture's size on the page, known before it loads. */
export function fitted(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, WIDEST / Math.max(1, width), HIGHEST / Math.max(1, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** A picture as the API takes it. */
export function dataUri(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
