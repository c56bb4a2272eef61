// The look of places that are one page of panels: a heading, its actions, a comfortable width.
import { css } from "lit";

export const page = css`
  :host {
    display: block;
    min-block-size: 0;
    overflow: auto;
  }
  .page {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--gap-4);
    inline-size: min(1040px, 100%);
    margin-inline: auto;
    padding: var(--gap-5) var(--gap-5) var(--gap-12);
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--gap-2) var(--gap-3);
    min-block-size: 40px;
  }
  .head p {
    flex-basis: 100%;
    color: var(--muted);
  }
  .columns {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr));
    gap: var(--gap-4);
    align-items: start;
  }
  dl {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    gap: 6px var(--gap-4);
    margin: 0;
    font-size: var(--size-13);
  }
  dt {
    color: var(--muted);
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
  @media (max-width: 720px) {
    .page {
      padding: var(--gap-3) var(--gap-3) var(--gap-8);
    }
  }
`;
