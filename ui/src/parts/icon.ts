// Line icons on a 24-unit grid, drawn with the colour of the text around them. Decorative: the words beside them carry the meaning.
import { css, html, LitElement, svg } from "lit";

const paths: Record<string, string> = {
  chat: "M4 5h16v11H10l-4 4v-4H4z",
  sessions: "M4 6h16M4 12h16M4 18h10",
  key: "M7.5 12.500a4 4 0 1 1 0 8 4 4 0 0 1 0-8m2.900 1.100L20 4m-4 4 3 3m-5.700-.300 2.200 2.200",
  devices: "M3 5h13v9H3zM2 18h9M15 10h6v10h-6zM18 17.5h.01",
  overview: "M4 20V10m5.3 10V4m5.4 16v-7M20 20V7",
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14m5 12 4.5 4.5",
  plus: "M12 5v14M5 12h14",
  send: "M12 19V5m-6 6 6-6 6 6",
  stop: "M6.500 6.500h11v11h-11z",
  attach: "M19 11.5 12 18.5a4.6 4.6 0 0 1-6.500-6.500l7.500-7.500a3 3 0 0 1 4.300 4.300l-7.500 7.500a1.500 1.500 0 0 1-2.100-2.100l6.800-6.800",
  close: "m6 6 12 12M18 6 6 18",
  more: "M5 11.500a.500.500 0 1 1 0 1 .500.500 0 0 1 0-1m7 0a.500.500 0 1 1 0 1 .500.500 0 0 1 0-1m7 0a.500.500 0 1 1 0 1 .500.500 0 0 1 0-1",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "m5 12.500 4.500 4.500L19 7.500",
  warn: "M12 4 2.500 20h19zM12 10v4m0 3h.01",
  info: "M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17M12 11v5m0-8.500h.01",
  refresh: "M20 5v5h-5M4 19v-5h5M19 10a7.500 7.500 0 0 0-13-3M5 14a7.500 7.500 0 0 0 13 3",
  edit: "M4 20h4L19.500 8.500a2.100 2.100 0 0 0-3-3L5 17zm10.500-13 3 3",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5m4-5v5",
  fork: "M7 4v6a4 4 0 0 0 4 4h2a4 4 0 0 1 4 4v2M7 10v10M4.500 6.500 7 4l2.500 2.500",
  retry: "M4 5v5h5M5 10a7.500 7.500 0 1 1 1 7",
  down: "m6 9 6 6 6-6",
  up: "m6 15 6-6 6 6",
  right: "m9 6 6 6-6 6",
  left: "m15 6-6 6 6 6",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8M12 2.500v2m0 15v2m9.500-9.500h-2m-15 0h-2m16.200-6.700-1.400 1.400M6.700 17.300l-1.400 1.400m13.400 0-1.400-1.400M6.700 6.700 5.300 5.300",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500",
  auto: "M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17m0 0v17m0-13.500 5-2m-5 6.500 8-3m-8 7 8.400-3m-8.400 6.500 6-2.500",
  keyboard: "M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M18 10h.01M8 14h8",
  tool: "M14.500 6a4 4 0 0 0-5 5L4 16.500 7.500 20l5.500-5.500a4 4 0 0 0 5-5L15.500 12 12 8.500z",
  thought: "M8 17a4 4 0 0 1-1-7.800A5 5 0 0 1 16.500 8 4.500 4.500 0 0 1 16 17zM9 20.500h.01M13 20.500h.01",
  file: "M6 3h8l4 4v14H6zm8 0v4h4",
  lock: "M6 11h12v9H6zm2.500 0V8a3.500 3.500 0 0 1 7 0v3",
  leave: "M10 4H5v16h5m4-12 4 4-4 4m4-4H9",
  clock: "M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17M12 7.500V12l3 2",
  list: "M9 6h11M9 12h11M9 18h11M4.500 6h.01M4.500 12h.01M4.500 18h.01",
  wrap: "M4 6h16M4 12h13a3 3 0 0 1 0 6h-4m2-2.500L12.500 18l2.500 2.500M4 18h4",
  bolt: "M13 3 5 13.500h6L10.500 21 19 10.500h-6z",
};

export class OcIcon extends LitElement {
  static override properties = { name: { type: String } };
  declare name: string;
  constructor() {
    super();
    this.name = "";
  }

  static override styles = css`
    :host {
      display: inline-flex;
      flex: none;
      inline-size: 1.25em;
      block-size: 1.25em;
      vertical-align: -0.25em;
    }
    svg {
      inline-size: 100%;
      block-size: 100%;
      fill: none;
      stroke: currentColor;
      stroke-width: 1.75;
      stroke-linecap: round;
      stroke-linejoin: round;
    }
  `;

  override render() {
    return html`<svg viewBox="0 0 24 24" aria-hidden="true">${svg`<path d=${paths[this.name] ?? ""}></path>`}</svg>`;
  }
}
customElements.define("oc-icon", OcIcon);

/** For the gallery and for tests. */
export const iconNames: readonly string[] = Object.keys(paths);
