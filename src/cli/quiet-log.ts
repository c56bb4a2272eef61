// A log that goes nowhere: what commands report, they print.
import type { Log } from "../base/log.ts";

/** Not base/log.ts's own: that one brings the logging library along. */
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent, flush() {} };
