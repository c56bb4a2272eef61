import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { Secret } from "../base/secret.ts";
import type * as LeaksModule from "./leaks.ts";
import { createLeakScanner, createRedactor } from "./leaks.ts";

/** Numbers that are the same in every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
const alphabets = { alnum: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", upper32: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", hex: "0123456789abcdef", digits: "0123456789", lower: "abcdefghijklmnopqrstuvwxyz", bech: "023456789acdefghjklmnpqrstuvwxyz", letters: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" };

describe("known values", () => {
  const random = randomFrom(7);
  const chars = (alphabet: string, length: number) => Array.from({ length }, () => alphabet[random(alphabet.length)]).join("");
  const secrets = Array.from({ length: 40 }, (_, index) => chars(`${alphabets.alnum}${index % 2 ? "-_.~+/=$!%" : ""}`, 16 + random(40)));
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const hex = (text: string) => Buffer.from(text).toString("hex");
  const encodings: Record<string, (text: string) => string> = {
    "as it is": (text) => text,
    "base64": base64,
    "base64 inside more": (text) => base64(`x${text}yz`),
    "base64 two in": (text) => base64(`xy${text}`),
    "base64url": (text) => Buffer.from(text).toString("base64url"),
    "hex": hex,
    "HEX": (text) => hex(text).toUpperCase(),
    "percent": (text) => encodeURIComponent(text),
    "percent all": (text) => hex(text).replace(/../g, "%$&"),
    "reversed": (text) => Array.from(text).reverse().join(""),
    "spaced": (text) => Array.from(text).join(" "),
    "grouped": (text) => text.replace(/.{4}/g, "$&-\n"),
    "unicode escapes": (text) => Array.from(text).map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
    "entities": (text) => Array.from(text).map((c) => `&#${c.charCodeAt(0)};`).join(""),
    "in JSON": (text) => JSON.stringify({ value: text }),
    "in JSON in JSON": (text) => JSON.stringify(JSON.stringify({ value: text })),
    "zero width": (text) => Array.from(text).join("\u200b"),
    "base64 twice": (text) => base64(base64(text)),
  };

  it("[I.18] are found in every encoding, wherever they stand", () => {
    const list = secrets.map((value) => new Secret(value));
    const scanner = createLeakScanner(() => list);
    let cases = 0;
    for (const secret of secrets) {
      for (const [name, encode] of Object.entries(encodings)) {
        for (const around of [["", ""], ["the key is ", " indeed"], ["x=", "&y"], ["日本", "語"]]) {
          const shown = scanner.redact(around.join(encode(secret)));
          expect(shown, `${name} of ${secret}`).toContain("[redacted]");
          expect(shown).not.toContain(secret);
          cases++;
        }
      }
    }
    console.log(`[I.18] ${cases} spellings of known values, ${Object.keys(encodings).length} encodings, none missed`);
  });

  it("catches a seeded mutant that searches values only as they are", async () => {
    const mutant = await importMutant<typeof LeaksModule>({ name: "no disguises", file: "src/guard/leaks.ts", from: "values.flatMap(disguisesOf)", to: "values" });
    const scanner = mutant.createLeakScanner(() => secrets.map((value) => new Secret(value)));
    const missed = Object.entries(encodings).filter(([, encode]) => !scanner.redact(encode(secrets[0] ?? "")).includes("[redacted]"));
    expect(missed.map(([name]) => name)).toContain("base64");
  });

  it("takes up a new list of values at once", () => {
    let list = [new Secret("first-secret-value")];
    const redact = createRedactor(() => list);
    expect(redact("a second-secret-value")).toContain("second");
    list = [...list, new Secret("second-secret-value")];
    expect(redact("a second-secret-value")).toBe("a [redacted]");
  });

  it("leaves very short values and ordinary words alone", () => {
    const redact = createRedactor(() => [new Secret("1234"), new Secret(""), new Secret("secret phrase with words")]);
    expect(redact("call 1234 with some words and a phrase")).toBe("call 1234 with some words and a phrase");
    expect(redact("it is secret phrase with words!")).toBe("it is [redacted]!");
  });

  it("keeps a JSON log line JSON", () => {
    const redact = createRedactor(() => [new Secret('quo"te\\d-secret'), new Secret("plain-secret-value")]);
    const line = `${JSON.stringify({ level: "info", message: 'with quo"te\\d-secret inside', list: ["plain-secret-value"], header: "Bearer abcdefghijklmnopqrstuvwxyz0123", url: "https://user:hunter22@host/x" })}\n`;
    const shown = JSON.parse(redact(line)) as Record<string, unknown>;
    expect(shown).toEqual({ level: "info", message: "with [redacted] inside", list: ["[redacted]"], header: "Bearer [redacted: Authorization header]", url: "https://user:[redacted: password in a URL]@host/x" });
  });
});

describe("shapes of keys", () => {
  const random = randomFrom(11);
  const chars = (alphabet: string, length: number) => Array.from({ length }, () => alphabet[random(alphabet.length)]).join("");
  const { alnum, hex, digits, upper32, bech, letters } = alphabets;
  const b64url = `${alnum}-_`;
  const join = (...parts: string[]) => parts.join("");
  /** Put together at run time, so that scanners of repositories find nothing here. */
  const makers: Record<string, () => string> = {
    "AWS id": () => join(random(2) ? "AK" : "AS", "IA", chars(upper32, 16)),
    "AWS secret": () => join("aws_secret_", "access_key = ", chars(`${alnum}/+`, 40)),
    "GitHub": () => join("gh", "pousr"[random(5)] ?? "p", "_", chars(alnum, 36)),
    "GitHub fine": () => join("github", "_pat_", chars(alnum, 22), "_", chars(alnum, 59)),
    "GitLab": () => join("gl", "pat-", chars(b64url, 20)),
    "Slack": () => join("xo", "xb-", chars(digits, 11), "-", chars(digits, 12), "-", chars(alnum, 24)),
    "Slack app": () => join("xa", "pp-1-A", chars(alnum, 10), "-", chars(digits, 13), "-", chars(hex, 64)),
    "Slack hook": () => join("https://hooks.", "slack.com/services/T", chars(alnum, 8), "/B", chars(alnum, 8), "/", chars(alnum, 24)),
    "Stripe": () => join("sk", "_live_", chars(alnum, 24)),
    "Stripe hook": () => join("wh", "sec_", chars(alnum, 32)),
    "OpenAI": () => join("s", "k-", chars(alnum, 48)),
    "OpenAI project": () => join("s", "k-proj-", chars(b64url, 120)),
    "OpenRouter": () => join("s", "k-or-v1-", chars(hex, 64)),
    "Anthropic": () => join("s", "k-ant-api03-", chars(b64url, 93), "AA"),
    "Google": () => join("AI", "za", chars(b64url, 35)),
    "Google OAuth": () => join("ya", "29.", chars(b64url, 60)),
    "Groq": () => join("gs", "k_", chars(alnum, 52)),
    "Hugging Face": () => join("h", "f_", chars(letters, 34)),
    "npm": () => join("np", "m_", chars(alnum, 36)),
    "PyPI": () => join("py", "pi-AgE", chars(b64url, 80)),
    "Telegram": () => join(chars("123456789", 1), chars(digits, 8 + random(2)), ":", chars(b64url, 35)),
    "Discord": () => join("M", chars(b64url, 25), ".", chars(b64url, 6), ".", chars(b64url, 38)),
    "Twilio": () => join(random(2) ? "S" : "A", random(2) ? "K" : "C", chars(hex, 32)).replace(/^(?:SC|AK)/, "SK"),
    "SendGrid": () => join("S", "G.", chars(b64url, 22), ".", chars(b64url, 43)),
    "Mailgun": () => join("ke", "y-", chars(hex, 32)),
    "Azure": () => join("Account", "Key=", chars(`${alnum}+/`, 86), "=="),
    "DigitalOcean": () => join("do", "p_v1_", chars(hex, 64)),
    "Shopify": () => join("sh", "pat_", chars(hex, 32)),
    "Square": () => join("sq", "0atp-", chars(b64url, 22)),
    "JWT": () => join("ey", "J", chars(b64url, 34), ".ey", "J", chars(b64url, 120), ".", chars(b64url, 43)),
    "PEM": () => join("-----BEGIN ", ["RSA ", "EC ", "OPENSSH ", ""][random(4)] ?? "", "PRIVATE KEY-----\n", chars(`${alnum}+/`, 64), "\n", chars(`${alnum}+/`, 64), "\n-----END PRIVATE KEY-----"),
    "age": () => join("AGE-SECRET-", "KEY-1", chars(bech.toUpperCase(), 58)),
    "Nostr": () => join("ns", "ec1", chars(bech, 58)),
    "URL password": () => join(["postgres", "mysql", "mongodb+srv", "redis", "https"][random(5)] ?? "https", "://app:", chars(alnum, 16), "@db.example:5432/x"),
    "bearer": () => join("Authorization: ", "Bearer ", chars(b64url, 40)),
    "basic": () => join("Authorization: ", "Basic ", Buffer.from(`user:${chars(alnum, 20)}`).toString("base64")),
  };
  const none: Secret[] = [];
  const redact = createRedactor(() => none);

  it("[I.18] are recognised", () => {
    let found = 0;
    let all = 0;
    const missed = new Set<string>();
    for (const [name, make] of Object.entries(makers)) {
      for (let round = 0; round < 300; round++) {
        const text = [`token ${make()} end`, `"${make()}"`, `\n${make()}\n`, `x=${make()}`][round % 4] ?? "";
        all++;
        if (redact(text).includes("[redacted")) found++;
        else missed.add(name);
      }
    }
    console.log(`[I.18] recall ${(found / all).toFixed(4)} of ${all} keys in ${Object.keys(makers).length} shapes; missed some of: ${[...missed].join(", ") || "none"}`);
    expect(found / all).toBeGreaterThanOrEqual(0.99);
  });

  it("[I.18] raise no more than one false alarm in 10,000 harmless lines", () => {
    const sha = (text: string) => createHash("sha256").update(text).digest();
    const kinds: ((n: number) => string)[] = [
      (n) => `commit ${sha(`${n}`).toString("hex").slice(0, 40)}`,
      (n) => `id ${sha(`u${n}`).toString("hex").replace(/(.{8})(.{4})(.{4})(.{4})(.{12}).*/, "$1-$2-$3-$4-$5")} done`,
      (n) => `"integrity": "sha512-${Buffer.concat([sha(`a${n}`), sha(`b${n}`)]).toString("base64")}"`,
      (n) => `data:image/png;base64,${Buffer.concat(Array.from({ length: 20 }, (_, i) => sha(`${n}.${i}`))).toString("base64")}`,
      (n) => `IBAN AT${chars(digits, 18)}, phone +43 ${chars(digits, 3)} ${chars(digits, 7)} on ${n}`,
      (n) => `!function(e,t){var n=e["a${n}"];return t.k-n.sk-e?x:y}(${chars(letters, 40)},"${chars(alnum, 12)}");`,
      (n) => `at node:internal/modules/esm/loader:${n}:${n % 80} (file:///home/x/project/src/task-runner/disk-cache/key-value.ts)`,
      (n) => `https://registry.example/package/-/package-${n % 9}.${n % 7}.${n % 30}.tgz#sha1:${sha(`t${n}`).toString("hex").slice(0, 40)}`,
      (n) => `.sk-folding-cube-${n} .mask-image-linear-gradient-to-right { risk-adjusted-return-rate: ${n}px }`,
      (n) => `{"ts":${1_700_000_000_000 + n},"msg":"basic authentication is off, bearer of news","seq":${n},"sessionKey":"agent:main:main"}`,
      (n) => `aws s3 ls s3://bucket-${n}/secret-santa --region eu-central-1; access granted`,
      (n) => `time 10:${10 + (n % 50)}:${sha(`v${n}`).toString("base64url")} v1.2.${n}`,
    ];
    let alarms = 0;
    const lines = 12_000;
    const shown: string[] = [];
    for (let n = 0; n < lines; n++) {
      const line = kinds[n % kinds.length]?.(n) ?? "";
      const after = redact(line);
      if (after !== line && ++alarms < 5) shown.push(after);
    }
    console.log(`[I.18] ${alarms} false alarms in ${lines} harmless lines ${shown.join(" | ")}`);
    expect(alarms).toBeLessThanOrEqual(1);
  });

  it("are caught in a stream cut between any two characters", () => {
    const list = [new Secret("known-Value-0123456789"), new Secret("pass phrase of five words")];
    const scanner = createLeakScanner(() => list);
    const samples = [...Object.values(makers).map((make) => `before ${make()} after.`), "say known-Value-0123456789 now", "k n o w n V a l u e 0 1 2 3 4 5 6 7 8 9.", `in base64 ${Buffer.from("known-Value-0123456789").toString("base64")}`, "the pass phrase of five words is"];
    let cases = 0;
    for (const sample of samples) {
      const whole = scanner.redact(sample);
      expect(whole).toContain("[redacted");
      for (let at = 1; at < sample.length; at++) {
        const stream = scanner.stream();
        expect(stream.push(sample.slice(0, at)) + stream.push(sample.slice(at)) + stream.end()).toBe(whole);
        cases++;
      }
      const stream = scanner.stream();
      expect(Array.from(sample).map((char) => stream.push(char)).join("") + stream.end()).toBe(whole);
    }
    console.log(`[I.18] ${cases} cuts in a stream`);
  });

  it("passes on harmless text unchanged and without waiting for more than a word", () => {
    const list = [new Secret("known-Value-0123456789")];
    const scanner = createLeakScanner(() => list);
    fc.assert(fc.property(fc.array(fc.oneof(fc.string({ unit: "binary", maxLength: 12 }), fc.lorem({ maxCount: 3 }))), (pieces) => {
      const stream = scanner.stream();
      expect(pieces.map((piece) => stream.push(piece)).join("") + stream.end()).toBe(pieces.join(""));
    }));
    const stream = scanner.stream();
    expect(stream.push("Hello there, ")).toBe("Hello there, ");
    expect(stream.push("你好世界")).toBe("你好世界");
    expect(stream.push(`${"A".repeat(20_000)}`).length).toBeGreaterThan(10_000);
  });
});
