// Tells the reader, outside of the page, of what is for them.

const KEY = "notify";

export const wanted = (): boolean => localStorage.getItem(KEY) === "yes";

export const want = (yes: boolean): void => localStorage.setItem(KEY, yes ? "yes" : "no");

export const possible = (): boolean => "Notification" in window;

export interface Told {
  title: string;
  body: string;
  icon: string | null;
  /** Another of the same place takes the place of this one. */
  tag: string;
  open: () => void;
}

export function tell({ title, body, icon, tag, open }: Told): void {
  if (!possible() || !wanted() || Notification.permission !== "granted" || document.hasFocus()) return;
  const notification = new Notification(title, { body, tag, ...(icon === null ? {} : { icon }) });
  notification.onclick = () => {
    window.focus();
    open();
    notification.close();
  };
}
