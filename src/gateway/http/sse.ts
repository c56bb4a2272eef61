// A stream of server-sent events with a bound: a reader that stops reading is cut off, not buffered for ever.

export interface SseStream {
  readonly body: ReadableStream<Uint8Array>;
  /** One event; `name` adds an `event:` line. False once the stream is over. */
  send(data: string, name?: string): boolean;
  end(): void;
}

const maxQueuedBytes = 8 * 1024 * 1024;

/** `onGone` is called once when the reader leaves or is cut off before `end`. */
export function createSse(onGone: () => void): SseStream {
  const encoder = new TextEncoder();
  let over = false;
  let control: ReadableStreamDefaultController<Uint8Array> | undefined;
  const gone = () => {
    if (over) return;
    over = true;
    onGone();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => void (control = controller),
      cancel: gone,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: maxQueuedBytes }),
  );
  return {
    body,
    send(data, name) {
      if (over || !control) return false;
      control.enqueue(encoder.encode(name === undefined ? `data: ${data}\n\n` : `event: ${name}\ndata: ${data}\n\n`));
      if ((control.desiredSize ?? 0) > 0) return true;
      control.error(new Error("the reader is too slow"));
      gone();
      return false;
    },
    end() {
      if (over) return;
      over = true;
      control?.close();
    },
  };
}

export const sseHeaders = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", connection: "keep-alive", "x-accel-buffering": "no" } as const;
