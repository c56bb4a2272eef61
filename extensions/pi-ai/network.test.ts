import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { systemNetwork, type Answer } from "./network.ts";

async function withServer(listener: RequestListener, use: (url: string, connections: () => number) => Promise<void>): Promise<void> {
  let connections = 0;
  const server = createServer(listener).on("connection", () => void connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/x?y=1`, () => connections);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function textOf(answer: Answer): Promise<string> {
  const reader = answer.body?.getReader();
  const parts: Uint8Array[] = [];
  for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) if (step.value) parts.push(step.value);
  return Buffer.concat(parts).toString();
}

describe("the network under the SDKs", () => {
  it("ends nothing but the call when it is aborted after the whole answer has arrived", async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => void uncaught.push(error);
    process.on("uncaughtException", note);
    try {
      await withServer(
        (_request, response) => void response.write("one", () => response.end("two")),
        async (url) => {
          const stop = new AbortController();
          const answer = await systemNetwork(url, { method: "POST", body: "{}", signal: stop.signal });
          expect((await answer.body?.getReader().read())?.done).toBe(false);
          stop.abort();
          await new Promise((done) => setTimeout(done, 50));
        },
      );
    } finally {
      process.off("uncaughtException", note);
    }
    expect(uncaught).toEqual([]);
  });

  it("sends method, headers and body as given, and keeps the connection for the next call", async () => {
    const seen: unknown[] = [];
    await withServer(
      (request, response) => {
        let body = "";
        request.on("data", (part: Buffer) => (body += part.toString()));
        request.on("end", () => {
          seen.push([request.method, request.url, request.headers["x-one"], request.headers["content-length"], body]);
          response.writeHead(200, { "x-two": ["a", "b"] }).end("fine");
        });
      },
      async (url, connections) => {
        for (const headers of [new Headers({ "X-One": "1" }), { "X-One": "1" }, [["x-one", "1"]] as [string, string][]]) {
          const answer = await systemNetwork(url, { method: "POST", headers, body: "grüße" });
          expect([answer.status, answer.statusText, answer.headers.get("X-Two"), answer.headers.get("x-three")]).toEqual([200, "OK", "a, b", null]);
          expect(await textOf(answer)).toBe("fine");
        }
        expect(await textOf(await systemNetwork(new Request(url, { method: "POST", headers: { "x-one": "1" }, body: "grüße" })))).toBe("fine");
        expect(seen).toEqual(Array.from({ length: 4 }, () => ["POST", "/v1/x?y=1", "1", "7", "grüße"]));
        expect(connections()).toBe(1);
      },
    );
  });

  it("gives each piece as it arrives", async () => {
    const steps: (() => void)[] = [];
    await withServer(
      (_request, response) => {
        response.write("one");
        steps.push(() => response.write("two"), () => response.end("three"));
      },
      async (url) => {
        const reader = (await systemNetwork(url)).body?.getReader();
        const read = async () => Buffer.from((await reader?.read())?.value ?? []).toString();
        expect(await read()).toBe("one");
        steps[0]?.();
        expect(await read()).toBe("two");
        steps[1]?.();
        expect(await read()).toBe("three");
        expect(await reader?.read()).toEqual({ done: true });
      },
    );
  });

  it("follows no redirect, and an answer without a body has none", async () => {
    let asked = 0;
    await withServer(
      (_request, response) => void response.writeHead(asked++ === 0 ? 307 : 204, { location: "/elsewhere" }).end(),
      async (url) => {
        const moved = await systemNetwork(url);
        expect([moved.status, moved.headers.get("location")]).toEqual([307, "/elsewhere"]);
        await moved.body?.cancel();
        expect((await systemNetwork(url)).body).toBeNull();
        expect(asked).toBe(2);
      },
    );
  });

  it("understands an encoding that nobody asked for", async () => {
    await withServer(
      (request, response) => {
        expect(request.headers["accept-encoding"]).toBeUndefined();
        response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("packed"));
      },
      async (url) => expect(await textOf(await systemNetwork(url))).toBe("packed"),
    );
  });

  it("fails with the system's code when the connection breaks, before the answer and within it", async () => {
    let asked = 0;
    await withServer(
      (request, response) => {
        if (asked++ === 0) return void request.socket.resetAndDestroy();
        response.writeHead(200, { "content-length": 100 });
        response.write("half", () => request.socket.destroy());
      },
      async (url) => {
        await expect(systemNetwork(url)).rejects.toMatchObject({ code: "ECONNRESET" });
        const answer = await systemNetwork(url);
        await expect(textOf(answer)).rejects.toMatchObject({ code: "ECONNRESET" });
      },
    );
    await expect(systemNetwork("http://127.0.0.1:1/")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("ends at once when its signal fires: not begun, waiting, in the middle", async () => {
    const stop = new Error("stopped");
    const fired = AbortSignal.abort(stop);
    await expect(systemNetwork("http://127.0.0.1:1/", { signal: fired })).rejects.toBe(stop);
    await withServer(
      (request, response) => {
        if (request.method === "GET") response.write("half");
      },
      async (url) => {
        const waiting = new AbortController();
        const first = systemNetwork(url, { method: "POST", signal: waiting.signal, body: "" });
        waiting.abort(stop);
        await expect(first).rejects.toBe(stop);
        const middle = new AbortController();
        const answer = await systemNetwork(url, { signal: middle.signal });
        const reader = answer.body?.getReader();
        expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("half");
        const rest = reader?.read();
        middle.abort(stop);
        await expect(rest).rejects.toThrow();
      },
    );
  });
});
