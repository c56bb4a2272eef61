// Texts that join a run while it goes on: taken in order between turns, given back when the run ends first.
import type { UserMessage } from "../sdk/provider.ts";

/** What became of a text that wanted to join: its line in the transcript, or nothing. */
export type Fate = { joined: true; messageId: string } | { joined: false };

/** One text on its way into a run. */
export interface Joining {
  readonly runId: string;
  readonly message: UserMessage;
  /** Called once its line is on disk, or when the run ended without taking it. */
  settle(fate: Fate): void;
}

export interface Steering {
  /** False once the run can take nothing more; then the text becomes a turn of its own. */
  offer(joining: Joining): boolean;
  /** Takes an offer back; false when the run has it already. */
  withdraw(joining: Joining): boolean;
  /** Everything waiting, oldest first. */
  take(): Joining[];
  /** Like take; when there is nothing, the run is closed for others in the same step. */
  takeLast(): Joining[];
  /** The run is over: what still waits is given back. */
  close(): void;
}

export function createSteering(): Steering {
  let waiting: Joining[] = [];
  let open = true;
  const take = () => {
    const taken = waiting;
    waiting = [];
    return taken;
  };
  return {
    offer(joining) {
      if (open) waiting.push(joining);
      return open;
    },
    withdraw(joining) {
      const at = waiting.indexOf(joining);
      if (at >= 0) waiting.splice(at, 1);
      return at >= 0;
    },
    take,
    takeLast() {
      if (waiting.length === 0) open = false;
      return take();
    },
    close() {
      open = false;
      for (const joining of take()) joining.settle({ joined: false });
    },
  };
}
