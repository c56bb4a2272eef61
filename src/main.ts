// The command starts here: hands its arguments to the CLI and does nothing else.
import { runCli } from "./cli/cli.ts";

await runCli(process.argv.slice(2));
