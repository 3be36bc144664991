// The clipboard, also where browsers keep it from pages: it is there only over HTTPS and on this very machine.

/** Whether it was copied. */
export async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard === undefined) return copySelected(text);
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => copySelected(text),
  );
}

function copySelected(text: string): boolean {
  const before = document.activeElement as HTMLElement | null;
  const held = document.createElement("textarea");
  held.value = text;
  held.style.position = "fixed";
  held.style.opacity = "0";
  (before?.closest("dialog") ?? document.body).append(held); // outside of a dialog nothing can be selected
  held.select();
  const copied = document.execCommand("copy");
  held.remove();
  before?.focus();
  return copied;
}
