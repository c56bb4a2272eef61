// `npm run check`: all static checks; fails if one does.
import { runChecks } from "./check/checks.mjs";

const results = await runChecks();
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
