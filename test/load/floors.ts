// What the machine can do without us: a bare ws echo and a bare HTTP relay, run as processes of their own.
import { createServer, request as httpRequest, Agent } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

const [kind, target] = process.argv.slice(2);

function announce(port: number): void {
  process.stdout.write(`${JSON.stringify({ port })}\n`);
}

if (kind === "echo") {
  // Speaks just enough of the frames to answer challenge, connect and any call with the same payload size as `health`.
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  const answer = JSON.stringify({ ok: true, filler: "x".repeat(Number(target ?? 600)) });
  server.on("connection", (socket) => {
    socket.send('{"type":"event","event":"connect.challenge","payload":{"nonce":"0","ts":0}}');
    socket.on("message", (data) => {
      const { id } = JSON.parse(data.toString()) as { id: string };
      socket.send(`{"type":"res","id":${JSON.stringify(id)},"ok":true,"payload":${answer}}`);
    });
  });
  server.on("listening", () => announce((server.address() as AddressInfo).port));
} else if (kind === "relay") {
  const upstream = new URL(target ?? "");
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const server = createServer((incoming, outgoing) => {
    const forward = httpRequest({ host: upstream.hostname, port: upstream.port, path: `${upstream.pathname}${(incoming.url ?? "").replace(/^\/v1/, "")}`, method: incoming.method, agent, headers: { "content-type": "application/json", authorization: "Bearer mock-key" } }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, { "content-type": response.headers["content-type"] ?? "application/json" });
      response.pipe(outgoing);
    });
    incoming.pipe(forward);
  });
  server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
} else {
  throw new Error("usage: floors.ts echo [bytes] | relay <url>");
}
