// The socket of commands: `ws`, which loads in a third of the time that Node's own takes, and can be pinned to one certificate.
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { WebSocket as WsSocket } from "ws";

/** With a fingerprint the chain is not asked: only the one certificate will do. `onError` hears why no connection came about, which a WebSocket does not tell. */
export function nodeSocket(url: string, fingerprint: string | undefined, onError?: (error: Error) => void): WebSocket {
  const socket = new WsSocket(url, { perMessageDeflate: false, ...(fingerprint === undefined ? {} : { createConnection: pinnedConnection(url, fingerprint) as never }) }); // ws types this option as a function of net, and passes on whatever it gets
  if (onError) socket.on("error", onError);
  return socket as unknown as WebSocket; // the browser's interface in all that the client uses
}

/** What is wrong with the other side's certificate, when that is why there is no connection. */
export function certificateProblem(error: Error | undefined): string | undefined {
  const code = error !== undefined && "code" in error ? String(error.code) : "";
  return code === wrongPin || tlsCodes.test(code) ? error?.message : undefined;
}

const wrongPin = "CERT_NOT_PINNED";
/** Node names OpenSSL's verdicts by their constants. */
const tlsCodes = /^(?:ERR_TLS_CERT|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

/** `AB:CD:…`, `abcd…` and `sha256:…` alike. */
export function fingerprintDigits(text: string): string {
  return text.replace(/^sha-?256[:/=]/i, "").replace(/[^0-9a-fA-F]/g, "").toLowerCase();
}

/** Nothing secret is sent before the socket is up, and it comes up with the pinned certificate only. */
function pinnedConnection(url: string, fingerprint: string): (options: ConnectionOptions) => TLSSocket {
  const wanted = fingerprintDigits(fingerprint);
  const { hostname } = new URL(url);
  return (options) => {
    const socket = connect({ ...options, ...(/^[\d.]+$|^\[/.test(hostname) ? {} : { servername: hostname }), rejectUnauthorized: false });
    socket.prependOnceListener("secureConnect", () => {
      if (fingerprintDigits(socket.getPeerCertificate().fingerprint256 ?? "") !== wanted) socket.destroy(Object.assign(new Error("the certificate is not the pinned one"), { code: wrongPin }));
    });
    return socket;
  };
}
