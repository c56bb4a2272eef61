// The cheapest client of the gateway socket: no schema, no reconnect, so that what is measured is the server.
import { WebSocket } from "ws";

export interface RawClient {
  call(method: string, params: unknown): Promise<Record<string, unknown>>;
  onEvent: ((event: string, payload: Record<string, unknown>) => void) | undefined;
  close(): void;
}

const connectParams = (token: string, scopes: readonly string[]) => ({
  minProtocol: 4,
  maxProtocol: 4,
  client: { id: "gateway-client", mode: "backend", version: "bench", platform: "linux" },
  role: "operator",
  scopes,
  auth: { token },
});

/** Resolves after hello-ok. */
export function openRaw(url: string, token: string, scopes: readonly string[] = ["operator.read", "operator.write"]): Promise<RawClient> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const waiting = new Map<string, { done: (payload: Record<string, unknown>) => void; fail: (error: Error) => void }>();
    let next = 0;
    const client: RawClient = {
      onEvent: undefined,
      call(method, params) {
        const id = String(++next);
        socket.send(JSON.stringify({ type: "req", id, method, params }));
        return new Promise((done, fail) => waiting.set(id, { done, fail }));
      },
      close: () => socket.terminate(),
    };
    socket.on("error", reject);
    socket.on("close", (code, reason) => {
      const error = new Error(`closed ${code} ${reason.toString()}`);
      reject(error);
      for (const one of waiting.values()) one.fail(error);
    });
    socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as { type: string; id: string; ok: boolean; event: string; payload: Record<string, unknown>; error?: { message: string } };
      if (frame.type === "event") {
        if (frame.event === "connect.challenge") client.call("connect", connectParams(token, scopes)).then(() => resolve(client), reject);
        else client.onEvent?.(frame.event, frame.payload);
        return;
      }
      const one = waiting.get(frame.id);
      waiting.delete(frame.id);
      if (frame.ok) one?.done(frame.payload);
      else one?.fail(new Error(frame.error?.message ?? "failed"));
    });
  });
}
