// Content encodings of answers, unpacked as a stream, so that a small packed body cannot become a large one in memory.
import { pipeline, type Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { fault } from "../base/faults.ts";

const decoders: Record<string, () => Transform> = { "gzip": createGunzip, "x-gzip": createGunzip, "deflate": createInflate, "br": createBrotliDecompress };

/** Throws egress.failed for an encoding that was not asked for, and for more than one on top of another. */
export function decoded(stream: Readable, encoding: string | undefined): Readable {
  const names = (encoding ?? "").toLowerCase().split(",").map((name) => name.trim()).filter((name) => name !== "" && name !== "identity");
  const [name] = names;
  if (name === undefined) return stream;
  const decoder = Object.hasOwn(decoders, name) ? decoders[name] : undefined;
  if (!decoder || names.length > 1) throw fault("egress.failed", { reason: `content encoding ${names.join(", ").slice(0, 80)} is not supported` });
  // Errors reach whoever reads the decoder; the callback is here because pipeline asks for one.
  return pipeline(stream, decoder(), () => undefined);
}
