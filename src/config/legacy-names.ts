// Names from before the product was called OpenClaw: state folders, config files and variables that are still read.

/** Variable prefixes, newest first. */
export const variablePrefixes = ["OPENCLAW", "MOLTBOT", "CLAWDBOT"] as const;

/** State folders below the home folder, newest first. The first that exists is used; none means the first is made. */
export const stateFolders = [".openclaw", ".moltbot", ".clawdbot"] as const;

/** JSON5 documents that are adopted, newest first. */
export const adoptedFiles = ["openclaw.json", "moltbot.json", "clawdbot.json"] as const;
