// The token of whoever is signed in here. It is kept where only this origin's scripts can read it.

const KEY = "token";

class Session {
  token = $state(localStorage.getItem(KEY));

  begin(token: string): void {
    localStorage.setItem(KEY, token);
    this.token = token;
  }

  /** Another token in place of the one that no longer stands: the app begins anew with it. */
  renew(token: string): void {
    this.begin(token);
  }

  end(): void {
    localStorage.removeItem(KEY);
    this.token = null;
  }

  /** Another tab of this browser signed in or out. */
  changed({ key, newValue }: StorageEvent): void {
    if (key === KEY) this.token = newValue;
  }
}

export const session = new Session();
