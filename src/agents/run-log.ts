// The transcript side of one run: which lines it writes, in which order, and when they must be on disk.
import type { AssistantMessage, Message } from "../sdk/provider.ts";
import type { NewEntry, Transcript } from "../sessions/transcript.ts";
import type { Joining } from "./steering.ts";

export interface RunLog {
  /** The lines that start the run. They ride with the answer; until then the inbox row holds them. */
  opening(messages: readonly Message[]): Promise<string[]>;
  /** A text that joined; settled once an answer after it is on disk. */
  joined(joining: Joining): Promise<void>;
  /** On disk when it resolves, with everything before it. */
  answer(message: AssistantMessage): Promise<void>;
  /** Written, not yet synced: `flush` follows. */
  note(message: Message): Promise<void>;
  flush(): Promise<void>;
  /** The run ended without getting its lines to disk: what joined is given back. */
  abandon(): void;
}

export function createRunLog(transcript: Transcript, runId: string): RunLog {
  let pending: { joining: Joining; messageId: string }[] = [];
  let dirty = false;
  const line = (message: Message, idempotencyKey?: string): NewEntry => ({ type: "message", message, runId, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) });
  const onDisk = () => {
    dirty = false;
    const settled = pending;
    pending = [];
    for (const { joining, messageId } of settled) joining.settle({ joined: true, messageId });
  };
  return {
    opening(messages) {
      dirty = true;
      return transcript.append(messages.map((message) => line(message, runId)), { durable: false });
    },
    async joined(joining) {
      dirty = true;
      const [messageId = ""] = await transcript.append([line(joining.message, joining.runId)], { durable: false });
      pending.push({ joining, messageId });
    },
    async answer(message) {
      await transcript.append([line(message)], { durable: true });
      onDisk();
    },
    async note(message) {
      dirty = true;
      await transcript.append([line(message)], { durable: false });
    },
    async flush() {
      if (!dirty) return;
      await transcript.sync();
      onDisk();
    },
    abandon() {
      for (const { joining } of pending) joining.settle({ joined: false });
      pending = [];
    },
  };
}
