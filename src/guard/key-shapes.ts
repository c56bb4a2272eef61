// What vendors' keys look like, from their public formats: an anchor that is cheap to find, and the whole.

export interface KeyShape {
  label: string;
  /** Literal beginnings; each at least three characters. */
  anchors: readonly string[];
  /** Matched at the anchor. */
  pattern: RegExp;
}

const shape = (label: string, anchors: string | readonly string[], pattern: RegExp): KeyShape => ({ label, anchors: typeof anchors === "string" ? [anchors] : anchors, pattern: new RegExp(pattern.source, "y") });
const hexStarts = Array.from("0123456789abcdef");
const word = "(?![A-Za-z0-9_-])";
const then = (prefix: string, body: string) => new RegExp(`${prefix}${body}${word}`);

/** Shapes with a fixed beginning. What stands before it must not be a letter, digit, `_` or `-`. */
export const keyShapes: readonly KeyShape[] = [
  shape("AWS access key id", ["AKIA", "ASIA"], then("A[KS]IA", "[A-Z2-7]{16}")),
  shape("GitHub token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], then("gh[pousr]_", "[A-Za-z0-9]{36,251}")),
  shape("GitHub fine-grained token", "github_pat_", then("github_pat_", "[A-Za-z0-9_]{36,255}")),
  shape("GitLab token", "glpat-", then("glpat-", "[A-Za-z0-9_-]{20,64}")),
  shape("Slack token", ["xoxb-", "xoxp-", "xoxa-", "xoxe-", "xoxe.", "xoxs-", "xoxr-"], then("xox[abeprs][-.]", "[A-Za-z0-9.-]{10,250}")),
  shape("Slack app token", "xapp-", then("xapp-", "\\d-[A-Za-z0-9-]{20,250}")),
  shape("Slack webhook", "hooks.slack.com/", /hooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9_/-]{20,200}/),
  shape("Discord webhook", ["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"], /discord(?:app)?\.com\/api\/webhooks\/\d{10,22}\/[\w-]{40,100}/),
  shape("Stripe key", ["sk_live_", "rk_live_", "sk_test_", "rk_test_"], then("[sr]k_(?:live|test)_", "[A-Za-z0-9]{16,247}")),
  shape("Stripe webhook secret", "whsec_", then("whsec_", "[A-Za-z0-9+/=]{24,247}")),
  shape("Anthropic key", "sk-ant-", then("sk-ant-", "[A-Za-z0-9_-]{20,200}")),
  shape("OpenAI key", "sk-", then("sk-(?=[A-Za-z0-9_-]*\\d)(?=[A-Za-z0-9_-]*[A-Z]|or-v1-)", "[A-Za-z0-9_-]{20,200}")),
  shape("Google API key", "AIza", then("AIza", "[A-Za-z0-9_-]{35}")),
  shape("Google OAuth token", "ya29.", then("ya29\\.", "[A-Za-z0-9_.-]{20,2000}")),
  shape("Groq key", "gsk_", then("gsk_", "[A-Za-z0-9]{40,64}")),
  shape("Hugging Face token", "hf_", then("hf_(?=[A-Za-z]*[A-Z])", "[A-Za-z]{30,40}")),
  shape("npm token", "npm_", then("npm_", "[A-Za-z0-9]{36}")),
  shape("PyPI token", "pypi-", then("pypi-", "AgE[A-Za-z0-9_-]{50,400}")),
  shape("SendGrid key", "SG.", then("SG\\.", "[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}")),
  shape("Mailgun key", "key-", then("key-", "[a-f0-9]{32}")),
  shape("Twilio id or key", [...hexStarts.map((hex) => `SK${hex}`), ...hexStarts.map((hex) => `AC${hex}`)], then("(?:SK|AC)", "[a-f0-9]{32}")),
  shape("Azure storage key", "AccountKey=", /AccountKey=[A-Za-z0-9+/]{40,100}={0,2}/),
  shape("DigitalOcean token", ["dop_v1_", "doo_v1_", "dor_v1_"], then("do[opr]_v1_", "[a-f0-9]{64}")),
  shape("Shopify token", ["shpat_", "shpss_", "shpca_", "shppa_"], then("shp(?:at|ss|ca|pa)_", "[a-fA-F0-9]{32}")),
  shape("Square token", ["sq0atp-", "sq0csp-", "sq0idp-"], then("sq0(?:atp|csp|idp)-", "[A-Za-z0-9_-]{22,60}")),
  shape("JSON web token", "eyJ", /eyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{8,4000}/),
  shape("private key", "-----BEGIN ", /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----[\s\S]{20,8000}?-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----/),
  shape("age key", "AGE-SECRET-KEY-1", /AGE-SECRET-KEY-1[0-9A-Z]{50,70}/),
  shape("Nostr key", "nsec1", then("nsec1", "[02-9ac-hj-np-z]{58}")),
];

/** Shapes whose anchor stands inside: the match may begin up to `before` characters earlier. Only the first group is the secret. */
export interface InfixShape {
  label: string;
  anchors: readonly string[];
  before: number;
  pattern: RegExp;
}

const awsSecret = /aws[\w .:='"-]{0,40}?(?:secret|access)[\w .:='"-]{0,40}?["'=: ]([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/diy;

export const infixShapes: readonly InfixShape[] = [
  { label: "password in a URL", anchors: ["://"], before: 12, pattern: /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,11}:\/\/[^\s/:@"'<>]{0,200}:([^\s/@"'<>]{3,200})@/dy },
  { label: "Authorization header", anchors: ["Bearer ", "bearer "], before: 0, pattern: /[Bb]earer ([A-Za-z0-9_\-.~+/]{20,4000}=*)/dy },
  { label: "Authorization header", anchors: ["Basic "], before: 0, pattern: /Basic (?=[A-Za-z0-9+/]*[A-Z0-9])([A-Za-z0-9+/]{16,1000}={0,2})(?![A-Za-z0-9+/=])/dy },
  { label: "AWS secret", anchors: ["aws", "AWS"], before: 0, pattern: awsSecret },
];

/** Telegram: the colon behind 8 to 10 digits is the anchor. */
export const telegramToken = /(?<![\w-])\d{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/y;
/** Discord: the first dot behind a run of 24 or more is the anchor. */
export const discordToken = /(?<![\w.-])[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}(?![\w.-])/y;
