// Where in the app the reader is: the address bar as state.

import { format, parse, type Route } from "./router";

class Navigation {
  route = $state.raw<Route>(parse(location.pathname));

  go(route: Route): void {
    history.pushState(null, "", format(route));
    this.route = route;
  }

  /** Without a step to come back to: the place left is no place to be. */
  replace(route: Route): void {
    history.replaceState(null, "", format(route));
    this.route = route;
  }

  /** The browser went back or forth. */
  arrived(): void {
    this.route = parse(location.pathname);
  }
}

export const navigation = new Navigation();

/** For links within the app: they keep their address for "open in a new tab" and turn no page. */
export function link(event: MouseEvent, route: Route): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  navigation.go(route);
}
