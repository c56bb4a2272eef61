// Keys that an OpenClaw configuration of some version may have and this product does not read: in an adopted file they are warnings, not errors.
import type { Path } from "./path.ts";

const words = (text: string): ReadonlySet<string> => new Set(text.split(/[\s,]+/));

/** Path pattern (`*` is any one step) → names known below it. */
const known: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["", words(`meta auth env wizard diagnostics logging update browser ui skills plugins models nodeHost agents tools bindings broadcast audio messages commands approvals session web channels cron hooks discovery canvasHost talk gateway
    telemetry secrets accessGroups acp worktreeRoot worktreeAcceleration security attachments tts transcripts cloudWorkers desktop memory mcp surfaces proxy`)],
  ["gateway", words("port mode bind customBindHost controlUi auth tailscale remote reload tls http nodes trustedProxies publicOrigin portals cliAgents terminal roles allowRealIpFallback tools push channelHealthCheckMinutes webchat securityHeaders")],
  ["gateway.auth", words("mode token password allowTailscale identityScopes rateLimit trustedProxy")],
  ["gateway.auth.trustedProxy", words("userHeader allowUsers requiredHeaders")],
  ["gateway.controlUi", words("enabled basePath allowInsecureAuth dangerouslyDisableDeviceAuth allowedOrigins root embedSandbox dangerouslyAllowHostHeaderOriginFallback")],
  ["gateway.http", words("endpoints securityHeaders")],
  ["gateway.nodes", words("browser allowCommands denyCommands pairing pluginTools allowSkills commands")],
  ["gateway.remote", words("url transport token password tlsFingerprint sshTarget sshIdentity")],
  ["agents", words("ownership defaults list entries")],
  ["agents.defaults", words(`model imageModel models workspace repoRoot skipBootstrap bootstrapMaxChars bootstrapTotalMaxChars userTimezone timeFormat envelopeTimezone envelopeTimestamp envelopeElapsed contextTokens cliBackends contextPruning compaction
    memorySearch thinkingDefault verboseDefault elevatedDefault blockStreamingDefault blockStreamingBreak blockStreamingChunk blockStreamingCoalesce humanDelay timeoutSeconds mediaMaxMb typingIntervalSeconds typingMode heartbeat maxConcurrent subagents sandbox pdfModel imageMaxDimensionPx`)],
  ["agents.defaults.compaction", words("mode reserveTokensFloor maxHistoryShare memoryFlush model keepRecentTokens reserveTokens")],
  ["agents.list.*", words("id default name workspace agentDir model memorySearch humanDelay heartbeat identity groupChat subagents sandbox tools skills params")],
  ["agents.list.*.tools", words("profile allow alsoAllow deny byProvider elevated exec sandbox")],
  ["session", words("scope dmScope identityLinks resetTriggers idleMinutes reset resetByType resetByChannel store typingIntervalSeconds typingMode mainKey sendPolicy agentToAgent maintenance threadBindings")],
  ["models", words("mode providers bedrockDiscovery")],
  ["tools", words("profile allow alsoAllow deny byProvider web media links message agentToAgent elevated exec subagents sandbox sessions fs loopDetection")],
  ["tools.web", words("search fetch")],
  ["tools.web.fetch", words("enabled maxChars maxCharsCap timeoutSeconds cacheTtlMinutes maxRedirects userAgent readability firecrawl")],
  ["messages", words("messagePrefix responsePrefix groupChat queue inbound ackReaction ackReactionScope removeAckAfterReply tts suppressToolErrors")],
  ["messages.queue", words("mode byChannel debounceMs debounceMsByChannel cap drop")],
  ["logging", words("level file consoleLevel consoleStyle redactSensitive redactPatterns")],
  ["env", words("vars shellEnv")],
]);

export function isUpstreamKey(path: Path): boolean {
  const last = path.at(-1);
  const parent = path.slice(0, -1).map((step) => (typeof step === "number" ? "*" : step)).join(".");
  return typeof last === "string" && known.get(parent)?.has(last) === true;
}
